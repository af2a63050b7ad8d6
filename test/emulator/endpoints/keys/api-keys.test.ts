/** API keys: what limits them, how they are listed, and how they end. */

import { describe, expect, test } from 'vitest';
import { apiKey } from '../../../support/http-client.js';
import { emulated, errorBody, expectAnswer, notAccepted } from '../../cluster.js';
import { alice, bob, cluster, create, idsOf, read, startCluster, status } from './owners.js';

const day = 86_400_000;

startCluster();

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
    // Recorded: it belongs to the realm of keys, so that it is none of those that alice owns.
    expect(await read(derived.id)).toMatchObject({ username: 'alice', realm: '_es_api_key' });
    expect(await idsOf('owner=true', alice)).not.toContain(derived.id);
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

  test('is everything with a restriction that names no workflow', async () => {
    const body = { name: 'k', role_descriptors: { r: { cluster: ['monitor'], restriction: {} } } };
    const { id, encoded } = await create(alice, body);
    expect(await status('GET /_cluster/health', apiKey(encoded))).toBe(200);
    expect((await read(id)).role_descriptors.r).not.toHaveProperty('restriction');
  });

  test('is over at once if it ends now or before', async () => {
    for (const expiration of ['0', '0s', '-1', '-1d']) {
      const { encoded } = await create(alice, { name: 'k', expiration });
      const response = await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) });
      expectAnswer(response, notAccepted(cluster.version, 'API key: api key is expired'));
    }
  });

  test('is shown without what is said about the roles of its owner', async () => {
    const description = 'Those who own keys.';
    const role = { cluster: ['monitor', 'manage_own_api_key'], description };
    await cluster.ask('PUT /_security/role/owner', { body: role });
    const { id } = await create(alice, { name: 'k' });
    const { json } = await cluster.ask(`GET /_security/api_key?id=${id}&with_limited_by=true`);
    expect(Object.keys(json.api_keys[0].limited_by[0].owner)).not.toContain('description');
    expect((await cluster.ask('GET /_security/role/owner')).json.owner.description).toBe(description);
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
