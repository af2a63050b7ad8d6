/** Users, roles, role mappings and service accounts: what is stored and what is shown. */

import { createHash, pbkdf2Sync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic, bearer } from '../../../support/http-client.js';
import { type Cluster, emulated, errorBody, expectAnswer, isSince, unauthorized } from '../../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated();
});
afterAll(() => cluster.close());

const ok = (body: unknown) => ({ status: 200, body });
const statusOf = async (username: string, password: string) =>
  (await cluster.ask('GET /_security/_authenticate', { headers: basic(username, password) })).status;

describe('a user', () => {
  const alice = {
    username: 'alice',
    roles: ['a', 'b'],
    full_name: 'Alice',
    email: 'a@b.c',
    metadata: { n: { x: [1, 1.5, null, true] } },
    enabled: true,
  };

  test('is stored, shown, replaced and deleted', async () => {
    const { username, ...rest } = alice;
    const body = { ...rest, password: 'password' };
    expectAnswer(await cluster.ask('POST /_security/user/alice', { body }), ok({ created: true }));
    expectAnswer(await cluster.ask('GET /_security/user/alice'), ok({ alice }));
    expectAnswer(await cluster.ask('GET /_security/user/alice,nobody'), ok({ alice }));
    expectAnswer(
      await cluster.ask('PUT /_security/user/alice', { body: { roles: 'c,d' } }),
      ok({ created: false }),
    );
    expect(await statusOf('alice', 'password')).toBe(200);
    const replaced = { ...alice, roles: ['c', 'd'], full_name: null, email: null, metadata: {} };
    expectAnswer(await cluster.ask('GET /_security/user/alice'), ok({ alice: replaced }));
    expectAnswer(await cluster.ask('DELETE /_security/user/alice'), ok({ found: true }));
    expectAnswer(await cluster.ask('DELETE /_security/user/alice'), { status: 404, body: { found: false } });
    expect(await statusOf('alice', 'password')).toBe(401);
  });

  test('may have a name of any printable characters', async () => {
    const name = 'a b/c:d@e%"\\';
    const path = `/_security/user/${encodeURIComponent(name)}`;
    await cluster.ask(`PUT ${path}`, { body: { password: 'password', roles: [] } });
    expect(Object.keys((await cluster.ask(`GET ${path}`)).json)).toEqual([name]);
    expect((await cluster.ask(`DELETE ${path}`)).json).toEqual({ found: true });
  });

  test('can have a password that was hashed elsewhere', async () => {
    // "abc", from the tests of the first implementation of bcrypt
    const password_hash = '$2a$10$WvvTPHKwdBJ3uk0Z37EMR.hLA2W6N9AEBhEgrAOljy2Ae5MtaSIUi';
    await cluster.ask('PUT /_security/user/hashed', { body: { password_hash, roles: [] } });
    expect(await statusOf('hashed', 'abcd')).toBe(401);
    expect(await statusOf('hashed', 'abc')).toBe(200);
    expect(await statusOf('hashed', 'abc')).toBe(200);
    expect(await statusOf('hashed', 'abcd')).toBe(401);
    await cluster.ask('PUT /_security/user/hashed/_password', { body: { password: 'another' } });
    expect(await statusOf('hashed', 'abc')).toBe(401);
    await cluster.ask('PUT /_security/user/hashed/_password', { body: { password_hash } });
    expect(await statusOf('hashed', 'abc')).toBe(200);
  });

  test('can have a password that was hashed by another algorithm', async () => {
    const salt = Buffer.from('sixteen bytes of');
    const hash = (name: string, key: Buffer): string =>
      `{${name}}1000$${salt.toString('base64')}$${key.toString('base64')}`;
    const derive = (text: string): Buffer => pbkdf2Sync(text, salt, 1000, 32, 'sha512');
    const digest = createHash('sha512').update('password').digest('hex');
    // "U*U", from the tests of the first implementation of bcrypt
    const bcrypt5 = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
    for (const [password_hash, password] of [
      [hash('PBKDF2', derive('password')), 'password'],
      [hash('PBKDF2_STRETCH', derive(digest)), 'password'],
      [bcrypt5, 'U*U'],
    ] as const) {
      await cluster.ask('PUT /_security/user/hashed', { body: { password_hash, roles: [] } });
      expect(await statusOf('hashed', 'other-password')).toBe(401);
      expect(await statusOf('hashed', password)).toBe(200);
    }
    // A hash that is cut short is taken, and no password belongs to it.
    const password_hash = '{PBKDF2}1000$a';
    await cluster.ask('PUT /_security/user/hashed', { body: { password_hash, roles: [] } });
    expect(await statusOf('hashed', '')).toBe(401);
  });

  test('can not have both a password and a hash', async () => {
    const password_hash = '$2a$10$WvvTPHKwdBJ3uk0Z37EMR.hLA2W6N9AEBhEgrAOljy2Ae5MtaSIUi';
    const both = { password: 'password', password_hash, roles: [] };
    expectAnswer(await cluster.ask('PUT /_security/user/both', { body: both }), {
      status: 400,
      body: errorBody(
        400,
        'validation_exception',
        'Validation Failed: 1: password_hash has already been set;',
      ),
    });
  });

  test('may change its own password and nobody else’s', async () => {
    for (const name of ['dora', 'emil']) {
      await cluster.ask(`PUT /_security/user/${name}`, { body: { password: 'password', roles: [] } });
    }
    const headers = basic('dora', 'password');
    const body = { password: 'new password' };
    const denied = await cluster.ask('PUT /_security/user/emil/_password', { headers, body });
    expect([denied.status, denied.json.error.reason]).toEqual([
      403,
      'action [cluster:admin/xpack/security/user/change_password] is unauthorized for user [dora] with effective roles [], this action is granted by the cluster privileges [manage_security,all]',
    ]);
    expectAnswer(await cluster.ask('POST /_security/user/_password', { headers, body }), ok({}));
    expect(await statusOf('dora', 'new password')).toBe(200);
    const again = { headers: basic('dora', 'new password'), body: { password: 'password' } };
    expectAnswer(await cluster.ask('PUT /_security/user/dora/_password', again), ok({}));
    expect(await statusOf('dora', 'password')).toBe(200);
  });

  test('may not change its own password with a token', async () => {
    await cluster.ask('PUT /_security/user/fred', { body: { password: 'password', roles: [] } });
    const grant = { grant_type: 'password', username: 'fred', password: 'password' };
    const { access_token } = (await cluster.ask('POST /_security/oauth2/token', { body: grant })).json;
    const response = await cluster.ask('PUT /_security/user/_password', {
      headers: bearer(access_token),
      body: { password: 'new password' },
    });
    expect(response.status).toBe(403);
  });

  test('that is reserved shows as such, and its password can be changed', async () => {
    const { json } = await cluster.ask('GET /_security/user/elastic,kibana_system');
    expect(json.elastic).toEqual({
      username: 'elastic',
      roles: ['superuser'],
      full_name: null,
      email: null,
      metadata: { _reserved: true },
      enabled: true,
    });
    expect(await statusOf('kibana_system', '')).toBe(401);
    const body = { password: 'kibana password' };
    expectAnswer(await cluster.ask('PUT /_security/user/kibana_system/_password', { body }), ok({}));
    expect(await statusOf('kibana_system', 'kibana password')).toBe(200);
    expectAnswer(await cluster.ask('PUT /_security/user/kibana_system/_disable'), ok({}));
    expect(await statusOf('kibana_system', 'kibana password')).toBe(401);
  });

  test('is listed among all', async () => {
    expect(Object.keys((await cluster.ask('GET /_security/user')).json)).toEqual(
      expect.arrayContaining(['elastic', 'kibana_system', 'remote_monitoring_user']),
    );
  });
});

describe('a role', () => {
  const shown = {
    cluster: ['monitor'],
    global: { application: { manage: { applications: ['a'] } } },
    indices: [
      {
        names: ['i'],
        privileges: ['read'],
        field_security: { grant: ['*'], except: ['x'] },
        allow_restricted_indices: true,
      },
    ],
    applications: [],
    run_as: ['x'],
    metadata: { v: 1 },
    transient_metadata: { enabled: true },
    remote_indices: [
      { names: ['r'], privileges: ['read'], allow_restricted_indices: false, clusters: ['c*'] },
    ],
    remote_cluster: [{ privileges: ['monitor_enrich'], clusters: ['*'] }],
    description: 'for a test',
  };

  test('is stored, shown, replaced and deleted', async () => {
    expectAnswer(
      await cluster.ask('PUT /_security/role/r', { body: shown }),
      ok({ role: { created: true } }),
    );
    // As soon as there is anything in it, every category is shown: recorded from a 9.5.0.
    const global = { ...shown.global, profile: {}, role: {}, data_source: [] };
    expectAnswer(await cluster.ask('GET /_security/role/r'), ok({ r: { ...shown, global } }));
    expectAnswer(await cluster.ask('POST /_security/role/r', { body: {} }), ok({ role: { created: false } }));
    const empty = {
      cluster: [],
      indices: [],
      applications: [],
      run_as: [],
      metadata: {},
      transient_metadata: { enabled: true },
    };
    expectAnswer(await cluster.ask('GET /_security/role/r,none'), ok({ r: empty }));
    expectAnswer(await cluster.ask('DELETE /_security/role/r'), ok({ found: true }));
    expectAnswer(await cluster.ask('DELETE /_security/role/r'), { status: 404, body: { found: false } });
    expectAnswer(await cluster.ask('GET /_security/role/r'), { status: 404, body: {} });
  });

  test('that is reserved is listed with the others', async () => {
    const { json } = await cluster.ask('GET /_security/role');
    expect(json.superuser).toMatchObject({
      cluster: ['all'],
      metadata: { _reserved: true },
      transient_metadata: {},
    });
  });

  test('may name only privileges that there are', async () => {
    const wrong = { cluster: ['monitr'], indices: [{ names: ['a'], privileges: ['raed'] }] };
    const { status, json } = await cluster.ask('PUT /_security/role/r', { body: wrong });
    expect(status).toBe(400);
    expect(json.error.reason).toMatch(
      /^Validation Failed: 1: unknown cluster privilege \[monitr\]\. a privilege must be either one of the predefined cluster privilege names \[.*\] or a pattern over one of the available cluster actions;2: unknown index privilege \[raed\]\./,
    );
    const patterns = {
      cluster: ['cluster:monitor/*'],
      indices: [{ names: ['a'], privileges: ['indices:data/read/*'] }],
    };
    expect((await cluster.ask('PUT /_security/role/r', { body: patterns })).status).toBe(200);
  });

  test('counts from the next request on, also when it did not exist before', async () => {
    await cluster.ask('PUT /_security/user/gert', {
      body: { password: 'password', roles: ['never', 'late'] },
    });
    const health = () => cluster.ask('GET /_cluster/health', { headers: basic('gert', 'password') });
    expect((await health()).json.error.reason).toBe(
      'action [cluster:monitor/health] is unauthorized for user [gert] with effective roles [] (assigned roles [late,never] were not found), this action is granted by the cluster privileges [monitor,manage,all]',
    );
    await cluster.ask('PUT /_security/role/early', { body: {} });
    await cluster.ask('PUT /_security/role/late', { body: {} });
    await cluster.ask('PUT /_security/user/gert', { body: { roles: ['never', 'late', 'early'] } });
    expect((await health()).json.error.reason).toContain(
      'for user [gert] with effective roles [early,late] (assigned roles [never] were not found), this',
    );
    await cluster.ask('PUT /_security/role/late', { body: { cluster: ['cluster:monitor/h*'] } });
    expect((await health()).status).toBe(200);
    expect((await cluster.ask('GET /', { headers: basic('gert', 'password') })).status).toBe(403);
  });
});

describe('a role mapping', () => {
  const mapping = { enabled: true, roles: ['a'], rules: { field: { username: '*' } }, metadata: { v: 1 } };

  test('is stored, shown, replaced and deleted', async () => {
    const created = (value: boolean) => ok({ role_mapping: { created: value } });
    expectAnswer(await cluster.ask('PUT /_security/role_mapping/m', { body: mapping }), created(true));
    expectAnswer(await cluster.ask('POST /_security/role_mapping/m', { body: mapping }), created(false));
    expectAnswer(await cluster.ask('GET /_security/role_mapping/m'), ok({ m: mapping }));
    expectAnswer(await cluster.ask('GET /_security/role_mapping'), ok({ m: mapping }));
    expectAnswer(await cluster.ask('DELETE /_security/role_mapping/m'), ok({ found: true }));
    expectAnswer(await cluster.ask('DELETE /_security/role_mapping/m'), {
      status: 404,
      body: { found: false },
    });
    expectAnswer(await cluster.ask('GET /_security/role_mapping/m'), { status: 404, body: {} });
    expectAnswer(await cluster.ask('GET /_security/role_mapping'), ok({}));
  });

  test.each([
    [{}, 'failed to parse rules expression. object should have 1 member, but has 0'],
    [
      { some: [] },
      'failed to parse rules expression. field [some] is not recognised; expected any of [any, all, except, field]',
    ],
    [{ any: {} }, 'failed to parse rules expression. field [any] requires an array'],
    [
      { except: { all: [{ field: {} }] } },
      'failed to parse rules expression. object [field] must contain exactly one field',
    ],
  ])('needs rules that can be read: %j', async (rules, reason) => {
    const { json } = await cluster.ask('PUT /_security/role_mapping/m', { body: { ...mapping, rules } });
    const where = {
      reason: expect.stringMatching(/^\[1:\d+\] \[role-mapping\] failed to parse field \[rules\]$/),
    };
    // What a parser says of a mapping is said again by whoever reads mappings (`ExpressionRoleMapping.parse`).
    expect(json.error).toMatchObject({
      root_cause: [{ type: 'parsing_exception', ...where }],
      caused_by: {
        type: 'x_content_parse_exception',
        ...where,
        caused_by: { type: 'parse_exception', reason },
      },
    });
  });
});

describe('a service account', () => {
  const base = '/_security/service/elastic/fleet-server/credential';

  test('is listed alone, with its namespace, or with all', async () => {
    const namesOf = async (path: string) =>
      Object.keys((await cluster.ask(`GET /_security/service${path}`)).json);
    expect(await namesOf('/elastic/kibana')).toEqual(['elastic/kibana']);
    expect(await namesOf('/elastic')).toEqual(
      expect.arrayContaining(['elastic/fleet-server', 'elastic/kibana']),
    );
    expect(await namesOf('')).toEqual(await namesOf('/elastic'));
    expectAnswer(await cluster.ask('GET /_security/service/elastic/nothing'), ok({}));
    expectAnswer(await cluster.ask('GET /_security/service/elas'), ok({}));
  });

  test('shows what it may do', async () => {
    const { json } = await cluster.ask('GET /_security/service/elastic/fleet-server');
    expect(json['elastic/fleet-server'].role_descriptor).toMatchObject({
      cluster: expect.arrayContaining(['monitor', 'manage_own_api_key']),
      transient_metadata: { enabled: true },
    });
  });

  test('gets tokens with names that are made up', async () => {
    const { json } = await cluster.ask(`POST ${base}/token`);
    expect(json.token.name).toMatch(/^token_[\w-]{20}$/);
    const me = await cluster.ask('GET /_security/_authenticate', { headers: bearer(json.token.value) });
    expect(me.json.token.name).toBe(json.token.name);
  });

  test('gets no two tokens of one name', async () => {
    await cluster.ask(`PUT ${base}/token/twice`);
    const { status, json } = await cluster.ask(`PUT ${base}/token/twice`);
    expect([status, json.error.type, json.error.reason]).toEqual([
      409,
      'version_conflict_engine_exception',
      '[service_account_token-elastic/fleet-server/twice]: version conflict, document already exists (current version [1])',
    ]);
  });

  test('has tokens without padding, of which a wrong one is refused by its names', async () => {
    const { value } = (await cluster.ask(`PUT ${base}/token/mine`)).json.token;
    const plain = Buffer.from(value, 'base64');
    expect(plain.subarray(0, 4)).toEqual(Buffer.from([0, 1, 0, 1]));
    expect(plain.subarray(4).toString()).toMatch(/^elastic\/fleet-server\/mine:[\w-]{22}$/);
    expect(value).not.toContain('=');
    for (const [account, name] of [
      ['elastic/fleet-server', 'other'],
      ['elastic/nothing', 'mine'],
      ['other/kibana', 'x'],
    ]) {
      const text = `${account}/${name}:${plain.toString().slice(-22)}`;
      const token = Buffer.concat([plain.subarray(0, 4), Buffer.from(text)])
        .toString('base64')
        .replace(/=+$/, '');
      expectAnswer(
        await cluster.ask('GET /', { headers: bearer(token) }),
        unauthorized(
          cluster.version,
          `failed to authenticate service account [${account}] with token name [${name}]`,
        ),
      );
    }
  });

  test('may make API keys, which belong to it', async () => {
    const { value } = (await cluster.ask(`PUT ${base}/token/maker`)).json.token;
    const key = await cluster.ask('PUT /_security/api_key', { headers: bearer(value), body: { name: 'k' } });
    const { json } = await cluster.ask(`GET /_security/api_key?id=${key.json.id}`);
    expect(json.api_keys[0]).toMatchObject({ username: 'elastic/fleet-server', realm: '_service_account' });
  });

  test('is called a user in denials of 7.17, and shows no manager of its token', async () => {
    const older = await emulated({ version: '7.17' });
    const { value } = (await older.ask(`PUT ${base}/token/t`)).json.token;
    const denied = await older.ask('GET /_security/user', { headers: bearer(value) });
    expect(denied.json.error.reason).toContain(
      'is unauthorized for user [elastic/fleet-server], this action',
    );
    const me = await older.ask('GET /_security/_authenticate', { headers: bearer(value) });
    expect(me.json.token).toEqual({ name: 't', type: '_service_account_index' });
    expect(isSince(older.version, [9, 4])).toBe(false);
    await older.close();
  });
});
