// The interceptor with `fetch`, `undici.request` and the official client.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import {
  authorize,
  createSecurityClient,
  createTokenSource,
  type SecurityClient,
  type TokenSource,
} from '@esauth/client';
import { type Emulator, startEmulator } from '@esauth/emulator';
import * as elasticsearch8 from 'elasticsearch8';
import * as elasticsearch9 from 'elasticsearch9';
import { Agent, fetch, interceptors, Pool, request } from 'undici';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';

const challenge =
  'Bearer realm="security", error="invalid_token", error_description="The access token expired"';

let emulator: Emulator;
let client: SecurityClient;
let source: TokenSource;
let dispatcher: Agent;

beforeEach(async () => {
  emulator = await startEmulator({ users: { alice: { password: 'secret', roles: ['superuser'] } } });
  client = createSecurityClient({
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
    await dispatcher.destroy();
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

  test('headers that can be read once, and those that are there twice', async () => {
    const { url, heads } = await elsewhere();
    const by = authorized([url]);
    const once = [
      ['x-a', '1'],
      ['x-b', '2'],
    ][Symbol.iterator]() as Iterable<[string, string]>;
    await (await request(url, { dispatcher: by, headers: once })).body.dump();
    await (await request(url, { dispatcher: by, headers: ['x-a', '1', 'X-A', '2'] })).body.dump();
    await (
      await request(url, { dispatcher: by, headers: { 'x-a': ['1', '2'], 'x-b': undefined } })
    ).body.dump();
    const authorization = await source.authorization();
    expect(heads).toMatchObject([
      { authorization, 'x-a': '1', 'x-b': '2' },
      { authorization, 'x-a': '1, 2' },
      { authorization, 'x-a': '1, 2' },
    ]);
    expect(heads[2]).not.toHaveProperty('x-b');
  });

  test('the fetch of Node', async () => {
    const options = { dispatcher: authorized() } as unknown as RequestInit;
    expect(await (await globalThis.fetch(me(), options)).json()).toMatchObject({ username: 'alice' });
  });

  test('no request through a pool of one origin that is not named in it', async () => {
    const { url, heads } = await elsewhere();
    const pool = new Pool(url);
    onTestFinished(() => pool.close());
    const by = pool.compose(authorize(source, { origins: [emulator.url] }));
    await (await by.request({ path: '/', method: 'GET' } as never)).body.dump();
    expect(heads[0]).not.toHaveProperty('authorization');
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
    // Nor where undici follows it, on whichever side of this.
    const token = authorize(source, { origins: [emulator.url] });
    const redirect = interceptors.redirect({ maxRedirections: 3 });
    for (const by of [dispatcher.compose(token, redirect), dispatcher.compose(redirect, token)]) {
      await (await request(me(), { dispatcher: by })).body.dump();
    }
    expect(heads).toHaveLength(3);
    for (const head of heads) expect(head).not.toHaveProperty('authorization');
  });
});

describe('the official client', () => {
  const expire = () => emulator.clock.advance(21 * 60_000);

  test('9 takes the dispatcher, and repeats', async () => {
    const agent = () => authorized();
    const official = new elasticsearch9.Client({ node: emulator.url, agent, maxRetries: 0 });
    expect(await official.security.authenticate()).toMatchObject({ username: 'alice' });
    await expire();
    expect(await official.security.hasPrivileges({ cluster: ['all'] })).toMatchObject({ username: 'alice' });
    // Which closes what it was given.
    await official.close();
  });

  test('8 takes none, but a connection that asks for each request', async () => {
    class Authorized extends elasticsearch8.UndiciConnection {
      override async request(params: object, options: never): Promise<never> {
        const authorization = await source.authorization();
        const headers = { ...(params as { readonly headers?: object }).headers, authorization };
        const result = await super.request({ ...params, headers } as never, options);
        if (result.statusCode === 401) source.renew(authorization);
        return result as never;
      }
    }
    const official = new elasticsearch8.Client({ node: emulator.url, Connection: Authorized, maxRetries: 0 });
    onTestFinished(() => official.close());
    expect(await official.security.authenticate()).toMatchObject({ username: 'alice' });
    await expire();
    await expect(official.security.authenticate()).rejects.toThrow('token expired');
    expect(await official.security.authenticate()).toMatchObject({ username: 'alice' });
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

  test('is not used for the next request, also where this one could not be made again', async () => {
    const by = authorized();
    const refused = await source.authorization();
    await client.invalidateToken({ token: refused.slice('Bearer '.length) });
    const ask = async (body: string | Readable) => {
      const headers = { 'content-type': 'application/json' };
      const to = `${emulator.url}/_security/user/_has_privileges`;
      const { statusCode, body: answer } = await request(to, {
        dispatcher: by,
        method: 'POST',
        headers,
        body,
      });
      await answer.dump();
      return statusCode;
    };
    expect(await ask(Readable.from(['{"cluster":["all"]}']))).toBe(401);
    expect(await ask(Readable.from(['{"cluster":["all"]}']))).toBe(200);
  });

  test('is asked for once more, and not again', async () => {
    const by = authorized();
    emulator.faults.add({
      path: '/_security/_authenticate',
      status: 401,
      headers: { 'www-authenticate': challenge },
    });
    expect((await fetch(me(), { dispatcher: by })).status).toBe(401);
    expect(emulator.requests.filter(({ path }) => path === '/_security/_authenticate')).toHaveLength(2);
  });
});

describe('a request that is given up', () => {
  test('while a token is waited for', async () => {
    emulator.faults.add({ path: '/_security/oauth2/token', delayMs: Number.POSITIVE_INFINITY });
    const by = authorized();
    await expect(request(me(), { dispatcher: by, signal: AbortSignal.timeout(30) })).rejects.toThrow(
      /abort|time/i,
    );
    await expect(fetch(me(), { dispatcher: by, signal: AbortSignal.timeout(30) })).rejects.toThrow(
      /abort|time/i,
    );
    expect(emulator.requests.filter(({ path }) => path === '/_security/_authenticate')).toHaveLength(0);
  });

  test('while the second token is waited for', async () => {
    const by = authorized();
    await source.authorization();
    await emulator.clock.advance(21 * 60_000);
    emulator.faults.add({ path: '/_security/oauth2/token', delayMs: Number.POSITIVE_INFINITY });
    const giving = new AbortController();
    const call = request(me(), { dispatcher: by, signal: giving.signal });
    call.catch(() => {});
    await expect
      .poll(() => emulator.requests.filter(({ path }) => path === '/_security/oauth2/token').length)
      .toBe(2);
    giving.abort(new Error('changed my mind'));
    await expect(call).rejects.toThrow('changed my mind');
  });

  test('while the second answer is waited for', async () => {
    const path = '/_security/_authenticate';
    emulator.faults.add({ path, status: 401, headers: { 'www-authenticate': challenge }, times: 1 });
    emulator.faults.add({ path, delayMs: Number.POSITIVE_INFINITY });
    const giving = new AbortController();
    const call = request(me(), { dispatcher: authorized(), signal: giving.signal });
    call.catch(() => {});
    await expect.poll(() => emulator.requests.filter((each) => each.path === path).length).toBe(2);
    giving.abort(new Error('changed my mind'));
    await expect(call).rejects.toThrow('changed my mind');
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
