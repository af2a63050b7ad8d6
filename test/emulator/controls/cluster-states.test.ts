/**
 * A cluster that is ill. What is answered then was recorded, and the player plays most of it (`fault-*`); here is what
 * the recordings leave out: that it ends, what was known before, lost tokens, and a queue that is full.
 */

import { type ClusterState, type Emulator, startEmulator } from '@esauth/emulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiKey, basic, bearer, send } from '../../support/http-client.js';

const admin = basic('admin', 'admin-password');
const minute = 60_000;

let emulator: Emulator;
/** Credentials by what they are; all but `unused` have been used. */
let credentials: Record<'reserved' | 'native' | 'key' | 'unused' | 'service' | 'token', object>;
let tokens: { access_token: string; refresh_token: string };
let key: { id: string };
beforeEach(async () => {
  emulator = await startEmulator({
    tokenTimeoutMs: 60 * minute,
    users: { alice: { password: 'password', roles: ['superuser'] } },
    files: {
      users: { admin: { password: 'admin-password', roles: ['all'] } },
      roles: {
        all: {
          cluster: ['all'],
          indices: [{ names: ['*'], privileges: ['all'], allow_restricted_indices: true }],
          run_as: ['*'],
        },
      },
    },
  });
  const grant = { grant_type: 'password', username: 'alice', password: 'password' };
  tokens = (await ask('POST /_security/oauth2/token', grant)).json;
  key = (await ask('PUT /_security/api_key', { name: 'used' })).json;
  const unused = (await ask('PUT /_security/api_key', { name: 'unused' })).json;
  const { token } = (await ask('PUT /_security/service/elastic/kibana/credential/token/t')).json;
  credentials = {
    reserved: basic('elastic', 'changeme'),
    native: basic('alice', 'password'),
    key: apiKey((key as { id: string; encoded: string }).encoded),
    unused: apiKey(unused.encoded),
    service: bearer(token.value),
    token: bearer(tokens.access_token),
  };
  for (const name of ['reserved', 'native', 'key', 'service', 'token'] as const) {
    expect(await statusOf(credentials[name])).toBe(200);
  }
});
afterEach(() => emulator.close());

function ask(line: string, body?: unknown, headers: object = admin) {
  const [method = '', path = ''] = line.split(' ');
  return send(emulator.url + path, { method, headers: { ...headers }, body });
}

async function statusOf(headers: object): Promise<number> {
  return (await ask('GET /_security/_authenticate', undefined, headers)).status;
}

async function statuses(): Promise<Record<string, number>> {
  const entries = Object.entries(credentials);
  return Object.fromEntries(
    await Promise.all(entries.map(async ([name, headers]) => [name, await statusOf(headers)])),
  );
}

const fine = { reserved: 200, native: 200, key: 200, unused: 200, service: 200, token: 200 };

describe('who signs in', () => {
  test.each<[ClusterState, Partial<Record<keyof typeof credentials, number>>]>([
    ['security index closed', { native: 401, key: 401, unused: 401, service: 401 }],
    ['security index lost', { reserved: 503, native: 401, key: 401, unused: 401, service: 401 }],
    ['security index read-blocked', { unused: 401 }],
    ['security index write-blocked', {}],
    ['tokens index lost', { token: 401 }],
    ['crypto pool full', { unused: 429 }],
  ])('%s, until it is mended', async (state, changed) => {
    const mend = emulator.cluster(state);
    expect(await statuses()).toEqual({ ...fine, ...changed });
    expect(await statusOf(admin)).toBe(200);
    mend();
    expect(await statuses()).toEqual(fine);
  });

  test('is known for twenty minutes without the index, a key for five', async () => {
    emulator.cluster('security index read-blocked');
    await emulator.clock.advance(5 * minute);
    expect(await statuses()).toEqual({ ...fine, key: 401, unused: 401 });
    await emulator.clock.advance(15 * minute);
    const unknown = { reserved: 401, native: 401, key: 401, unused: 401, service: 401 };
    expect(await statuses()).toEqual({ ...fine, ...unknown });
  });

  test('needs no hash of a key that was used in the last day', async () => {
    emulator.cluster('crypto pool full');
    await emulator.clock.advance(23 * 60 * minute);
    expect(await statusOf(credentials.key)).toBe(200);
    await emulator.clock.advance(60 * minute);
    expect(await statusOf(credentials.key)).toBe(429);
    expect(await statusOf(credentials.key)).toBe(429);
  });

  test.each([
    ['realm/native1', {}],
    ['realm/reserved', { reserved: 401 }],
    ['realm/default_native', { native: 401 }],
    ['realm/*?usernames=alice', { native: 401 }],
    ['api_key/*', { key: 401 }],
    ['service/elastic/kibana/credential/token/t', { service: 401 }],
    ['service/elastic/kibana/credential/token/other', {}],
  ])('is known until the caches are cleared: %s', async (path, changed) => {
    emulator.cluster('security index read-blocked');
    await ask(
      `POST /_security/${path.replace('?', '/_clear_cache?')}${path.includes('?') ? '' : '/_clear_cache'}`,
    );
    expect(await statuses()).toEqual({ ...fine, unused: 401, ...changed });
  });

  test('is hashed again when the caches were cleared', async () => {
    emulator.cluster('crypto pool full');
    await ask('POST /_security/api_key/other/_clear_cache');
    expect(await statusOf(credentials.key)).toBe(200);
    await ask(`POST /_security/api_key/${key.id},other/_clear_cache`);
    expect(await statusOf(credentials.key)).toBe(429);
  });

  test('is not known any more after a wrong password', async () => {
    emulator.cluster('security index read-blocked');
    expect(await statusOf(basic('alice', 'wrong'))).toBe(401);
    expect(await statusOf(credentials.native)).toBe(401);
  });

  test('can not be run as', async () => {
    const asAlice = { ...admin, 'es-security-runas-user': 'alice' };
    expect(await statusOf(asAlice)).toBe(200);
    emulator.cluster('security index closed');
    expect(await statusOf(asAlice)).toBe(403);
  });
});

test('a cluster without such an index can not have it closed', async () => {
  const empty = await startEmulator();
  empty.cluster('security index closed');
  const path = `${empty.url}/_security/user/nobody`;
  expect((await send(path, { headers: basic('elastic', 'changeme') })).status).toBe(404);
  await empty.close();
});

test('what waits for a lost index hears of it after a minute', async () => {
  emulator.cluster('security index lost');
  emulator.requests.length = 0;
  const waiting = ask('PUT /_security/role/r', {});
  while (emulator.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(emulator.requests[0]?.status).toBe(undefined);
  await emulator.clock.advance(minute);
  const { status, json } = await waiting;
  expect([status, json.error.type]).toEqual([503, 'unavailable_shards_exception']);
});

test('on a full disk things can be removed, and keys not be invalidated', async () => {
  emulator.cluster('security index write-blocked');
  expect((await ask('PUT /_security/role/r', {})).status).toBe(429);
  expect((await ask('POST /_security/user/alice/_password', { password: 'another' })).status).toBe(429);
  const own = await ask(`PUT /_security/api_key/${key.id}`, { metadata: { a: 1 } });
  expect([own.status, own.json.error.type]).toEqual([429, 'cluster_block_exception']);
  const { status, json } = await ask('DELETE /_security/api_key', { ids: [key.id] });
  expect([status, json.invalidated_api_keys, json.error_count]).toEqual([200, [], 1]);
  expect(await statusOf(credentials.key)).toBe(200);
  expect((await ask('DELETE /_security/user/alice')).json).toEqual({ found: true });
});

describe('lost tokens', () => {
  const path = '/_security/oauth2/token';

  test('can neither be refreshed nor invalidated', async () => {
    emulator.cluster('tokens index lost');
    const { access_token: token, refresh_token } = tokens;
    const refreshed = await ask(`POST ${path}`, { grant_type: 'refresh_token', refresh_token });
    expect([refreshed.status, refreshed.json.error_description]).toEqual([
      400,
      'could not refresh the requested token',
    ]);
    const one = await ask(`DELETE ${path}`, { token });
    expect([one.status, one.json.error.reason, one.json.error.caused_by.type]).toEqual([
      503,
      'unable to perform requested action',
      'unavailable_shards_exception',
    ]);
    const all = await ask(`DELETE ${path}`, { username: 'alice' });
    expect([all.status, all.json.error.type]).toEqual([503, 'unavailable_shards_exception']);
    expect((await ask('GET /_cluster/health')).json).toMatchObject({
      status: 'red',
      active_primary_shards: 1,
      unassigned_shards: 1,
      unassigned_primary_shards: 1,
      active_shards_percent_as_number: 50,
    });
  });

  test('there are no new ones', async () => {
    emulator.cluster('tokens index lost');
    const answered = ask(`POST ${path}`, { grant_type: 'client_credentials' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await emulator.clock.advance(minute);
    expect((await answered).status).toBe(503);
  });
});

describe('the index itself', () => {
  const isOpen = async (): Promise<boolean> => (await statusOf(credentials.key)) === 200;

  test('is closed and opened by who may', async () => {
    expect((await ask('POST /.security-7/_close', undefined, credentials.native)).status).toBe(403);
    expect(await isOpen()).toBe(true);
    await ask('POST /.security-7/_close');
    expect(await isOpen()).toBe(false);
    expect((await ask('POST /.security-7/_open')).json).toEqual({
      acknowledged: true,
      shards_acknowledged: true,
    });
    expect(await isOpen()).toBe(true);
  });

  test('is blocked until the setting is taken back', async () => {
    const block = (value: unknown) => ask('PUT /.security-7/_settings', { 'blocks.read': value });
    for (const [value, expected] of [
      [true, 403],
      [null, 404],
      ['true', 403],
      [false, 404],
    ]) {
      expect((await block(value)).status).toBe(200);
      expect((await ask('GET /_security/role/nosuch')).status).toBe(expected);
    }
    expect((await ask('PUT /.security-7/_settings', { 'index.codec': 'best' })).status).toBe(400);
  });

  test('has to be there', async () => {
    const empty = await startEmulator({
      files: {
        users: { root: { password: 'password', roles: ['root'] } },
        roles: {
          root: { indices: [{ names: ['*'], privileges: ['all'], allow_restricted_indices: true }] },
        },
      },
    });
    const headers = basic('root', 'password');
    const { status, json } = await send(`${empty.url}/.security-7/_close`, { method: 'POST', headers });
    expect([status, json.error.type]).toEqual([404, 'index_not_found_exception']);
    await empty.close();
  });
});

test('what is no state is refused with the names of all', () => {
  expect(() => emulator.cluster('on fire' as never)).toThrow(
    new RangeError(
      'cluster: the state must be one of "security index closed", "security index lost", "security index read-blocked", ' +
        '"security index write-blocked", "tokens index lost", "crypto pool full", "just started", "licence expired"',
    ),
  );
});

test('a state that was entered twice is mended twice', async () => {
  const first = emulator.cluster('tokens index lost');
  const second = emulator.cluster('tokens index lost');
  first();
  first();
  expect(await statusOf(credentials.token)).toBe(401);
  second();
  expect(await statusOf(credentials.token)).toBe(200);
});
