// What the guides say that their servers answer, they answer: the blocks that listen run as they stand there, against
// the emulator, and so does the test that the guide to testing shows.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { blocksOf, read, root } from './documents.js';
import { linkPackages } from './snippets.js';

// Processes are started: on a busy machine that takes seconds.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const frameworks = ['Express', 'Koa', 'Fastify'] as const;
const reader = {
  indices: [{ names: ['books'], privileges: ['read'], query: { term: { 'shelf.keyword': 'open' } } }],
};
const users = { alice: { password: 'alice-secret', roles: ['reader'] } };

let emulator: Emulator;
let folder: string;
let end: (() => Promise<unknown>) | undefined;
/** Addresses of the servers, by page and framework. */
const servers = new Map<string, string>();

beforeAll(async () => {
  emulator = await startEmulator({ users, roles: { reader } });
  await mkdir(join(root, 'node_modules/.cache'), { recursive: true });
  folder = await mkdtemp(join(root, 'node_modules/.cache/guides-'));
  await linkPackages(join(folder, 'node_modules'));
  const files = new Map<string, string>();
  for (const page of ['as-the-caller', 'browser-sessions', 'cors', 'error-format', 'open-routes']) {
    for (const { code, info } of blocksOf(read(`docs/guides/${page}.md`))) {
      if (!code.includes('process.env.PORT')) continue;
      const [, tab = 'Express'] = /\[(.*)\]/.exec(info) ?? [];
      const file = join(folder, `${page}-${tab}.mjs`);
      await writeFile(file, code);
      files.set(pathToFileURL(file).href, `${page} ${tab}`);
    }
  }
  await start(files);
});

/** All in one process, which says where each of them listens. */
async function start(files: ReadonlyMap<string, string>): Promise<void> {
  const runner = fileURLToPath(new URL('servers.mjs', import.meta.url));
  const env = {
    ...process.env,
    ELASTICSEARCH_URL: emulator.url,
    NODE_ENV: 'production',
    NODE_NO_WARNINGS: '1',
  };
  const child = spawn(process.execPath, [runner, ...files.keys()], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  end = () => {
    child.kill();
    return ended;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'started') return;
    const [file = '', url = ''] = line.split(' ');
    servers.set(files.get(file) ?? file, url);
  }
  throw new Error('the servers of the guides have ended: what they said stands above');
}

afterAll(async () => {
  await end?.();
  await emulator?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

beforeEach(() => emulator.reset());

async function ask(server: string, path: string, init: RequestInit = {}): Promise<Response> {
  const url = servers.get(server);
  if (url === undefined) throw new Error(`no guide has a server "${server}"`);
  return fetch(`${url}${path}`, init);
}

const as = (authorization: string) => ({ headers: { authorization } });

describe.each(frameworks)('%s', (framework) => {
  test('hands refusals on in a format of its own', async () => {
    const nobody = await ask(`error-format ${framework}`, '/admin');
    expect(nobody.status).toBe(401);
    expect(nobody.headers.get('www-authenticate')).toBe(
      'Bearer realm="elasticsearch", ApiKey realm="elasticsearch"',
    );
    expect(await nobody.json()).toEqual({
      error: 'credentials_missing',
      message: 'The request has no Authorization header.',
    });
    const alice = await ask(`error-format ${framework}`, '/admin', as(emulator.authorization('alice')));
    expect([alice.status, await alice.json()]).toMatchObject([403, { error: 'forbidden' }]);
    emulator.faults.add({ reset: true });
    const away = await ask(`error-format ${framework}`, '/admin', as(emulator.authorization('alice')));
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '1']);
  });

  test('leaves routes open as its table says', async () => {
    const statuses = async (authorization?: string) => {
      const init = authorization === undefined ? {} : as(authorization);
      const paths = ['/health', '/books', '/me'];
      return Promise.all(
        paths.map(async (path) => (await ask(`open-routes ${framework}`, path, init)).status),
      );
    };
    const reader = async (init?: RequestInit) =>
      (await ask(`open-routes ${framework}`, '/books', init)).json();
    expect(await statuses()).toEqual([200, 200, 401]);
    expect(await reader()).toEqual({ reader: null });
    const known = emulator.authorization('alice');
    expect(await statuses(known)).toEqual([200, 200, 200]);
    expect(await reader(as(known))).toEqual({ reader: 'alice' });
    expect(await statuses(`Bearer ${'A'.repeat(40)}`)).toEqual([200, 401, 401]);
    emulator.faults.add({ reset: true });
    expect(await statuses(emulator.authorization('alice'))).toEqual([200, 503, 503]);
  });

  test('answers pre-flights, and lets scripts read refusals', async () => {
    const origin = 'https://app.example.com';
    const preflight = {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    };
    const allowed = await ask(`cors ${framework}`, '/me', preflight);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-headers')).toMatch(/^Authorization, ?Content-Type$/);
    const refused = await ask(`cors ${framework}`, '/me', { headers: { origin } });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe(origin);
    expect(refused.headers.get('access-control-expose-headers')).toMatch(/^WWW-Authenticate, ?Retry-After$/);
  });
});

test('a browser signs in, is known, and signs out; other sites do nothing in its name', async () => {
  const login = (headers: Record<string, string>, password: string) =>
    ask('browser-sessions Express', '/login', {
      method: 'POST',
      headers,
      body: JSON.stringify({ username: 'alice', password }),
    });
  const ours = { 'sec-fetch-site': 'same-origin' };
  expect((await login({}, 'alice-secret')).status).toBe(403);
  expect((await login(ours, 'wrong')).status).toBe(401);
  const signedIn = await login(ours, 'alice-secret');
  expect(signedIn.status).toBe(204);
  const [cookie = ''] = (signedIn.headers.get('set-cookie') ?? '').split(';');
  expect(cookie).toMatch(/^__Host-session=[\w-]{43}$/);
  const me = async () => (await ask('browser-sessions Express', '/me', { headers: { cookie } })).status;
  expect(await me()).toBe(200);
  const logout = { method: 'POST', headers: { cookie, ...ours } };
  expect((await ask('browser-sessions Express', '/logout', logout)).status).toBe(204);
  expect(await me()).toBe(401);
});

test('each caller finds what that caller may see', async () => {
  const headers = { authorization: emulator.authorization('elastic'), 'content-type': 'application/json' };
  for (const [id, shelf] of Object.entries({ 1: 'open', 2: 'locked' })) {
    const put = { method: 'PUT', headers, body: JSON.stringify({ shelf }) };
    await fetch(`${emulator.url}/books/_doc/${id}`, put);
  }
  const found = async (user: string) =>
    (await ask('as-the-caller Express', '/books', as(emulator.authorization(user)))).json();
  expect(await found('alice')).toEqual([{ shelf: 'open' }]);
  expect(await found('elastic')).toEqual([{ shelf: 'open' }, { shelf: 'locked' }]);
  expect((await ask('as-the-caller Express', '/books')).status).toBe(401);
});

test('the test of the guide to testing passes', async () => {
  const [{ code } = { code: '' }] = blocksOf(read('docs/guides/testing.md')).filter(
    ({ language }) => language === 'js',
  );
  const file = join(folder, 'api.test.mjs');
  await writeFile(file, code);
  // What vitest tells its workers is not for the runner of Node's own.
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', file], {
    env: { ...env, NODE_NO_WARNINGS: '1' },
  });
  expect(stdout).toMatch(/^# tests 4$/m);
  expect(stdout).toMatch(/^# pass 4$/m);
});
