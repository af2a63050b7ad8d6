// Clients of a Sentinel and of a Cluster, in each library: where commands go, and what becomes of them when a master
// changes.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { commandsOf } from '../../packages/redis/src/clients.js';
import { libraries } from '../support/redis/clients.js';
import {
  type RedisCluster,
  type SentinelGroup,
  startCluster,
  startSentinelGroup,
} from '../support/redis/groups.js';
import { until } from '../support/redis/process.js';
import { runOn } from '../support/redis/server.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const patient = () => AbortSignal.timeout(20_000);
const soon = () => AbortSignal.timeout(2_000);
const key = '{esauth}:stream';
const text = (reply: unknown) =>
  JSON.stringify(reply, (_, value) => (value?.type === 'Buffer' ? String(Buffer.from(value.data)) : value));

describe('Sentinel', () => {
  let group: SentinelGroup;
  beforeAll(async () => {
    group = await startSentinelGroup();
  });
  afterAll(() => group.stop());

  test('when another becomes master, what was under way fails, and what follows goes there', async () => {
    const connected = await Promise.all(
      libraries.map(async (library) => {
        const { client, close } = await library.sentinel(group);
        return { name: library.name, commands: commandsOf(client), close };
      }),
    );
    const before = await group.master();
    // Nobody tells the old master that it is none any more: it goes on answering, and nothing new comes there.
    await runOn(
      { port: before, password: group.password },
      'ACL',
      'SETUSER',
      'default',
      '-replicaof',
      '-slaveof',
    );
    const reading = await Promise.all(
      connected.map(async ({ name, commands }) => {
        expect(text(await commands.send(key, ['SET', `{esauth}:${name}`, name], patient()))).toBe('"OK"');
        const own = await commands.open(key, patient());
        const read = () =>
          own.send(['XREAD', 'BLOCK', '5000', 'STREAMS', key, '$'], AbortSignal.timeout(60_000));
        const ended = (async () => {
          for (;;) expect(await read()).toBeNull();
        })().catch((error: unknown) => error);
        return { ended };
      }),
    );
    await group.failOver();
    const after = await group.master();
    expect(after).not.toBe(before);
    for (const { ended } of reading) expect(await ended).toMatchObject({ name: 'CommandError' });
    expect(text(await runOn({ port: before, password: group.password }, 'ROLE'))).toContain('master');
    for (const { name, commands, close } of connected) {
      const place = `{esauth}:${name}:after`;
      await until(`${name} writes to the new master`, async () => {
        await commands.send(key, ['SET', place, name], soon()).catch(() => undefined);
        return (await runOn({ port: after, password: group.password }, 'GET', place)) === name;
      });
      const own = await commands.open(key, patient());
      expect(text(await own.send(['GET', place], patient()))).toBe(JSON.stringify(name));
      expect(text(await own.send(['ROLE'], patient()))).toContain('master');
      own.close();
      await close();
    }
  });
});

describe('Cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.stop());

  test.each(libraries)('$name asks the node that has the key, about everything', async (library) => {
    const { client, close } = await library.cluster(cluster);
    const { send, open } = commandsOf(client);
    try {
      const names = Array.from({ length: 12 }, (_, number) => `{${library.name} ${number}}:name`);
      const owners = new Set<number>();
      for (const name of names) {
        const port = await cluster.ownerOf(name);
        owners.add(port);
        await send(name, ['XADD', name, '*', 'is', 'here'], patient());
        expect(await cluster.run(port, 'XLEN', name)).toBe(1);
        // A command without a key, by which a node can be told.
        expect(text(await send(name, ['CONFIG', 'GET', 'port'], patient()))).toBe(
          JSON.stringify(['port', `${port}`]),
        );
        const own = await open(name, patient());
        expect(text(await own.send(['CONFIG', 'GET', 'port'], patient()))).toBe(
          JSON.stringify(['port', `${port}`]),
        );
        own.close();
      }
      expect(owners.size).toBe(3);
    } finally {
      await close();
    }
  });

  // Those which take back what they have not written in time, of version 5 with what came before it.
  test.each(libraries.filter(({ name }) => name.startsWith('redis')))(
    '$name is not asked under a time limit of the application, and goes on',
    async (library) => {
      const { client, close } = await library.cluster(cluster, 'default', { commandOptions: { timeout: 1 } });
      const { send } = commandsOf(client);
      try {
        // From here on timers run before what is sent now is written.
        await new Promise(setImmediate);
        const asked = [1, 2, 3].map(() => send(key, ['TIME'], patient()));
        // It is found out which node to ask.
        for (let step = 0; step < 100; step += 1) await undefined;
        const end = performance.now() + 20;
        while (performance.now() < end);
        for (const replies of await Promise.all(asked)) expect(replies).toHaveLength(2);
      } finally {
        await close();
      }
    },
  );

  test.each(libraries)('$name follows a slot to another node', async (library) => {
    const { client, close } = await library.cluster(cluster);
    const { send, open } = commandsOf(client);
    try {
      const id = text(await send(key, ['XADD', key, '*', 'a', 'b'], patient()));
      const own = await open(key, patient());
      const reading = own.send(['XREAD', 'BLOCK', '5000', 'STREAMS', key, '$'], patient());
      const ended = reading.catch((error: unknown) => error);
      const before = await cluster.ownerOf(key);
      await cluster.move(key);
      const after = await cluster.ownerOf(key);
      expect(after).not.toBe(before);
      // Whoever waits there is sent on, or was disconnected.
      expect(await ended).toMatchObject({ name: 'CommandError' });
      const another = await open(key, patient());
      expect(text(await another.send(['CONFIG', 'GET', 'port'], patient()))).toContain(String(after));
      expect(text(await another.send(['XREVRANGE', key, '+', '-', 'COUNT', '1'], patient()))).toContain(id);
      expect(text(await send(key, ['CONFIG', 'GET', 'port'], patient()))).toContain(String(after));
      await send(key, ['XADD', key, '*', 'c', 'd'], patient());
      another.close();
    } finally {
      await close();
    }
  });
});
