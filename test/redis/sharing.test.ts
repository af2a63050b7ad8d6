// Verifiers that share one memory: what one has asked the others need not ask, what is revoked at one is forgotten at
// all. With a real Redis, on the real clock.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { askedOf, type Fleet, nameIn, startFleet } from '../support/redis/fleet.js';
import { until } from '../support/redis/process.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let fleet: Fleet;
beforeEach(async () => {
  fleet = await startFleet();
});
afterEach(() => fleet.close());

describe('an identity', () => {
  test('that one verifier has looked up is known to the others, at its age', async () => {
    const [one, other] = [await fleet.join(), await fleet.join()];
    const jane = fleet.emulator.authorization('jane');
    const before = Date.now();
    const first = await one.verifier.verify(jane);
    await until('it is kept', async () => Number(await fleet.redis.run('DBSIZE')) === 2);
    const second = await other.verifier.verify(jane);
    expect(nameIn(second)).toBe('jane');
    expect(second).toMatchObject({ identity: (first as { readonly identity: object }).identity });
    expect((second as { readonly verifiedAt: number }).verifiedAt).toBeGreaterThanOrEqual(before - 2_000);
    expect(askedOf(fleet.emulator)).toBe(1);
    expect(other.verifier.stats()).toMatchObject({ misses: 1, lookups: 0, entries: 1, sharing: { hits: 1 } });
    // From then on it is remembered there.
    expect(nameIn(other.verifier.peek(jane))).toBe('jane');
  });
});

describe('revoke', () => {
  test('is heard by all before it is told that it is shared, and from then on each asks anew', async () => {
    const members = await Promise.all([fleet.join(), fleet.join(), fleet.join()]);
    const jane = fleet.emulator.authorization('jane');
    for (const { verifier } of members) expect(nameIn(await verifier.verify(jane))).toBe('jane');
    const [one] = members;
    expect(await one.verifier.revoke({ credential: jane })).toBe('shared');
    for (const { verifier } of members) {
      await until('it has heard', () => verifier.peek(jane) === undefined);
    }
    const asked = askedOf(fleet.emulator);
    // What is in Redis is from before.
    expect(nameIn(await one.verifier.verify(jane))).toBe('jane');
    expect(askedOf(fleet.emulator)).toBe(asked + 1);
  });
});
