import { describe, expect, test } from 'vitest';
import {
  type CacheSettings,
  createCache,
  type LookupStart,
} from '../../../packages/core/src/memory/cache.js';
import { createFingerprinter, type Fingerprint } from '../../../packages/core/src/memory/fingerprint.js';
import { createRevocations } from '../../../packages/core/src/memory/revocation.js';
import { LookupError } from '../../../packages/core/src/values/errors.js';
import { type Authenticated, rejected, unavailable } from '../../../packages/core/src/values/verdict.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { userIdentity } from '../../support/identities.js';

const fingerprint = createFingerprinter();
const alice = fingerprint('Bearer alice');
const bob = fingerprint('Bearer bob');
const refused = rejected('credentials_invalid');

const yes = (username = 'alice', expiresAt?: number): Authenticated => ({
  kind: 'authenticated',
  identity: userIdentity(username, {}, expiresAt),
  verifiedAt: 0,
});

function setUp(changes: Partial<CacheSettings> = {}) {
  const clock = createFakeClock();
  const revocations = createRevocations(clock, 100_000);
  const settings = {
    ttlMs: 60_000,
    refreshAfterMs: 0,
    staleIfErrorMs: 0,
    rejectedTtlMs: 5_000,
    maxEntries: 10,
    maxBytes: 1_000_000,
    maxRejectedEntries: 5,
    jitter: 0,
    ...changes,
  };
  const cache = createCache(settings, clock, clock, revocations);
  const started = (name = alice): LookupStart => cache.begin(name);
  const find = (name: Fingerprint, maxAgeMs?: number) =>
    cache.find(name, clock.monotonic(), maxAgeMs)?.verdict;
  return { clock, revocations, cache, find, started };
}

describe('lifetimes', () => {
  test('an identity is served until it is ttlMs old, and not at that instant', async () => {
    const { clock, cache, find, started } = setUp();
    const verdict = yes();
    cache.remember(alice, verdict, started());
    await clock.advance(59_999);
    expect(find(alice)).toBe(verdict);
    await clock.advance(1);
    expect(find(alice)).toBeUndefined();
    expect(cache.entries).toBe(0);
  });

  test('a refusal is served until it is rejectedTtlMs old, and not at that instant', async () => {
    const { clock, cache, find, started } = setUp();
    cache.remember(alice, refused, started());
    await clock.advance(4_999);
    expect(find(alice)).toBe(refused);
    await clock.advance(1);
    expect(find(alice)).toBeUndefined();
    expect(cache.rejectedEntries).toBe(0);
  });

  test('being served does not lengthen a life', async () => {
    const { clock, cache, find, started } = setUp();
    cache.remember(alice, yes(), started());
    for (let second = 0; second < 59; second += 1) {
      await clock.advance(1_000);
      expect(find(alice)).toBeDefined();
    }
    await clock.advance(1_000);
    expect(find(alice)).toBeUndefined();
  });

  test.each([
    ['an identity', yes(), 60_000],
    ['a refusal', refused, 5_000],
  ])('the age of %s counts from when its lookup started', async (_what, verdict, lifetime) => {
    const { clock, cache, find, started } = setUp();
    const lookup = started();
    await clock.advance(3_000);
    cache.remember(alice, verdict, lookup);
    await clock.advance(lifetime - 3_001);
    expect(find(alice)).toBe(verdict);
    await clock.advance(1);
    expect(find(alice)).toBeUndefined();
  });

  test.each([
    ['an identity', yes(), 60_000],
    ['a refusal', refused, 5_000],
  ])('%s that comes when its life is over is not remembered', async (_what, verdict, lifetime) => {
    const { clock, cache, started } = setUp();
    const lookup = started();
    await clock.advance(lifetime);
    cache.remember(alice, verdict, lookup);
    expect(cache.entries + cache.rejectedEntries).toBe(0);
  });

  test('a lifetime of 0 remembers nothing', () => {
    const { cache, find, started } = setUp({ ttlMs: 0, rejectedTtlMs: 0 });
    cache.remember(alice, yes(), started());
    cache.remember(bob, refused, started());
    expect(find(alice) ?? find(bob)).toBeUndefined();
    expect(cache.entries + cache.rejectedEntries).toBe(0);
  });

  test('P21: a refusal that is not remembered still ends what is known of the identity', async () => {
    const { clock, cache, find, started } = setUp({ rejectedTtlMs: 0 });
    cache.remember(alice, yes(), started());
    await clock.advance(1);
    cache.remember(alice, refused, started());
    expect(find(alice)).toBeUndefined();
    expect(cache.entries).toBe(0);
  });
});

describe("a credential's own end", () => {
  test('P13: ends what is remembered, although ttlMs is longer', async () => {
    const { clock, cache, find, started } = setUp();
    cache.remember(alice, yes('alice', clock.wall() + 2_000), started());
    await clock.advance(1_999);
    expect(find(alice)).toBeDefined();
    await clock.advance(1);
    expect(find(alice)).toBeUndefined();
  });

  test('P13: counts from the clock when the answer came, not from the start of its lookup', async () => {
    const { clock, cache, find, started } = setUp();
    const verdict = yes('alice', clock.wall() + 4_000);
    const lookup = started();
    await clock.advance(3_000);
    cache.remember(alice, verdict, lookup);
    await clock.advance(999);
    expect(find(alice)).toBe(verdict);
    await clock.advance(1);
    expect(find(alice)).toBeUndefined();
  });

  test('does not lengthen a life', async () => {
    const { clock, cache, find, started } = setUp();
    cache.remember(alice, yes('alice', clock.wall() + 3_600_000), started());
    await clock.advance(60_000);
    expect(find(alice)).toBeUndefined();
  });

  test('that has passed keeps a yes from being remembered, and the yes still ends a refusal', async () => {
    const { clock, cache, find, started } = setUp();
    cache.remember(alice, refused, started());
    await clock.advance(1);
    cache.remember(alice, yes('alice', clock.wall()), started());
    expect(find(alice)).toBeUndefined();
    expect(cache.entries + cache.rejectedEntries).toBe(0);
  });

  test.each([Number.POSITIVE_INFINITY, Number.MAX_VALUE])(
    'beyond all time (%s) changes nothing',
    async (end) => {
      const { clock, cache, find, started } = setUp();
      cache.remember(alice, yes('alice', end), started());
      await clock.advance(59_999);
      expect(find(alice)).toBeDefined();
      await clock.advance(1);
      expect(find(alice)).toBeUndefined();
    },
  );
});

describe('P19: when the wall clock jumps', () => {
  const hour = 3_600_000;

  test.each([hour, -hour])('by %s ms, lifetimes stay as they are', async (jump) => {
    const { clock, cache, find, started } = setUp();
    cache.remember(alice, yes(), started());
    cache.remember(bob, refused, started());
    clock.setWall(clock.wall() + jump);
    await clock.advance(4_999);
    expect([find(alice)?.kind, find(bob)?.kind]).toEqual(['authenticated', 'rejected']);
    await clock.advance(1);
    expect([find(alice)?.kind, find(bob)?.kind]).toEqual(['authenticated', undefined]);
    await clock.advance(55_000);
    expect(find(alice)).toBeUndefined();
  });

  test('back, an entry does not outlive the end of its credential', async () => {
    const { clock, cache, find, started } = setUp();
    cache.remember(alice, yes('alice', clock.wall() + 2_000), started());
    clock.setWall(clock.wall() - hour);
    await clock.advance(2_000);
    expect(find(alice)).toBeUndefined();
  });
});

describe('one answer after another', () => {
  test('P21: a no ends a remembered yes', async () => {
    const { clock, cache, find, started } = setUp();
    cache.remember(alice, yes(), started());
    await clock.advance(1);
    cache.remember(alice, refused, started());
    expect(find(alice)).toBe(refused);
    expect([cache.entries, cache.rejectedEntries]).toEqual([0, 1]);
    // Also when the refusal is forgotten, the identity does not come back.
    await clock.advance(5_000);
    expect(find(alice)).toBeUndefined();
  });

  test('a yes ends a remembered no', async () => {
    const { clock, cache, find, started } = setUp();
    const verdict = yes();
    cache.remember(alice, refused, started());
    await clock.advance(1);
    cache.remember(alice, verdict, started());
    expect(find(alice)).toBe(verdict);
    expect([cache.entries, cache.rejectedEntries]).toEqual([1, 0]);
  });

  test.each([
    ['a yes by an older no', yes(), refused],
    ['a no by an older yes', refused, yes()],
    ['a yes by an older yes', yes(), yes('alice-as-she-was')],
    ['a no by an older no', rejected('credentials_expired'), refused],
  ])(
    'never replaces an answer whose lookup started later, however coarse the clock: %s',
    (_what, newer, older) => {
      const { cache, find, started } = setUp();
      const early = started();
      cache.remember(alice, newer, started());
      cache.remember(alice, older, early);
      expect(find(alice)).toBe(newer);
      expect(cache.entries + cache.rejectedEntries).toBe(1);
    },
  );

  test('a second yes is served from then on, for its own lifetime', async () => {
    const { clock, cache, find, started } = setUp();
    const second = yes();
    cache.remember(alice, yes(), started());
    await clock.advance(30_000);
    cache.remember(alice, second, started());
    await clock.advance(59_999);
    expect(find(alice)).toBe(second);
    await clock.advance(1);
    expect(find(alice)).toBeUndefined();
  });

  test('no verdict is not remembered, and takes nothing away', async () => {
    const { clock, cache, find, started } = setUp();
    const verdict = yes();
    const outage = unavailable(new LookupError('timeout', 'too late'));
    cache.remember(alice, verdict, started());
    cache.remember(bob, refused, started());
    await clock.advance(1);
    for (const name of [alice, bob, fingerprint('Bearer carol')]) cache.remember(name, outage, started());
    expect(find(alice)).toBe(verdict);
    expect(find(bob)).toBe(refused);
    expect([cache.entries, cache.rejectedEntries]).toEqual([1, 1]);
  });
});

describe('revocation', () => {
  test('P14: from the moment it returns, what it concerns is not served, and the rest is', () => {
    const { cache, find, revocations, started } = setUp();
    cache.remember(alice, yes('alice'), started());
    cache.remember(bob, yes('bob'), started());
    revocations.revoke({ username: 'alice' });
    expect(find(alice)).toBeUndefined();
    expect(find(bob)).toBeDefined();
    expect(cache.entries).toBe(1);
  });

  test('P15: an answer to a lookup that started before is not served', () => {
    const { cache, find, revocations, started } = setUp();
    const before = started();
    revocations.revoke({ username: 'alice' });
    cache.remember(alice, yes('alice'), before);
    cache.remember(bob, yes('bob'), before);
    expect(find(alice)).toBeUndefined();
    expect(find(bob)).toBeDefined();
  });

  test('an answer to a lookup that started after is served, in the same millisecond too', () => {
    const { cache, find, revocations, started } = setUp();
    cache.remember(alice, yes(), started());
    revocations.revoke({ username: 'alice' });
    const verdict = yes();
    cache.remember(alice, verdict, started());
    expect(find(alice)).toBe(verdict);
  });

  test('what was served after one revocation still falls to the next', () => {
    const { cache, find, revocations, started } = setUp();
    cache.remember(alice, yes('alice'), started());
    for (let index = 0; index < 3; index += 1) {
      revocations.revoke({ username: 'bob' });
      expect(find(alice)).toBeDefined();
    }
    revocations.revoke({ realm: 'native1' });
    expect(find(alice)).toBeUndefined();
  });

  test('drops the refusal of a credential that is named, and all of them with all', () => {
    const { cache, find, revocations, started } = setUp();
    cache.remember(alice, refused, started());
    cache.remember(bob, refused, started());
    revocations.revoke({ fingerprint: alice });
    expect([find(alice), find(bob)]).toEqual([undefined, refused]);
    revocations.revoke('all');
    expect(find(bob)).toBeUndefined();
    expect(cache.rejectedEntries).toBe(0);
  });
});

describe('room', () => {
  const name = (index: number) => fingerprint(`Bearer ${index}`);

  test('P23: a flood of refusals pushes out no identity', () => {
    const { cache, find, started } = setUp({ maxEntries: 10, maxRejectedEntries: 5 });
    for (let index = 0; index < 10; index += 1) cache.remember(name(index), yes(), started());
    for (let index = 10; index < 1_000; index += 1) cache.remember(name(index), refused, started());
    for (let index = 0; index < 10; index += 1) expect(find(name(index))).toBeDefined();
    expect([cache.entries, cache.rejectedEntries, cache.evictions]).toEqual([10, 5, 985]);
  });

  test('P24: one more than there is room for is remembered, and the least recently used is not', () => {
    const { cache, find, started } = setUp({ maxEntries: 3 });
    for (let index = 0; index < 3; index += 1) cache.remember(name(index), yes(), started());
    find(name(0));
    cache.remember(name(3), yes(), started());
    expect([0, 1, 2, 3].map((index) => find(name(index)) !== undefined)).toEqual([true, false, true, true]);
    expect(cache.evictions).toBe(1);
  });

  test('P25: no more than there is room for is held, of either kind', () => {
    const { cache, started } = setUp();
    for (let index = 0; index < 5_000; index += 1) {
      cache.remember(name(index), index % 2 === 0 ? yes() : refused, started());
    }
    expect([cache.entries, cache.rejectedEntries]).toEqual([10, 5]);
  });

  test('P1, P2: what becomes of one credential never touches another, as near as it may be', () => {
    const { cache, find, started } = setUp();
    const [good, bad] = [fingerprint('ApiKey aWQ6Z29vZA=='), fingerprint('ApiKey aWQ6YmFkIQ==')];
    const verdict = yes();
    cache.remember(good, verdict, started());
    for (let index = 0; index < 100; index += 1) {
      expect(find(bad)?.kind).toBe(index === 0 ? undefined : 'rejected');
      cache.remember(bad, refused, started());
      expect(find(good)).toBe(verdict);
    }
  });

  test('after it was cleared nothing is left, and everything works', () => {
    const { cache, find, started } = setUp();
    cache.remember(alice, yes(), started());
    cache.remember(bob, refused, started());
    cache.clear();
    expect([find(alice), find(bob)]).toEqual([undefined, undefined]);
    expect([cache.entries, cache.rejectedEntries, cache.evictions]).toEqual([0, 0, 0]);
    cache.remember(alice, yes(), started());
    expect(find(alice)).toBeDefined();
  });
});

describe('an older yes never brings a refused credential back', () => {
  test.each<[string, Partial<CacheSettings>, (parts: ReturnType<typeof setUp>) => unknown]>([
    ['when refusals are not remembered', { rejectedTtlMs: 0 }, () => {}],
    ['when the refusal is forgotten', {}, ({ clock }) => clock.advance(5_000)],
    [
      'when other refusals took its place',
      { maxRejectedEntries: 1 },
      ({ cache, started }) => cache.remember(bob, refused, started(bob)),
    ],
  ])('%s', async (_when, settings, forget) => {
    const parts = setUp(settings);
    const { cache, find, started } = parts;
    const older = started();
    cache.remember(alice, refused, started());
    await forget(parts);
    cache.remember(alice, yes(), older);
    expect(find(alice)).toSatisfy((verdict) => verdict === undefined || verdict === refused);
    // A younger one does.
    const younger = yes();
    cache.remember(alice, younger, started());
    expect(find(alice)).toBe(younger);
  });
});
