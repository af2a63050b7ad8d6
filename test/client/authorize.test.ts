// The interceptor with `fetch`, `undici.request` and the official client.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { authorize, createSecurityClient, createTokenSource, type TokenSource } from '@esauth/client';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { Agent, fetch, request } from 'undici';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';

let emulator: Emulator;
let source: TokenSource;
let dispatcher: Agent;

beforeEach(async () => {
  emulator = await startEmulator({ users: { alice: { password: 'secret', roles: ['superuser'] } } });
  const client = createSecurityClient({
    nodes: emulator.url,
    auth: { username: 'elastic', password: 'changeme' },
  });
  source = createTokenSource({
    client,
    grant: { grant_type: 'password', username: 'alice', password: 'secret' },
  });
  dispatcher = new Agent();
  onTestFinished(async () => {
    source.close();
    await client.close();
    await dispatcher.close();
  });
});
afterEach(() => emulator.close());

const authorized = (origins: readonly string[] = [emulator.url]) =>
  dispatcher.compose(authorize(source, { origins }));
const me = () => `${emulator.url}/_security/_authenticate`;

/** A server of somebody else, and what has reached it. */
async function elsewhere(): Promise<{ url: string; heads: IncomingMessage['headers'][] }> {
  const heads: IncomingMessage['headers'][] = [];
  const server: Server = createServer((incoming, response) => {
    heads.push(incoming.headers);
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heads };
}

describe('puts the token on', () => {
  test('fetch, and request with headers in each form', async () => {
    const by = authorized();
    expect(await (await fetch(me(), { dispatcher: by })).json()).toMatchObject({ username: 'alice' });
    for (const headers of [undefined, { accept: '*/*' }, ['accept', '*/*'], new Map([['accept', '*/*']])]) {
      const { body } = await request(me(), { dispatcher: by, ...(headers !== undefined && { headers }) });
      expect(await body.json()).toMatchObject({ username: 'alice' });
    }
  });

  test('no other origin, and never beside a credential that is there', async () => {
    const { url, heads } = await elsewhere();
    const by = authorized();
    await (await fetch(url, { dispatcher: by })).text();
    expect(heads[0]).not.toHaveProperty('authorization');
    const authorization = `Basic ${btoa('elastic:changeme')}`;
    for (const headers of [{ Authorization: authorization }, ['AUTHORIZATION', authorization]]) {
      const { body } = await request(me(), { dispatcher: by, headers });
      expect(await body.json()).toMatchObject({ username: 'elastic' });
    }
  });

  test('not where a redirect leads', async () => {
    const { url, heads } = await elsewhere();
    emulator.faults.add({ path: '/_security/_authenticate', status: 302, headers: { location: url } });
    await (await fetch(me(), { dispatcher: authorized() })).text();
    expect(heads).toHaveLength(1);
    expect(heads[0]).not.toHaveProperty('authorization');
  });
});

describe('a token that has expired', () => {
  const expire = async () => {
    await source.authorization();
    await emulator.clock.advance(21 * 60_000);
  };

  test('is renewed, and the request made once more', async () => {
    const by = authorized();
    await expire();
    expect(await (await fetch(me(), { dispatcher: by })).json()).toMatchObject({ username: 'alice' });
    await emulator.clock.advance(21 * 60_000);
    const question = JSON.stringify({ cluster: ['all'] });
    const { statusCode, body } = await request(`${emulator.url}/_security/user/_has_privileges`, {
      dispatcher: by,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: question,
    });
    expect([statusCode, await body.json()]).toMatchObject([200, { has_all_requested: true }]);
  });

  test('is a 401 where the body is gone', async () => {
    const by = authorized();
    await expire();
    const { statusCode, body } = await request(`${emulator.url}/_security/user/_has_privileges`, {
      dispatcher: by,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Readable.from(['{"cluster":["all"]}']),
    });
    expect(statusCode).toBe(401);
    expect(await body.text()).toContain('token expired');
  });

  test('is asked for once more, and not again', async () => {
    const by = authorized();
    const challenge =
      'Bearer realm="security", error="invalid_token", error_description="The access token expired"';
    emulator.faults.add({
      path: '/_security/_authenticate',
      status: 401,
      headers: { 'www-authenticate': challenge },
    });
    expect((await fetch(me(), { dispatcher: by })).status).toBe(401);
    expect(emulator.requests.filter(({ path }) => path === '/_security/_authenticate')).toHaveLength(2);
  });
});

test('where there is no token the request fails with the reason', async () => {
  source.close();
  await expect(request(me(), { dispatcher: authorized() })).rejects.toThrow('the token source was closed');
});

test.each([[[]], [['es.internal']], [['https://es.internal/path']], [undefined]])(
  'origins: %j is refused',
  (origins) => {
    expect(() => authorize(source, { origins: origins as string[] })).toThrow(/origins: must be a list/);
  },
);
