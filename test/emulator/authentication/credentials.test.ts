/** Credentials beside passwords, tokens and keys; and the headers that make somebody else of a caller. */

import type { EmulatorOptions } from '@esauth/emulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiKey, basic, bearer } from '../../support/http-client.js';
import { type Cluster, emulated, errorBody, expectAnswer, unauthorized } from '../cluster.js';

let cluster: Cluster;
afterEach(() => cluster.close());

describe('Kerberos', () => {
  const ticket = Buffer.from('a ticket').toString('base64');
  const silent = Buffer.from('a silent ticket').toString('base64');
  const half = Buffer.from('half a ticket').toString('base64');
  const stuck = Buffer.from('a stuck ticket').toString('base64');
  beforeEach(async () => {
    cluster = await emulated({
      kerberosTickets: {
        [ticket]: { username: 'alice@REALM', roles: ['superuser'], responseToken: 'cmVzcG9uc2U=' },
        [silent]: { username: 'bob@REALM' },
        [half]: { continueWith: 'Z28gb24=' },
        [stuck]: { continueWith: '' },
      },
    });
  });
  const grant = (kerberos_ticket: string) =>
    cluster.ask('POST /_security/oauth2/token', { body: { grant_type: '_kerberos', kerberos_ticket } });
  const negotiate = (value: string) =>
    cluster.ask('GET /_security/_authenticate', { headers: { authorization: `Negotiate ${value}` } });

  test('a ticket becomes a pair, with a token for the client that wants to know who it talks to', async () => {
    const response = await grant(ticket);
    expectAnswer(response, {
      status: 200,
      body: {
        access_token: expect.any(String),
        type: 'Bearer',
        expires_in: 1200,
        refresh_token: expect.any(String),
        kerberos_authentication_response_token: 'cmVzcG9uc2U=',
        authentication: {
          username: 'alice@REALM',
          roles: ['superuser'],
          full_name: null,
          email: null,
          metadata: {},
          enabled: true,
          authentication_realm: { name: 'kerb1', type: 'kerberos' },
          lookup_realm: { name: 'kerb1', type: 'kerberos' },
          authentication_type: 'realm',
        },
      },
    });
    const me = await cluster.ask('GET /_security/_authenticate', {
      headers: bearer(response.json.access_token),
    });
    expect(me.json).toMatchObject({ username: 'alice@REALM', authentication_type: 'token' });
  });

  test('a ticket without such a token has none in the answer', async () => {
    expect((await grant(silent)).json).not.toHaveProperty('kerberos_authentication_response_token');
  });

  test('a handshake that is not over is answered with the next token', async () => {
    expectAnswer(await grant(half), {
      status: 400,
      body: { error: '_unauthorized', error_description: 'Z28gb24=' },
    });
    expectAnswer(await grant(stuck), {
      status: 400,
      body: { error: '_unauthorized', error_description: null },
    });
  });

  test('an unknown ticket is refused like an unknown user', async () => {
    const response = await grant('dW5rbm93bg==');
    expect([response.status, response.json.error.reason]).toEqual([
      401,
      'unable to authenticate user [<Kerberos Token>] for action [cluster:admin/xpack/security/token/create]',
    ]);
    expect(response.header('www-authenticate')).toContain('Negotiate');
  });

  test('a ticket that is not Base64 is a mistake of the server', async () => {
    const response = await grant('__');
    expect(response.json.error.reason).toBe('could not decode base64 kerberos ticket __');
    expect([response.status, response.json.error.type]).toEqual([500, 'unsupported_operation_exception']);
    expect(response.json.error.caused_by.reason).toBe('Illegal base64 character 5f');
  });

  test('a ticket in a header is its user, and the answer ends the handshake', async () => {
    const response = await negotiate(ticket);
    expect(response.json).toMatchObject({ username: 'alice@REALM', authentication_type: 'realm' });
    expect(response.header('www-authenticate')).toEqual(['Negotiate cmVzcG9uc2U=']);
    expect((await negotiate(silent)).header('www-authenticate')).toEqual([]);
  });

  test('half a ticket in a header is challenged with the next token alone', async () => {
    const response = await negotiate(half);
    expect([response.status, response.header('www-authenticate')]).toEqual([401, ['Negotiate Z28gb24=']]);
  });

  test('role mappings give roles to its users', async () => {
    const rules = {
      all: [
        { field: { 'realm.name': 'kerb1' } },
        { any: [{ field: { username: ['bob@*', 'carol@*'] } }, { field: { 'metadata.a': null } }] },
        { except: { field: { username: '/al.*&~(.*x)/' } } },
      ],
    };
    const body = { roles: ['monitoring_user'], enabled: true, rules };
    expect((await cluster.ask('PUT /_security/role_mapping/m', { body })).json).toEqual({
      role_mapping: { created: true },
    });
    expect((await negotiate(silent)).json.roles).toEqual(['monitoring_user']);
    expect((await negotiate(ticket)).json.roles).toEqual(['superuser']);
    await cluster.ask('PUT /_security/role_mapping/m', { body: { ...body, enabled: false } });
    expect((await negotiate(silent)).json.roles).toEqual([]);
  });
});

test.each<EmulatorOptions>([
  {},
  { license: 'basic', kerberosTickets: { YWJj: { username: 'alice@REALM' } } },
])(
  'without a Kerberos realm that the licence allows Negotiate is no credential at all: %j',
  async (options) => {
    cluster = await emulated(options);
    const headers = { authorization: 'Negotiate YWJj' };
    const reason = 'missing authentication credentials for REST request [/]';
    expectAnswer(await cluster.ask('GET /', { headers }), unauthorized(cluster.version, reason));
  },
);

describe('anonymous access', () => {
  beforeEach(async () => {
    cluster = await emulated({
      anonymousRoles: ['guest'],
      roles: { guest: { cluster: ['monitor'] } },
      users: { alice: { password: 'password', roles: ['superuser'] } },
    });
  });

  test.each([{}, { authorization: 'Nonsense abc' }, { authorization: 'Bearer' }])(
    '%j is somebody',
    async (headers) => {
      const realm = { name: '__anonymous', type: '__anonymous' };
      expectAnswer(await cluster.ask('GET /_security/_authenticate', { headers }), {
        status: 200,
        body: {
          username: '_anonymous',
          roles: ['guest'],
          full_name: null,
          email: null,
          metadata: { _reserved: true },
          enabled: true,
          authentication_realm: realm,
          lookup_realm: realm,
          authentication_type: 'anonymous',
        },
      });
      expect((await cluster.ask('GET /_cluster/health', { headers })).status).toBe(200);
    },
  );

  test.each(['Bearer abc', 'ApiKey abc', 'Basic YTpi'])(
    '%s is refused all the same',
    async (authorization) => {
      expect((await cluster.ask('GET /_security/_authenticate', { headers: { authorization } })).status).toBe(
        401,
      );
    },
  );

  test('what its roles do not allow is forbidden, not unauthenticated', async () => {
    const response = await cluster.ask('GET /_security/user', { headers: {} });
    expect([response.status, response.json.error.reason]).toEqual([
      403,
      'action [cluster:admin/xpack/security/user/get] is unauthorized for user [_anonymous] with effective roles [guest], this action is granted by the cluster privileges [read_security,manage_security,all]',
    ]);
  });

  test('its roles are everybody’s, but not those of API keys', async () => {
    const headers = basic('alice', 'password');
    const me = await cluster.ask('GET /_security/_authenticate', { headers });
    expect(me.json.roles).toEqual(['superuser', 'guest']);
    const key = (await cluster.ask('PUT /_security/api_key', { headers, body: { name: 'k' } })).json;
    const asKey = await cluster.ask('GET /_security/_authenticate', { headers: apiKey(key.encoded) });
    expect(asKey.json.roles).toEqual([]);
  });
});

describe('running as somebody else', () => {
  beforeEach(async () => {
    cluster = await emulated({
      roles: {
        runner: {
          cluster: ['monitor', 'manage_own_api_key', 'manage_token'],
          run_as: ['ali*', 'gone', 'ghost'],
        },
        reader: { cluster: ['read_security'] },
      },
      users: {
        rob: { password: 'password', roles: ['runner'] },
        alice: { password: 'password', roles: ['reader'], full_name: 'Alice' },
        gone: { password: 'password', roles: ['reader'], enabled: false },
      },
    });
  });
  const rob = basic('rob', 'password');
  const ask = (line: string, target: string, credential: object = rob) =>
    cluster.ask(line, { headers: { ...credential, 'es-security-runas-user': target } });
  const me = (target: string, credential?: object) => ask('GET /_security/_authenticate', target, credential);

  test('is being the other, found in its own realm', async () => {
    expectAnswer(await me('alice'), {
      status: 200,
      body: {
        username: 'alice',
        roles: ['reader'],
        full_name: 'Alice',
        email: null,
        metadata: {},
        enabled: true,
        authentication_realm: { name: 'default_native', type: 'native' },
        lookup_realm: { name: 'default_native', type: 'native' },
        authentication_type: 'realm',
      },
    });
    expect((await ask('GET /_security/user/alice', 'alice')).status).toBe(200);
    expect((await ask('GET /_cluster/health', 'alice')).json.error.reason).toBe(
      'action [cluster:monitor/health] is unauthorized for user [rob] run as [alice] with effective roles [reader], this action is granted by the cluster privileges [monitor,manage,all]',
    );
  });

  test.each(['elastic', 'nobody', 'ghost'])(
    '%s is denied alike, whether or not there is such a user',
    async (target) => {
      const reason = `action [cluster:admin/xpack/security/user/authenticate] is unauthorized for user [rob] with effective roles [runner], because user [rob] is unauthorized to run as [${target}]`;
      expectAnswer(await me(target), { status: 403, body: errorBody(403, 'security_exception', reason) });
    },
  );

  test.each(['gone', ''])('as %j is refused with the name of who asks', async (target) => {
    expectAnswer(
      await me(target),
      unauthorized(
        cluster.version,
        'unable to authenticate user [rob] for REST request [/_security/_authenticate]',
      ),
    );
  });

  test('works with API keys and tokens, and the key is not shown', async () => {
    const key = (await cluster.ask('PUT /_security/api_key', { headers: rob, body: { name: 'k' } })).json;
    const asKey = (await me('alice', apiKey(key.encoded))).json;
    expect(asKey).toMatchObject({
      username: 'alice',
      authentication_realm: { name: '_es_api_key' },
      lookup_realm: { name: 'default_native' },
      authentication_type: 'api_key',
    });
    expect(asKey).not.toHaveProperty('api_key');
    const body = { grant_type: 'client_credentials' };
    const token = (await cluster.ask('POST /_security/oauth2/token', { headers: rob, body })).json
      .access_token;
    expect((await me('alice', bearer(token))).json).toMatchObject({
      username: 'alice',
      authentication_type: 'token',
    });
  });

  test('is ignored for service accounts', async () => {
    const path = '/_security/service/elastic/fleet-server/credential/token/t';
    const { value } = (await cluster.ask(`POST ${path}`)).json.token;
    expect((await me('alice', bearer(value))).json.username).toBe('elastic/fleet-server');
  });

  test('is ignored for keys and tokens in 7.17, and by a cluster where it is turned off', async () => {
    for (const options of [{ version: '7.17' }, { runAs: false }]) {
      const other = await emulated(options);
      const key = (await other.ask('PUT /_security/api_key', { body: { name: 'k' } })).json;
      const headers = { ...apiKey(key.encoded), 'es-security-runas-user': 'nobody' };
      expect((await other.ask('GET /_security/_authenticate', { headers })).json.username).toBe('elastic');
      await other.close();
    }
  });

  test('is possible for keys from 8.1 on, for tokens from 8.4 on', async () => {
    for (const [version, ofKey, ofToken] of [
      ['8.0', 'elastic', 'elastic'],
      ['8.1', 'bob', 'elastic'],
      ['8.4', 'bob', 'bob'],
    ] as const) {
      const other = await emulated({ version, users: { bob: { password: 'password', roles: [] } } });
      const key = (await other.ask('PUT /_security/api_key', { body: { name: 'k' } })).json;
      const body = { grant_type: 'client_credentials' };
      const { access_token } = (await other.ask('POST /_security/oauth2/token', { body })).json;
      for (const [credential, name] of [
        [apiKey(key.encoded), ofKey],
        [bearer(access_token), ofToken],
      ] as const) {
        const headers = { ...credential, 'es-security-runas-user': 'bob' };
        expect((await other.ask('GET /_security/_authenticate', { headers })).json.username).toBe(name);
      }
      await other.close();
    }
  });

  test('is kept by a token that is made so', async () => {
    const admin = { ...cluster.admin, 'es-security-runas-user': 'rob' };
    const body = { grant_type: 'client_credentials' };
    const token = (await cluster.ask('POST /_security/oauth2/token', { headers: admin, body })).json
      .access_token;
    expect(
      (await cluster.ask('GET /_security/_authenticate', { headers: bearer(token) })).json,
    ).toMatchObject({
      username: 'rob',
      authentication_realm: { name: 'reserved' },
      lookup_realm: { name: 'default_native' },
      authentication_type: 'token',
    });
    // Such a token does not run as yet another.
    expect((await me('alice', bearer(token))).json.username).toBe('rob');
  });

  test('is ignored for requests without credentials', async () => {
    const other = await emulated({ anonymousRoles: ['viewer'] });
    const headers = { 'es-security-runas-user': 'elastic' };
    expect((await other.ask('GET /_security/_authenticate', { headers })).json.username).toBe('_anonymous');
    await other.close();
  });

  test('needs the privilege of both the key and its owner', async () => {
    const create = async (run_as: string[]) =>
      cluster.ask('PUT /_security/api_key', {
        headers: rob,
        body: { name: 'k', role_descriptors: { r: { run_as } } },
      });
    for (const [patterns, target, status] of [
      [['alice'], 'alice', 200],
      [['/al.*e/'], 'alice', 200],
      [['a?ice'], 'alice', 200],
      [['bob'], 'alice', 403],
      [['*'], 'elastic', 403],
      [['/~(bob)/'], 'elastic', 403],
    ] as const) {
      const { id, encoded } = (await create([...patterns])).json;
      const response = await me(target, apiKey(encoded));
      expect(response.status).toBe(status);
      if (status === 200) continue;
      const name = `API key id [${id}] of user [rob]`;
      expect(response.json.error.reason).toBe(
        `action [cluster:admin/xpack/security/user/authenticate] is unauthorized for ${name}, because ${name} is unauthorized to run as [${target}]`,
      );
    }
  });

  test('does not lead around the workflow to which a key is restricted', async () => {
    const role = { run_as: ['*'], restriction: { workflows: ['search_application_query'] } };
    const { json } = await cluster.ask('PUT /_security/api_key', {
      headers: rob,
      body: { name: 'k', role_descriptors: { role } },
    });
    const response = await ask('GET /_cluster/health', 'alice', apiKey(json.encoded));
    const reason =
      `action [cluster:monitor/health] is unauthorized for API key id [${json.id}] of user [rob] run as [alice] ` +
      'with assigned roles [reader], this action is granted by the cluster privileges [monitor,manage,all]';
    const error = { type: 'security_exception', reason };
    const caused_by = { type: 'role_restriction_exception', reason: 'access restricted by workflow' };
    expectAnswer(response, {
      status: 403,
      body: { error: { root_cause: [caused_by], ...error, caused_by }, status: 403 },
    });
  });

  test('can not be granted to a key whose credential does not allow it', async () => {
    const admin = { ...cluster.admin, 'es-security-runas-user': 'rob' };
    const grant = { grant_type: 'client_credentials' };
    const { access_token } = (
      await cluster.ask('POST /_security/oauth2/token', { headers: admin, body: grant })
    ).json;
    const response = await cluster.ask('POST /_security/api_key/grant', {
      body: { grant_type: 'access_token', access_token, run_as: 'alice', api_key: { name: 'k' } },
    });
    expectAnswer(response, {
      status: 400,
      body: errorBody(400, 'status_exception', 'the provided grant credentials do not support run-as'),
    });
  });
});

describe('a secondary credential', () => {
  beforeEach(async () => {
    cluster = await emulated();
  });
  const ask = (secondary: string) =>
    cluster.ask('GET /_security/_authenticate', {
      headers: { ...cluster.admin, 'es-secondary-authorization': secondary },
    });

  test('that is accepted changes nothing', async () => {
    expect((await ask(cluster.admin.authorization)).json.username).toBe('elastic');
  });

  test.each(['Basic YTpi', 'Bearer abc', 'nonsense'])(
    '%s is refused, with the reason as the cause',
    async (secondary) => {
      const response = await ask(secondary);
      expect([response.status, response.json.error.reason]).toEqual([
        401,
        'Failed to authenticate secondary user',
      ]);
      expect(response.json.error.caused_by.type).toBe('security_exception');
    },
  );
});
