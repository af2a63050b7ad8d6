// The documents that this project was started from, each walked from its first line to its last with the client in
// place of curl, against the emulator. Numbers are those of the documents; `test/emulator/seeds.test.ts` compares the
// same requests with them byte by byte.

import {
  authorize,
  createSecurityClient,
  createTokenSource,
  SecurityApiError,
  type SecurityClient,
} from '@esauth/client';
import { createVerifier, type Verifier } from '@esauth/core';
import { type Emulator, type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { Agent, fetch } from 'undici';
import { expect, onTestFinished, test } from 'vitest';

interface Walk {
  readonly emulator: Emulator;
  readonly client: SecurityClient;
  readonly verifier: Verifier;
  /** GET of what is not about security. */
  get(path: string, authorization: string): Promise<{ readonly status: number; readonly json: unknown }>;
}

async function begin(options: EmulatorOptions): Promise<Walk> {
  const emulator = await startEmulator(options);
  const verifier = createVerifier({ nodes: emulator.url, schemes: ['Bearer', 'ApiKey', 'Basic'] });
  const auth = { username: emulator.username, password: emulator.password };
  const client = createSecurityClient({ nodes: emulator.url, auth, verifier });
  onTestFinished(async () => {
    await client.close();
    await verifier.close();
    await emulator.close();
  });
  return {
    emulator,
    client,
    verifier,
    async get(path, authorization) {
      const response = await fetch(emulator.url + path, { headers: { authorization } });
      return { status: response.status, json: await response.json() };
    },
  };
}

const text: string = expect.any(String);
const failed = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => expect.unreachable('it went well'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SecurityApiError);
  return error as SecurityApiError;
};

test('000: using tokens', async () => {
  const { emulator, client, verifier, get } = await begin({ version: '8.10.4', password: '123456' });
  const health = async (token: string) => (await get('/_cluster/health', `Bearer ${token}`)).status;
  const password = { grant_type: 'password', username: 'elastic', password: '123456' } as const;

  // 3.1, 3.2
  const own = await client.getToken({ grant_type: 'client_credentials' });
  expect(own).toMatchObject({ type: 'Bearer', expires_in: 1200, authentication: { username: 'elastic' } });
  expect(own.refresh_token).toBeUndefined();
  expect(await health(own.access_token)).toBe(200);

  // 3.3, 3.4
  const first = await client.getToken(password);
  expect(first.refresh_token).toEqual(text);
  expect(await health(first.access_token)).toBe(200);

  // 3.5: by whoever has it, as whom it was asked for
  const refresh = { grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '' } as const;
  const second = await client.getToken(refresh, { authorization: `Bearer ${first.access_token}` });
  expect(second.authentication?.authentication_type).toBe('token');

  // 4.1, 4.2: and whoever remembers it knows
  const authorization = `Bearer ${second.access_token}`;
  expect(await verifier.verify(authorization)).toMatchObject({ kind: 'authenticated' });
  const once = { invalidated_tokens: 1, previously_invalidated_tokens: 0, error_count: 0 };
  expect(await client.invalidateToken({ token: second.access_token }, { authorization })).toEqual(once);
  expect(verifier.peek(authorization)).toBeUndefined();
  expect(await health(second.access_token)).toBe(401);
  expect(await failed(client.authenticate({ authorization }))).toMatchObject({
    code: 'unauthorized',
    status: 401,
    cause: { message: 'token expired', type: 'security_exception' },
  });

  // 4.3: the access token stays good, and is worth nothing once it has ended
  const third = await client.getToken(password);
  const { refresh_token = '' } = third;
  const as = { authorization: `Bearer ${third.access_token}` };
  expect(await client.invalidateToken({ refresh_token }, as)).toEqual(once);
  expect(await health(third.access_token)).toBe(200);
  expect(await failed(client.getToken({ grant_type: 'refresh_token', refresh_token }, as))).toMatchObject({
    code: 'invalid_grant',
    status: 400,
    reason: 'invalidated',
    cause: { message: 'token has been invalidated', type: 'invalid_grant' },
  });

  // 4.4
  expect(await client.invalidateToken({ username: 'elastic' })).toEqual({
    invalidated_tokens: 5,
    previously_invalidated_tokens: 2,
    error_count: 0,
  });
  await client.getToken({ grant_type: 'client_credentials' });
  expect(await client.invalidateToken({ realm_name: 'reserved' })).toEqual(once);

  // 5: a token makes a token
  const parent = await client.getToken({ grant_type: 'client_credentials' });
  const by = { authorization: `Bearer ${parent.access_token}` };
  const child = await client.getToken({ grant_type: 'client_credentials' }, by);
  expect(await health(child.access_token)).toBe(200);

  // What the document does by hand from 3.3 on, a source does by itself.
  const source = createTokenSource({
    client,
    grant: password,
    clock: { wall: () => emulator.clock.now(), after: () => () => {} },
  });
  const dispatcher = new Agent().compose(authorize(source, { origins: [emulator.url] }));
  onTestFinished(() => dispatcher.close());
  for (let minutes = 0; minutes < 120; minutes += 19) {
    expect((await fetch(`${emulator.url}/_cluster/health`, { dispatcher })).status).toBe(200);
    await emulator.clock.advance(19 * 60_000);
  }
  await source.invalidate();
});

test('001: getting a token, by each of the four grants', async () => {
  const kerberos_ticket =
    'YIIB6wYJKoZIhvcSAQICAQBuggHaMIIB1qADAgEFoQMCAQ6iBtaDcp4cdMODwOsIvmvdX//sye8NDJZ8Gstabor3MOGryBWyaJ1VxI4WBVZaSn1WnzE06Xy2';
  const responseToken = Buffer.from('a response').toString('base64');
  const account = { username: 'test_admin', password: 'x-pack-test-password' };
  const { emulator, client } = await begin({
    version: '8.10.4',
    users: { test_admin: { password: account.password, roles: ['superuser'] } },
    kerberosTickets: { [kerberos_ticket]: { username: 'test_admin', roles: ['superuser'], responseToken } },
  });
  const admin = createSecurityClient({ nodes: emulator.url, auth: account });
  onTestFinished(() => admin.close());
  const whose = async (token: string) =>
    (await client.authenticate({ authorization: `Bearer ${token}` })).username;

  const own = await admin.getToken({ grant_type: 'client_credentials' });
  const first = await admin.getToken({ grant_type: 'password', ...account });
  const second = await admin.getToken({
    grant_type: 'refresh_token',
    refresh_token: first.refresh_token ?? '',
  });
  const third = await admin.getToken({ grant_type: '_kerberos', kerberos_ticket });
  for (const { access_token } of [own, first, second, third])
    expect(await whose(access_token)).toBe('test_admin');
  expect(third.kerberos_authentication_response_token).toBe(responseToken);
});

test('002: token-based authentication services', async () => {
  const { emulator, client, get } = await begin({ version: '8.10.4' });
  const { access_token } = await client.getToken({ grant_type: 'client_credentials' });
  const { id, api_key, encoded } = await client.createApiKey({ name: 'key' });
  const credentials = Buffer.from(`${id}:${api_key}`).toString('base64');
  expect(encoded).toBe(credentials);
  const health = async (authorization: string) => (await get('/_cluster/health', authorization)).status;
  expect(await health(`Bearer ${access_token}`)).toBe(200);
  expect(await health(`ApiKey ${credentials}`)).toBe(200);
  // "By default, it expires after 20 minutes", and "by default, the API keys do not expire".
  await emulator.clock.advance(20 * 60_000 + 1);
  expect(await health(`Bearer ${access_token}`)).toBe(401);
  expect(await health(`ApiKey ${credentials}`)).toBe(200);
});

test('003: getting a token, in an older release', async () => {
  const { emulator, client } = await begin({ version: '7.17' });
  const own = await client.getToken({ grant_type: 'client_credentials' });
  expect(own.refresh_token).toBeUndefined();
  const { refresh_token = '' } = await client.getToken({
    grant_type: 'password',
    username: 'elastic',
    password: emulator.password,
  });
  const refresh = { grant_type: 'refresh_token', refresh_token } as const;
  const next = await client.getToken(refresh);
  // Within half a minute the same refresh gives the same.
  expect(await client.getToken(refresh)).toMatchObject({ access_token: next.access_token });
  // "Each refresh token may only be used one time."
  await emulator.clock.advance(31_000);
  expect(await failed(client.getToken(refresh))).toMatchObject({
    code: 'invalid_grant',
    reason: 'already_refreshed',
  });
});

test('004: using API keys', async () => {
  const { emulator, client, verifier, get } = await begin({ version: '8.10.4', password: '123456' });
  const elastic = `Basic ${btoa('elastic:123456')}`;

  // 2.1
  for (const country of ['China', 'USA', 'Russia']) {
    const { status } = await fetch(`${emulator.url}/documents/_doc`, {
      method: 'POST',
      headers: { authorization: elastic, 'content-type': 'application/json' },
      body: JSON.stringify({ country, data: '*********' }),
    });
    expect(status).toBe(201);
  }

  // 3
  const query = '{"match":{"country": {"query": "China"}}}';
  const china = await client.createApiKey({
    name: 'china-docs',
    expiration: '1h',
    role_descriptors: { china: { indices: [{ names: ['documents'], privileges: ['read'], query }] } },
    metadata: { intention: 'Only to view China docs' },
  });
  const found = async (authorization: string) => {
    const { json } = await get('/_search', authorization);
    return (json as { hits: { hits: { _source: { country: string } }[] } }).hits.hits.map(
      (hit) => hit._source.country,
    );
  };
  expect(await found(elastic)).toHaveLength(3);
  expect(await found(`ApiKey ${china.encoded}`)).toEqual(['China']);
  const healthcheck = await client.createApiKey({
    name: 'healthcheck',
    role_descriptors: { 'for-monitoring': { cluster: ['monitor'] } },
    metadata: { intention: 'Only to view cluster health' },
  });
  const monitor = { authorization: `ApiKey ${healthcheck.encoded}` };
  expect((await get('/_cluster/health', monitor.authorization)).status).toBe(200);
  expect((await get('/_search', monitor.authorization)).status).toBe(403);
  // Which could have been asked before.
  expect(
    await client.hasPrivileges(
      { cluster: ['monitor'], index: [{ names: ['documents'], privileges: ['read'] }] },
      monitor,
    ),
  ).toMatchObject({ has_all_requested: false, cluster: { monitor: true } });

  // 4
  const { id, encoded } = await client.createApiKey({ name: 'short', expiration: '20s' });
  const metadata = { toughcoding: { presenter: 'tomd' } };
  expect(await client.updateApiKey({ id, metadata })).toEqual({ updated: true });
  expect(await verifier.verify(`ApiKey ${encoded}`)).toMatchObject({ kind: 'authenticated' });
  await emulator.clock.advance(20_000);
  expect(await failed(client.updateApiKey({ id, metadata }))).toMatchObject({
    code: 'validation_failed',
    status: 400,
    cause: { message: `cannot update expired API key [${id}]` },
  });

  // 5
  const [short] = (await client.getApiKeys({ id })).api_keys;
  expect(short).toMatchObject({ id, name: 'short', invalidated: false, username: 'elastic', metadata });
  const named = async (options?: { active_only: boolean }) =>
    (await client.getApiKeys(options)).api_keys.map(({ name }) => name);
  expect(await named()).toEqual(['china-docs', 'healthcheck', 'short']);

  // 6
  expect(await client.invalidateApiKey({ ids: [id] })).toEqual({
    invalidated_api_keys: [id],
    previously_invalidated_api_keys: [],
    error_count: 0,
  });
  expect((await client.getApiKeys({ id })).api_keys[0]?.invalidated).toBe(true);
  expect(await verifier.verify(`ApiKey ${china.encoded}`)).toMatchObject({ kind: 'authenticated' });
  const { invalidated_api_keys } = await client.invalidateApiKey({ owner: true });
  expect(invalidated_api_keys).toEqual([china.id, healthcheck.id]);
  expect(verifier.peek(`ApiKey ${china.encoded}`)).toBeUndefined();
  expect(await named({ active_only: true })).toEqual([]);
});
