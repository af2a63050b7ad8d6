// What is remembered is bounded in bytes too: identities with what is known of their privileges, least recently used
// first. How the estimate compares with the heap is in `../verifier/memory.test.ts`.

import { expect, test } from 'vitest';
import { createCache } from '../../../packages/core/src/memory/cache.js';
import { createFingerprinter } from '../../../packages/core/src/memory/fingerprint.js';
import type { KnownFact } from '../../../packages/core/src/memory/privilege-memory.js';
import { createRevocations } from '../../../packages/core/src/memory/revocation.js';
import type { Identity } from '../../../packages/core/src/values/identity.js';
import { rejected } from '../../../packages/core/src/values/verdict.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { userIdentity } from '../../support/identities.js';

const fingerprint = createFingerprinter();
const named = (user: string) => fingerprint(`Bearer ${user}`);
const withMetadata = (user: string, length: number) =>
  userIdentity(user, { metadata: { padding: 'x'.repeat(length) } });

/** One that is charged a hundred thousand bytes, and a little for what every entry has. */
const heavy = (user: string) => withMetadata(user, 50_000);
const facts = (count: number, from = 0) => {
  const fact: KnownFact = {
    ...{ granted: true, startedAt: 5_000, verifiedAt: 5_000, expiresAt: 60_000, refreshAt: 0 },
  };
  return new Map(Array.from({ length: count }, (_, n) => [`${from + n}`.padEnd(250, 'x'), fact] as const));
};

function setUp(maxBytes: number) {
  const clock = createFakeClock();
  const revocations = createRevocations(clock, 100_000);
  const settings = {
    ttlMs: 60_000,
    refreshAfterMs: 0,
    staleIfErrorMs: 0,
    rejectedTtlMs: 5_000,
    maxEntries: 1_000,
    maxBytes,
    maxRejectedEntries: 1_000,
    jitter: 0,
  };
  const cache = createCache(settings, clock, clock, revocations);
  return {
    cache,
    revocations,
    remember(user: string, identity: Identity) {
      const verdict = { kind: 'authenticated', identity, verifiedAt: 0 } as const;
      cache.remember(named(user), verdict, cache.begin(named(user)));
    },
    refuse: (user: string) =>
      cache.remember(named(user), rejected('credentials_invalid'), cache.begin(named(user))),
    find: (user: string) => cache.find(named(user), clock.monotonic())?.verdict,
    memoryOf(user: string) {
      const memory = cache.privilegesOf(named(user));
      if (memory === undefined) throw new TypeError('it is not remembered');
      return memory;
    },
  };
}

test('P24: identities make room that were used least recently, as many as it takes', () => {
  const { cache, remember, find } = setUp(350_000);
  for (const user of ['a', 'b', 'c']) remember(user, heavy(user));
  expect(cache.bytes).toBeGreaterThan(300_000);
  find('a');
  remember('d', withMetadata('d', 80_000));
  expect(['a', 'b', 'c', 'd'].filter(find)).toEqual(['a', 'd']);
  expect(cache).toMatchObject({ entries: 2, evictions: 2 });
  expect(cache.bytes).toBeLessThan(350_000);
});

test('one that takes more than all may together is not remembered, and takes the place of nobody but itself', () => {
  const { cache, remember, find } = setUp(350_000);
  for (const user of ['a', 'b']) remember(user, heavy(user));
  const before = cache.bytes;
  remember('c', withMetadata('c', 200_000));
  expect(['a', 'b', 'c'].filter(find)).toEqual(['a', 'b']);
  expect(cache.bytes).toBe(before);
  remember('a', withMetadata('a', 200_000));
  expect(['a', 'b', 'c'].filter(find)).toEqual(['b']);
  expect(cache.evictions).toBe(0);
});

test('each credential is charged in full for an identity that it shares with others', () => {
  const { cache, remember } = setUp(1_000_000);
  const identity = heavy('jane');
  remember('a', identity);
  const one = cache.bytes;
  remember('b', identity);
  expect(cache.bytes).toBe(2 * one);
});

test('refusals are not charged, and push nobody out', () => {
  const { cache, remember, refuse, find } = setUp(350_000);
  for (const user of ['a', 'b', 'c']) remember(user, heavy(user));
  const { bytes } = cache;
  for (let n = 0; n < 2_000; n += 1) refuse(`nobody ${n}`);
  expect(['a', 'b', 'c'].every(find)).toBe(true);
  expect(cache).toMatchObject({ bytes, rejectedEntries: 1_000 });
});

test('what is replaced, refused, found revoked or cleared is given back', () => {
  const { cache, revocations, remember, refuse, find } = setUp(1_000_000);
  for (const user of ['a', 'b', 'c']) remember(user, heavy(user));
  const one = cache.bytes / 3;
  remember('a', withMetadata('a', 0));
  expect(cache.bytes).toBe(3 * one - 100_000);
  refuse('a');
  expect(cache.bytes).toBe(2 * one);
  revocations.revoke({ username: 'b' });
  expect(find('b')).toBeUndefined();
  expect(cache.bytes).toBe(one);
  cache.clear();
  expect(cache).toMatchObject({ bytes: 0, entries: 0 });
});

test('P61: what is learnt of privileges is charged to whom it is about, and pushes others out', () => {
  const { cache, remember, find, memoryOf } = setUp(230_000);
  for (const user of ['a', 'b']) remember(user, heavy(user));
  const before = cache.bytes;
  memoryOf('b').keep(facts(10));
  expect(cache.bytes).toBe(before + memoryOf('b').bytes);
  memoryOf('b').keep(facts(64, 10));
  expect(['a', 'b'].filter(find)).toEqual(['b']);
  expect(memoryOf('b').size).toBe(64);
  expect(cache.evictions).toBe(1);
});

test('P61: what is known of privileges stays charged when the identity is asked again, and goes with it', () => {
  const { cache, remember, refuse, memoryOf } = setUp(350_000);
  remember('a', heavy('a'));
  memoryOf('a').keep(facts(5));
  const { bytes } = cache;
  remember('a', heavy('a'));
  expect(memoryOf('a').size).toBe(5);
  expect(cache.bytes).toBe(bytes);
  const memory = memoryOf('a');
  refuse('a');
  expect(cache.bytes).toBe(0);
  memory.keep(facts(5, 5));
  expect(cache.bytes).toBe(0);
});

test('where there is room for the identity only, what is known of its privileges goes, and not the identity', () => {
  const { cache, remember, find, memoryOf } = setUp(110_000);
  remember('a', heavy('a'));
  const { bytes } = cache;
  memoryOf('a').keep(facts(64));
  expect(find('a')).toBeDefined();
  expect(memoryOf('a').size).toBe(0);
  expect(cache.bytes).toBe(bytes);
  memoryOf('a').keep(facts(3));
  expect(memoryOf('a').size).toBe(3);
  // Which leaves no room for a longer name.
  remember('a', withMetadata('a', 53_000));
  expect(find('a')).toBeDefined();
  expect(memoryOf('a').size).toBe(0);
});
