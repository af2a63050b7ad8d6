/** Golden exchanges about API keys. */

import { expect } from 'vitest';
import { apiKey, basic } from '../../support/http-client.js';
import { type Cluster, errorBody, expectAnswer, isSince } from '../cluster.js';
import {
  createApiKey,
  createCrossClusterKey,
  type Golden,
  healthy,
  hiddenFromCrossClusterKey,
  number,
  putUser,
  text,
} from './golden.js';

/** The three users of the exchanges about granting. */
async function putGrantUsers(cluster: Cluster): Promise<void> {
  await cluster.ask('PUT /_security/role/api_key_grant_role', { body: { cluster: ['grant_api_key'] } });
  await cluster.ask('PUT /_security/role/api_key_grant_target_role', { body: { cluster: ['monitor'] } });
  const runAs = { cluster: ['monitor'], run_as: ['api_key_grant_target_user'] };
  await cluster.ask('PUT /_security/role/api_key_grant_run_as_role', { body: runAs });
  await putUser(cluster, 'api_key_granter', {
    password: 'x-pack-test-password',
    roles: ['api_key_grant_role'],
  });
  await putUser(cluster, 'api_key_grant_target_user', {
    password: 'x-pack-test-password-2',
    roles: ['api_key_grant_target_role'],
  });
  await putUser(cluster, 'api_key_grant_runas_user', {
    password: 'x-pack-test-password-3',
    roles: ['api_key_grant_run_as_role'],
  });
}

/** The exchanges of this chapter. */
export const apiKeyGoldens: readonly Golden[] = [
  {
    id: 'G15',
    about: 'an API key with an expiration',
    async play(cluster) {
      const before = Date.now();
      const response = await cluster.ask('PUT /_security/api_key', {
        body: {
          name: 'china-docs',
          expiration: '1h',
          role_descriptors: {
            china: {
              indices: [
                {
                  names: ['documents'],
                  privileges: ['read'],
                  query: '{"match":{"country": {"query": "China"}}}',
                },
              ],
            },
          },
          metadata: { intention: 'Only to view China docs' },
        },
      });
      expectAnswer(response, {
        status: 200,
        body: {
          id: expect.stringMatching(/^[\w-]{20}$/),
          name: 'china-docs',
          expiration: number,
          api_key: expect.stringMatching(/^[\w-]{22}$/),
          encoded: expect.stringMatching(/^[A-Za-z0-9+/]{58}==$/),
        },
      });
      const { id, api_key: secret, encoded, expiration } = response.json;
      expect(Buffer.from(encoded, 'base64').toString()).toBe(`${id}:${secret}`);
      expect(expiration).toBeGreaterThanOrEqual(before + 3_600_000 - 60_000);
    },
  },
  {
    id: 'G16',
    about: 'an API key without an expiration shows none',
    async play(cluster) {
      const body = {
        name: 'healthcheck',
        role_descriptors: { 'for-monitoring': { cluster: ['monitor'] } },
        metadata: { intention: 'Only to view cluster health' },
      };
      const response = await cluster.ask('PUT /_security/api_key', { body });
      expectAnswer(response, {
        status: 200,
        body: { id: text, name: 'healthcheck', api_key: text, encoded: text },
      });
      const headers = apiKey(response.json.encoded);
      expectAnswer(await cluster.ask('GET /_cluster/health', { headers }), {
        status: 200,
        body: healthy(cluster),
      });
    },
  },
  {
    id: 'G17',
    about: 'an API key is its owner without roles',
    async play(cluster) {
      await putUser(cluster, 'my-username', { password: 'x-pack-test-password', roles: ['superuser'] });
      const created = await cluster.ask('PUT /_security/api_key', {
        headers: basic('my-username', 'x-pack-test-password'),
        body: { name: 'my-api-key' },
      });
      const { id, encoded } = created.json;
      const realm = { name: '_es_api_key', type: '_es_api_key' };
      const managed = isSince(cluster.version, [9, 1]) ? { managed_by: 'elasticsearch' } : {};
      expectAnswer(await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) }), {
        status: 200,
        body: {
          username: 'my-username',
          roles: [],
          full_name: null,
          email: null,
          metadata: {},
          enabled: true,
          authentication_realm: realm,
          lookup_realm: realm,
          authentication_type: 'api_key',
          api_key: { id, name: 'my-api-key', ...managed },
        },
      });
    },
  },
  {
    id: 'G18',
    about: 'an expired API key is still listed',
    since: [8, 10],
    emulator: {},
    async play(cluster) {
      const { id, expiration } = await createApiKey(cluster, {
        name: 'short',
        expiration: '20s',
        metadata: { by: 'me' },
      });
      await cluster.advance(20_000);
      expectAnswer(await cluster.ask(`GET /_security/api_key?id=${id}`), {
        status: 200,
        body: {
          api_keys: [
            {
              id,
              name: 'short',
              type: 'rest',
              creation: expiration - 20_000,
              expiration,
              invalidated: false,
              username: 'elastic',
              realm: 'reserved',
              ...(isSince(cluster.version, [8, 14]) && { realm_type: 'reserved' }),
              metadata: { by: 'me' },
              role_descriptors: {},
            },
          ],
        },
      });
    },
  },
  {
    id: 'G21',
    about: 'a boolean may be a string, and invalidates all own keys',
    emulator: {},
    async play(cluster) {
      const keys = [
        await createApiKey(cluster, { name: 'one' }),
        await createApiKey(cluster, { name: 'two' }),
      ];
      expectAnswer(await cluster.ask('DELETE /_security/api_key', { body: { owner: 'true' } }), {
        status: 200,
        body: {
          invalidated_api_keys: keys.map((key) => key.id),
          previously_invalidated_api_keys: [],
          error_count: 0,
        },
      });
    },
  },
  {
    id: 'G22',
    about: 'no active key is left after that',
    since: [8, 10],
    emulator: {},
    async play(cluster) {
      await createApiKey(cluster, { name: 'one' });
      await cluster.ask('DELETE /_security/api_key', { body: { owner: 'true' } });
      const response = await cluster.ask('GET /_security/api_key?active_only=true');
      expectAnswer(response, { status: 200, body: { api_keys: [] } });
    },
  },
  {
    id: 'G23',
    about: 'an invalidated key is still listed',
    since: [8, 10],
    async play(cluster) {
      const { id } = await createApiKey(cluster, { name: 'short' });
      const response = await cluster.ask('DELETE /_security/api_key', { body: { ids: [id] } });
      expectAnswer(response, {
        status: 200,
        body: { invalidated_api_keys: [id], previously_invalidated_api_keys: [], error_count: 0 },
      });
      expectAnswer(await cluster.ask(`GET /_security/api_key?id=${id}`), {
        status: 200,
        body: {
          api_keys: [
            {
              id,
              name: 'short',
              type: 'rest',
              creation: number,
              invalidated: true,
              ...(isSince(cluster.version, [8, 12]) && { invalidation: number }),
              username: 'elastic',
              realm: 'reserved',
              ...(isSince(cluster.version, [8, 14]) && { realm_type: 'reserved' }),
              metadata: {},
              role_descriptors: {},
            },
          ],
        },
      });
    },
  },
  {
    id: 'G34',
    about: 'who may manage only his own keys may not invalidate those of others',
    since: [8, 3],
    async play(cluster) {
      await cluster.ask('PUT /_security/role/user_role', { body: { cluster: ['manage_own_api_key'] } });
      await putUser(cluster, 'api_key_user_1', { password: 'x-pack-test-password', roles: ['user_role'] });
      const headers = basic('api_key_user_1', 'x-pack-test-password');
      for (const body of [{ username: 'api_key_manager' }, { realm_name: 'default_native' }]) {
        expectAnswer(await cluster.ask('DELETE /_security/api_key', { headers, body }), {
          status: 403,
          body: errorBody(
            403,
            'security_exception',
            'action [cluster:admin/xpack/security/api_key/invalidate] is unauthorized for user [api_key_user_1] with effective roles [user_role], this action is granted by the cluster privileges [manage_api_key,manage_security,all]',
          ),
        });
      }
    },
  },
  {
    id: 'G59',
    about: 'an API key outlives its owner',
    async play(cluster) {
      const user = { password: 'x-pack-test-password', roles: ['superuser'] };
      await putUser(cluster, 'owner', user);
      const headers = basic('owner', 'x-pack-test-password');
      const created = await cluster.ask('PUT /_security/api_key', { headers, body: { name: 'k' } });
      await putUser(cluster, 'owner', { roles: ['superuser'], enabled: false });
      expect((await cluster.ask('GET /_security/_authenticate', { headers })).status).toBe(401);
      const response = await cluster.ask('GET /_security/_authenticate', {
        headers: apiKey(created.json.encoded),
      });
      expect(response.status).toBe(200);
      expect(response.json).toMatchObject({ username: 'owner', enabled: true });
    },
  },
  {
    id: 'G19',
    about: 'an update of the metadata',
    since: [8, 4],
    async play(cluster) {
      const { id } = await createApiKey(cluster, { name: 'short' });
      const body = { metadata: { toughcoding: { presenter: 'tomd' } } };
      expectAnswer(await cluster.ask(`PUT /_security/api_key/${id}`, { body }), {
        status: 200,
        body: { updated: true },
      });
      const listed = await cluster.ask(`GET /_security/api_key?id=${id}`);
      expect(listed.json.api_keys[0].metadata).toEqual(body.metadata);
    },
  },
  {
    id: 'G20',
    about: 'an expired key can not be updated',
    since: [8, 4],
    emulator: {},
    async play(cluster) {
      const { id } = await createApiKey(cluster, { name: 'short', expiration: '20s' });
      await cluster.advance(20_000);
      const body = { metadata: { toughcoding: { presenter: 'tomd' } } };
      expectAnswer(await cluster.ask(`PUT /_security/api_key/${id}`, { body }), {
        status: 400,
        body: errorBody(400, 'illegal_argument_exception', `cannot update expired API key [${id}]`),
      });
    },
  },
  {
    id: 'G24',
    about: 'an invalidation of which a part fails says which',
    since: [8, 10],
    async play(cluster) {
      const { id } = await createCrossClusterKey(cluster);
      const rest = await createApiKey(cluster, { name: 'rest' });
      await cluster.ask('PUT /_security/role/key_manager', { body: { cluster: ['manage_api_key'] } });
      await putUser(cluster, 'key_manager', { password: 'x-pack-test-password', roles: ['key_manager'] });
      const headers = basic('key_manager', 'x-pack-test-password');
      const body = { ids: [rest.id, id] };
      expectAnswer(await cluster.ask('DELETE /_security/api_key', { headers, body }), {
        status: 200,
        body: {
          invalidated_api_keys: [rest.id],
          previously_invalidated_api_keys: [],
          error_count: 1,
          error_details: [
            {
              type: text,
              reason: `Cannot invalidate cross-cluster API key [${id}]. This requires [manage_security] cluster privilege or higher`,
            },
          ],
        },
      });
    },
  },
  {
    id: 'G31',
    about: 'a cross-cluster key shows its access and what it amounts to',
    since: [8, 10],
    async play(cluster) {
      const { id } = await createCrossClusterKey(cluster);
      const response = await cluster.ask(`GET /_security/api_key?id=${id}&with_limited_by=true`);
      const search = {
        names: ['logs*'],
        ...hiddenFromCrossClusterKey(cluster),
        allow_restricted_indices: false,
      };
      const replication = { names: ['archive'], allow_restricted_indices: false };
      expectAnswer(response, {
        status: 200,
        body: {
          api_keys: [
            {
              id,
              name: 'my-cc-api-key',
              type: 'cross_cluster',
              creation: number,
              invalidated: false,
              username: 'elastic',
              realm: 'reserved',
              ...(isSince(cluster.version, [8, 14]) && { realm_type: 'reserved' }),
              metadata: {},
              role_descriptors: {
                cross_cluster: {
                  // Recorded for 9.5; since 8.15 according to the source.
                  cluster: isSince(cluster.version, [8, 15])
                    ? ['cross_cluster_search', 'monitor_enrich', 'cross_cluster_replication']
                    : ['cross_cluster_search', 'cross_cluster_replication'],
                  indices: [
                    { ...search, privileges: ['read', 'read_cross_cluster', 'view_index_metadata'] },
                    {
                      ...replication,
                      privileges: ['cross_cluster_replication', 'cross_cluster_replication_internal'],
                    },
                  ],
                  applications: [],
                  run_as: [],
                  metadata: {},
                  transient_metadata: { enabled: true },
                },
              },
              access: { search: [search], replication: [replication] },
            },
          ],
        },
      });
    },
  },
  {
    id: 'G32',
    about: 'the same update once more changes nothing',
    since: [8, 10],
    async play(cluster) {
      const { id } = await createCrossClusterKey(cluster);
      const body = { access: { search: [{ names: ['other*'] }] }, metadata: { a: 1 } };
      for (const updated of [true, false]) {
        const response = await cluster.ask(`PUT /_security/cross_cluster/api_key/${id}`, { body });
        expectAnswer(response, { status: 200, body: { updated } });
      }
    },
  },
  {
    id: 'G33',
    about: 'a key that may not clone',
    since: [9, 4],
    async play(cluster) {
      await cluster.ask('PUT /_security/role/mon', { body: { cluster: ['monitor', 'manage_own_api_key'] } });
      await putUser(cluster, 'user_mon', { password: 'x-pack-test-password', roles: ['mon'] });
      const owner = basic('user_mon', 'x-pack-test-password');
      const { id, encoded } = (
        await cluster.ask('PUT /_security/api_key', { headers: owner, body: { name: 'k' } })
      ).json;
      const response = await cluster.ask('POST /_security/api_key/clone', {
        headers: apiKey(encoded),
        body: { api_key: encoded, name: 'clone' },
      });
      const reason = `action [cluster:admin/xpack/security/api_key/clone] is unauthorized for API key id [${id}] of user [user_mon], this action is granted by the cluster privileges [clone_api_key,manage_api_key,manage_security,all]`;
      expectAnswer(response, { status: 403, body: errorBody(403, 'security_exception', reason) });
    },
  },
  {
    id: 'G35',
    about: 'a key that is granted belongs to the end user',
    async play(cluster) {
      await putGrantUsers(cluster);
      const response = await cluster.ask('POST /_security/api_key/grant', {
        headers: basic('api_key_granter', 'x-pack-test-password'),
        body: {
          grant_type: 'password',
          username: 'api_key_grant_target_user',
          password: 'x-pack-test-password-2',
          api_key: {
            name: 'my-api-key',
            expiration: '1d',
            role_descriptors: { role: { index: [{ names: ['index'], privileges: ['read'] }] } },
          },
        },
      });
      expectAnswer(response, {
        status: 200,
        body: { id: text, name: 'my-api-key', expiration: number, api_key: text, encoded: text },
      });
      const { id, api_key: secret, encoded } = response.json;
      expect(Buffer.from(encoded, 'base64').toString()).toBe(`${id}:${secret}`);
      const me = await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) });
      expect(me.json).toMatchObject({
        username: 'api_key_grant_target_user',
        roles: [],
        authentication_realm: { name: '_es_api_key', type: '_es_api_key' },
        api_key: { id, name: 'my-api-key' },
      });
    },
  },
  {
    id: 'G36',
    about: 'who may not grant',
    since: [8, 3],
    async play(cluster) {
      await putGrantUsers(cluster);
      const response = await cluster.ask('POST /_security/api_key/grant', {
        headers: basic('api_key_grant_target_user', 'x-pack-test-password-2'),
        body: {
          grant_type: 'password',
          username: 'api_key_grant_target_user',
          password: 'x-pack-test-password-2',
          api_key: { name: 'my-api-key' },
        },
      });
      const reason =
        'action [cluster:admin/xpack/security/api_key/grant] is unauthorized for user [api_key_grant_target_user] with effective roles [api_key_grant_target_role], this action is granted by the cluster privileges [grant_api_key,manage_api_key,manage_security,all]';
      expectAnswer(response, { status: 403, body: errorBody(403, 'security_exception', reason) });
    },
  },
  {
    id: 'G37',
    about: 'a key that is granted to somebody who runs as somebody else',
    since: [8, 4],
    async play(cluster) {
      await putGrantUsers(cluster);
      const response = await cluster.ask('POST /_security/api_key/grant', {
        headers: basic('api_key_granter', 'x-pack-test-password'),
        body: {
          grant_type: 'password',
          username: 'api_key_grant_runas_user',
          password: 'x-pack-test-password-3',
          run_as: 'api_key_grant_target_user',
          api_key: { name: 'my-api-key' },
        },
      });
      expect(response.status).toBe(200);
      const me = await cluster.ask('GET /_security/_authenticate', {
        headers: apiKey(response.json.encoded),
      });
      expect(me.json.username).toBe('api_key_grant_target_user');
    },
  },
];
