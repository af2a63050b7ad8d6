/** The page under `/_esauth/`, without a browser: where it is, what it shows, and what its buttons do. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { type Emulator, type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { afterEach, describe, expect, test } from 'vitest';
import type { View } from '../../../packages/emulator/src/page/view.js';
import { apiKey, basic, bearer, type Incoming, send } from '../../support/http-client.js';
import { warningsDuring } from '../../support/warnings.js';

const running: Emulator[] = [];
afterEach(async () => {
  for (const emulator of running.splice(0)) await emulator.close();
});

async function start(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator(options);
  running.push(emulator);
  return emulator;
}

const admin = basic('elastic', 'changeme');

async function stateOf({ url }: Emulator): Promise<View> {
  return (await send(`${url}/_esauth/state`)).json;
}

/** Presses a button as the page does. */
async function press({ url }: Emulator, action: unknown): Promise<Incoming> {
  const page = await send(`${url}/_esauth/`);
  const token = page.text.match(/<meta name="esauth-token" content="([\w-]{32})">/)?.[1] ?? '';
  const headers = { origin: url, 'x-esauth-token': token };
  return send(`${url}/_esauth/act`, { method: 'POST', headers, body: action });
}

async function post({ url }: Emulator, path: string, body?: object): Promise<Incoming['json']> {
  return (await send(url + path, { method: 'POST', headers: admin, body })).json;
}

async function statusOf({ url }: Emulator, headers: { authorization: string }): Promise<number> {
  return (await send(`${url}/_security/_authenticate`, { headers })).status;
}

describe('where the page is', () => {
  test.each([
    ['/_esauth/', 'text/html; charset=utf-8'],
    ['/_esauth/?x', 'text/html; charset=utf-8'],
    ['/_esauth/page.js', 'text/javascript; charset=utf-8'],
    ['/_esauth/page.css', 'text/css; charset=utf-8'],
    ['/_esauth/icon.svg', 'image/svg+xml'],
    ['/_esauth/state', 'application/json'],
  ])('%s', async (path, type) => {
    const { status, header, text } = await send((await start()).url + path);
    expect({ status, type: header('content-type') }).toEqual({ status: 200, type: [type] });
    expect(header('cache-control')).toEqual(['no-store']);
    expect(header('x-content-type-options')).toEqual(['nosniff']);
    const [policy = ''] = header('content-security-policy');
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'/,
    );
    expect(policy).not.toContain('unsafe');
    expect(text).not.toContain('{{token}}');
  });

  test('without its slash it leads there', async () => {
    const { status, header } = await send(`${(await start()).url}/_esauth`);
    expect({ status, location: header('location') }).toEqual({ status: 308, location: ['/_esauth/'] });
  });

  test.each(['/_esauth/nothing', '/_esauth/../package.json', '/_esauth/tsconfig.json', '/_esauth/%2e%2e/x'])(
    'nothing is at %s',
    async (path) => {
      expect((await send((await start()).url + path)).status).toBe(404);
    },
  );

  test.each([
    ['POST', '/_esauth/', 'GET, HEAD'],
    ['OPTIONS', '/_esauth/act', 'POST'],
    ['GET', '/_esauth/act', 'POST'],
    ['PUT', '/_esauth/act', 'POST'],
  ])(
    '%s %s is not a method of it, and no other site is told that it may try',
    async (method, path, allow) => {
      const { status, header, headerNames } = await send((await start()).url + path, { method });
      expect({ status, allow: header('allow') }).toEqual({ status: 405, allow: [allow] });
      expect(headerNames.join()).not.toMatch(/access-control/i);
    },
  );

  test.each<EmulatorOptions>([{ ui: false }, { host: '0.0.0.0' }, { host: '::' }])(
    'it is unknown to an emulator with %j',
    async (options) => {
      const emulator = await start(options);
      const url = emulator.url.replace('0.0.0.0', '127.0.0.1').replace('[::]', '127.0.0.1');
      for (const path of ['/_esauth/', '/_esauth/state']) {
        expect((await send(url + path)).json.error.reason).toBe(
          `missing authentication credentials for REST request [${path}]`,
        );
      }
      // The first could be an index, if one could be called like that.
      const index = await send(`${url}/_esauth/`, { headers: admin });
      expect(index.json.error.type).toBe('invalid_index_name_exception');
      expect((await send(`${url}/_esauth/state`, { headers: admin })).json).toEqual({
        error: 'no handler found for uri [/_esauth/state] and method [GET]',
      });
    },
  );

  test('also on localhost and on ::1', async () => {
    for (const host of ['localhost', '::1']) {
      const { url } = await start({ host });
      expect((await fetch(`${url}/_esauth/state`)).status).toBe(200);
    }
  });

  test('an option that is no boolean is refused', async () => {
    await expect(startEmulator({ ui: 'no' } as unknown as EmulatorOptions)).rejects.toThrow(
      'startEmulator: option "ui" must be true or false',
    );
  });
});

describe('the page is not part of what is emulated', () => {
  test('its requests are not in the list of requests', async () => {
    const emulator = await start();
    await send(`${emulator.url}/_esauth/`);
    await stateOf(emulator);
    await press(emulator, { action: 'advance', ms: 1 });
    expect(emulator.requests).toEqual([]);
    expect((await stateOf(emulator)).requests).toEqual([]);
  });

  test('no fault strikes it, and it uses up none', async () => {
    const emulator = await start();
    emulator.faults.add({ reset: true, times: 1 });
    emulator.faults.add({ status: 500, path: '/_esauth/*' });
    expect((await stateOf(emulator)).faults).toEqual([
      { of: 'requests', id: 1, what: 'connection reset', where: 'every path', left: 1 },
      { of: 'requests', id: 2, what: 'status 500', where: '/_esauth/*', left: null },
    ]);
    await expect(statusOf(emulator, admin)).rejects.toThrow('ECONNRESET');
    expect(await statusOf(emulator, admin)).toBe(200);
  });
});

describe('what it shows', () => {
  test('who asked for what, and what came of it, the newest first', async () => {
    const emulator = await start({ users: { alice: { password: 'secret', roles: ['superuser'] } } });
    const { encoded } = await post(emulator, '/_security/api_key', { name: 'reports' });
    const { access_token } = await post(emulator, '/_security/oauth2/token', {
      grant_type: 'client_credentials',
    });
    const { token } = await post(emulator, '/_security/service/elastic/kibana/credential/token/t1');
    const asAlice = { ...admin, 'es-security-runas-user': 'alice' };
    for (const headers of [
      apiKey(encoded),
      bearer(access_token),
      bearer(token.value),
      asAlice,
      bearer('x'),
    ]) {
      await send(`${emulator.url}/_security/_authenticate`, { headers });
    }
    await send(`${emulator.url}/_security/user/bob`, { method: 'DELETE', headers: bearer(token.value) });
    emulator.faults.add({ status: 502, times: 1 });
    await send(`${emulator.url}/_cluster/health`, { headers: admin });
    const { requests } = await stateOf(emulator);
    expect(requests.map(({ path, status, who, struck }) => [path, status, who, struck])).toEqual([
      ['/_cluster/health', 502, null, true],
      ['/_security/user/bob', 403, 'elastic/kibana, service token t1', false],
      ['/_security/_authenticate', 401, null, false],
      ['/_security/_authenticate', 200, 'alice, run by elastic', false],
      ['/_security/_authenticate', 200, 'elastic/kibana, service token t1', false],
      ['/_security/_authenticate', 200, 'elastic, access token', false],
      ['/_security/_authenticate', 200, 'elastic, API key reports', false],
      ['/_security/service/elastic/kibana/credential/token/t1', 200, 'elastic', false],
      ['/_security/oauth2/token', 200, 'elastic', false],
      ['/_security/api_key', 200, 'elastic', false],
    ]);
    expect(requests[1]?.reason).toMatch(
      /^action \[cluster:admin\/xpack\/security\/user\/delete\] is unauthorized/,
    );
    expect(requests[2]?.reason).toMatch(/^unable to authenticate with provided credentials/);
  });

  test('of very many requests the last thirty', async () => {
    const emulator = await start();
    for (let i = 1; i <= 321; i++) await send(`${emulator.url}/${i}`);
    const { requests } = await stateOf(emulator);
    expect(requests.map(({ path }) => path)).toEqual(Array.from({ length: 30 }, (_, i) => `/${321 - i}`));
  });

  test('keys, tokens and users, as long as they live', async () => {
    const emulator = await start({
      tokenTimeoutMs: 60_000,
      users: { alice: { password: 'secret', roles: ['r'] } },
    });
    const before = Date.now();
    await post(emulator, '/_security/api_key', { name: 'short', expiration: '30s' });
    await post(emulator, '/_security/api_key', { name: 'endless' });
    await post(emulator, '/_security/oauth2/token', { grant_type: 'client_credentials' });
    const pair = { grant_type: 'password', username: 'alice', password: 'secret' };
    await post(emulator, '/_security/oauth2/token', pair);
    await post(emulator, '/_security/service/elastic/kibana/credential/token/t1');

    const { keys, tokens, users, aheadMs, now } = await stateOf(emulator);
    expect(aheadMs).toBe(0);
    expect(keys.items).toMatchObject([
      { name: 'endless', owner: 'elastic', realm: 'reserved', type: 'rest', endsAt: null },
      { name: 'short', endsAt: expect.any(Number) },
    ]);
    expect(keys.items[1]?.endsAt).toBeGreaterThanOrEqual(before + 30_000);
    expect(keys.items[1]?.endsAt).toBeLessThanOrEqual(now + 30_000);
    expect(tokens.items).toMatchObject([
      { number: 2, who: 'alice, access token', realm: 'default_native', refreshEndsAt: expect.any(Number) },
      { number: 1, who: 'elastic, access token', realm: 'reserved', refreshEndsAt: null },
      {
        who: 'elastic/kibana, service token t1',
        endsAt: null,
        service: { account: 'elastic/kibana', name: 't1' },
      },
    ]);
    expect(users.items[0]).toEqual({
      username: 'alice',
      realm: 'default_native',
      roles: ['r'],
      enabled: true,
    });
    expect(users.total).toBe(8);

    await emulator.clock.advance(60_001);
    const later = await stateOf(emulator);
    expect(Math.round(later.aheadMs)).toBe(60_001);
    expect(later.keys.items.map(({ name }) => name)).toEqual(['endless']);
    expect(later.tokens.items).toMatchObject([
      { number: 2, endsAt: null, refreshEndsAt: expect.any(Number) },
      { who: 'elastic/kibana, service token t1' },
    ]);
  });

  test('a refreshed pair is replaced by the new one', async () => {
    const emulator = await start({ tokenTimeoutMs: 1000 });
    const pair = { grant_type: 'password', username: 'elastic', password: 'changeme' };
    const { refresh_token } = await post(emulator, '/_security/oauth2/token', pair);
    await emulator.clock.advance(1001);
    await post(emulator, '/_security/oauth2/token', { grant_type: 'refresh_token', refresh_token });
    expect((await stateOf(emulator)).tokens.items.map(({ number }) => number)).toEqual([2]);
  });

  test('of very many the first two hundred and their number', async () => {
    const emulator = await start();
    for (let i = 0; i < 201; i++) await post(emulator, '/_security/api_key', { name: `key ${i}` });
    const { keys } = await stateOf(emulator);
    expect([keys.total, keys.items.length, keys.items[0]?.name]).toEqual([201, 200, 'key 200']);
  });

  test('faults in words', async () => {
    const emulator = await start();
    emulator.faults.add({ delayMs: Number.POSITIVE_INFINITY, method: 'get', path: '/a*' });
    emulator.faults.add({ delayMs: 1500 });
    emulator.faults.add({ body: 'x', truncate: true, times: 3 });
    emulator.faults.add({ times: 1 });
    emulator.cluster('tokens index lost');
    expect((await stateOf(emulator)).faults.map(({ what, where, left }) => [what, where, left])).toEqual([
      ['no answer', 'GET /a*', null],
      ['1.5 s late', 'every path', null],
      ['status 200, half of the answer', 'every path', 3],
      ['nothing, only counted', 'every path', 1],
      ['tokens index lost', 'the cluster', null],
    ]);
  });

  test('no secret of any kind', async () => {
    const emulator = await start({ users: { alice: { password: 'canary-password', roles: ['superuser'] } } });
    const pair = { grant_type: 'password', username: 'alice', password: 'canary-password' };
    const tokens = await post(emulator, '/_security/oauth2/token', pair);
    const key = await post(emulator, '/_security/api_key', { name: 'reports' });
    const service = await post(emulator, '/_security/service/elastic/kibana/credential/token/t1');
    const used = [basic('alice', 'canary-password'), bearer(tokens.access_token), apiKey(key.encoded)];
    for (const headers of [...used, bearer('canary-unknown'), bearer(service.token.value)]) {
      await statusOf(emulator, headers);
    }
    await send(`${emulator.url}/_security/_authenticate?token=canary-query`, {
      headers: basic('alice', 'wrong'),
    });
    const { text } = await send(`${emulator.url}/_esauth/state`);
    expect(text).toContain('for REST request [/_security/_authenticate?…]');
    const secrets = [
      tokens.access_token,
      tokens.refresh_token,
      key.api_key,
      key.encoded,
      service.token.value,
    ];
    for (const secret of ['canary', 'changeme', ...secrets]) expect(text).not.toContain(secret);
  });
});

describe('what its buttons do', () => {
  test('time goes forward', async () => {
    const emulator = await start();
    const before = emulator.clock.now();
    expect((await press(emulator, { action: 'advance', ms: 3_600_000 })).json).toEqual({
      done: 'Time was moved forward.',
    });
    expect(emulator.clock.now() - before).toBeGreaterThanOrEqual(3_600_000);
  });

  test('answers that fall due go out', async () => {
    const emulator = await start();
    emulator.faults.add({ delayMs: 60_000 });
    const late = statusOf(emulator, admin);
    await expect.poll(() => emulator.requests.length, { timeout: 4000 }).toBe(1);
    await press(emulator, { action: 'advance', ms: 60_000 });
    expect(await late).toBe(200);
  });

  test('an API key ends', async () => {
    const emulator = await start();
    const { id, encoded } = await post(emulator, '/_security/api_key', { name: 'reports' });
    const action = { action: 'invalidate key', id };
    expect((await press(emulator, action)).json).toEqual({ done: 'The API key reports was invalidated.' });
    expect(await statusOf(emulator, apiKey(encoded))).toBe(401);
    const again = await press(emulator, action);
    expect([again.status, again.json]).toEqual([400, { problem: 'There is no such live API key.' }]);
  });

  test('a token ends, and so does what refreshes it', async () => {
    const emulator = await start();
    const pair = { grant_type: 'password', username: 'elastic', password: 'changeme' };
    const { access_token, refresh_token } = await post(emulator, '/_security/oauth2/token', pair);
    const other = await post(emulator, '/_security/oauth2/token', pair);
    const action = { action: 'invalidate token', number: 1 };
    expect((await press(emulator, action)).json).toEqual({ done: 'The token was invalidated.' });
    expect(await statusOf(emulator, bearer(access_token))).toBe(401);
    expect(await statusOf(emulator, bearer(other.access_token))).toBe(200);
    const refresh = { grant_type: 'refresh_token', refresh_token };
    expect((await post(emulator, '/_security/oauth2/token', refresh)).error).toBe('invalid_grant');
    expect((await press(emulator, action)).json).toEqual({ problem: 'There is no such live token.' });
  });

  test('a service token ends', async () => {
    const emulator = await start();
    const { token } = await post(emulator, '/_security/service/elastic/kibana/credential/token/t1');
    const action = { action: 'delete service token', account: 'elastic/kibana', name: 't1' };
    expect((await press(emulator, action)).json).toEqual({ done: 'The service token t1 was deleted.' });
    expect(await statusOf(emulator, bearer(token.value))).toBe(401);
    expect((await press(emulator, action)).json).toEqual({ problem: 'There is no such service token.' });
  });

  test('all tokens of a user end, and nobody else’s', async () => {
    const emulator = await start({ users: { alice: { password: 'secret', roles: ['superuser'] } } });
    const pair = { grant_type: 'password', username: 'alice', password: 'secret' };
    const { access_token } = await post(emulator, '/_security/oauth2/token', pair);
    const other = await post(emulator, '/_security/oauth2/token', { grant_type: 'client_credentials' });
    const action = { action: 'invalidate tokens of user', username: 'alice', realm: 'default_native' };
    expect((await press(emulator, action)).json).toEqual({
      done: '2 of the tokens of alice were invalidated.',
    });
    expect(await statusOf(emulator, bearer(access_token))).toBe(401);
    expect(await statusOf(emulator, bearer(other.access_token))).toBe(200);
  });

  test('requests break, for as many as asked, and mend', async () => {
    const emulator = await start();
    await press(emulator, { action: 'break', how: 'unavailable', times: null });
    await press(emulator, { action: 'break', how: 'overloaded', times: 2 });
    expect((await stateOf(emulator)).faults).toMatchObject([
      { id: 1, left: null },
      { id: 2, left: 2 },
    ]);
    expect(await statusOf(emulator, admin)).toBe(503);
    expect((await press(emulator, { action: 'mend', id: 1 })).json).toEqual({ done: 'Mended.' });
    expect(await statusOf(emulator, admin)).toBe(429);
    expect((await press(emulator, { action: 'mend', id: null })).json).toEqual({
      done: 'Everything was mended.',
    });
    expect(await statusOf(emulator, admin)).toBe(200);
    expect((await press(emulator, { action: 'mend', id: 1 })).status).toBe(400);
  });

  test('the cluster gets into a state and out of it, and requests that break are no part of that', async () => {
    const emulator = await start();
    await press(emulator, { action: 'break', how: 'overloaded', times: null });
    await press(emulator, { action: 'break cluster', state: 'licence expired' });
    await press(emulator, { action: 'break cluster', state: 'just started' });
    expect((await stateOf(emulator)).faults).toMatchObject([
      { of: 'requests', id: 1 },
      { of: 'cluster', id: 1, what: 'licence expired' },
      { of: 'cluster', id: 2, what: 'just started' },
    ]);
    expect((await press(emulator, { action: 'mend', of: 'cluster', id: 1 })).status).toBe(200);
    expect((await press(emulator, { action: 'mend', of: 'cluster', id: 1 })).status).toBe(400);
    expect((await stateOf(emulator)).faults).toMatchObject([{ of: 'requests' }, { of: 'cluster', id: 2 }]);
    await press(emulator, { action: 'mend', id: null });
    expect((await stateOf(emulator)).faults).toEqual([]);
  });

  test.each([
    '',
    'null',
    '[]',
    '{',
    '{"action":"explode"}',
    '{"action":"break cluster"}',
    '{"action":"break cluster","state":"on fire"}',
    '{"action":"__proto__"}',
    '{"action":"advance","ms":0}',
    '{"action":"advance","ms":-1}',
    '{"action":"advance","ms":1e12}',
    '{"action":"advance","ms":"1"}',
    '{"action":"invalidate key"}',
    '{"action":"invalidate token","number":"1"}',
    '{"action":"delete service token","account":"elastic/kibana"}',
    '{"action":"invalidate tokens of user","username":"elastic"}',
    '{"action":"break","how":"completely","times":null}',
    '{"action":"break","how":"reset"}',
    '{"action":"break","how":"reset","times":1.5}',
    '{"action":"break","how":"reset","times":0}',
    '{"action":"mend"}',
    '{"action":"mend","id":"1"}',
  ])('nonsense changes nothing: %s', async (body) => {
    const emulator = await start();
    const before = { ...(await stateOf(emulator)), now: 0 };
    const { status, json } = await press(emulator, body);
    expect({ status, json }).toEqual({ status: 400, json: { problem: expect.stringMatching(/\.$/) } });
    expect({ ...(await stateOf(emulator)), now: 0 }).toEqual(before);
  });

  test('a body that is longer than any action is refused', async () => {
    const { status, json } = await press(await start(), JSON.stringify({ action: 'x'.repeat(5000) }));
    expect([status, json]).toEqual([413, { problem: 'That is too long.' }]);
  });

  test('somebody who leaves in the middle of a request is no reason to warn', async () => {
    const emulator = await start();
    const { text } = await send(`${emulator.url}/_esauth/`);
    const token = text.match(/content="([\w-]{32})"/)?.[1];
    const { port, host } = new URL(emulator.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `POST /_esauth/act HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${emulator.url}\r\n` +
        `X-Esauth-Token: ${token}\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n`,
    );
    // It is told to go on when its head was read.
    await once(socket, 'data');
    const warnings = await warningsDuring(async () => {
      socket.resetAndDestroy();
      await once(socket, 'close');
      await stateOf(emulator);
      await emulator.close();
    });
    expect(warnings).toEqual([]);
  });

  test('other paths that begin alike are Elasticsearch’s business', async () => {
    const { url } = await start();
    const { error } = (await send(`${url}/_esauthor`, { headers: admin })).json;
    expect(error.reason).toBe("Invalid index name [_esauthor], must not start with '_'.");
  });
});
