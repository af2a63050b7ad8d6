// What is handed out of what is remembered: objects that are made when somebody asks, and are over when it is.

import { expect, test, vi } from 'vitest';
import { type CacheSettings, createCache } from '../../../packages/core/src/memory/cache.js';
import { createFingerprinter, type Fingerprint } from '../../../packages/core/src/memory/fingerprint.js';
import { createRevocations } from '../../../packages/core/src/memory/revocation.js';
import { rejected } from '../../../packages/core/src/values/verdict.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { userIdentity } from '../../support/identities.js';

// Many entries, on a machine that may have a lot to do.
vi.setConfig({ testTimeout: 60_000 });

const fingerprint = createFingerprinter();
const alice = fingerprint('Bearer alice');

function setUp(changes: Partial<CacheSettings> = {}) {
  const clock = createFakeClock();
  const revocations = createRevocations(clock, 100_000);
  const settings = {
    ...{ ttlMs: 60_000, refreshAfterMs: 30_000, staleIfErrorMs: 0, rejectedTtlMs: 5_000, jitter: 0 },
    ...{ maxEntries: 10, maxBytes: 1e9, maxRejectedEntries: 10 },
    ...changes,
  };
  const cache = createCache(settings, clock, clock, revocations);
  const remember = (name: Fingerprint, verifiedAt = 0, username = 'alice') => {
    const identity = userIdentity(username);
    const verdict = Object.freeze({ kind: 'authenticated', identity, verifiedAt } as const);
    cache.remember(name, verdict, cache.begin(name));
    return verdict;
  };
  const find = (name: Fingerprint) => cache.find(name, clock.now());
  return { clock, revocations, cache, remember, find };
}

test('an entry is one object, with one verdict, however often it is asked for', () => {
  const { remember, find } = setUp();
  const verdict = remember(alice);
  const entry = find(alice);
  expect(entry?.verdict).toBe(verdict);
  expect(find(alice)).toBe(entry);
  expect(entry).toMatchObject({ startedAt: 5_000, revision: 0, refreshAt: 35_000, expiresAt: 65_000 });
});

test.each<[string, (parts: ReturnType<typeof setUp>) => void]>([
  ['another yes', ({ remember }) => remember(alice)],
  ['a no', ({ cache }) => cache.remember(alice, rejected('credentials_invalid'), cache.begin(alice))],
  [
    'a revocation that was found',
    ({ revocations, find }) => {
      revocations.revoke({ username: 'alice' });
      find(alice);
    },
  ],
  [
    'others that were used later',
    ({ remember }) => {
      for (let n = 0; n < 10; n += 1) remember(fingerprint(`Bearer ${n}`));
    },
  ],
  ['forgetting everything', ({ cache }) => cache.clear()],
  [
    'forgetting everything, and learning it anew',
    ({ cache, remember }) => {
      cache.clear();
      remember(alice);
    },
  ],
])('an entry is over for whoever still holds it after %s', (_what, end) => {
  const parts = setUp();
  parts.remember(alice);
  parts.cache.privilegesOf(alice);
  const entry = parts.find(alice);
  if (entry === undefined) throw new TypeError('it is remembered');
  expect(entry.privileges).toBeDefined();
  // Of the revision that it was found in, so that a revocation alone does not say no for it.
  const isQuiet = () => entry.isQuiet(parts.clock.now(), 0);
  expect(isQuiet()).toBe(true);
  end(parts);
  expect(isQuiet()).toBe(false);
  entry.refreshAt = 1;
  expect(entry).toMatchObject({ startedAt: 0, expiresAt: 0, refreshAt: 0, privileges: undefined });
  // Nor does what is written to it reach who is there now.
  expect([undefined, 0, 35_000]).toContain(parts.find(alice)?.refreshAt);
});

test('a pause until the next question is kept, whoever holds the entry and who reads it', () => {
  const { remember, find } = setUp({ maxEntries: 20_000 });
  remember(alice);
  const entry = find(alice);
  if (entry === undefined) throw new TypeError('it is remembered');
  for (let n = 0; n < 10_000; n += 1) remember(fingerprint(`Bearer ${n}`));
  expect(find(alice)).not.toBe(entry);
  entry.refreshAt = 77_000;
  expect(find(alice)?.refreshAt).toBe(77_000);
});

test('an entry is quiet until it has to be asked again, and until anything is revoked', () => {
  const { clock, remember, find, revocations } = setUp();
  remember(alice);
  const entry = find(alice);
  const isQuiet = () => entry?.isQuiet(clock.now(), revocations.revision);
  clock.standStill(29_999);
  expect(isQuiet()).toBe(true);
  revocations.revoke({ username: 'bob' });
  expect(isQuiet()).toBe(false);
  expect(find(alice)).toBe(entry);
  expect(isQuiet()).toBe(true);
  clock.standStill(1);
  expect(isQuiet()).toBe(false);
});

test('one that is asked for again and again is the last to make room', () => {
  const { remember, find } = setUp();
  remember(alice);
  for (let n = 0; n < 50; n += 1) {
    remember(fingerprint(`Bearer ${n}`));
    expect(find(alice)).toBeDefined();
  }
});

test('what was served again and again is not past its end, or after a revocation', () => {
  const ends = (after: (parts: ReturnType<typeof setUp>) => void) => {
    const parts = setUp();
    parts.remember(alice);
    for (let n = 0; n < 3; n += 1) expect(parts.find(alice)).toBeDefined();
    after(parts);
    return parts.find(alice);
  };
  expect(ends(({ clock }) => clock.standStill(59_999))).toMatchObject({ refreshAt: 35_000 });
  expect(ends(({ clock }) => clock.standStill(60_000))).toBeUndefined();
  expect(ends(({ clock }) => clock.setWall(clock.wall() + 60_000))).toBeUndefined();
  expect(ends(({ revocations }) => revocations.revoke({ username: 'alice' }))).toBeUndefined();
  expect(ends(({ revocations }) => revocations.revoke({ username: 'bob' }))).toBeDefined();
});

test('of 10 000 entries each keeps its own verdict, also those that are no objects any more', () => {
  const { remember, find } = setUp({ maxEntries: 20_000 });
  const name = (n: number) => fingerprint(`Bearer ${n}`);
  let wrong = 0;
  for (let n = 0; n < 10_000; n += 1) remember(name(n), 1.7e12 + n, `user ${n % 7}`);
  // Twice, because the second time those that are objects are found without their rows.
  for (let turn = 0; turn < 20_000; turn += 1) {
    const n = turn % 10_000;
    const verdict = find(name(n))?.verdict;
    const good =
      verdict?.kind === 'authenticated' &&
      Object.isFrozen(verdict) &&
      verdict.verifiedAt === 1.7e12 + n &&
      verdict.identity.username === `user ${n % 7}`;
    wrong += Number(!good);
  }
  expect(wrong).toBe(0);
  expect(find(name(0))?.verdict).toEqual({
    ...{ kind: 'authenticated', identity: userIdentity('user 0'), verifiedAt: 1.7e12 },
  });
});
