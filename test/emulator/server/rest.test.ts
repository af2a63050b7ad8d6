/** What every answer has in common: headers, media types, forms of the body, and what only some releases have. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiKey, basic, bearer, send } from '../../support/http-client.js';
import { type Cluster, emulated } from '../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated();
});
afterAll(() => cluster.close());

const vendored = (version: number, space = '') =>
  `application/vnd.elasticsearch+json;${space}compatible-with=${version}`;

describe('headers', () => {
  test('are those of Elasticsearch and no others', async () => {
    const response = await cluster.ask('GET /_security/_authenticate');
    expect(response.headerNames).toEqual(['X-elastic-product', 'content-type', 'content-length']);
  });

  // `SecurityRestFilter` up to 8.7 and `RestResponse.filterHeaders` since (elastic/elasticsearch#95189); what
  // 9.5 does is recorded.
  test.each([
    ['7.17', 'in failures of authentication', ['401 at the door', '401 behind a secondary header']],
    ['8.7', 'in failures of authentication', ['401 at the door', '401 behind a secondary header']],
    [
      '8.8',
      'in all 401 and 403',
      ['401 at the door', '401 behind a secondary header', '401 of a grant', '403 of a denied action'],
    ],
    [
      '9.5',
      'in all 401 and 403',
      ['401 at the door', '401 behind a secondary header', '401 of a grant', '403 of a denied action'],
    ],
  ])('of %s do not name the product %s', async (version, _, without) => {
    const other = await emulated({ version, users: { bob: { password: 'secret', roles: [] } } });
    const ask = (path: string, headers: Record<string, string> = {}, body?: object) =>
      send(`${other.url}${path}`, { method: body ? 'POST' : 'GET', headers, body });
    const grant = { grant_type: 'password', username: 'bob', password: 'wrong' };
    const answers = {
      'at the door': await ask('/'),
      'behind a secondary header': await ask('/', {
        ...other.admin,
        'es-secondary-authorization': 'Basic x',
      }),
      'of a grant': await ask('/_security/oauth2/token', other.admin, grant),
      'of a denied action': await ask('/_security/user', basic('bob', 'secret')),
      'of a bad body': await ask('/_security/oauth2/token', other.admin, {}),
      'of an unknown user': await ask('/_security/user/nobody', other.admin),
      'of an unknown path': await ask('/_security/nowhere', other.admin),
    };
    const unnamed = Object.entries(answers).filter(
      ([, answer]) => answer.header('x-elastic-product').length === 0,
    );
    expect(unnamed.map(([about, { status }]) => `${status} ${about}`)).toEqual(without);
    await other.close();
  });

  test('repeat the opaque id, also with refusals', async () => {
    for (const headers of [cluster.admin, {}]) {
      const response = await cluster.ask('GET /', { headers: { ...headers, 'X-Opaque-Id': 'ab cé' } });
      expect(response.header('x-opaque-id')).toEqual(['ab cé']);
    }
  });

  test('of a HEAD come without a body', async () => {
    const [get, head] = [await cluster.ask('GET /'), await cluster.ask('HEAD /')];
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.header('content-length')).toEqual(get.header('content-length'));
    expect((await cluster.ask('HEAD /_security/_authenticate')).status).toBe(405);
  });

  test('list challenges one to a line', async () => {
    const response = await cluster.ask('GET /', { headers: {} });
    expect(response.header('www-authenticate')).toEqual([
      'Basic realm="security", charset="UTF-8"',
      'Bearer realm="security"',
      'ApiKey',
    ]);
  });
});

describe('media types', () => {
  test.each([
    [vendored(9, ' '), vendored(9)],
    [vendored(8), vendored(8)],
    ['application/json', 'application/json'],
    ['*/*', 'application/json'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'application/json'],
    [`${vendored(9, ' ')},text/plain`, 'application/json'],
    ['text/html', 'application/json'],
  ])('Accept: %s is answered with %s', async (accept, type) => {
    const response = await cluster.ask('GET /', { headers: { ...cluster.admin, accept } });
    expect([response.status, response.header('content-type')]).toEqual([200, [type]]);
  });

  test('a body of the vendored type is read', async () => {
    const headers = { ...cluster.admin, accept: vendored(9, ' '), 'content-type': vendored(9, ' ') };
    const response = await cluster.ask('PUT /_security/api_key', { headers, body: '{"name":"k"}' });
    expect([response.status, response.header('content-type')]).toEqual([200, [vendored(9)]]);
  });

  test.each([
    [vendored(7), undefined, 'Accept version must be either version 9 or 8, but found 7. Accept='],
    [vendored(10), undefined, 'Accept version must be either version 9 or 8, but found 10. Accept='],
    [
      undefined,
      vendored(7),
      'Content-Type version must be either version 9 or 8, but found 7. Content-Type=',
    ],
    [
      vendored(8),
      vendored(9),
      'A compatible version is required on both Content-Type and Accept headers if either one has requested a compatible version and the compatible versions must match. Accept=',
    ],
    [
      undefined,
      vendored(9),
      'A compatible version is required on both Content-Type and Accept headers if either one has requested a compatible version. Accept=',
    ],
  ])('Accept %s with Content-Type %s is refused', async (accept, type, reason) => {
    const headers = {
      ...cluster.admin,
      ...(accept && { accept }),
      'content-type': type ?? 'application/json',
    };
    const body = type === undefined ? undefined : '{"name":"k"}';
    const response = await cluster.ask('PUT /_security/api_key', { headers, ...(body && { body }) });
    expect([response.status, response.json.error.type]).toEqual([400, 'media_type_header_exception']);
    expect(response.json.error.caused_by.reason.startsWith(reason)).toBe(true);
  });

  test('are looked at before credentials until 8.8, and after them since', async () => {
    for (const [version, status] of [
      ['8.7', 400],
      ['8.8', 401],
    ] as const) {
      const other = await emulated({ version });
      const response = await other.ask('GET /', { headers: { accept: vendored(6) } });
      expect(response.status).toBe(status);
      await other.close();
    }
  });

  test('have a character set in 7.17', async () => {
    const older = await emulated({ version: '7.17' });
    expect((await older.ask('GET /')).header('content-type')).toEqual(['application/json; charset=UTF-8']);
    const headers = { ...older.admin, accept: vendored(7) };
    expect((await older.ask('GET /', { headers })).header('content-type')).toEqual([vendored(7)]);
    await older.close();
  });
});

describe('the form of a body', () => {
  test('is pretty on request', async () => {
    const body = '{"name":"k","metadata":{"list":[1,{"a":[]}],"none":{}}}';
    const headers = { ...cluster.admin, 'content-type': 'application/json' };
    const { id } = (await cluster.ask('PUT /_security/api_key', { headers, body })).json;
    const { text } = await cluster.ask(`GET /_security/api_key?id=${id}&pretty=true&filter_path=**.metadata`);
    expect(text).toBe(`{
  "api_keys" : [
    {
      "metadata" : {
        "list" : [
          1,
          {
            "a" : [ ]
          }
        ],
        "none" : { }
      }
    }
  ]
}
`);
  });

  test.each([
    ['username', { username: 'elastic' }],
    ['username,roles', { username: 'elastic', roles: ['superuser'] }],
    ['*_realm.name', { authentication_realm: { name: 'reserved' }, lookup_realm: { name: 'reserved' } }],
    ['**.name', { authentication_realm: { name: 'reserved' }, lookup_realm: { name: 'reserved' } }],
    ['*_realm,-**.type', { authentication_realm: { name: 'reserved' }, lookup_realm: { name: 'reserved' } }],
    ['nothing', {}],
  ])('is filtered by %s', async (paths, expected) => {
    const { json } = await cluster.ask(
      `GET /_security/_authenticate?filter_path=${encodeURIComponent(paths)}`,
    );
    expect(json).toEqual(expected);
  });

  // Each `**` doubles the ways in which a path can be followed.
  test.each(['', '-'])('filter_path with hundreds of ** (%j in front) gets an answer', async (sign) => {
    const path = `${sign}${'**.'.repeat(300)}nowhere`;
    const { status, json } = await cluster.ask(`GET /_security/role/viewer?filter_path=${path}`);
    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(sign === '' ? [] : ['viewer']);
  });

  test('is filtered by what is to be left out', async () => {
    const { json } = await cluster.ask('GET /_security/_authenticate?filter_path=-*_realm,-metadata');
    expect(Object.keys(json)).toEqual([
      'username',
      'roles',
      'full_name',
      'email',
      'enabled',
      'authentication_type',
    ]);
  });
});

describe('endpoints that say little', () => {
  test.each([
    'api_key/*',
    'api_key/a,b',
    'realm/default_native,default_file',
    'role/a',
    'privilege/app',
    'service/elastic/fleet-server/credential/token/*',
  ])('clearing the cache of %s reaches the one node', async (path) => {
    const { status, json } = await cluster.ask(`POST /_security/${path}/_clear_cache`);
    expect([status, json]).toEqual([
      200,
      {
        _nodes: { total: 1, successful: 1, failed: 0 },
        cluster_name: 'docker-cluster',
        nodes: { [Object.keys(json.nodes)[0] ?? '']: { name: 'instance-0000000000' } },
      },
    ]);
  });

  test('the licence is a trial that began with the emulator, or basic for ever', async () => {
    const { license } = (await cluster.ask('GET /_license')).json;
    expect(license).toMatchObject({ status: 'active', type: 'trial', issued_to: 'docker-cluster' });
    expect(license.expiry_date_in_millis - license.issue_date_in_millis).toBe(30 * 86_400_000);
    const other = await emulated({ license: 'basic' });
    const { json } = await other.ask('GET /_license');
    expect(json.license).toMatchObject({ type: 'basic' });
    expect(json.license).not.toHaveProperty('expiry_date');
    expect((await other.ask('GET /_xpack')).json).toMatchObject({
      license: { type: 'basic', mode: 'basic', status: 'active' },
      features: { security: { available: true, enabled: true } },
    });
    await other.close();
  });

  test('a token on a basic licence is a credential that nobody knows', async () => {
    const other = await emulated({ license: 'basic' });
    const response = await other.ask('GET /', { headers: bearer('abcd') });
    expect(response.json.error.additional_unsuccessful_credentials).toBe('oauth2 token: invalid token');
    await other.close();
  });
});

describe('releases', () => {
  test.each([
    ['7.17', 'PUT /_security/api_key/x', false],
    ['8.3', 'PUT /_security/api_key/x', false],
    ['8.4', 'PUT /_security/api_key/x', true],
    ['8.4', 'POST /_security/api_key/_bulk_update', false],
    ['8.5', 'POST /_security/api_key/_bulk_update', true],
    ['8.9', 'POST /_security/cross_cluster/api_key', false],
    ['8.10', 'POST /_security/cross_cluster/api_key', true],
    ['9.3', 'POST /_security/api_key/clone', false],
    ['9.4', 'POST /_security/api_key/clone', true],
    ['7.17', 'GET /_xpack/security/_authenticate', true],
    ['8.0', 'GET /_xpack/security/_authenticate', false],
  ])('%s and %s: %s', async (version, line, exists) => {
    const other = await emulated({ version });
    const { json } = await other.ask(line);
    expect(typeof json.error === 'string' && /^(no handler|Incorrect HTTP)/.test(json.error)).toBe(!exists);
    await other.close();
  });

  test.each([
    ['8.4', 'with_limited_by=true'],
    ['8.9', 'active_only=true'],
    ['8.13', 'with_profile_uid=true'],
  ])('%s does not know ?%s', async (version, query) => {
    const other = await emulated({ version });
    const { json } = await other.ask(`GET /_security/api_key?${query}`);
    expect(json.error.reason).toContain(`contains unrecognized parameter: [${query.split('=')[0]}]`);
    await other.close();
  });

  test.each<[string, string[]]>([
    ['7.17', ['id', 'name', 'creation', 'invalidated', 'username', 'realm', 'metadata']],
    ['8.5', ['id', 'name', 'creation', 'invalidated', 'username', 'realm', 'metadata', 'role_descriptors']],
    [
      '8.10',
      ['id', 'name', 'type', 'creation', 'invalidated', 'username', 'realm', 'metadata', 'role_descriptors'],
    ],
    [
      '8.12',
      [
        'id',
        'name',
        'type',
        'creation',
        'invalidated',
        'invalidation',
        'username',
        'realm',
        'metadata',
        'role_descriptors',
      ],
    ],
    [
      '8.14',
      [
        'id',
        'name',
        'type',
        'creation',
        'invalidated',
        'invalidation',
        'username',
        'realm',
        'realm_type',
        'metadata',
        'role_descriptors',
      ],
    ],
  ])('%s shows of an invalidated key %j', async (version, members) => {
    const other = await emulated({ version });
    const { id } = (await other.ask('PUT /_security/api_key', { body: { name: 'k' } })).json;
    await other.ask('DELETE /_security/api_key', { body: { ids: [id] } });
    const { json } = await other.ask(`GET /_security/api_key?id=${id}`);
    expect(Object.keys(json.api_keys[0])).toEqual(members);
    await other.close();
  });

  test.each([
    ['7.17', undefined, undefined],
    ['9.0', undefined, undefined],
    ['9.1', 'elasticsearch', undefined],
    ['9.3', 'elasticsearch', undefined],
    ['9.4', 'elasticsearch', 'elasticsearch'],
  ])('%s shows who manages a key as %s and a token as %s', async (version, ofKey, ofToken) => {
    const other = await emulated({ version });
    const { encoded } = (await other.ask('PUT /_security/api_key', { body: { name: 'k' } })).json;
    const asKey = await other.ask('GET /_security/_authenticate', { headers: apiKey(encoded) });
    expect(asKey.json.api_key.managed_by).toBe(ofKey);
    const body = { grant_type: 'client_credentials' };
    const { access_token } = (await other.ask('POST /_security/oauth2/token', { body })).json;
    const asToken = await other.ask('GET /_security/_authenticate', { headers: bearer(access_token) });
    expect(asToken.json.token?.managed_by).toBe(ofToken);
    await other.close();
  });

  test('the older paths of 7.17 come with a warning', async () => {
    const older = await emulated({ version: '7.17' });
    const response = await older.ask('GET /_xpack/security/_authenticate');
    expect(response.json.username).toBe('elastic');
    expect(response.header('warning')).toEqual([
      '299 Elasticsearch-7.17.0-0000000000000000000000000000000000000000 "[GET /_xpack/security/_authenticate] is deprecated! Use [GET /_security/_authenticate] instead."',
    ]);
    expect((await older.ask('GET /_security/_authenticate')).header('warning')).toEqual([]);
    await older.close();
  });

  test('tokens of different releases differ in their beginning', async () => {
    const beginnings = await Promise.all(
      ['7.17', '8.9', '8.10', '8.15', '9.0', '9.5'].map(async (version) => {
        const other = await emulated({ version });
        const body = { grant_type: 'client_credentials' };
        const { access_token } = (await other.ask('POST /_security/oauth2/token', { body })).json;
        await other.close();
        return access_token.slice(0, 6);
      }),
    );
    expect(new Set(beginnings).size).toBe(beginnings.length);
    expect(beginnings[2]).toBe('3eaGBB');
  });
});
