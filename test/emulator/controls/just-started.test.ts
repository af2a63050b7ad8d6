/**
 * A node that has just started: it does not know its cluster yet. Who signs in, and the order of the challenges, was
 * seen on a 9.5.0; the rest follows Elasticsearch's source (`SecurityIndexManager`, `GatewayService`).
 */

import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { apiKey, basic, bearer, send } from '../../support/http-client.js';

const bootstrap = basic('elastic', 'changeme');
const inFile = basic('filip', 'filip-password');
const native = basic('alice', 'alice-password');
const minute = 60_000;

let emulator: Emulator;
let credentials: Readonly<Record<'key' | 'service' | 'token', object>>;
let refreshToken: string;
beforeEach(async () => {
  emulator = await startEmulator({
    users: { alice: { password: 'alice-password', roles: ['superuser'] } },
    files: {
      users: { filip: { password: 'filip-password', roles: ['stored'] } },
      serviceTokens: { 'elastic/kibana/in-file': 'secret-in-file-0123456789' },
    },
    roles: { stored: { cluster: ['all'] } },
  });
  const grant = { grant_type: 'password', username: 'alice', password: 'alice-password' };
  const pair = (await ask('POST /_security/oauth2/token', grant)).json;
  refreshToken = pair.refresh_token;
  const key = (await ask('PUT /_security/api_key', { name: 'k' })).json;
  const { token } = (await ask('PUT /_security/service/elastic/kibana/credential/token/t')).json;
  await ask('PUT /docs/_doc/1', { a: 1 });
  credentials = {
    key: apiKey(key.encoded),
    service: bearer(token.value),
    token: bearer(pair.access_token),
  };
});
afterEach(() => emulator.close());

function ask(line: string, body?: unknown, headers: object = bootstrap) {
  const [method = '', path = ''] = line.split(' ');
  return send(emulator.url + path, { method, headers: { ...headers }, body });
}

const me = 'GET /_security/_authenticate';
const statusOf = async (headers: object): Promise<number> => (await ask(me, undefined, headers)).status;
const reasonOf = async (headers: object): Promise<string> => {
  const {
    reason,
    additional_unsuccessful_credentials: more,
    caused_by,
  } = (await ask(me, undefined, headers)).json.error;
  return [reason, more, caused_by?.type].filter((part) => part !== undefined).join(' ← ');
};

test('lets in whom it can know: reserved users by the password of the start, and those in files', async () => {
  await ask('POST /_security/user/elastic/_password', { password: 'changed-since' });
  const changed = basic('elastic', 'changed-since');
  expect([await statusOf(bootstrap), await statusOf(changed)]).toEqual([401, 200]);
  for (const headers of [native, ...Object.values(credentials)]) expect(await statusOf(headers)).toBe(200);

  const mend = emulator.cluster('just started');
  expect([await statusOf(bootstrap), await statusOf(changed)]).toEqual([200, 401]);
  expect(await statusOf(inFile)).toBe(200);
  const fromFile = bearer(
    // The form of a service token: `\0\1\0\1`, the account, name and secret, in Base64.
    Buffer.from('\0\u0001\0\u0001elastic/kibana/in-file:secret-in-file-0123456789').toString('base64'),
  );
  expect(await statusOf(fromFile)).toBe(200);
  expect(await reasonOf(native)).toContain('unable to authenticate user [alice]');
  expect(await reasonOf(credentials.key)).toContain('encountered a failure');
  expect(await reasonOf(credentials.service)).toBe(
    'error attempting to authenticate request ← cluster_block_exception',
  );
  expect(await reasonOf(credentials.token)).toContain('oauth2 token: invalid token');

  mend();
  expect([await statusOf(bootstrap), await statusOf(changed)]).toEqual([401, 200]);
  for (const headers of [native, ...Object.values(credentials)]) expect(await statusOf(headers)).toBe(200);
});

test('knows its services before its realms, and says so in this order', async () => {
  const challenges = async () => {
    const { header, json } = await ask(me, undefined, {});
    const lines = header('WWW-Authenticate').map((text) => text.split(' ')[0]);
    expect(json.error.header['WWW-Authenticate'].map((text: string) => text.split(' ')[0])).toEqual(lines);
    return lines;
  };
  expect(await challenges()).toEqual(['Basic', 'Bearer', 'ApiKey']);
  const mend = emulator.cluster('just started');
  expect(await challenges()).toEqual(['Bearer', 'ApiKey', 'Basic']);
  mend();
  expect(await challenges()).toEqual(['Basic', 'Bearer', 'ApiKey']);
});

test('finds nothing, stores nothing, and forgets nothing by that', async () => {
  const mend = emulator.cluster('just started');
  expect((await ask('GET /_security/user/alice')).status).toBe(404);
  expect((await ask('GET /_security/api_key?owner=false')).json).toEqual({ api_keys: [] });
  expect((await ask('DELETE /_security/role/stored')).json).toEqual({ found: false });
  for (const [line, body] of [
    ['PUT /_security/user/bob', { password: 'bob-password', roles: [] }],
    ['PUT /_security/api_key', { name: 'k' }],
    ['PUT /_security/role/r', {}],
    ['POST /_security/oauth2/token', { grant_type: 'client_credentials' }],
  ] as const) {
    const { status, json } = await ask(line, body);
    expect([line, status, json.error.type, json.error.reason]).toEqual([
      line,
      503,
      'status_exception',
      'Cluster state has not been recovered yet, cannot write to the [null] index',
    ]);
  }
  // A role that is not in a file counts for nothing.
  expect((await ask('GET /_security/user', undefined, inFile)).status).toBe(403);
  const refresh = { grant_type: 'refresh_token', refresh_token: refreshToken };
  expect((await ask('POST /_security/oauth2/token', refresh)).json.error).toBe('invalid_grant');

  mend();
  expect((await ask('GET /_security/user', undefined, inFile)).status).toBe(200);
  expect((await ask('GET /_security/user/alice')).status).toBe(200);
  expect((await ask('POST /_security/oauth2/token', refresh)).status).toBe(200);
});

test('has no documents, and its health is red', async () => {
  emulator.cluster('just started');
  for (const line of [
    'GET /docs/_search',
    'GET /docs/_doc/1',
    'PUT /docs/_doc/2',
    'GET /*/_search',
    'GET /docs',
  ]) {
    const { status, json } = await ask(line, line.startsWith('PUT') ? {} : undefined);
    expect([line, status, json.error.type]).toEqual([line, 503, 'cluster_block_exception']);
  }
  expect((await ask('GET /docs/_search', undefined, inFile)).status).toBe(403);
  expect((await ask('GET /_cluster/health')).json).toMatchObject({ status: 'red', active_shards: 0 });
});

test('ends what was known of who signed in', async () => {
  emulator.cluster('just started')();
  expect(await statusOf(credentials.key)).toBe(200);
  emulator.cluster('just started');
  expect(await statusOf(credentials.key)).toBe(401);
  await emulator.clock.advance(minute);
  expect(await statusOf(credentials.key)).toBe(401);
});

test('is so also of a cluster on which nothing was ever stored', async () => {
  const empty = await startEmulator();
  empty.cluster('just started');
  const body = { name: 'k' };
  const { status } = await send(`${empty.url}/_security/api_key`, {
    method: 'PUT',
    headers: bootstrap,
    body,
  });
  expect(status).toBe(503);
  await empty.close();
});
