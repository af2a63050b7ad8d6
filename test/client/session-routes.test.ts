// Login, refresh, logout and session, as a server has them.

import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import {
  createSecurityClient,
  type SecurityClient,
  type SessionResponse,
  sessionRoutes,
} from '@esauth/client';
import { createVerifier, type Verifier } from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { warningsDuring } from '../support/warnings.js';

let emulator: Emulator;
let verifier: Verifier;
let client: SecurityClient;
beforeEach(async () => {
  emulator = await startEmulator({
    users: {
      alice: { password: 'secret-of-alice', roles: ['viewer'] },
      off: { password: 'secret-of-off', roles: [], enabled: false },
    },
  });
  verifier = createVerifier({ nodes: emulator.url });
  const auth = { username: 'elastic', password: 'changeme' };
  client = createSecurityClient({ nodes: emulator.url, auth, verifier });
});
afterEach(async () => {
  await client.close();
  await verifier.close();
  await emulator.close();
});

const routes = (more: object = {}) => sessionRoutes({ client, verifier, ...more });
const alice = { username: 'alice', password: 'secret-of-alice' };
const read = ({ status, body }: SessionResponse) => ({ status, ...(body === '' ? {} : JSON.parse(body)) });
const signIn = async () => read(await routes().login({ body: alice }));

describe('login', () => {
  test.each([
    ['parsed', alice],
    ['as text', JSON.stringify(alice)],
    ['as bytes', Buffer.from(JSON.stringify(alice))],
    [
      'as a stream',
      Readable.from([Buffer.from('{"username":"alice",'), Buffer.from('"password":"secret-of-alice"}')]),
    ],
  ])('takes a body %s', async (_, body) => {
    const answer = await routes().login({ body });
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(read(answer)).toMatchObject({ status: 200, type: 'Bearer', expires_in: 1200 });
    expect(Object.keys(JSON.parse(answer.body))).toEqual([
      'access_token',
      'type',
      'expires_in',
      'refresh_token',
    ]);
  });

  test('answers an unknown user, a wrong password and a disabled user alike, to the letter', async () => {
    const answers = await Promise.all(
      [
        { username: 'alice', password: 'wrong' },
        { username: 'nobody', password: 'secret-of-alice' },
        { username: 'off', password: 'secret-of-off' },
        { username: 'a'.repeat(2000), password: '\u0000é' },
      ].map((body) => routes().login({ body })),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="elasticsearch"' },
    });
  });

  test.each([
    ['nothing', undefined, 400],
    ['what a parser may give, null', null, 400],
    ['no JSON', 'username=alice', 400],
    ['a list', '[]', 400],
    ['a number for a password', { username: 'alice', password: 1 }, 400],
    ['no password', { username: 'alice' }, 400],
    ['more than 16 KiB', 'x'.repeat(16 * 1024 + 1), 413],
    ['more than 16 KiB in pieces', Readable.from(Array(17).fill(Buffer.alloc(1024))), 413],
  ])('refuses %s', async (_, body, status) => {
    expect(read(await routes().login({ body }))).toMatchObject({ status, title: expect.any(String) });
    expect(emulator.requests).toHaveLength(0);
  });

  test('asks its throttle first', async () => {
    const attempts: unknown[] = [];
    const throttle = (attempt: unknown) => {
      attempts.push(attempt);
      return 1500;
    };
    const answer = await routes({ throttle }).login({ body: alice, source: '192.0.2.1' });
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '2' } });
    expect(attempts).toEqual([{ username: 'alice', source: '192.0.2.1' }]);
    expect(emulator.requests).toHaveLength(0);
  });
});

test('a throttle that never ends promises nothing', async () => {
  const answer = await routes({ throttle: () => Number.POSITIVE_INFINITY }).login({ body: alice });
  expect(answer.status).toBe(429);
  expect(answer.headers).not.toHaveProperty('retry-after');
});

describe('a server of Node', () => {
  async function serve(): Promise<number> {
    const server = createServer((request, response) => {
      void routes()
        .login({ body: request })
        .then(({ status, headers, body }) => response.writeHead(status, headers).end(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  test('says of a body that is too long what is wrong with it', async () => {
    const port = await serve();
    // Whoever sends it learns that while he is still sending.
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n${'x'.repeat(20_000)}`);
    await expect.poll(() => received).toMatch(/^HTTP\/1\.1 413 .*"code":"too_large"/s);
    socket.destroy();
  });

  test('that has read a body before is told so: an empty logout would end nothing', async () => {
    const tokens = await signIn();
    const body = Readable.from([Buffer.from(JSON.stringify(tokens))]);
    for await (const _ of body.iterator({ destroyOnReturn: false }));
    const warnings = await warningsDuring(async () => {
      expect(read(await routes().logout({ body }))).toMatchObject({ status: 500 });
    });
    expect(warnings).toMatchObject([
      { code: 'ESAUTH_SESSION_FAILED', message: expect.stringContaining('body: was read before') },
    ]);
  });

  test('nobody is warned of whoever goes away while he sends', async () => {
    const port = await serve();
    const warnings = await warningsDuring(async () => {
      const socket = connect(port, '127.0.0.1');
      socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n{"username":');
      await new Promise((resolve) => setTimeout(resolve, 50));
      socket.destroy();
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
    expect(warnings).toEqual([]);
    expect(emulator.requests).toHaveLength(0);
  });
});

describe('refresh', () => {
  test('gives the next pair, and refuses every bad token alike', async () => {
    const first = await signIn();
    const second = read(await routes().refresh({ body: { refresh_token: first.refresh_token } }));
    expect(second).toMatchObject({ status: 200 });
    await emulator.clock.advance(31_000);
    const bad = await Promise.all(
      [first.refresh_token, 'unknown', first.access_token, '\u0000'].map((refresh_token) =>
        routes().refresh({ body: { refresh_token } }),
      ),
    );
    expect(new Set(bad.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(bad[0]?.status).toBe(401);
  });
});

describe('session and logout', () => {
  test('say who it is, until both tokens are ended', async () => {
    const { access_token, refresh_token } = await signIn();
    const authorization = `Bearer ${access_token}`;
    expect(read(await routes().session({ authorization }))).toMatchObject({ status: 200, username: 'alice' });
    expect(await routes().logout({ authorization, body: { refresh_token } })).toMatchObject({
      status: 204,
      body: '',
    });
    expect(await routes().session({ authorization })).toMatchObject({ status: 401 });
    expect(await routes().refresh({ body: { refresh_token } })).toMatchObject({ status: 401 });
    // Again, and with what never was one.
    for (const body of [
      { refresh_token, access_token },
      { access_token: 'no token at all', refresh_token: '%' },
    ]) {
      expect((await routes().logout({ body })).status).toBe(204);
    }
  });

  test('without a credential it is the refusal of every route', async () => {
    const answer = await routes().session({});
    expect(read(answer)).toMatchObject({ status: 401, code: 'credentials_missing' });
    expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json; charset=utf-8' });
    expect(answer.headers['www-authenticate']).toHaveLength(2);
  });

  test.each([
    ['without a body', {}],
    ['with a misspelt name', { body: { accessToken: 'x' } }],
    ['of null', { body: null }],
  ])('a logout %s has ended nothing, and says so', async (_, request) => {
    expect(read(await routes().logout(request))).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(emulator.requests).toHaveLength(0);
  });

  test('a logout ends what was verified while it was under way, also without the help of the client', async () => {
    const alone = createSecurityClient({
      nodes: emulator.url,
      auth: { username: 'elastic', password: 'changeme' },
    });
    const { access_token, refresh_token } = await signIn();
    const authorization = `Bearer ${access_token}`;
    // Asked just before Elasticsearch hears of it.
    const client = {
      getToken: alone.getToken,
      async invalidateToken(params: Parameters<typeof alone.invalidateToken>[0]) {
        await verifier.verify(authorization);
        return alone.invalidateToken(params);
      },
    };
    const logout = routes({ client }).logout({ authorization, body: { refresh_token } });
    expect(await logout).toMatchObject({ status: 204 });
    expect(verifier.peek(authorization)).toBeUndefined();
    await alone.close();
  });

  test('a logout that Elasticsearch cannot carry out is 503, and here it counts', async () => {
    const { access_token } = await signIn();
    const authorization = `Bearer ${access_token}`;
    await routes().session({ authorization });
    emulator.faults.add({ method: 'DELETE', status: 503 });
    const answer = await routes().logout({ authorization });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(verifier.peek(authorization)).toBeUndefined();
  });
});

test('what only the application can mend is 500, told to its owner and to nobody else', async () => {
  const stranger = createSecurityClient({
    nodes: emulator.url,
    auth: { username: 'elastic', password: 'wrong' },
  });
  const warnings = await warningsDuring(async () => {
    const answer = await routes({ client: stranger }).login({ body: alice });
    expect(read(answer)).toEqual(
      expect.objectContaining({ status: 500, code: 'session_failed', detail: 'This cannot be done now.' }),
    );
  });
  expect(JSON.stringify(warnings)).toContain('unable to authenticate user [elastic]');
  expect(JSON.stringify(warnings)).not.toContain('secret-of-alice');
  await stranger.close();
});
