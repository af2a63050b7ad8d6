// A client of each library, standalone, as the rest of the package sees it: commands, replies, a connection that
// blocks, and everything that can go wrong with a real server.

import { randomBytes } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { commandsOf } from '../../packages/redis/src/clients.js';
import type { Commands, Reply } from '../../packages/redis/src/commands.js';
import { functionAlone, type Library, libraries } from '../support/redis/clients.js';
import { until } from '../support/redis/process.js';
import { startTcpProxy } from '../support/redis/proxy.js';
import { type RedisServer, runOn, startRedis } from '../support/redis/server.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: RedisServer;
const ends: (() => void | Promise<void>)[] = [];

beforeAll(async () => {
  server = await startRedis({ users: ['reader on >another-password ~* +get +xread +info +hello'] });
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => server.stop());

const key = '{esauth}:stream';
const none = '{esauth}:none';
const patient = () => AbortSignal.timeout(20_000);
/** Bytes of all values, which is no UTF-8. */
const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));

async function connect(library: Library, place = {}, more = {}): Promise<Commands> {
  const { client, close } = await library.standalone(
    { port: server.port, password: server.password, ...place },
    more,
  );
  ends.push(close);
  return commandsOf(client);
}

async function clientsOfServer(): Promise<number> {
  const info = String(await server.run('INFO', 'clients'));
  return Number(/connected_clients:(\d+)/.exec(info)?.[1]);
}

/** The reply, or the code of the error. */
const tried = (reply: Promise<Reply>) => reply.catch(({ code }: { readonly code: unknown }) => code);

/** What stands in a reply, with text for bytes. */
function legible(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString();
  return Array.isArray(reply) ? reply.map(legible) : reply;
}

const alone: Library = {
  name: 'a function',
  standalone: functionAlone,
  sentinel: () => Promise.reject(new Error('is not tried')),
  cluster: () => Promise.reject(new Error('is not tried')),
};

describe.each([...libraries, alone])('$name', (library) => {
  test('bytes come back as they were sent, and replies as RESP 2 has them', async () => {
    const { send } = await connect(library);
    const name = `{esauth}:${randomBytes(8).toString('hex')}`;
    const ask = async (...args: (string | Buffer)[]) => send(name, args, patient());
    expect(legible(await ask('SET', name, bytes, 'PX', '60000', 'NX'))).toBe('OK');
    expect(await ask('SET', name, bytes, 'NX')).toBeNull();
    expect(await ask('GET', name)).toEqual(bytes);
    expect(await ask('GET', `${name}:none`)).toBeNull();
    expect(await ask('DEL', name)).toBe(1);
    const id = legible(await ask('XADD', name, '*', 'field', bytes));
    expect(id).toMatch(/^\d+-0$/);
    expect(await ask('XREAD', 'COUNT', '10', 'STREAMS', name, '0')).toEqual([
      [Buffer.from(name), [[Buffer.from(String(id)), [Buffer.from('field'), bytes]]]],
    ]);
    expect(await ask('XREAD', 'COUNT', '10', 'STREAMS', name, '$')).toBeNull();
    expect(legible(await ask('XRANGE', name, '-', '+', 'COUNT', '1'))).toEqual([
      [id, ['field', expect.anything()]],
    ]);
    const about = legible(await ask('XINFO', 'STREAM', name)) as unknown[];
    expect(about[about.indexOf('last-generated-id') + 1]).toBe(id);
    expect(legible(await ask('TIME'))).toEqual([
      expect.stringMatching(/^\d{10}$/),
      expect.stringMatching(/^\d+$/),
    ]);
    expect(legible(await ask('EVAL', 'return {KEYS[1], 7, ARGV[1]}', '1', name, 'x'))).toEqual([
      name,
      7,
      'x',
    ]);
  });

  test('a connection of its own blocks, wakes, and keeps nobody else waiting', async () => {
    const commands = await connect(library);
    const name = `{esauth}:${randomBytes(8).toString('hex')}`;
    const own = await commands.open(name, patient());
    ends.push(() => own.close());
    const read = ['XREAD', 'BLOCK', '5000', 'STREAMS', name, '$'];
    expect(await own.send(['XREAD', 'BLOCK', '30', 'STREAMS', name, '$'], patient())).toBeNull();
    const reading = own.send(read.with(2, '20000').with(-1, '0'), patient());
    const id = legible(await commands.send(name, ['XADD', name, '*', 'a', 'b'], patient()));
    expect(legible(await reading)).toEqual([[name, [[id, ['a', 'b']]]]]);
  });

  test("Redis' errors have their codes", async () => {
    const { send } = await connect(library);
    const place = `{esauth}:${library.name}`;
    await send(place, ['SET', place, 'a string'], patient());
    await expect(send(place, ['XADD', place, '*', 'a', 'b'], patient())).rejects.toMatchObject({
      name: 'CommandError',
      code: 'WRONGTYPE',
    });
    await expect(send(place, ['NO-SUCH-COMMAND'], patient())).rejects.toMatchObject({ code: 'ERR' });
    const reader = await connect(library, { username: 'reader', password: 'another-password' });
    await expect(reader.send(place, ['SET', place, 'x'], patient())).rejects.toMatchObject({
      code: 'NOPERM',
    });
  });

  test('what nobody waits for any more before it is written keeps nothing back that comes later', async () => {
    const { send } = await connect(library);
    const leaving = new AbortController();
    const left = [1, 2, 3].map(() => tried(send(key, ['GET', none], leaving.signal)));
    leaving.abort();
    expect(await Promise.all(left)).toEqual(['aborted', 'aborted', 'aborted']);
    expect(await tried(send(key, ['GET', none], patient()))).toBeNull();
  });

  test('no more than 1 024 commands wait for replies', async () => {
    const { send } = await connect(library);
    server.process.pause();
    try {
      const codes = await Promise.all(
        Array.from({ length: 1_500 }, () =>
          send(key, ['GET', key], AbortSignal.timeout(200)).catch(({ code }) => String(code)),
        ),
      );
      expect(codes.filter((code) => code === 'crowded')).toHaveLength(476);
      expect(codes.filter((code) => code === 'aborted')).toHaveLength(1_024);
      // They are still there.
      expect(await tried(send(key, ['GET', key], AbortSignal.timeout(200)))).toBe('crowded');
    } finally {
      server.process.resume();
    }
    await until('all were answered', async () => (await tried(send(key, ['GET', none], patient()))) === null);
  });
});

describe.each(libraries)('$name', (library) => {
  test('a server that does not answer: whoever has no patience left goes on, and is gone', async () => {
    const commands = await connect(library);
    const own = await commands.open(key, patient());
    ends.push(() => own.close());
    const unheard = own
      .send(['XREAD', 'BLOCK', '20000', 'STREAMS', key, '$'], patient())
      .catch((error: unknown) => error);
    const before = await clientsOfServer();
    server.process.pause();
    try {
      const short = () => AbortSignal.timeout(50);
      await expect(commands.send(key, ['GET', key], short())).rejects.toMatchObject({ code: 'aborted' });
      await expect(own.send(['GET', key], short())).rejects.toMatchObject({ code: 'aborted' });
      await expect(commands.send(key, ['GET', key], AbortSignal.abort())).rejects.toMatchObject({
        code: 'aborted',
      });
    } finally {
      server.process.resume();
    }
    expect(await unheard).toMatchObject({ name: 'CommandError', code: 'offline' });
    await until('its connection is closed', async () => (await clientsOfServer()) < before);
    await expect(commands.send(key, ['GET', none], patient())).resolves.toBeNull();
  });

  test('a broken connection: what is under way fails, and so does what comes before there is another', async () => {
    const proxy = await startTcpProxy(server.port);
    ends.push(() => proxy.close());
    const commands = await connect(library, { port: proxy.port });
    const own = await commands.open(key, patient());
    const reading = own
      .send(['XREAD', 'BLOCK', '20000', 'STREAMS', key, '$'], patient())
      .catch((error: unknown) => error);
    proxy.refuse();
    expect(await reading).toMatchObject({ name: 'CommandError', code: 'offline' });
    const soon = () => AbortSignal.timeout(1_000);
    await until(
      'it is noticed',
      async () => (await tried(commands.send(key, ['GET', none], soon()))) === 'offline',
    );
    await expect(own.send(['GET', key], patient())).rejects.toMatchObject({ code: 'offline' });
    await expect(commands.open(key, patient())).rejects.toMatchObject({ code: 'offline' });
    proxy.heal();
    await until('it is back', async () => (await tried(commands.send(key, ['GET', none], soon()))) === null);
    const another = await commands.open(key, patient());
    await expect(another.send(['GET', none], patient())).resolves.toBeNull();
    another.close();
  });

  test('a connection that nobody waits for any more is not kept', async () => {
    const proxy = await startTcpProxy(server.port);
    ends.push(() => proxy.close());
    const commands = await connect(library, { port: proxy.port });
    const before = proxy.connections;
    proxy.stall();
    await expect(commands.open(key, AbortSignal.timeout(100))).rejects.toMatchObject({ code: 'aborted' });
    proxy.heal();
    await until('it is closed', () => proxy.connections <= before);
  });

  test('its own connection does not keep the process alive', async () => {
    const commands = await connect(library);
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const before = sockets();
    const own = await commands.open(key, patient());
    expect(sockets()).toBe(before);
    own.close();
  });
});

test.each(libraries.slice(0, 2))('$name: nor is one that comes about later', async (library) => {
  const proxy = await startTcpProxy(server.port);
  ends.push(() => proxy.close());
  let named = () => undefined as unknown;
  let isSlow = false;
  const lookup: LookupFunction = (_host, options, found) => {
    named = () =>
      options.all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4);
    if (!isSlow) named();
  };
  const socket = { host: 'localhost', port: proxy.port, lookup };
  const { client, close } = await library.standalone({ port: 0, password: server.password }, { socket });
  ends.push(close);
  const before = proxy.connections;
  isSlow = true;
  await expect(commandsOf(client).open(key, AbortSignal.timeout(50))).rejects.toMatchObject({
    code: 'aborted',
  });
  named();
  await until('it came', () => proxy.accepted > before);
  // At once: after ten seconds of silence it would be closed in any case.
  await until('it is closed', () => proxy.connections <= before, 5_000);
});

describe.each(libraries)('$name, as it may be set up', (library) => {
  test('over TLS', async () => {
    const encrypted = await startRedis({ tls: true });
    ends.push(() => encrypted.stop());
    const commands = await connect(library, { port: encrypted.port, ca: encrypted.ca });
    await commands.send(key, ['SET', key, bytes], patient());
    const own = await commands.open(key, patient());
    expect(await own.send(['GET', key], patient())).toEqual(bytes);
    own.close();
  });

  test('a password that is wrong: the connection of its own says so, and no password', async () => {
    const commands = await connect(library);
    await server.run('CONFIG', 'SET', 'requirepass', 'changed meanwhile');
    try {
      const error = await commands.open(key, patient()).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'CommandError', code: 'WRONGPASS' });
      const shown = inspect(error, { depth: 10, showHidden: true });
      expect(shown).not.toContain(server.password);
    } finally {
      const at = { port: server.port, password: 'changed meanwhile' };
      await runOn(at, 'CONFIG', 'SET', 'requirepass', server.password);
    }
  });
});

const settings: Record<string, Record<string, object>> = {
  'redis 6': { 'RESP 2': { RESP: 2 }, 'a time limit of its own': { commandOptions: { timeout: 1 } } },
  'redis 5': {
    'RESP 3': { RESP: 3 },
    'strings as Maps': { RESP: 3, commandOptions: { typeMapping: { 37: Map } } },
    'no queue': { disableOfflineQueue: true },
  },
  'ioredis 6': {
    'RESP 2': { protocol: 2 },
    'replies of RESP 3': { replyMapping: 'resp3' },
    'automatic pipelines': { enableAutoPipelining: true },
  },
  'ioredis 5': {
    'automatic pipelines': { enableAutoPipelining: true },
    'numbers as strings': { stringNumbers: true },
    'a prefix': { keyPrefix: 'app:' },
    'a time limit of its own': { commandTimeout: 10_000 },
  },
};

describe.each(libraries)('$name', (library) => {
  test.each(Object.entries(settings[library.name] ?? {}))('with %s', async (_, more) => {
    const commands = await connect(library, {}, more);
    const name = `{esauth}:${randomBytes(8).toString('hex')}`;
    await commands.send(name, ['SET', name, bytes], patient());
    expect(await commands.send(name, ['GET', name], patient())).toEqual(bytes);
    await commands.send(name, ['DEL', name], patient());
    const own = await commands.open(name, patient());
    ends.push(() => own.close());
    const reading = own.send(['XREAD', 'BLOCK', '20000', 'STREAMS', name, '0'], patient());
    await commands.send(name, ['XADD', name, '*', 'a', bytes], patient());
    expect(await reading).toEqual([[expect.any(Buffer), [[expect.any(Buffer), [Buffer.from('a'), bytes]]]]]);
    expect(await commands.send(name, ['XREAD', 'STREAMS', name, '0'], patient())).toEqual(await reading);
    expect(Number(await commands.send(name, ['XLEN', name], patient()))).toBe(1);
  });
});
