/** API keys: what limits them, how they are listed, changed, granted, cloned, and how they end. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiKey, basic } from '../../../support/http-client.js';
import { type Cluster, emulated, errorBody, expectAnswer, notAccepted } from '../../cluster.js';

const day = 86_400_000;
let cluster: Cluster;
beforeEach(async () => {
  cluster = await emulated({
    roles: {
      owner: { cluster: ['manage_own_api_key', 'monitor'], metadata: { a: 1 } },
      granter: { cluster: ['grant_api_key'] },
    },
    users: {
      alice: { password: 'password', roles: ['owner'], full_name: 'Alice' },
      bob: { password: 'password', roles: ['owner'] },
      gina: { password: 'password', roles: ['granter'] },
    },
  });
});
afterEach(() => cluster.close());

const alice = basic('alice', 'password');
const bob = basic('bob', 'password');

async function create(
  headers: object,
  body: object,
): Promise<{ id: string; encoded: string; expiration?: number }> {
  const response = await cluster.ask('PUT /_security/api_key', { headers: { ...headers }, body });
  expect(response.status).toBe(200);
  return response.json;
}

const idsOf = async (query: string, headers: object = cluster.admin): Promise<string[]> =>
  (await cluster.ask(`GET /_security/api_key?${query}`, { headers: { ...headers } })).json.api_keys.map(
    (key: { id: string }) => key.id,
  );
const status = async (line: string, headers: object) =>
  (await cluster.ask(line, { headers: { ...headers } })).status;
const read = async (id: string) =>
  (await cluster.ask(`GET /_security/api_key?id=${id}&with_limited_by`)).json.api_keys[0];

describe('what a key may do', () => {
  test('is what its owner may', async () => {
    const { encoded } = await create(alice, { name: 'k' });
    expect(await status('GET /_cluster/health', apiKey(encoded))).toBe(200);
    expect(await status('GET /_security/user', apiKey(encoded))).toBe(403);
  });

  test('is less with role descriptors, and never more', async () => {
    const less = await create(alice, { name: 'k', role_descriptors: { r: { cluster: [] } } });
    expect(await status('GET /_cluster/health', apiKey(less.encoded))).toBe(403);
    const more = await create(alice, { name: 'k', role_descriptors: { r: { cluster: ['all'] } } });
    expect(await status('GET /_cluster/health', apiKey(more.encoded))).toBe(200);
    expect(await status('GET /_security/user', apiKey(more.encoded))).toBe(403);
  });

  test('stays as it was when the roles of its owner change, until the owner updates it', async () => {
    const { id, encoded } = await create(alice, { name: 'k' });
    await cluster.ask('PUT /_security/role/owner', { body: { cluster: ['manage_own_api_key'] } });
    expect(await status('GET /_cluster/health', alice)).toBe(403);
    expect(await status('GET /_cluster/health', apiKey(encoded))).toBe(200);
    await cluster.ask(`PUT /_security/api_key/${id}`, { headers: alice, body: {} });
    expect(await status('GET /_cluster/health', apiKey(encoded))).toBe(403);
  });

  test('is nothing but reading itself, without any privilege', async () => {
    const { id, encoded } = await create(alice, { name: 'k', role_descriptors: { r: {} } });
    const headers = apiKey(encoded);
    expect(await idsOf(`id=${id}`, headers)).toEqual([id]);
    expect(await status(`GET /_security/api_key?id=${id}&with_limited_by=true`, headers)).toBe(403);
    expect(await status('GET /_security/api_key', headers)).toBe(403);
    expect(await status('GET /_security/_authenticate', headers)).toBe(200);
  });

  test('is to invalidate itself, with the privilege for own keys', async () => {
    const mine = await create(alice, { name: 'k' });
    const other = await create(alice, { name: 'other' });
    const headers = apiKey(mine.encoded);
    for (const body of [{ ids: [other.id] }, { owner: true }, { ids: [mine.id, other.id] }]) {
      expect((await cluster.ask('DELETE /_security/api_key', { headers, body })).status).toBe(403);
    }
    const response = await cluster.ask('DELETE /_security/api_key', { headers, body: { ids: [mine.id] } });
    expect(response.json.invalidated_api_keys).toEqual([mine.id]);
  });

  test('is to make other keys, if those have no privileges at all', async () => {
    const { encoded } = await create(alice, { name: 'k' });
    const headers = apiKey(encoded);
    for (const role_descriptors of [undefined, {}, { a: { cluster: ['monitor'] } }, { a: {}, b: {} }]) {
      const response = await cluster.ask('PUT /_security/api_key', {
        headers,
        body: { name: 'd', role_descriptors },
      });
      const reason =
        'creating derived api keys requires an explicit role descriptor that is empty (has no privileges)';
      expectAnswer(response, { status: 400, body: errorBody(400, 'illegal_argument_exception', reason) });
    }
    const derived = await create(headers, { name: 'd', role_descriptors: { none: {} } });
    expect(await read(derived.id)).toMatchObject({ username: 'alice', realm: 'default_native' });
    expect(await status('GET /_cluster/health', apiKey(derived.encoded))).toBe(403);
  });

  test('is nothing at all outside of its workflow', async () => {
    const restriction = { workflows: ['search_application_query'] };
    const { id, encoded } = await create(alice, { name: 'k', role_descriptors: { r: { restriction } } });
    for (const line of ['GET /_security/_authenticate', `GET /_security/api_key?id=${id}`]) {
      const response = await cluster.ask(line, { headers: apiKey(encoded) });
      expect(response.status).toBe(403);
      expect(response.json.error.reason).toMatch(
        new RegExp(`^action \\[.*\\] is unauthorized for API key id \\[${id}\\] of user \\[alice\\]`),
      );
      expect(response.json.error.caused_by).toEqual({
        type: 'role_restriction_exception',
        reason: 'access restricted by workflow',
      });
    }
  });

  test('a restriction is an unknown field before 8.9', async () => {
    const older = await emulated({ version: '8.8' });
    const body = { name: 'k', role_descriptors: { r: { restriction: { workflows: ['a'] } } } };
    const response = await older.ask('PUT /_security/api_key', { body });
    expect(response.json.error.root_cause[0].reason).toBe(
      'failed to parse role [r]. unexpected field [restriction]',
    );
    await older.close();
  });
});

describe('a list of keys', () => {
  test('can be narrowed in every way', async () => {
    const one = (await create(alice, { name: 'app-one' })).id;
    const two = (await create(alice, { name: 'app-two', expiration: '1h' })).id;
    const three = (await create(bob, { name: 'tool' })).id;
    const mine = (await create(cluster.admin, { name: 'tool' })).id;
    expect(await idsOf('')).toEqual([one, two, three, mine]);
    expect(await idsOf(`id=${two}`)).toEqual([two]);
    expect(await idsOf('name=tool')).toEqual([three, mine]);
    expect(await idsOf('name=app-*')).toEqual([one, two]);
    expect(await idsOf('name=*')).toEqual([one, two, three, mine]);
    expect(await idsOf('username=alice')).toEqual([one, two]);
    expect(await idsOf('realm_name=reserved')).toEqual([mine]);
    expect(await idsOf('realm_name=default_native&username=bob')).toEqual([three]);
    expect(await idsOf('realm_name=reserved&username=bob')).toEqual([]);
    expect(await idsOf('owner=true')).toEqual([mine]);
    expect(await idsOf('owner', alice)).toEqual([one, two]);
    await cluster.advance(3_600_000);
    expect(await idsOf('active_only=true')).toEqual([one, three, mine]);
    await cluster.ask('DELETE /_security/api_key', { body: { ids: [one] } });
    expect(await idsOf('active_only')).toEqual([three, mine]);
    expect(await idsOf('active_only=false')).toEqual([one, two, three, mine]);
  });

  test('is 404 if an id was wanted that is not there, and 200 otherwise', async () => {
    expectAnswer(await cluster.ask('GET /_security/api_key?id=nothing'), {
      status: 404,
      body: { api_keys: [] },
    });
    expectAnswer(await cluster.ask('GET /_security/api_key?name=nothing'), {
      status: 200,
      body: { api_keys: [] },
    });
  });

  test('shows to those who may only see their own keys only those', async () => {
    await create(bob, { name: 'k' });
    const { id } = await create(alice, { name: 'k' });
    expect(await idsOf('username=alice&realm_name=default_native', alice)).toEqual([id]);
    for (const query of ['', `id=${id}`, 'username=alice', 'username=bob&realm_name=default_native']) {
      expect(await status(`GET /_security/api_key?${query}`, alice)).toBe(403);
    }
  });

  test('shows role descriptors in full, whatever was left out', async () => {
    const role_descriptors = {
      r: {
        cluster: ['monitor'],
        index: [
          { names: 'logs', privileges: ['read'], query: { match_all: {} }, field_security: { grant: ['a'] } },
        ],
        applications: [{ application: 'app', privileges: ['read'], resources: ['*'] }],
        run_as: ['x'],
      },
    };
    const { id } = await create(alice, { name: 'k', role_descriptors });
    expect(await read(id)).toMatchObject({
      role_descriptors: {
        r: {
          cluster: ['monitor'],
          indices: [
            {
              names: ['logs'],
              privileges: ['read'],
              field_security: { grant: ['a'] },
              query: '{"match_all":{}}',
              allow_restricted_indices: false,
            },
          ],
          applications: [{ application: 'app', privileges: ['read'], resources: ['*'] }],
          run_as: ['x'],
          metadata: {},
          transient_metadata: { enabled: true },
        },
      },
      limited_by: [
        {
          owner: {
            cluster: ['manage_own_api_key', 'monitor'],
            indices: [],
            applications: [],
            run_as: [],
            metadata: { a: 1 },
            transient_metadata: { enabled: true },
          },
        },
      ],
    });
  });

  test('forgets a key seven days after its end', async () => {
    const expired = await create(alice, { name: 'k', expiration: '1d' });
    const revoked = await create(alice, { name: 'k' });
    await cluster.ask('DELETE /_security/api_key', { body: { ids: [revoked.id] } });
    await cluster.advance(7 * day - 60_000);
    expect(await idsOf('')).toEqual([expired.id, revoked.id]);
    await cluster.advance(60_001);
    expect(await idsOf('')).toEqual([expired.id]);
    await cluster.advance(day);
    expect(await idsOf('')).toEqual([]);
    expectAnswer(
      await cluster.ask('GET /', { headers: apiKey(revoked.encoded) }),
      notAccepted(cluster.version, `API key: unable to find apikey with id ${revoked.id}`),
    );
  });
});

describe('an invalidation', () => {
  test('of unknown keys, or of keys that are invalidated, finds nothing and says so with 200', async () => {
    const { id } = await create(alice, { name: 'k' });
    const invalidate = (ids: string[]) => cluster.ask('DELETE /_security/api_key', { body: { ids } });
    await invalidate([id]);
    for (const ids of [[id], ['unknown']]) {
      expectAnswer(await invalidate(ids), {
        status: 200,
        body: { invalidated_api_keys: [], previously_invalidated_api_keys: [], error_count: 0 },
      });
    }
  });

  test('can be by name, user and realm', async () => {
    const one = (await create(alice, { name: 'one' })).id;
    const two = (await create(alice, { name: 'two' })).id;
    const three = (await create(bob, { name: 'three' })).id;
    const invalidated = async (body: object, headers: object = cluster.admin) =>
      (await cluster.ask('DELETE /_security/api_key', { headers: { ...headers }, body })).json
        .invalidated_api_keys;
    expect(await invalidated({ name: 'one' })).toEqual([one]);
    expect(await invalidated({ username: 'alice', realm_name: 'default_native' }, alice)).toEqual([two]);
    expect(await invalidated({ realm_name: 'default_native' })).toEqual([three]);
  });

  test('can be by the single id of old in 7.17', async () => {
    const older = await emulated({ version: '7.17' });
    const { id } = (await older.ask('PUT /_security/api_key', { body: { name: 'k' } })).json;
    const response = await older.ask('DELETE /_security/api_key', { body: { id } });
    expect(response.json.invalidated_api_keys).toEqual([id]);
    await older.close();
  });
});

describe('an update', () => {
  const update = (id: string, body?: object, headers: object = alice) =>
    cluster.ask(`PUT /_security/api_key/${id}`, { headers: { ...headers }, ...(body && { body }) });

  test('changes what is in the body, leaves the rest, and says if nothing is different', async () => {
    const { id } = await create(alice, {
      name: 'k',
      metadata: { a: 1 },
      role_descriptors: { r: { cluster: ['monitor'] } },
    });
    expect((await update(id, { metadata: { b: 2 } })).json).toEqual({ updated: true });
    expect(await read(id)).toMatchObject({
      metadata: { b: 2 },
      role_descriptors: { r: { cluster: ['monitor'] } },
    });
    expect((await update(id, { metadata: { b: 2 } })).json).toEqual({ updated: false });
    expect((await update(id)).json).toEqual({ updated: false });
    expect((await update(id, { metadata: {}, role_descriptors: {} })).json).toEqual({ updated: true });
    expect(await read(id)).toMatchObject({ metadata: {}, role_descriptors: {} });
  });

  test('takes a new picture of the owner', async () => {
    const { id, encoded } = await create(alice, { name: 'k' });
    await cluster.ask('PUT /_security/user/alice', { body: { roles: ['owner'], full_name: 'Alice B.' } });
    expect((await update(id)).json).toEqual({ updated: true });
    const me = await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) });
    expect(me.json.full_name).toBe('Alice B.');
  });

  test('counts the new expiration from now, in whole seconds', async () => {
    const { id } = await create(alice, { name: 'k', expiration: '1h' });
    const before = (await read(id)).expiration;
    await cluster.advance(60_000);
    await update(id, { expiration: '3600999ms' });
    expect((await read(id)).expiration - before).toBeGreaterThanOrEqual(60_000);
    expect((await read(id)).expiration - before).toBeLessThan(61_000);
  });

  test('is for the owner alone, and not with a key', async () => {
    const { id, encoded } = await create(alice, { name: 'k' });
    for (const headers of [bob, cluster.admin]) {
      expectAnswer(await update(id, {}, headers), {
        status: 404,
        body: errorBody(
          404,
          'resource_not_found_exception',
          `no API key owned by requesting user found for ID [${id}]`,
        ),
      });
    }
    const reason = 'authentication via API key not supported: only the owner user can update an API key';
    expectAnswer(await update(id, {}, apiKey(encoded)), {
      status: 400,
      body: errorBody(400, 'illegal_argument_exception', reason),
    });
  });

  test('of an invalidated key, or of one of the other type, is refused', async () => {
    const { id } = await create(alice, { name: 'k' });
    await cluster.ask('DELETE /_security/api_key', { body: { ids: [id] } });
    expect((await update(id, {})).json.error.reason).toBe(`cannot update invalidated API key [${id}]`);
    const access = { search: [{ names: ['a'] }] };
    const other = await cluster.ask('POST /_security/cross_cluster/api_key', { body: { name: 'k', access } });
    expect((await update(other.json.id, {}, cluster.admin)).json.error.reason).toBe(
      `cannot update API key of type [cross_cluster] while expected type is [rest]`,
    );
    const rest = await create(cluster.admin, { name: 'k' });
    const wrong = await cluster.ask(`PUT /_security/cross_cluster/api_key/${rest.id}`, { body: { access } });
    expect(wrong.json.error.reason).toBe(
      'cannot update API key of type [rest] while expected type is [cross_cluster]',
    );
  });

  test('of many says for each what became of it', async () => {
    const one = (await create(alice, { name: 'one' })).id;
    const two = (await create(alice, { name: 'two', metadata: { a: 1 } })).id;
    const three = (await create(bob, { name: 'three' })).id;
    const body = { ids: [one, two, three, one], metadata: { a: 1 } };
    expectAnswer(await cluster.ask('POST /_security/api_key/_bulk_update', { headers: alice, body }), {
      status: 200,
      body: {
        updated: [one],
        noops: [two],
        errors: {
          count: 1,
          details: {
            [three]: {
              type: 'resource_not_found_exception',
              reason: `no API key owned by requesting user found for ID [${three}]`,
            },
          },
        },
      },
    });
    const again = await cluster.ask('POST /_security/api_key/_bulk_update', {
      headers: alice,
      body: { ids: [one] },
    });
    expect(again.json).toEqual({ updated: [], noops: [one] });
  });
});

describe('a grant', () => {
  const gina = basic('gina', 'password');
  const grant = (body: object) => cluster.ask('POST /_security/api_key/grant', { headers: gina, body });

  test('with a wrong credential of the end user is 403, with the 401 as its cause', async () => {
    const response = await grant({
      grant_type: 'password',
      username: 'alice',
      password: 'wrong!',
      api_key: { name: 'k' },
    });
    expect(response.status).toBe(403);
    expect(response.header('www-authenticate')).toEqual([]);
    expect(response.json.error).toMatchObject({
      type: 'security_exception',
      reason: 'Failed to authenticate api key grant',
      caused_by: {
        type: 'security_exception',
        reason: 'unable to authenticate user [alice] for action [cluster:admin/xpack/security/api_key/grant]',
      },
    });
  });

  test('can be for the owner of a token', async () => {
    const body = { grant_type: 'password', username: 'alice', password: 'password' };
    const { access_token } = (await cluster.ask('POST /_security/oauth2/token', { body })).json;
    const key = (await grant({ grant_type: 'access_token', access_token, api_key: { name: 'k' } })).json;
    expect(await read(key.id)).toMatchObject({ username: 'alice', realm: 'default_native' });
    const refused = await grant({ grant_type: 'access_token', access_token: 'x', api_key: { name: 'k' } });
    expect([refused.status, refused.json.error.reason]).toEqual([
      403,
      'Failed to authenticate api key grant',
    ]);
  });

  test('with what belongs to JSON web tokens is refused', async () => {
    const body = { grant_type: 'password', username: 'alice', password: 'password' };
    const { access_token } = (await cluster.ask('POST /_security/oauth2/token', { body })).json;
    const client_authentication = { scheme: 'SharedSecret', value: 's' };
    const response = await grant({
      grant_type: 'access_token',
      access_token,
      client_authentication,
      api_key: { name: 'k' },
    });
    const reason = '[client_authentication] not supported with the supplied access_token type';
    expectAnswer(response, { status: 400, body: errorBody(400, 'security_exception', reason) });
    const empty = await grant({ client_authentication: {}, api_key: { name: 'k' } });
    expect(empty.json.error.caused_by.reason).toBe('Required [scheme, value]');
  });

  test('complains about the key inside of it by its place', async () => {
    const response = await grant({ grant_type: 'password', username: 'u', password: 'p', api_key: {} });
    expect(response.json.error).toMatchObject({
      type: 'x_content_parse_exception',
      reason: '[1:67] [grant_api_key_request] failed to parse field [api_key]',
      caused_by: { reason: 'Required [name]' },
    });
  });
});

describe('a clone', () => {
  const clone = (body: object) => cluster.ask('POST /_security/api_key/clone', { body });

  test('has another secret, and else what its source has', async () => {
    const source = await create(alice, {
      name: 'source',
      expiration: '1h',
      metadata: { a: 1 },
      role_descriptors: { r: {} },
    });
    const response = await clone({ api_key: source.encoded, name: 'clone' });
    expect(response.json).toMatchObject({ name: 'clone', expiration: source.expiration });
    const shown = await read(response.json.id);
    expect({ ...(await read(source.id)), id: shown.id, name: 'clone', creation: shown.creation }).toEqual(
      shown,
    );
    expect(await status('GET /_security/_authenticate', apiKey(response.json.encoded))).toBe(200);
  });

  test('may have another end and other metadata', async () => {
    const source = await create(alice, { name: 'source', expiration: '1h', metadata: { a: 1 } });
    const forEver = (await clone({ api_key: source.encoded, name: 'c', expiration: null, metadata: {} }))
      .json;
    expect(forEver).not.toHaveProperty('expiration');
    expect((await read(forEver.id)).metadata).toEqual({});
    const longer = (await clone({ api_key: source.encoded, name: 'c', expiration: '2h' })).json;
    expect(longer.expiration).toBeGreaterThan(source.expiration ?? 0);
  });

  test('of a key that is not accepted is 403, with the 401 as its cause', async () => {
    const source = await create(alice, { name: 'source' });
    const wrong = Buffer.from(`${source.id}:wrong`).toString('base64');
    const response = await clone({ api_key: wrong, name: 'c' });
    expect([response.status, response.json.error.reason]).toEqual([403, 'Failed to clone API key']);
    expect(response.json.error.caused_by.additional_unsuccessful_credentials).toBe(
      `API key: invalid credentials for API key [${source.id}]`,
    );
  });
});

describe('a cross-cluster key', () => {
  const access = { search: [{ names: ['a'] }] };
  const make = (headers: object = cluster.admin) =>
    cluster.ask('POST /_security/cross_cluster/api_key', {
      headers: { ...headers },
      body: { name: 'k', access },
    });

  test('is not made with a key', async () => {
    const { encoded } = await create(cluster.admin, { name: 'k' });
    const reason =
      'authentication via API key not supported: An API key cannot be used to create a cross-cluster API key';
    expectAnswer(await make(apiKey(encoded)), {
      status: 400,
      body: errorBody(400, 'illegal_argument_exception', reason),
    });
  });

  test('needs the privilege for all of security, and a licence', async () => {
    expect((await make(alice)).json.error.reason).toBe(
      'action [cluster:admin/xpack/security/cross_cluster/api_key/create] is unauthorized for user [alice] with effective roles [owner], this action is granted by the cluster privileges [manage_security,all]',
    );
    const basicLicense = await emulated({ license: 'basic' });
    const body = { name: 'k', access };
    const response = await basicLicense.ask('POST /_security/cross_cluster/api_key', { body });
    expect([response.status, response.json.error.reason]).toEqual([
      403,
      'current license is non-compliant for [advanced-remote-cluster-security]',
    ]);
    await basicLicense.close();
  });

  test('may name the certificate of its user from 9.3 on', async () => {
    const body = { name: 'k', access, certificate_identity: 'CN=other' };
    const { id } = (await cluster.ask('POST /_security/cross_cluster/api_key', { body })).json;
    expect((await read(id)).certificate_identity).toBe('CN=other');
    const older = await emulated({ version: '9.2' });
    const response = await older.ask('POST /_security/cross_cluster/api_key', { body });
    expect(response.json.error.reason).toMatch(/unknown field \[certificate_identity\]$/);
    await older.close();
  });
});
