// When notes of revocations are summed up, what is remembered is told apart by them once more: for whoever asks at
// once, and for the rest in the turns of the event loop that come.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createCache } from '../../../packages/core/src/memory/cache.js';
import { createFingerprinter } from '../../../packages/core/src/memory/fingerprint.js';
import { createRevocations } from '../../../packages/core/src/memory/revocation.js';
import type { Identity } from '../../../packages/core/src/values/identity.js';
import { rejected } from '../../../packages/core/src/values/verdict.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { userIdentity } from '../../support/identities.js';

// Many entries, on a machine that may have a lot to do.
vi.setConfig({ testTimeout: 60_000 });

const fingerprint = createFingerprinter();
const name = (n: number) => fingerprint(`Bearer ${n}`);
const identities = ['alice', 'bob', 'carol'].map((username) => userIdentity(username));

/** More than are looked at in one turn, of three users in turns: alice, bob and carol. */
const entries = 9_000;

function setUp() {
  const clock = createFakeClock();
  const revocations = createRevocations(clock, 100_000);
  const settings = {
    ...{ ttlMs: 60_000, refreshAfterMs: 0, staleIfErrorMs: 0, rejectedTtlMs: 5_000, jitter: 0 },
    ...{ maxEntries: 20_000, maxBytes: 1e9, maxRejectedEntries: 20_000 },
  };
  const cache = createCache(settings, clock, clock, revocations);
  for (let n = 0; n < entries; n += 1) {
    // The cast holds: there are three.
    const identity = identities[n % 3] as Identity;
    cache.remember(name(n), { kind: 'authenticated', identity, verifiedAt: 0 }, cache.begin(name(n)));
  }
  cache.remember(name(-1), rejected('credentials_invalid'), cache.begin(name(-1)));
  let strangers = 0;
  return {
    cache,
    revocations,
    revoke: (username: string) => revocations.revoke({ username }, cache.judge),
    revokeStrangers(count: number) {
      for (let n = 0; n < count; n += 1) {
        strangers += 1;
        revocations.revoke({ username: `stranger ${strangers}` }, cache.judge);
      }
    },
    find: (n: number) => cache.find(name(n), clock.now())?.verdict.kind,
    async settled(left: number) {
      for (let turn = 0; cache.entries !== left && turn < 1_000; turn += 1) await nextTurn();
      expect(cache.entries).toBe(left);
    },
  };
}

const ofEach = (find: (n: number) => unknown, first: number) =>
  ['alice', 'bob', 'carol'].filter((_who, n) => find(first + n) !== undefined);

test('whoever was revoked before is not found from that moment, wherever he is, and the others are', () => {
  const { revoke, revokeStrangers, find } = setUp();
  revoke('bob');
  revokeStrangers(10_000);
  for (const first of [0, 4_500, 8_997]) expect(ofEach(find, first)).toEqual(['alice', 'carol']);
  expect(find(-1)).toBe('rejected');
});

test('all who were revoked are dropped without being asked for, not all in one turn, and nobody else is', async () => {
  const { cache, revoke, revokeStrangers, settled, find } = setUp();
  revoke('bob');
  revokeStrangers(9_999);
  expect(cache.entries).toBe(entries);
  revokeStrangers(1);
  expect(cache.entries).toBeGreaterThan((2 * entries) / 3);
  await settled((2 * entries) / 3);
  expect(cache.rejectedEntries).toBe(1);
  expect(ofEach(find, 8_997)).toEqual(['alice', 'carol']);
});

test('who is revoked while others are looked at is not found either', async () => {
  const { cache, revoke, revokeStrangers, find } = setUp();
  revoke('bob');
  revokeStrangers(10_000);
  revoke('carol');
  for (const first of [0, 8_997]) expect(ofEach(find, first)).toEqual(['alice']);
  for (let turn = 0; cache.entries > entries / 2 && turn < 1_000; turn += 1) await nextTurn();
  for (const first of [3, 4_500, 8_994]) expect(ofEach(find, first)).toEqual(['alice']);
});

test('nor are any of all, while they are looked at', () => {
  const { revoke, revokeStrangers, revocations, find } = setUp();
  revoke('bob');
  revokeStrangers(10_000);
  revocations.revoke('all');
  for (const first of [0, 8_997]) expect(ofEach(find, first)).toEqual([]);
});

test('when notes are summed up again meanwhile, neither those of before nor those of now are lost', async () => {
  const { cache, revoke, revokeStrangers, find, settled } = setUp();
  revoke('bob');
  revokeStrangers(10_000);
  // Some have been looked at, more than are in one turn.
  await nextTurn();
  await nextTurn();
  revoke('carol');
  revokeStrangers(10_000);
  // Those of before were all looked at by then.
  expect(cache.entries).toBeLessThanOrEqual((2 * entries) / 3);
  for (const first of [0, 4_500, 8_997]) expect(ofEach(find, first)).toEqual(['alice']);
  expect(find(-1)).toBe('rejected');
  await settled(entries / 3);
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  for (let n = 0; n < entries; n += 3) if (find(n) === undefined) throw new Error(`alice is gone: ${n}`);
});

test('what is forgotten while it is looked at stays so, and what comes then is there', async () => {
  const { cache, revoke, revokeStrangers, find } = setUp();
  revoke('bob');
  revokeStrangers(10_000);
  cache.clear();
  cache.remember(
    name(0),
    { kind: 'authenticated', identity: userIdentity('bob'), verifiedAt: 0 },
    cache.begin(name(0)),
  );
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  expect(find(0)).toBe('authenticated');
  expect(cache.entries).toBe(1);
});
