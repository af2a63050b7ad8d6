/** The rules of access and refresh tokens. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiKey, basic, bearer } from '../../../support/http-client.js';
import { type Cluster, emulated, expectAnswer, notAccepted } from '../../cluster.js';
import { expiredAnswer } from '../../goldens/golden.js';

const hour = 3_600_000;
let cluster: Cluster;
beforeEach(async () => {
  cluster = await emulated({
    roles: { tokens: { cluster: ['manage_token', 'manage_own_api_key'] } },
    users: {
      alice: { password: 'password', roles: ['tokens'], full_name: 'Alice' },
      bob: { password: 'password', roles: ['tokens'] },
    },
  });
});
afterEach(() => cluster.close());

const alice = basic('alice', 'password');
const bob = basic('bob', 'password');

async function pair(
  headers: object = cluster.admin,
  username = 'alice',
): Promise<{ access_token: string; refresh_token: string }> {
  const body = { grant_type: 'password', username, password: 'password' };
  const response = await cluster.ask('POST /_security/oauth2/token', { headers: { ...headers }, body });
  expect(response.status).toBe(200);
  return response.json;
}

const refresh = (refresh_token: string, headers: object = cluster.admin) =>
  cluster.ask('POST /_security/oauth2/token', {
    headers: { ...headers },
    body: { grant_type: 'refresh_token', refresh_token },
  });

const refused = (error_description: string) => ({
  status: 400,
  body: { error: 'invalid_grant', error_description },
});

const me = (token: string) => cluster.ask('GET /_security/_authenticate', { headers: bearer(token) });

describe('an access token', () => {
  test('is not made for a wrong password, and the refusal names the action', async () => {
    const body = { grant_type: 'password', username: 'alice', password: 'wrong!' };
    const response = await cluster.ask('POST /_security/oauth2/token', { body });
    expect(response.status).toBe(401);
    expect(response.json.error.reason).toBe(
      'unable to authenticate user [alice] for action [cluster:admin/xpack/security/token/create]',
    );
    expect(response.header('www-authenticate')).toHaveLength(3);
  });

  test('works without padding', async () => {
    const { access_token } = await pair();
    expect((await me(access_token.replace('=', ''))).status).toBe(200);
  });

  test.each(['x', 'AAAA', '46ToAxYzNUdPZWdYOFRQcWhjeHR3NWpvTmVB', '~'])('%s is unknown', async (token) => {
    expectAnswer(await me(token), notAccepted(cluster.version, 'oauth2 token: invalid token'));
  });

  test('keeps its user when that is disabled, deleted or given another password', async () => {
    const { access_token, refresh_token } = await pair();
    await cluster.ask('PUT /_security/user/alice/_disable');
    expect((await me(access_token)).json).toMatchObject({
      username: 'alice',
      full_name: 'Alice',
      enabled: true,
    });
    await cluster.ask('DELETE /_security/user/alice');
    expect((await me(access_token)).status).toBe(200);
    expect((await refresh(refresh_token)).json.authentication.full_name).toBe('Alice');
  });

  test('keeps the names of its roles but not what they allow', async () => {
    const { access_token } = await pair();
    await cluster.ask('PUT /_security/user/alice', { body: { roles: ['superuser'] } });
    expect((await me(access_token)).json.roles).toEqual(['tokens']);
    const health = () => cluster.ask('GET /_cluster/health', { headers: bearer(access_token) });
    expect((await health()).status).toBe(403);
    await cluster.ask('PUT /_security/role/tokens', { body: { cluster: ['monitor'] } });
    expect((await health()).status).toBe(200);
  });

  test('can make another, for the same user', async () => {
    const { access_token } = await pair();
    const body = { grant_type: 'client_credentials' };
    const response = await cluster.ask('POST /_security/oauth2/token', {
      headers: bearer(access_token),
      body,
    });
    expect(response.json.authentication).toMatchObject({ username: 'alice', authentication_type: 'token' });
    expect((await me(response.json.access_token)).json.username).toBe('alice');
  });

  test('of an API key is that key, also when the key is gone', async () => {
    const created = await cluster.ask('PUT /_security/api_key', { headers: alice, body: { name: 'k' } });
    const { id, encoded } = created.json;
    const body = { grant_type: 'client_credentials' };
    const response = await cluster.ask('POST /_security/oauth2/token', { headers: apiKey(encoded), body });
    expect(response.json.authentication).toMatchObject({ authentication_type: 'api_key', api_key: { id } });
    await cluster.ask('DELETE /_security/api_key', { body: { ids: [id] } });
    expect((await me(response.json.access_token)).json).toMatchObject({
      username: 'alice',
      roles: [],
      authentication_type: 'token',
      authentication_realm: { name: '_es_api_key' },
      api_key: { id, name: 'k' },
    });
  });

  test('is called expired for a day and is unknown after that', async () => {
    const { access_token } = await pair();
    await cluster.advance(24 * hour);
    expectAnswer(await me(access_token), expiredAnswer);
    await cluster.advance(hour);
    expectAnswer(await me(access_token), notAccepted(cluster.version, 'oauth2 token: invalid token'));
  });

  test('has the scope that it was asked for, which is always everything', async () => {
    const body = { grant_type: 'client_credentials', scope: 'a little' };
    expect((await cluster.ask('POST /_security/oauth2/token', { body })).json.scope).toBe('full');
  });
});

describe('a refresh token', () => {
  test('works for a day, long after its access token has expired', async () => {
    const { refresh_token } = await pair();
    await cluster.advance(23 * hour);
    expect((await refresh(refresh_token)).status).toBe(200);
  });

  test('has a fresh day after every refresh', async () => {
    let { refresh_token } = await pair();
    for (let i = 0; i < 3; i++) {
      await cluster.advance(23 * hour);
      refresh_token = (await refresh(refresh_token)).json.refresh_token;
    }
    expect((await refresh(refresh_token)).status).toBe(200);
  });

  test('expires after a day, and is unknown a little later', async () => {
    const { refresh_token } = await pair();
    await cluster.advance(24 * hour + 60_000);
    expectAnswer(await refresh(refresh_token), refused('token document has expired'));
    await cluster.advance(hour);
    expectAnswer(await refresh(refresh_token), refused('could not refresh the requested token'));
  });

  test.each(['x', '!', '46ToAxYzNUdPZWdYOFRQcWhjeHR3NWpvTmVB'])('%s is unknown', async (token) => {
    expectAnswer(await refresh(token), refused('could not refresh the requested token'));
  });

  test('is not an access token, nor the other way round', async () => {
    const tokens = await pair();
    expect((await me(tokens.refresh_token)).status).toBe(401);
    expectAnswer(await refresh(tokens.access_token), refused('could not refresh the requested token'));
  });

  test('is for the client that asked for it, not for its user', async () => {
    const { refresh_token } = await pair(bob);
    expectAnswer(
      await refresh(refresh_token, alice),
      refused('tokens must be refreshed by the creating client'),
    );
    expect((await refresh(refresh_token, bob)).status).toBe(200);
  });

  test('is for the same client, whether it comes with a password or with a token', async () => {
    const { refresh_token } = await pair(bob);
    const { access_token } = await pair(cluster.admin, 'bob');
    expect((await refresh(refresh_token, bearer(access_token))).status).toBe(200);
  });

  test('of an API key is for that key alone', async () => {
    const key = async () =>
      apiKey(
        (await cluster.ask('PUT /_security/api_key', { headers: bob, body: { name: 'k' } })).json.encoded,
      );
    const [one, other] = [await key(), await key()];
    const { refresh_token } = await pair(one);
    for (const headers of [other, bob]) {
      expectAnswer(
        await refresh(refresh_token, headers),
        refused('tokens must be refreshed by the creating client'),
      );
    }
    expect((await refresh(refresh_token, one)).status).toBe(200);
  });

  test('gives the same pair again only as it was spelled the first time', async () => {
    const { refresh_token } = await pair();
    const first = await refresh(refresh_token);
    expect((await refresh(refresh_token)).json).toEqual(first.json);
    expectAnswer(
      await refresh(refresh_token.replace('=', '')),
      refused('could not refresh the requested token'),
    );
  });

  test('leaves the access token of its pair alone when it is used', async () => {
    const tokens = await pair();
    await refresh(tokens.refresh_token);
    expect((await me(tokens.access_token)).status).toBe(200);
  });

  test('that was invalidated is refused before the client is looked at', async () => {
    const { refresh_token } = await pair(bob);
    await cluster.ask('DELETE /_security/oauth2/token', { body: { refresh_token } });
    expectAnswer(await refresh(refresh_token, alice), refused('token has been invalidated'));
  });
});

describe('an invalidation', () => {
  const invalidate = (body: object) => cluster.ask('DELETE /_security/oauth2/token', { body });
  const counts = (invalidated_tokens: number, previously_invalidated_tokens = 0) => ({
    status: 200,
    body: { invalidated_tokens, previously_invalidated_tokens, error_count: 0 },
  });

  test('of a user counts two for a pair, and one for a token that can not be refreshed', async () => {
    await pair();
    await cluster.ask('POST /_security/oauth2/token', {
      headers: alice,
      body: { grant_type: 'client_credentials' },
    });
    await pair(cluster.admin, 'bob');
    expectAnswer(await invalidate({ username: 'alice' }), counts(3));
    expectAnswer(await invalidate({ username: 'nobody' }), counts(0));
  });

  test('of a user in a realm leaves other realms alone', async () => {
    const { access_token } = await pair();
    expectAnswer(await invalidate({ username: 'alice', realm_name: 'reserved' }), counts(0));
    expect((await me(access_token)).status).toBe(200);
    expectAnswer(await invalidate({ username: 'alice', realm_name: 'default_native' }), counts(2));
    expectAnswer(await me(access_token), expiredAnswer);
  });

  test('says what of a pair was invalidated before', async () => {
    const { access_token } = await pair();
    await invalidate({ token: access_token });
    expectAnswer(await invalidate({ username: 'alice' }), counts(1, 1));
  });

  test('does not count what is long over', async () => {
    await pair();
    await cluster.advance(24 * hour + 60_000);
    expectAnswer(await invalidate({ username: 'alice' }), counts(0));
  });

  test('stops an API key from nothing that was made with the token', async () => {
    const { access_token } = await pair();
    const headers = bearer(access_token);
    const key = (await cluster.ask('PUT /_security/api_key', { headers, body: { name: 'k' } })).json;
    await invalidate({ token: access_token });
    const response = await cluster.ask('GET /_security/_authenticate', { headers: apiKey(key.encoded) });
    expect(response.json).toMatchObject({ username: 'alice', api_key: { id: key.id } });
  });

  test('before any token was made finds no user either', async () => {
    expectAnswer(await invalidate({ username: 'alice' }), counts(0));
  });

  test.each(['abc', '!', 'yP6/', 'yP6/BBgAAAA='])(
    'before any token was made finds nothing by what is no token: %s',
    async (refresh_token) => {
      expectAnswer(await invalidate({ refresh_token }), { ...counts(0), status: 404 });
    },
  );

  test('is for those with the privilege', async () => {
    await cluster.ask('PUT /_security/user/carol', { body: { password: 'password', roles: [] } });
    const response = await cluster.ask('DELETE /_security/oauth2/token', {
      headers: basic('carol', 'password'),
      body: { token: 'x' },
    });
    expect([response.status, response.json.error.reason]).toEqual([
      403,
      'action [cluster:admin/xpack/security/token/invalidate] is unauthorized for user [carol] with effective roles [], this action is granted by the cluster privileges [delegate_pki,manage_saml,manage_token,manage_security,all]',
    ]);
  });
});

test('7.17 answers an unknown token in an invalidation with 200', async () => {
  const older = await emulated({ version: '7.17' });
  await older.ask('POST /_security/oauth2/token', { body: { grant_type: 'client_credentials' } });
  const response = await older.ask('DELETE /_security/oauth2/token', { body: { token: 'abcd' } });
  expect(response.status).toBe(200);
  await older.close();
});
