// Verifiers that share through a Sentinel group and through a Cluster: another master, and another node for the slot.
// Callers are let in all the time, and what is revoked at one is forgotten at the other.

import { readFile } from 'node:fs/promises';
import { createVerifier, type Verifier } from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { type RedisSharingOptions, redisSharing } from '@esauth/redis';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type Connected, libraries } from '../support/redis/clients.js';
import { nameIn, secret } from '../support/redis/fleet.js';
import { startCluster, startSentinelGroup } from '../support/redis/groups.js';
import { until } from '../support/redis/process.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

let emulator: Emulator;
const ends: (() => unknown)[] = [];
beforeAll(async () => {
  emulator = await startEmulator({ users: { jane: { password: 'secret-of-jane', roles: [] } } });
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => emulator.close());

async function join({ client, close }: Connected): Promise<Verifier> {
  ends.push(close);
  const verifier = createVerifier({
    nodes: emulator.url,
    upstream: { timeoutMs: 60_000 },
    cache: { jitter: 0, refreshAfterMs: 0 },
    sharing: redisSharing({
      client: client as RedisSharingOptions['client'],
      secrets: [secret],
      timeoutMs: 200,
      blindAfterMs: 1_000,
    }),
  });
  ends.push(() => verifier.close());
  await until('it has heard', () => (verifier.stats().sharing?.heard ?? 0) > 0);
  return verifier;
}

/** What one has looked up the others have from it, and what is revoked at one is forgotten by the others. */
async function share(verifiers: readonly Verifier[]): Promise<void> {
  const [one] = verifiers;
  const hits = () => verifiers.map((verifier) => verifier.stats().sharing?.hits ?? 0);
  await until('all have it from one', async () => {
    const before = hits();
    const jane = emulator.authorization('jane');
    for (const verifier of verifiers) {
      expect(nameIn(await verifier.verify(jane))).toBe('jane');
      // So that it is kept by then, unless nothing can be.
      await new Promise((done) => setTimeout(done, 20));
    }
    return hits().every((count, index) => index === 0 || count > (before[index] ?? 0));
  });
  const jane = emulator.authorization('jane');
  await until('a revocation is shared', async () => {
    for (const verifier of verifiers) expect(nameIn(await verifier.verify(jane))).toBe('jane');
    return (await one?.revoke({ credential: jane })) === 'shared';
  });
  await until('all have forgotten', () => verifiers.every((verifier) => verifier.peek(jane) === undefined));
}

/** Callers come while something happens. */
async function meanwhile(verifiers: readonly Verifier[], happens: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = happens.finally(() => {
    isOver = true;
  });
  const jane = emulator.authorization('jane');
  while (!isOver) {
    for (const verifier of verifiers) expect(nameIn(await verifier.verify(jane))).toBe('jane');
    void verifiers[0]?.revoke({ credential: jane });
    await new Promise((done) => setTimeout(done, 10));
  }
  await over;
}

test('Sentinel has another made master: all forget everything, and go on there', async () => {
  const group = await startSentinelGroup();
  ends.push(() => group.stop());
  const verifiers = await Promise.all(libraries.map(async (library) => join(await library.sentinel(group))));
  await share(verifiers);
  const lost = verifiers.map((verifier) => verifier.stats().sharing?.lost ?? 0);
  await meanwhile(verifiers, group.failOver());
  await until('all know that it is another', () =>
    verifiers.every((verifier, index) => (verifier.stats().sharing?.lost ?? 0) > (lost[index] ?? 0)),
  );
  await until('all that was revoked is told', () => verifiers[0]?.stats().sharing?.outbox === 0);
  await share(verifiers);
});

test('in a cluster the slot moves to another node: all forget everything, and go on there', async () => {
  const cluster = await startCluster();
  ends.push(() => cluster.stop());
  // As a user who may do what the page says, and no more.
  const page = await readFile(new URL('../../docs/packages/redis.md', import.meta.url), 'utf8');
  const [, line = ''] = /^ACL SETUSER \S+ on >\S+ (.*)$/m.exec(page) ?? [];
  const [, more = ''] = /`(\+asking [^`]*)`/.exec(page) ?? [];
  for (const port of cluster.ports) {
    const words = [...line.split(' '), ...more.split(' ')];
    await cluster.run(port, 'ACL', 'SETUSER', 'esauth', 'on', `>${cluster.password}`, ...words);
  }
  const verifiers = await Promise.all(
    libraries.map(async (library) => join(await library.cluster(cluster, 'esauth'))),
  );
  await share(verifiers);
  const lost = verifiers.map((verifier) => verifier.stats().sharing?.lost ?? 0);
  await meanwhile(verifiers, cluster.move('{esauth}:log'));
  await until('all know that it is another', () =>
    verifiers.every((verifier, index) => (verifier.stats().sharing?.lost ?? 0) > (lost[index] ?? 0)),
  );
  await until('all that was revoked is told', () => verifiers[0]?.stats().sharing?.outbox === 0);
  await share(verifiers);
});
