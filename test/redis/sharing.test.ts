// Verifiers that share one memory: what one has asked the others need not ask, what is revoked at one is forgotten at
// all, one asks for all, and who cannot hear serves nothing old. With a real Redis, on the real clock.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SharingEvent } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  askedOf,
  type Fleet,
  invalidate,
  type JoinOptions,
  nameIn,
  secret,
  startFleet,
} from '../support/redis/fleet.js';
import { until } from '../support/redis/process.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let fleet: Fleet;
beforeEach(async () => {
  fleet = await startFleet();
});
afterEach(() => fleet.close());

/** As patient as a busy machine wants it, unless a test is about time. */
const join = ({ redis, ...options }: JoinOptions = {}) =>
  fleet.join({
    upstream: { timeoutMs: 60_000 },
    redis: { timeoutMs: 15_000, blindAfterMs: 60_000, ...redis },
    ...options,
  });

const values = async () => (await fleet.redis.run('KEYS', '{esauth}:v:*')) as readonly string[];
const isKept = () => until('it is kept', async () => (await values()).length > 0);
const startOf = (verdict: unknown) => (verdict as { readonly verifiedAt: number }).verifiedAt;

describe('an identity', () => {
  test('that one verifier has looked up is known to the others, at its age', async () => {
    const [one, other] = [await join(), await join()];
    const jane = fleet.emulator.authorization('jane');
    const first = await one.verifier.verify(jane);
    await isKept();
    await sleep(30);
    const second = await other.verifier.verify(jane);
    expect(second).toMatchObject({ identity: (first as { readonly identity: object }).identity });
    // Rather older than it is: by a round trip, and what has passed since the clock was looked at.
    expect(startOf(second)).toBeLessThanOrEqual(startOf(first) + 1);
    expect(startOf(second)).toBeGreaterThan(startOf(first) - 5_000);
    expect(askedOf(fleet.emulator)).toBe(1);
    expect(other.verifier.stats()).toMatchObject({ misses: 1, lookups: 0, entries: 1, sharing: { hits: 1 } });
    // From then on it is remembered there.
    expect(nameIn(other.verifier.peek(jane))).toBe('jane');
  });

  test('is not taken by who wants a younger one, nor by who asks of something else', async () => {
    const one = await join();
    const stranger = await join({ clientAuthentication: 'of a JWT realm' });
    const picky = await join();
    const jane = fleet.emulator.authorization('jane');
    await one.verifier.verify(jane);
    await isKept();
    await sleep(50);
    expect(nameIn(await stranger.verifier.verify(jane))).toBe('jane');
    expect(nameIn(await picky.verifier.verify(jane, { maxAgeMs: 20 }))).toBe('jane');
    expect(nameIn(await picky.verifier.verify(jane, { maxAgeMs: 0 }))).toBe('jane');
    expect(askedOf(fleet.emulator)).toBe(4);
  });

  test('is not taken past ttlMs, nor past its own end', async () => {
    const cache = { ttlMs: 150, refreshAfterMs: 0, jitter: 0 };
    const [one, other] = [await join({ cache: { ...cache, staleIfErrorMs: 60_000 } }), await join({ cache })];
    const jane = fleet.emulator.authorization('jane');
    await one.verifier.verify(jane);
    await isKept();
    await sleep(150);
    expect(await values()).toHaveLength(1);
    expect(nameIn(await other.verifier.verify(jane))).toBe('jane');
    expect(askedOf(fleet.emulator)).toBe(2);
  });

  test('that was refused is not shared, and ends what others have kept', async () => {
    const [one, other] = [await join(), await join()];
    expect(nameIn(await one.verifier.verify('Bearer garbage'))).toBe('credentials_invalid');
    const jane = fleet.emulator.authorization('jane');
    await one.verifier.verify(jane);
    await isKept();
    expect(await values()).toHaveLength(1);
    await invalidate(fleet.emulator, jane);
    // It is asked, because it wants to know.
    expect(nameIn(await other.verifier.verify(jane, { maxAgeMs: 0 }))).toBe('credentials_expired');
    await until('nobody finds it', async () => {
      const third = await join();
      return nameIn(await third.verifier.verify(jane)) === 'credentials_expired';
    });
  });

  test('is found under a secret that is being replaced, in whatever order', async () => {
    const next = 'YW5vdGhlciBzZWNyZXQsIGZvciB0aGUgdGltZSBhZnRlcg';
    const before = await join({ redis: { secrets: [secret, next] } });
    const after = await join({ redis: { secrets: [next, secret] } });
    const [jane, john] = [fleet.emulator.authorization('jane'), fleet.emulator.authorization('john')];
    await before.verifier.verify(jane);
    await isKept();
    expect(nameIn(await after.verifier.verify(jane))).toBe('jane');
    await after.verifier.verify(john);
    await until('it is kept', async () => (await values()).length === 2);
    expect(nameIn(await before.verifier.verify(john))).toBe('john');
    expect(askedOf(fleet.emulator)).toBe(2);
    // And so is a revocation: of a credential that each of them has under another name.
    expect(await after.verifier.revoke({ credential: jane })).toBe('shared');
    await until('it has heard', () => before.verifier.peek(jane) === undefined);
    expect(nameIn(before.verifier.peek(john))).toBe('john');
  });
});

describe('revoke', () => {
  test('is heard by all, of whatever kind, and from then on each asks anew', async () => {
    const members = await Promise.all([join(), join(), join()]);
    const jane = fleet.emulator.authorization('jane');
    const key = fleet.emulator.apiKey('john');
    const apiKey = fleet.emulator.authorization(key);
    const [one] = members;
    for (const [subject, credential] of [
      [{ credential: jane }, jane],
      [{ username: 'jane' }, jane],
      [{ apiKeyIds: [key.id] }, apiKey],
      [{ username: 'john', realm: 'default_native' }, apiKey],
      [{ realm: 'default_native' }, jane],
      ['all', apiKey],
    ] as const) {
      for (const { verifier } of members)
        expect(await verifier.verify(credential)).toMatchObject({ kind: 'authenticated' });
      expect(await one.verifier.revoke(subject)).toBe('shared');
      expect(one.verifier.peek(credential)).toBeUndefined();
      for (const { verifier } of members)
        await until('it has heard', () => verifier.peek(credential) === undefined);
      const asked = askedOf(fleet.emulator);
      // What is in Redis is from before.
      expect(await one.verifier.verify(credential)).toMatchObject({ kind: 'authenticated' });
      expect(askedOf(fleet.emulator)).toBe(asked + 1);
    }
  });

  test('beats what somebody keeps later who had not heard', async () => {
    const [slow, other] = [await join(), await join()];
    const jane = fleet.emulator.authorization('jane');
    // Its messages come late, and its lookup has begun before.
    const remove = fleet.emulator.faults.add({ path: '/_security/_authenticate', times: 1, delayMs: 300 });
    const asking = slow.verifier.verify(jane);
    await until('it is asked', () => askedOf(fleet.emulator) === 1);
    slow.way.stall();
    expect(await other.verifier.revoke({ credential: jane })).toBe('shared');
    expect(nameIn(await asking)).toBe('jane');
    remove();
    slow.way.heal();
    await until('it has heard', () => slow.verifier.peek(jane) === undefined);
    // Whether it has kept it or not: it is asked anew.
    expect(nameIn(await other.verifier.verify(jane))).toBe('jane');
    expect(askedOf(fleet.emulator)).toBe(2);
  });

  test('without sharing is local, and nobody waits for anything', async () => {
    const alone = await join({ sharing: undefined, atOnce: true });
    expect(alone.verifier.stats()).not.toHaveProperty('sharing');
    expect(await alone.verifier.revoke('all')).toBe('local');
    expect(alone.verifier.revoke('all')).toBe(alone.verifier.revoke({ username: 'jane' }));
  });
});

describe('one asks for all', () => {
  test('when many meet the same unknown credential', async () => {
    const members = await Promise.all(Array.from({ length: 6 }, () => join({ redis: { leaseMs: 20_000 } })));
    const jane = fleet.emulator.authorization('jane');
    const remove = fleet.emulator.faults.add({ path: '/_security/_authenticate', delayMs: 100 });
    const verdicts = await Promise.all(members.map(({ verifier }) => verifier.verify(jane)));
    remove();
    expect(verdicts.map(nameIn)).toEqual(members.map(() => 'jane'));
    expect(askedOf(fleet.emulator)).toBe(1);
  });

  test('and if it brings nothing that can be shared, each asks for itself', async () => {
    const members = await Promise.all(Array.from({ length: 4 }, () => join()));
    const verdicts = await Promise.all(members.map(({ verifier }) => verifier.verify('Bearer garbage')));
    expect(verdicts.map(nameIn)).toEqual(members.map(() => 'credentials_invalid'));
  });

  test('whoever asks and dies delays nobody beyond leaseMs', async () => {
    const [one, other] = [await join({ redis: { leaseMs: 300 } }), await join({ redis: { leaseMs: 300 } })];
    const jane = fleet.emulator.authorization('jane');
    const remove = fleet.emulator.faults.add({ path: '/_security/_authenticate', times: 1, delayMs: 2_500 });
    const dies = one.verifier.verify(jane);
    await until('it asks', () => askedOf(fleet.emulator) === 1);
    one.way.refuse();
    expect(nameIn(await other.verifier.verify(jane))).toBe('jane');
    expect(askedOf(fleet.emulator)).toBe(2);
    remove();
    await dies;
  });

  test('whoever asks and dies leaves the others half of their time for Elasticsearch, also with a slow Redis', async () => {
    // A look at Redis takes four fifths of what it may, a quarter of their time; Elasticsearch takes nine twentieths of that.
    const timeoutMs = 4_000;
    const short = { upstream: { timeoutMs }, redis: { timeoutMs, leaseMs: 60_000 } };
    const [one, other] = [await join({ redis: { leaseMs: 60_000 } }), await join(short)];
    const jane = fleet.emulator.authorization('jane');
    fleet.emulator.faults.add({ path: '/_security/_authenticate', times: 1, delayMs: Infinity });
    void one.verifier.verify(jane);
    await until('it asks', () => askedOf(fleet.emulator) === 1);
    one.way.refuse();
    other.way.delay(400);
    fleet.emulator.faults.add({ path: '/_security/_authenticate', delayMs: 1_800 });
    expect(nameIn(await other.verifier.verify(jane))).toBe('jane');
    expect(askedOf(fleet.emulator)).toBe(2);
  });

  test('of a hot credential, once in each period, however many remember it', async () => {
    const cache = { ttlMs: 60_000, refreshAfterMs: 400, jitter: 0 };
    const members = await Promise.all(Array.from({ length: 4 }, () => join({ cache })));
    const jane = fleet.emulator.authorization('jane');
    const start = performance.now();
    for (const { verifier } of members) await verifier.verify(jane);
    await sleep(450);
    for (const { verifier } of members) expect(nameIn(await verifier.verify(jane))).toBe('jane');
    await until('all are done', () => members.every(({ verifier }) => verifier.stats().inFlight === 0));
    for (const { verifier } of members) expect(verifier.stats().refreshes).toBeGreaterThan(0);
    // Of four that remember it, alone, it would be at least eight.
    const periods = Math.ceil((performance.now() - start) / cache.refreshAfterMs);
    expect(askedOf(fleet.emulator)).toBeGreaterThan(1);
    expect(askedOf(fleet.emulator)).toBeLessThanOrEqual(1 + periods);
  });
});

describe('who cannot hear', () => {
  test('serves nothing old, asks Elasticsearch, and says that it is blind', async () => {
    const events: SharingEvent['kind'][] = [];
    const listener = (event: unknown) => void events.push((event as SharingEvent).kind);
    subscribe('esauth:sharing', listener);
    onTestFinished(() => void unsubscribe('esauth:sharing', listener));
    const { verifier, way } = await join({ redis: { blindAfterMs: 1_000, blindMaxAgeMs: 0 } });
    const jane = fleet.emulator.authorization('jane');
    await verifier.verify(jane);
    await until('it is remembered', () => nameIn(verifier.peek(jane)) === 'jane');
    await until('all is well', () => verifier.health().state === 'up');
    way.refuse();
    await until('it is blind', () => verifier.stats().sharing?.blind === true);
    expect(verifier.health().state).toBe('degraded');
    expect(verifier.stats().sharing?.lagMs).toBeGreaterThan(1_000);
    expect(verifier.peek(jane)).toBeUndefined();
    const asked = askedOf(fleet.emulator);
    expect(nameIn(await verifier.verify(jane))).toBe('jane');
    expect(askedOf(fleet.emulator)).toBe(asked + 1);
    way.heal();
    await until('it hears again', () => verifier.health().state === 'up');
    await until('it is served', () => nameIn(verifier.peek(jane)) === 'jane');
    expect(events).toContain('blind');
    expect(events).toContain('seeing');
  });

  test('tells it later, in order, and serves meanwhile', async () => {
    const [one, other] = [await join({ redis: { timeoutMs: 200 } }), await join()];
    const jane = fleet.emulator.authorization('jane');
    await other.verifier.verify(jane);
    one.way.refuse();
    await until('it knows', async () => (await one.verifier.revoke({ username: 'june' })) === 'local');
    expect(await one.verifier.revoke({ credential: jane })).toBe('local');
    expect(one.verifier.stats().sharing?.outbox).toBeGreaterThan(0);
    expect(nameIn(other.verifier.peek(jane))).toBe('jane');
    one.way.heal();
    await until('it is heard', () => other.verifier.peek(jane) === undefined);
    await until('all is told', () => one.verifier.stats().sharing?.outbox === 0);
  });
});
