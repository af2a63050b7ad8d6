/**
 * The documents that the emulator was started from: recorded sessions with 8.10.4, and the documentation of the
 * token service. Each test replays the requests of one document in its order and expects its answers, apart
 * from ids, secrets and times.
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiKey, basic, bearer } from '../support/http-client.js';
import { type Cluster, emulated, errorBody, expectAnswer } from './cluster.js';
import { expiredAnswer, healthy } from './goldens/golden.js';

const text: string = expect.any(String);
let cluster: Cluster;
afterEach(() => cluster.close());

function elastic(type: string): object {
  const realm = { name: 'reserved', type: 'reserved' };
  return {
    username: 'elastic',
    roles: ['superuser'],
    full_name: null,
    email: null,
    metadata: { _reserved: true },
    enabled: true,
    authentication_realm: realm,
    lookup_realm: realm,
    authentication_type: type,
  };
}

const ok = (body: unknown) => ({ status: 200, body });
const token = (body: object, headers: { authorization: string } = cluster.admin) =>
  cluster.ask('POST /_security/oauth2/token', { headers, body });
const invalidated = (count: number) =>
  ok({ invalidated_tokens: count, previously_invalidated_tokens: 0, error_count: 0 });

describe('recorded with 8.10.4, password 123456', () => {
  beforeEach(async () => {
    cluster = await emulated({ version: '8.10.4', password: '123456' });
  });

  test('000: using tokens', async () => {
    const withoutRefresh = { access_token: text, type: 'Bearer', expires_in: 1200 };
    const withRefresh = { ...withoutRefresh, refresh_token: text };

    // 3.1, 3.2
    const own = await token({ grant_type: 'client_credentials' });
    expectAnswer(own, ok({ ...withoutRefresh, authentication: elastic('realm') }));
    const health = (accessToken: string) =>
      cluster.ask('GET /_cluster/health?pretty', { headers: bearer(accessToken) });
    expectAnswer(await health(own.json.access_token), ok(healthy(cluster)));

    // 3.3, 3.4
    const password = { grant_type: 'password', username: 'elastic', password: '123456' };
    const first = await token(password);
    expectAnswer(first, ok({ ...withRefresh, authentication: elastic('realm') }));
    expectAnswer(await health(first.json.access_token), ok(healthy(cluster)));

    // 3.5
    const refresh = { grant_type: 'refresh_token', refresh_token: first.json.refresh_token };
    const second = await token(refresh, bearer(first.json.access_token));
    expectAnswer(second, ok({ ...withRefresh, authentication: elastic('token') }));
    for (const pair of [first, second]) {
      // The recorded tokens begin and end like these.
      expect(pair.json.access_token).toMatch(/^3eaGBB[ghij][A-Za-z0-9+/]{32}AAAA=$/);
      expect(pair.json.refresh_token).toMatch(/^3eaGBB[ghij][A-Za-z0-9+/]{32}AAAA=$/);
    }

    // 4.1, 4.2
    const { access_token } = second.json;
    const remove = (body: object, accessToken: string) =>
      cluster.ask('DELETE /_security/oauth2/token', { headers: bearer(accessToken), body });
    expectAnswer(await remove({ token: access_token }, access_token), invalidated(1));
    const refused = await health(access_token);
    expectAnswer(refused, expiredAnswer);
    expect(refused.text).toBe(`{
  "error" : {
    "root_cause" : [
      {
        "type" : "security_exception",
        "reason" : "token expired",
        "header" : {
          "WWW-Authenticate" : "Bearer realm=\\"security\\", error=\\"invalid_token\\", error_description=\\"The access token expired\\""
        }
      }
    ],
    "type" : "security_exception",
    "reason" : "token expired",
    "header" : {
      "WWW-Authenticate" : "Bearer realm=\\"security\\", error=\\"invalid_token\\", error_description=\\"The access token expired\\""
    }
  },
  "status" : 401
}
`);

    // 4.3
    const third = (await token(password)).json;
    expectAnswer(await remove({ refresh_token: third.refresh_token }, third.access_token), invalidated(1));
    expectAnswer(await health(third.access_token), ok(healthy(cluster)));
    const again = { grant_type: 'refresh_token', refresh_token: third.refresh_token };
    const gone = await token(again, bearer(third.access_token));
    expectAnswer(gone, {
      status: 400,
      body: { error: 'invalid_grant', error_description: 'token has been invalidated' },
    });
    expect(gone.text).toBe('{"error":"invalid_grant","error_description":"token has been invalidated"}');

    // 4.4: what is alive is of 3.1, of the two pairs of 3.3 and 3.5, and of the pair of 4.3; of the latter two
    // one token each was invalidated before.
    const fourth = (await token({ grant_type: 'client_credentials' })).json.access_token;
    expectAnswer(
      await remove({ username: 'elastic' }, fourth),
      ok({ invalidated_tokens: 6, previously_invalidated_tokens: 2, error_count: 0 }),
    );
    const fifth = (await token({ grant_type: 'client_credentials' })).json.access_token;
    expectAnswer(await remove({ realm_name: 'reserved' }, fifth), invalidated(1));

    // 5
    const parent = (await token({ grant_type: 'client_credentials' })).json.access_token;
    const child = await token({ grant_type: 'client_credentials' }, bearer(parent));
    expectAnswer(child, ok({ ...withoutRefresh, authentication: elastic('token') }));
    expectAnswer(await health(child.json.access_token), ok(healthy(cluster)));
  });

  test('004: using API keys', async () => {
    const create = (body: object) => cluster.ask('PUT /_security/api_key', { body });

    // 2.1
    for (const country of ['China', 'USA', 'Russia']) {
      const body = { country, data: '*********' };
      expect((await cluster.ask('POST /documents/_doc', { body })).status).toBe(201);
    }

    // 3
    const china = await create({
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
    });
    const created = { id: text, name: text, api_key: text, encoded: text };
    expectAnswer(china, ok({ ...created, name: 'china-docs', expiration: expect.any(Number) }));
    const all = await cluster.ask('GET /_search');
    const [first] = all.json.hits.hits;
    expect([all.json.hits.total.value, first._source.country]).toEqual([3, 'China']);
    const own = await cluster.ask('GET /_search?pretty', { headers: apiKey(china.json.encoded) });
    expect(own.text).toBe(`{
  "took" : ${own.json.took},
  "timed_out" : false,
  "_shards" : {
    "total" : 1,
    "successful" : 1,
    "skipped" : 0,
    "failed" : 0
  },
  "hits" : {
    "total" : {
      "value" : 1,
      "relation" : "eq"
    },
    "max_score" : 1.0,
    "hits" : [
      {
        "_index" : "documents",
        "_id" : "${first._id}",
        "_score" : 1.0,
        "_source" : {
          "country" : "China",
          "data" : "*********"
        }
      }
    ]
  }
}
`);
    const healthcheck = await create({
      name: 'healthcheck',
      role_descriptors: { 'for-monitoring': { cluster: ['monitor'] } },
      metadata: { intention: 'Only to view cluster health' },
    });
    expectAnswer(healthcheck, ok({ ...created, name: 'healthcheck' }));
    const headers = apiKey(healthcheck.json.encoded);
    const health = await cluster.ask('GET /_cluster/health?pretty', { headers });
    // Here the document is followed to the letter: it is the health of a cluster of one node.
    expect(health.text).toBe(`{
  "cluster_name" : "docker-cluster",
  "status" : "yellow",
  "timed_out" : false,
  "number_of_nodes" : 1,
  "number_of_data_nodes" : 1,
  "active_primary_shards" : 2,
  "active_shards" : 2,
  "relocating_shards" : 0,
  "initializing_shards" : 0,
  "unassigned_shards" : 1,
  "delayed_unassigned_shards" : 0,
  "number_of_pending_tasks" : 0,
  "number_of_in_flight_fetch" : 0,
  "task_max_waiting_in_queue_millis" : 0,
  "active_shards_percent_as_number" : 66.66666666666666
}
`);

    // "Only to view cluster health"
    const unseen = await cluster.ask('GET /_search', { headers });
    const reason = `action [indices:data/read/search] is unauthorized for API key id [${healthcheck.json.id}] of user [elastic], this action is granted by the index privileges [read,all]`;
    expectAnswer(unseen, { status: 403, body: errorBody(403, 'security_exception', reason) });

    // 4
    const short = await create({ name: 'short', expiration: '20s' });
    expectAnswer(short, ok({ ...created, name: 'short', expiration: expect.any(Number) }));
    const { id, expiration } = short.json;
    const metadata = { toughcoding: { presenter: 'tomd' } };
    const update = () => cluster.ask(`PUT /_security/api_key/${id}`, { body: { metadata } });
    expectAnswer(await update(), ok({ updated: true }));
    await cluster.advance(20_000);
    expectAnswer(await update(), {
      status: 400,
      body: errorBody(400, 'illegal_argument_exception', `cannot update expired API key [${id}]`),
    });

    // 5
    const shown = {
      id,
      name: 'short',
      type: 'rest',
      creation: expiration - 20_000,
      expiration,
      invalidated: false,
      username: 'elastic',
      realm: 'reserved',
      metadata,
      role_descriptors: {},
    };
    const one = await cluster.ask(`GET /_security/api_key?id=${id}`);
    expectAnswer(one, ok({ api_keys: [shown] }));
    expect(Object.keys(one.json.api_keys[0])).toEqual(Object.keys(shown));
    const keys = await cluster.ask('GET /_security/api_key');
    expect(keys.json.api_keys.map((key: { name: string }) => key.name)).toEqual([
      'china-docs',
      'healthcheck',
      'short',
    ]);

    // 6
    const removed = await cluster.ask('DELETE /_security/api_key', { body: { ids: [id] } });
    expectAnswer(
      removed,
      ok({ invalidated_api_keys: [id], previously_invalidated_api_keys: [], error_count: 0 }),
    );
    const pretty = await cluster.ask(`GET /_security/api_key?id=${id}&pretty`);
    expectAnswer(pretty, ok({ api_keys: [{ ...shown, invalidated: true }] }));
    expect(pretty.text).toContain('      "role_descriptors" : { }\n    }\n  ]\n}\n');
    const removedOwn = await cluster.ask('DELETE /_security/api_key', { body: { owner: 'true' } });
    expectAnswer(
      removedOwn,
      ok({
        invalidated_api_keys: [china.json.id, healthcheck.json.id],
        previously_invalidated_api_keys: [],
        error_count: 0,
      }),
    );
    const none = await cluster.ask('GET /_security/api_key?active_only=true&pretty');
    expect(none.text).toBe('{\n  "api_keys" : [ ]\n}\n');
  });
});

describe('documentation', () => {
  const ticket =
    'YIIB6wYJKoZIhvcSAQICAQBuggHaMIIB1qADAgEFoQMCAQ6iBtaDcp4cdMODwOsIvmvdX//sye8NDJZ8Gstabor3MOGryBWyaJ1VxI4WBVZaSn1WnzE06Xy2';
  const responseToken = Buffer.from('a response').toString('base64');

  test('001: getting a token', async () => {
    cluster = await emulated({
      version: '8.10.4',
      users: { test_admin: { password: 'x-pack-test-password', roles: ['superuser'] } },
      kerberosTickets: { [ticket]: { username: 'test_admin', roles: ['superuser'], responseToken } },
    });
    const headers = basic('test_admin', 'x-pack-test-password');
    // The document shows a user of a file, which is a native one here.
    const identity = (type: string, realm = { name: 'default_native', type: 'native' }) => ({
      username: 'test_admin',
      roles: ['superuser'],
      full_name: null,
      email: null,
      metadata: {},
      enabled: true,
      authentication_realm: realm,
      lookup_realm: realm,
      authentication_type: type,
    });
    const bare = { access_token: text, type: 'Bearer', expires_in: 1200 };

    const own = await token({ grant_type: 'client_credentials' }, headers);
    expectAnswer(own, ok({ ...bare, authentication: identity('realm') }));
    const health = await cluster.ask('GET /_cluster/health', { headers: bearer(own.json.access_token) });
    expectAnswer(health, ok(healthy(cluster)));

    const body = { grant_type: 'password', username: 'test_admin', password: 'x-pack-test-password' };
    const first = await token(body, headers);
    expectAnswer(first, ok({ ...bare, refresh_token: text, authentication: identity('realm') }));

    const { refresh_token } = first.json;
    const second = await token({ grant_type: 'refresh_token', refresh_token }, headers);
    expectAnswer(second, ok({ ...bare, refresh_token: text, authentication: identity('token') }));

    const third = await token({ grant_type: '_kerberos', kerberos_ticket: ticket }, headers);
    expectAnswer(
      third,
      ok({
        ...bare,
        refresh_token: text,
        kerberos_authentication_response_token: responseToken,
        authentication: identity('realm', { name: 'kerb1', type: 'kerberos' }),
      }),
    );
  });

  test('002: token-based authentication services', async () => {
    cluster = await emulated({ version: '8.10.4' });
    // "By default, it expires after 20 minutes": the document's two examples are the two headers.
    const { access_token } = (await token({ grant_type: 'client_credentials' })).json;
    const health = (headers: { authorization: string }) => cluster.ask('GET /_cluster/health', { headers });
    expectAnswer(await health(bearer(access_token)), ok(healthy(cluster)));
    const key = (await cluster.ask('PUT /_security/api_key', { body: { name: 'key' } })).json;
    const credentials = Buffer.from(`${key.id}:${key.api_key}`).toString('base64');
    expectAnswer(await health({ authorization: `ApiKey ${credentials}` }), ok(healthy(cluster)));
    await cluster.advance(20 * 60_000 + 1);
    expectAnswer(await health(bearer(access_token)), expiredAnswer);
    // "By default, the API keys do not expire."
    expectAnswer(await health({ authorization: `ApiKey ${credentials}` }), ok(healthy(cluster)));
  });

  test('003: getting a token, in an older release', async () => {
    cluster = await emulated({ version: '7.17' });
    const own = (await token({ grant_type: 'client_credentials' })).json;
    expect(own).toMatchObject({ access_token: text, type: 'Bearer', expires_in: 1200 });
    expect(own).not.toHaveProperty('refresh_token');
    expectAnswer(
      await cluster.ask('GET /_cluster/health', { headers: bearer(own.access_token) }),
      ok(healthy(cluster)),
    );
    const pair = (await token({ grant_type: 'password', username: 'elastic', password: 'changeme' })).json;
    expect(pair).toMatchObject({ access_token: text, type: 'Bearer', expires_in: 1200, refresh_token: text });
    const refreshed = (await token({ grant_type: 'refresh_token', refresh_token: pair.refresh_token })).json;
    expect(refreshed).toMatchObject({ access_token: text, expires_in: 1200, refresh_token: text });
    // "Each refresh token may only be used one time", apart from repetitions within half a minute.
    await cluster.advance(31_000);
    const again = await token({ grant_type: 'refresh_token', refresh_token: pair.refresh_token });
    expect([again.status, again.json.error]).toEqual([400, 'invalid_grant']);
  });
});
