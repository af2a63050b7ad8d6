// Which clients are taken, and what is said of those that are not: at the start, with its cure.

import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool, createCluster, createSentinel } from 'redis';
import { createClient as createClient4, createCluster as createCluster4 } from 'redis4';
import { describe, expect, test } from 'vitest';
import { commandsOf } from '../../packages/redis/src/clients.js';
import { textOf } from '../support/text-of.js';

/** It has no types of its own. */
const Redis4 = createRequire(import.meta.url)('ioredis4');

function refusalOf(client: unknown): string {
  try {
    commandsOf(client);
  } catch (error) {
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_option', option: 'client' });
    return textOf(String((error as Error).message));
  }
  throw new TypeError('it was taken');
}

const wanted =
  'client: must be a client of redis 5 or 6 or of ioredis 5 or 6, or a function that sends a command and resolves to its reply';
const place = { host: '127.0.0.1', port: 1 };
const unconnected = 'client: is not connected: await client.connect() first';
const old = 'client: is of redis 4 or older; esauth needs redis 5 or later';
const veryOld = 'client: is of ioredis 4 or older; esauth needs ioredis 5 or later';

test.each<[string, () => unknown, string]>([
  ['nothing', () => undefined, wanted],
  ['null', () => null, wanted],
  ['an object of another kind', () => ({ host: 'localhost' }), wanted],
  ['any emitter', () => new EventEmitter(), wanted],
  ['an address', () => 'redis://localhost:6379', `${wanted}, not an address`],
  ['an address as an object', () => new URL('redis://:secret@localhost:6379'), `${wanted}, not an address`],
  [
    'what connect() returns',
    () => {
      const connecting = createClient({ socket: { ...place, reconnectStrategy: false } })
        .on('error', () => undefined)
        .connect();
      connecting.catch(() => undefined);
      return connecting;
    },
    `${wanted}, not a promise of one: await it`,
  ],
  [
    'an object whose send is none',
    () => ({ send: (): void => undefined, open: 7 }),
    'client: open must be a function, or left out',
  ],
  ['a client that was not connected', () => createClient(), unconnected],
  ['a cluster that was not connected', () => createCluster({ rootNodes: [{ socket: place }] }), unconnected],
  [
    'a Sentinel client that was not connected',
    () => createSentinel({ name: 'master', sentinelRootNodes: [place] }),
    unconnected,
  ],
  [
    'a pool',
    () => createClientPool(),
    'client: is a pool: pass what createClient made, one connection is enough',
  ],
  ['redis 4', () => createClient4(), old],
  ['a cluster of redis 4', () => createCluster4({ rootNodes: [{ socket: place }] }), old],
  ['ioredis 4', () => new Redis4({ ...place, lazyConnect: true }), veryOld],
  [
    'ioredis that waits to be connected',
    () => new Redis({ ...place, lazyConnect: true }),
    'client: is not connected: await client.connect(), or leave out lazyConnect',
  ],
  [
    'ioredis that was closed',
    () => {
      const client = new Redis({ ...place, lazyConnect: true });
      client.disconnect();
      return Object.assign(client, { status: 'end' });
    },
    'client: is closed',
  ],
  [
    'ioredis that reads from replicas',
    () => connecting(new Redis({ sentinels: [place], name: 'master', role: 'slave', lazyConnect: true })),
    "client: writes, so it needs the master: leave out role: 'slave'",
  ],
  [
    'a cluster that reads from replicas',
    () => connecting(new Cluster([place], { scaleReads: 'all', lazyConnect: true })),
    "client: must read from masters: pass cluster.duplicate([], { scaleReads: 'master' }), replicas are behind",
  ],
])('%s is told what is wanted', (_, make, message) => {
  expect(refusalOf(make())).toBe(message);
});

/** One that has begun to connect, and will not get anywhere. */
function connecting<Client extends Redis | Cluster>(client: Client): Client {
  return Object.assign(client, { status: 'connecting' });
}

describe('errors that nobody listens for', () => {
  const message =
    "client: has no listener for its errors, so that any would end the process: client.on('error', …)";

  test('of a client of redis: it is told', async () => {
    const client = createClient({ socket: { ...place, reconnectStrategy: 10_000 } });
    const once = new Promise((done) => client.once('error', done));
    client.connect().catch(() => undefined);
    await once;
    expect(client.isOpen).toBe(true);
    expect(refusalOf(client)).toBe(message);
    client.on('error', () => undefined);
    expect(commandsOf(client)).toBeDefined();
    client.destroy();
  });

  test('of one of ioredis: it prints them, and goes on', () => {
    const client = connecting(new Redis({ ...place, lazyConnect: true }));
    expect(commandsOf(client)).toBeDefined();
  });
});

describe('a Redis that is not there yet does not keep an application from starting, nor waiting', () => {
  const offline = (client: unknown) =>
    expect(commandsOf(client).send('key', ['GET', 'key'], AbortSignal.timeout(20_000))).rejects.toMatchObject(
      {
        code: 'offline',
      },
    );

  test('redis', async () => {
    const client = createClient({ socket: { ...place, reconnectStrategy: 10 } });
    client.on('error', () => undefined);
    client.connect().catch(() => undefined);
    await offline(client);
    client.destroy();
  });

  test('ioredis', async () => {
    const client = new Redis({ ...place, retryStrategy: () => 10, maxRetriesPerRequest: null });
    client.on('error', () => undefined);
    await offline(client);
    client.disconnect();
  });
});

describe('a function of the application', () => {
  const send = (reply: unknown) =>
    commandsOf(async () => reply).send('key', ['GET', 'key'], AbortSignal.timeout(20_000));

  test.each([
    ['text that may have been bytes', 'caf\u00e9', 'Strings of replies have to be Buffers'],
    ['nothing', undefined, 'A reply was of type undefined'],
    ['a boolean', true, 'A reply was of type boolean'],
    ['text in a list', [1, ['\ufffd']], 'Strings of replies have to be Buffers'],
  ])('%s is no reply', async (_, reply, message) => {
    await expect(send(reply)).rejects.toMatchObject({ name: 'CommandError', code: 'unusable', message });
  });

  test.each([
    ['ids and states as text', 'OK', Buffer.from('OK')],
    ['a large number', 12n, 12],
    ['a map', new Map([['length', 1]]), [Buffer.from('length'), 1]],
    ['null', null, null],
  ])('%s are one', async (_, reply, expected) => {
    expect(await send(reply)).toEqual(expected);
  });

  test('one that throws is said to, whatever it throws', async () => {
    const throwing = (thrown: unknown) => () => {
      throw thrown;
    };
    const ask = (thrown: unknown) =>
      commandsOf(throwing(thrown)).send('key', ['GET', 'key'], AbortSignal.timeout(20_000));
    await expect(ask(new TypeError('no such method'))).rejects.toMatchObject({ code: 'unusable' });
    await expect(ask(new Error('NOPERM not yours'))).rejects.toMatchObject({ code: 'NOPERM' });
    await expect(ask('anything')).rejects.toMatchObject({
      code: 'offline',
      message: 'The connection failed',
    });
    await expect(ask(Object.assign(new Error(''), { code: 'ECONNREFUSED' }))).rejects.toMatchObject({
      code: 'offline',
      message: 'ECONNREFUSED',
    });
  });

  test('without a connection of its own it looks again and again', async () => {
    const asked: unknown[] = [];
    const commands = commandsOf(async (args: unknown) => {
      asked.push(args);
      return asked.length < 3 ? null : [['key', []]];
    });
    const own = await commands.open('key', AbortSignal.timeout(20_000));
    const read = ['XREAD', 'BLOCK', '60000', 'STREAMS', 'key', '$'];
    expect(await own.send(read, AbortSignal.timeout(20_000))).toEqual([[Buffer.from('key'), []]]);
    expect(asked).toEqual(Array(3).fill(['XREAD', 'STREAMS', 'key', '$']));
  });

  test('a connection of its own that is closed while it looks: that ends', async () => {
    const commands = commandsOf(async () => null);
    const own = await commands.open('key', AbortSignal.timeout(20_000));
    const reading = own.send(['XREAD', 'BLOCK', '60000', 'STREAMS', 'key', '$'], AbortSignal.timeout(20_000));
    own.close();
    await expect(reading).rejects.toMatchObject({ code: 'aborted' });
  });

  test('one that opens connections: what comes too late is closed', async () => {
    let closed = 0;
    const connection = {
      send: async () => 1,
      close: () => {
        closed += 1;
      },
    };
    let come: (value: typeof connection) => void = () => undefined;
    const client = {
      send: async () => 1,
      open: () => new Promise<typeof connection>((done) => (come = done)),
    };
    const commands = commandsOf(client);
    const late = commands.open('key', AbortSignal.timeout(10));
    await expect(late).rejects.toMatchObject({ code: 'aborted' });
    come(connection);
    await expect.poll(() => closed).toBe(1);
    const early = commands.open('key', AbortSignal.timeout(20_000));
    come(connection);
    const own = await early;
    expect(await own.send(['GET', 'key'], AbortSignal.timeout(20_000))).toBe(1);
    own.close();
    expect(closed).toBe(2);
  });
});
