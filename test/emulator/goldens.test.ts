/**
 * The golden exchanges: recorded, documented or derived answers of the real server, by their numbers in the
 * reference. Each says for which releases it holds and what it needs, and is tried at every target that
 * qualifies.
 */

import type { EmulatorOptions } from '@esauth/emulator';
import { describe, expect, test } from 'vitest';
import { apiKey, basic, bearer, type Incoming } from '../support/http-client.js';
import {
  type Cluster,
  challengesOf,
  errorBody,
  expectAnswer,
  isSince,
  notAccepted,
  type Target,
  targets,
  unauthorized,
} from './cluster.js';

interface Golden {
  readonly id: string;
  readonly about: string;
  /** The first release for which it holds. Default: the oldest there is. */
  readonly since?: readonly [number, number];
  /** The first release for which it no longer holds. */
  readonly until?: readonly [number, number];
  /** It needs what only an emulator has: a clock that moves, other settings, a cluster without any token. */
  readonly emulator?: EmulatorOptions;
  play(cluster: Cluster): Promise<void>;
}

const text: string = expect.any(String);
const number: number = expect.any(Number);

function applies({ since, until, emulator }: Golden, target: Target): boolean {
  if (target.real && emulator !== undefined) return false;
  return (
    (since === undefined || isSince(target.version, since)) && !(until && isSince(target.version, until))
  );
}

/** A user whose only purpose is one exchange. */
async function putUser(cluster: Cluster, username: string, body: object): Promise<void> {
  const response = await cluster.ask(`PUT /_security/user/${username}`, { body });
  expect(response.status).toBe(200);
}

async function passwordGrant(
  cluster: Cluster,
  username: string,
  password: string,
): Promise<Incoming['json']> {
  const body = { grant_type: 'password', username, password };
  const response = await cluster.ask('POST /_security/oauth2/token', { body });
  expect(response.status).toBe(200);
  return response.json;
}

async function createApiKey(cluster: Cluster, body: object): Promise<Incoming['json']> {
  const response = await cluster.ask('PUT /_security/api_key', { body });
  expect(response.status).toBe(200);
  return response.json;
}

/** `_authenticate` of the superuser, by the way it was authenticated. */
function superuser(cluster: Cluster, type: string): object {
  const realm = { name: 'reserved', type: 'reserved' };
  const token =
    type === 'token' && isSince(cluster.version, [9, 4]) ? { token: { managed_by: 'elasticsearch' } } : {};
  return {
    username: 'elastic',
    roles: ['superuser'],
    full_name: null,
    email: null,
    ...token,
    metadata: { _reserved: true },
    enabled: true,
    authentication_realm: realm,
    lookup_realm: realm,
    authentication_type: type,
  };
}

const expired =
  'Bearer realm="security", error="invalid_token", error_description="The access token expired"';
const expiredAnswer = {
  status: 401,
  challenges: [expired],
  body: errorBody(401, 'security_exception', 'token expired', { header: { 'WWW-Authenticate': expired } }),
};
const nothingInvalidated = { invalidated_tokens: 0, previously_invalidated_tokens: 0, error_count: 0 };
const healthy = {
  cluster_name: text,
  status: text,
  timed_out: false,
  number_of_nodes: number,
  number_of_data_nodes: number,
  active_primary_shards: number,
  active_shards: number,
  relocating_shards: number,
  initializing_shards: number,
  unassigned_shards: number,
  delayed_unassigned_shards: number,
  number_of_pending_tasks: number,
  number_of_in_flight_fetch: number,
  task_max_waiting_in_queue_millis: number,
  active_shards_percent_as_number: number,
};

const goldens: readonly Golden[] = [
  {
    id: 'G02',
    about: 'a native user asks who it is',
    async play(cluster) {
      const body = { password: 'x-pack-test-password', roles: ['superuser'], full_name: 'Authenticate User' };
      await putUser(cluster, 'authenticate_user', body);
      const headers = { authorization: 'Basic YXV0aGVudGljYXRlX3VzZXI6eC1wYWNrLXRlc3QtcGFzc3dvcmQ=' };
      const realm = { name: 'default_native', type: 'native' };
      expectAnswer(await cluster.ask('GET /_security/_authenticate', { headers }), {
        status: 200,
        body: {
          username: 'authenticate_user',
          roles: ['superuser'],
          full_name: 'Authenticate User',
          email: null,
          metadata: {},
          enabled: true,
          authentication_realm: realm,
          lookup_realm: realm,
          authentication_type: 'realm',
        },
      });
    },
  },
  {
    id: 'G03',
    about: 'client_credentials gives an access token without a refresh token',
    async play(cluster) {
      const body = { grant_type: 'client_credentials' };
      expectAnswer(await cluster.ask('POST /_security/oauth2/token', { body }), {
        status: 200,
        body: {
          access_token: text,
          type: 'Bearer',
          expires_in: 1200,
          authentication: superuser(cluster, 'realm'),
        },
      });
    },
  },
  {
    id: 'G04',
    about: 'the password grant gives a pair and no scope',
    async play(cluster) {
      const body = { grant_type: 'password', username: cluster.username, password: cluster.password };
      const response = await cluster.ask('POST /_security/oauth2/token', { body });
      expectAnswer(response, {
        status: 200,
        body: {
          access_token: text,
          type: 'Bearer',
          expires_in: 1200,
          refresh_token: text,
          authentication: superuser(cluster, 'realm'),
        },
      });
    },
  },
  {
    id: 'G04',
    about: 'a pair has the form of the release, and shares its last eight bytes',
    since: [8, 10],
    async play(cluster) {
      const pair = await passwordGrant(cluster, cluster.username, cluster.password);
      for (const token of [pair.access_token, pair.refresh_token]) {
        expect(token).toMatch(/^[A-Za-z0-9+/]{39}AAAA=$/);
      }
      const [access, refresh] = [pair.access_token, pair.refresh_token].map((token) =>
        Buffer.from(token, 'base64'),
      );
      expect(access?.subarray(21, 29)).toEqual(refresh?.subarray(21, 29));
      expect(access?.subarray(5, 21)).not.toEqual(refresh?.subarray(5, 21));
    },
  },
  {
    id: 'G04',
    about: 'before 8.10 a token has 36 characters around a name of 22',
    until: [8, 10],
    async play(cluster) {
      const pair = await passwordGrant(cluster, cluster.username, cluster.password);
      for (const token of [pair.access_token, pair.refresh_token]) {
        expect(token).toMatch(/^[A-Za-z0-9+/]{36}$/);
        expect(Buffer.from(token, 'base64').subarray(5).toString()).toMatch(/^[\w-]{22}$/);
      }
    },
  },
  {
    id: 'G05',
    about: 'a refresh gives another pair, and says that a token was presented',
    async play(cluster) {
      const pair = await passwordGrant(cluster, cluster.username, cluster.password);
      const response = await cluster.ask('POST /_security/oauth2/token', {
        headers: bearer(pair.access_token),
        body: { grant_type: 'refresh_token', refresh_token: pair.refresh_token },
      });
      expectAnswer(response, {
        status: 200,
        body: {
          access_token: text,
          type: 'Bearer',
          expires_in: 1200,
          refresh_token: text,
          authentication: superuser(cluster, 'token'),
        },
      });
      expect(response.json.access_token).not.toBe(pair.access_token);
      expect(response.json.refresh_token).not.toBe(pair.refresh_token);
    },
  },
  {
    id: 'G06',
    about: 'an access token is its user',
    async play(cluster) {
      const user = { password: 'x-pack-test-password', roles: ['superuser'], full_name: 'Token User' };
      await putUser(cluster, 'token_user', user);
      const pair = await passwordGrant(cluster, 'token_user', 'x-pack-test-password');
      const realm = { name: 'default_native', type: 'native' };
      expectAnswer(
        await cluster.ask('GET /_security/_authenticate', { headers: bearer(pair.access_token) }),
        {
          status: 200,
          body: {
            username: 'token_user',
            roles: ['superuser'],
            full_name: 'Token User',
            email: null,
            ...(isSince(cluster.version, [9, 4]) && { token: { managed_by: 'elasticsearch' } }),
            metadata: {},
            enabled: true,
            authentication_realm: realm,
            lookup_realm: realm,
            authentication_type: 'token',
          },
        },
      );
    },
  },
  {
    id: 'G07',
    about: 'a token can invalidate itself',
    async play(cluster) {
      const { access_token: token } = await passwordGrant(cluster, cluster.username, cluster.password);
      const response = await cluster.ask('DELETE /_security/oauth2/token', {
        headers: bearer(token),
        body: { token },
      });
      expectAnswer(response, { status: 200, body: { ...nothingInvalidated, invalidated_tokens: 1 } });
      const again = await cluster.ask('DELETE /_security/oauth2/token', { body: { token } });
      expectAnswer(again, { status: 200, body: { ...nothingInvalidated, previously_invalidated_tokens: 1 } });
    },
  },
  {
    id: 'G08',
    about: 'an invalidated token is called expired',
    async play(cluster) {
      const { access_token: token } = await passwordGrant(cluster, cluster.username, cluster.password);
      await cluster.ask('DELETE /_security/oauth2/token', { body: { token } });
      expectAnswer(
        await cluster.ask('GET /_cluster/health?pretty', { headers: bearer(token) }),
        expiredAnswer,
      );
    },
  },
  {
    id: 'G08',
    about: 'a token expires when its time is over, and not before',
    emulator: {},
    async play(cluster) {
      const { access_token: token } = await passwordGrant(cluster, cluster.username, cluster.password);
      // The clock also runs by itself, so the last second is left out.
      await cluster.advance(1_199_000);
      expect((await cluster.ask('GET /_cluster/health', { headers: bearer(token) })).status).toBe(200);
      await cluster.advance(1_001);
      expectAnswer(await cluster.ask('GET /_cluster/health', { headers: bearer(token) }), expiredAnswer);
    },
  },
  {
    id: 'G09',
    about: 'the access token survives its refresh token',
    async play(cluster) {
      const pair = await passwordGrant(cluster, cluster.username, cluster.password);
      const body = { refresh_token: pair.refresh_token };
      const response = await cluster.ask('DELETE /_security/oauth2/token', { body });
      expectAnswer(response, { status: 200, body: { ...nothingInvalidated, invalidated_tokens: 1 } });
      const health = await cluster.ask('GET /_cluster/health', { headers: bearer(pair.access_token) });
      expectAnswer(health, { status: 200, body: healthy });
    },
  },
  {
    id: 'G10',
    about: 'an invalidated refresh token is refused with 400',
    async play(cluster) {
      const { refresh_token } = await passwordGrant(cluster, cluster.username, cluster.password);
      await cluster.ask('DELETE /_security/oauth2/token', { body: { refresh_token } });
      const body = { grant_type: 'refresh_token', refresh_token };
      expectAnswer(await cluster.ask('POST /_security/oauth2/token', { body }), {
        status: 400,
        body: { error: 'invalid_grant', error_description: 'token has been invalidated' },
      });
    },
  },
  ...(['username', 'realm_name'] as const).map(
    (field): Golden => ({
      id: field === 'username' ? 'G11' : 'G12',
      about: `invalidating by ${field} counts both tokens of a pair`,
      // A realm is shared with whoever else uses the cluster.
      ...(field === 'realm_name' && { emulator: {} }),
      async play(cluster) {
        await putUser(cluster, 'token_user', { password: 'x-pack-test-password', roles: ['superuser'] });
        const pair = await passwordGrant(cluster, 'token_user', 'x-pack-test-password');
        const body = field === 'username' ? { username: 'token_user' } : { realm_name: 'default_native' };
        const response = await cluster.ask('DELETE /_security/oauth2/token', { body });
        expectAnswer(response, { status: 200, body: { ...nothingInvalidated, invalidated_tokens: 2 } });
        const headers = bearer(pair.access_token);
        expectAnswer(await cluster.ask('GET /_security/_authenticate', { headers }), expiredAnswer);
        expectAnswer(await cluster.ask('DELETE /_security/oauth2/token', { body }), {
          status: 200,
          body: nothingInvalidated,
        });
      },
    }),
  ),
  ...['token', 'refresh_token'].flatMap((field) =>
    [
      '!this_is_not_a_base64_string_and_we_should_fail_decoding_it',
      '10we+might+assume+this+is+valid+old+token',
      '46ToAxYzNUdPZWdYOFRQcWhjeHR3NWpvTmVB',
    ].map(
      (token): Golden => ({
        id: 'G13',
        about: `an unknown ${field} (${token}) is not found`,
        since: [8, 0],
        async play(cluster) {
          await passwordGrant(cluster, cluster.username, cluster.password);
          const response = await cluster.ask('DELETE /_security/oauth2/token', { body: { [field]: token } });
          expectAnswer(response, { status: 404, body: nothingInvalidated });
        },
      }),
    ),
  ),
  {
    id: 'G14',
    about: 'nothing can be invalidated before any token was made',
    emulator: {},
    async play(cluster) {
      const body = { token: '46ToAxYzNUdPZWdYOFRQcWhjeHR3NWpvTmVB' };
      expectAnswer(await cluster.ask('DELETE /_security/oauth2/token', { body }), {
        status: 400,
        body: errorBody(400, 'security_exception', 'failed to invalidate token'),
      });
    },
  },
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
      expectAnswer(await cluster.ask('GET /_cluster/health', { headers }), { status: 200, body: healthy });
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
    id: 'G25',
    about: 'an unknown API key',
    async play(cluster) {
      const encoded = Buffer.from('ZW6nPIcBf-4jny-WMBds:0000000000000000000000').toString('base64');
      expectAnswer(
        await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) }),
        notAccepted(cluster.version, 'API key: unable to find apikey with id ZW6nPIcBf-4jny-WMBds'),
      );
    },
  },
  {
    id: 'G26',
    about: 'an API key with a wrong secret',
    async play(cluster) {
      const { id } = await createApiKey(cluster, { name: 'wrong' });
      const encoded = Buffer.from(`${id}:0000000000000000000000`).toString('base64');
      const which = isSince(cluster.version, [8, 8]) ? ` for API key [${id}]` : '';
      expectAnswer(
        await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) }),
        notAccepted(cluster.version, `API key: invalid credentials${which}`),
      );
    },
  },
  {
    id: 'G26',
    about: 'an invalidated API key, also with a wrong secret',
    async play(cluster) {
      const { id, encoded } = await createApiKey(cluster, { name: 'gone' });
      await cluster.ask('DELETE /_security/api_key', { body: { ids: [id] } });
      for (const value of [encoded, Buffer.from(`${id}:wrong`).toString('base64')]) {
        expectAnswer(
          await cluster.ask('GET /_security/_authenticate', { headers: apiKey(value) }),
          notAccepted(cluster.version, `API key: api key [${id}] has been invalidated`),
        );
      }
    },
  },
  {
    id: 'G26',
    about: 'an expired API key, from its last millisecond on',
    emulator: {},
    async play(cluster) {
      const { encoded } = await createApiKey(cluster, { name: 'short', expiration: '20s' });
      await cluster.advance(19_000);
      expect((await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) })).status).toBe(
        200,
      );
      await cluster.advance(1_000);
      expectAnswer(
        await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) }),
        notAccepted(cluster.version, 'API key: api key is expired'),
      );
    },
  },
  ...(
    [
      ['dG9v_bad=', 'Illegal base64 character 5f'],
      ['dG9v', 'invalid ApiKey value'],
      [Buffer.from(':secret').toString('base64'), 'invalid ApiKey value'],
    ] as const
  ).map(
    ([value, problem]): Golden => ({
      id: 'G26',
      about: `an API key that can not be read: ${problem}`,
      async play(cluster) {
        expectAnswer(
          await cluster.ask('GET /_security/_authenticate', { headers: apiKey(value) }),
          notAccepted(cluster.version, `API key: ${problem}`),
        );
      },
    }),
  ),
  {
    id: 'G27',
    about: 'no credentials',
    async play(cluster) {
      expectAnswer(
        await cluster.ask('GET /_cluster/health?pretty', { headers: {} }),
        unauthorized(
          cluster.version,
          'missing authentication credentials for REST request [/_cluster/health?pretty]',
        ),
      );
    },
  },
  {
    id: 'G28',
    about: 'a wrong password',
    async play(cluster) {
      expectAnswer(
        await cluster.ask('GET /_cluster/health', { headers: basic(cluster.username, 'not the password') }),
        unauthorized(
          cluster.version,
          'unable to authenticate user [elastic] for REST request [/_cluster/health]',
        ),
      );
    },
  },
  {
    id: 'G28',
    about: 'a disabled user',
    async play(cluster) {
      const user = { password: 's3krit-password', roles: ['superuser'], enabled: false };
      await putUser(cluster, 'juan', user);
      const headers = { authorization: 'Basic anVhbjpzM2tyaXQtcGFzc3dvcmQ=' };
      expectAnswer(
        await cluster.ask('GET /_cluster/health', { headers }),
        unauthorized(
          cluster.version,
          'unable to authenticate user [juan] for REST request [/_cluster/health]',
        ),
      );
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
    id: 'G47',
    about: 'a new user needs a password',
    async play(cluster) {
      const body = { roles: ['superuser'] };
      const reason =
        'Validation Failed: 1: password must be specified unless you are updating an existing user;';
      expectAnswer(await cluster.ask('PUT /_security/user/no_password_user', { body }), {
        status: 400,
        body: errorBody(400, 'validation_exception', reason),
      });
    },
  },
  {
    id: 'G48',
    about: 'a user that is not there',
    async play(cluster) {
      expectAnswer(await cluster.ask('GET /_security/user/foo'), { status: 404, body: {} });
    },
  },
  {
    id: 'G51',
    about: 'cluster health',
    async play(cluster) {
      expectAnswer(await cluster.ask('GET /_cluster/health'), { status: 200, body: healthy });
    },
  },
  {
    id: 'G52',
    about: 'a 9.x client at an 8.x server',
    since: [8, 0],
    until: [9, 0],
    async play(cluster) {
      const accept = 'application/vnd.elasticsearch+json; compatible-with=9';
      const response = await cluster.ask('GET /_security/_authenticate', {
        headers: { ...cluster.admin, accept },
      });
      const reason = expect.stringMatching(
        /^Invalid media-type value on headers \[(Accept, Content-Type|Content-Type, Accept)\]$/,
      );
      expectAnswer(response, {
        status: 400,
        body: {
          error: {
            root_cause: [{ type: 'media_type_header_exception', reason }],
            type: 'media_type_header_exception',
            reason,
            caused_by: {
              type: 'status_exception',
              reason: `Accept version must be either version 8 or 7, but found 9. Accept=${accept}`,
            },
          },
          status: 400,
        },
      });
    },
  },
  {
    id: 'G53',
    about: 'a body that is not JSON',
    async play(cluster) {
      const response = await cluster.ask('POST /_security/oauth2/token', {
        headers: { ...cluster.admin, 'content-type': 'text/plain' },
        body: '{"grant_type":"client_credentials"}',
      });
      const error = 'Content-Type header [text/plain] is not supported';
      expectAnswer(response, { status: 406, body: { error, status: 406 } });
    },
  },
  {
    id: 'G54',
    about: 'a wrong method',
    async play(cluster) {
      const response = await cluster.ask('POST /_security/_authenticate');
      const error =
        'Incorrect HTTP method for uri [/_security/_authenticate] and method [POST], allowed: [GET]';
      expectAnswer(response, { status: 405, body: { error, status: 405 } });
      expect(response.header('allow')).toEqual(['GET']);
    },
  },
  {
    id: 'G55',
    about: 'an unknown path',
    async play(cluster) {
      expectAnswer(await cluster.ask('POST /_security/user/_has_no_privileges/at/all'), {
        status: 400,
        body: {
          error: 'no handler found for uri [/_security/user/_has_no_privileges/at/all] and method [POST]',
        },
      });
    },
  },
  {
    id: 'G56',
    about: 'the token service needs a licence',
    emulator: { license: 'basic' },
    async play(cluster) {
      const body = { grant_type: 'client_credentials' };
      const reason = 'current license is non-compliant for [security tokens]';
      expectAnswer(await cluster.ask('POST /_security/oauth2/token', { body }), {
        status: 403,
        body: errorBody(403, 'security_exception', reason, { 'license.expired.feature': 'security tokens' }),
      });
    },
  },
  {
    id: 'G58',
    about: 'an unknown grant',
    async play(cluster) {
      const response = await cluster.ask('POST /_security/oauth2/token', { body: { grant_type: 'foo' } });
      const listed =
        /^Validation Failed: 1: grant_type only supports the values: \[[a-z_]+(, [a-z_]+){3}\];$/;
      expectAnswer(response, {
        status: 400,
        body: { error: 'unsupported_grant_type', error_description: expect.stringMatching(listed) },
      });
    },
  },
  {
    id: 'G58',
    about: 'a grant without its fields',
    async play(cluster) {
      const response = await cluster.ask('POST /_security/oauth2/token', {
        body: { grant_type: 'password', username: 'u' },
      });
      expectAnswer(response, {
        status: 400,
        body: { error: 'invalid_request', error_description: 'Validation Failed: 1: password is missing;' },
      });
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
    id: 'G60',
    about: 'a refresh token gives the same pair for thirty seconds, and nothing after that',
    emulator: {},
    async play(cluster) {
      const { refresh_token } = await passwordGrant(cluster, cluster.username, cluster.password);
      const refresh = () =>
        cluster.ask('POST /_security/oauth2/token', { body: { grant_type: 'refresh_token', refresh_token } });
      const first = await refresh();
      await cluster.advance(10_000);
      const second = await refresh();
      expect(second.status).toBe(200);
      expect(second.json).toEqual(first.json);
      await cluster.advance(21_000);
      expectAnswer(await refresh(), {
        status: 400,
        body: {
          error: 'invalid_grant',
          error_description: 'token has already been refreshed more than 30 seconds in the past',
        },
      });
    },
  },
];

for (const target of targets) {
  describe(target.name, () => {
    for (const golden of goldens.filter((candidate) => applies(candidate, target))) {
      test(`${golden.id} ${golden.about}`, async () => {
        const cluster = await target.open(golden.emulator);
        try {
          await golden.play(cluster);
        } finally {
          await cluster.close();
        }
      });
    }
  });
}

test('the challenges of a release are those that its refusals carry', () => {
  expect(challengesOf([8, 14])[0]).toBe('Basic realm="security" charset="UTF-8"');
  expect(challengesOf([8, 15])[0]).toBe('Basic realm="security", charset="UTF-8"');
});
