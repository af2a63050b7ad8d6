// What the guides on GraphQL, tRPC and WebSockets show is run as it stands, with the libraries that it names: their
// blocks are loaded, and asked by nobody, by somebody, and with a credential that is bad. What a block takes
// from elsewhere is global here.

import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createVerifier, type Verifier } from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Outgoing, send } from '../support/http-client.js';
import { listen } from '../support/serving.js';
import { blocksOf, read, root } from './documents.js';
import { linkPackages } from './snippets.js';

/** Outside `node_modules`, where files are taken as they are: these are compiled as tests are. */
const folder = join(root, 'docs/.vitepress/cache/guides');
const guides = ['graphql', 'trpc', 'websockets'];

let elasticsearch: Emulator;
let verifier: Verifier;
let callers: Readonly<Record<'nobody' | 'alice' | 'bad', Outgoing['headers']>>;
beforeAll(async () => {
  elasticsearch = await startEmulator({ users: { alice: { password: 'correct-horse', roles: ['viewer'] } } });
  verifier = createVerifier({ nodes: elasticsearch.url, clock: elasticsearch.clock });
  Object.assign(globalThis, { verifier });
  const alice = { authorization: elasticsearch.authorization('alice') };
  callers = { nobody: {}, alice, bad: { authorization: 'Bearer bm9ib2R5' } };
  await unpack();
}, 60_000);
afterAll(async () => {
  await verifier.close();
  await elasticsearch.close();
});

async function unpack(): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await linkPackages(join(folder, 'node_modules'));
  for (const guide of guides) {
    const blocks = blocksOf(read(`docs/guides/${guide}.md`)).filter(({ language }) =>
      /^[jt]s$/.test(language),
    );
    for (const [index, { code }] of blocks.entries()) {
      const shown = ['app', 'server'].filter((name) => code.includes(`const ${name} = `));
      // The port is the test's, it has no half a minute, and its bundler would take another copy of GraphQL than Node.
      const changed = code
        .replace(/\n\w+\.listen\(3000\);/, '')
        .replace('30_000', '20')
        .replace("from 'graphql';", "from 'graphql/index.js';");
      await writeFile(join(folder, `${guide}-${index}.mts`), `${changed}\nexport { ${shown.join(', ')} };\n`);
    }
  }
}

/** A block by the order of its page. */
const load = (block: string) => import(pathToFileURL(join(folder, `${block}.mts`)).href);

async function serve(server: Server): Promise<string> {
  const served = await listen(server);
  onTestFinished(() => served.close());
  return served.url;
}

describe('GraphQL', () => {
  const table = { 'graphql-http': [1, 200, 200], Yoga: [2, 401, 403], Apollo: [3, 401, 403] } as const;

  test.each(Object.entries(table))('%s', async (_name, [block, missing, forbidden]) => {
    Object.assign(globalThis, { schema: (await load('graphql-0')).schema });
    const { app } = await load(`graphql-${block}`);
    const url = `${await serve(createServer(app))}/graphql`;
    const ask = (who: keyof typeof callers, query: string) =>
      send(url, {
        method: 'POST',
        headers: { accept: 'application/json', ...callers[who] },
        body: { query },
      });
    const alice = await ask('alice', '{ motd me }');
    expect([alice.status, alice.json.data]).toEqual([200, { motd: 'open to everybody', me: 'alice' }]);
    const nobody = await ask('nobody', '{ me }');
    expect([nobody.status, nobody.json.errors[0].extensions.code]).toEqual([missing, 'credentials_missing']);
    const refused = await ask('alice', 'mutation { removeBooks }');
    expect([refused.status, refused.json.errors[0].extensions.code]).toEqual([forbidden, 'forbidden']);
    const bad = await ask('bad', '{ motd }');
    expect([bad.status, bad.json.code]).toEqual([401, 'credentials_invalid']);
  });
});

test('tRPC', async () => {
  const { router, createContext } = await load('trpc-0');
  Object.assign(globalThis, { router, createContext });
  const { app } = await load('trpc-1');
  const url = await serve(createServer(app));
  const ask = (who: keyof typeof callers, method: string, path: string) =>
    send(`${url}/trpc/${path}`, { method, headers: { 'content-type': 'application/json', ...callers[who] } });
  expect((await ask('nobody', 'GET', 'motd')).json.result.data).toBe('open to everybody');
  expect((await ask('alice', 'GET', 'me')).json.result.data).toBe('alice');
  const nobody = await ask('nobody', 'GET', 'me');
  expect([nobody.status, nobody.json.error.data.code]).toEqual([401, 'UNAUTHORIZED']);
  expect(nobody.header('www-authenticate').join()).toContain('ApiKey realm="elasticsearch"');
  const refused = await ask('alice', 'POST', 'removeBooks');
  expect([refused.status, refused.json.error.data.code]).toEqual([403, 'FORBIDDEN']);
  expect((await ask('bad', 'GET', 'motd')).json.code).toBe('credentials_invalid');
  const lost = elasticsearch.faults.add({ status: 503 });
  const unknown = await send(`${url}/trpc/me`, {
    headers: { authorization: elasticsearch.authorization('elastic') },
  });
  expect([unknown.status, Number(unknown.header('retry-after')[0])]).toEqual([503, expect.any(Number)]);
  lost();
});

test('WebSockets', async () => {
  const open = new Map<WebSocket, unknown>();
  Object.assign(globalThis, { open });
  const { server } = await load('websockets-0');
  await load('websockets-1');
  const url = (await serve(server)).replace('http', 'ws');

  const refused = new WebSocket(url);
  refused.on('error', () => {});
  const [, response] = await once(refused, 'unexpected-response');
  expect([response.statusCode, response.headers['cache-control']]).toEqual([401, 'no-store']);
  refused.terminate();

  const connect = async () => {
    const headers = { authorization: elasticsearch.authorization('alice') };
    const socket = new WebSocket(url, { headers });
    await once(socket, 'open');
    socket.send('who am I?');
    expect(String((await once(socket, 'message'))[0])).toBe('hello alice');
    open.set(socket, headers.authorization);
    return socket;
  };
  // An outage closes nothing, the end of the token does.
  const socket = await connect();
  const closed = once(socket, 'close');
  const lost = elasticsearch.faults.add({ reset: true });
  await elasticsearch.clock.advance(61_000);
  await expect.poll(() => verifier.stats().unavailable, { timeout: 30_000 }).toBeGreaterThan(0);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  lost();
  await elasticsearch.clock.advance(20 * 60_000);
  const [code, reason] = await closed;
  expect([code, String(reason)]).toEqual([4401, 'credentials_expired']);
}, 60_000);
