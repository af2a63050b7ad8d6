/**
 * Privileges of applications: storing, reading and deleting them, who may, and what a check makes of the names
 * under which they are stored. Tried at every target.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic, type Incoming } from '../../../support/http-client.js';
import { type Cluster, emulated, errorBody, expectAnswer, isSince, targets } from '../../cluster.js';

const password = 's3krit-password';
const path = '/_security/privilege';

for (const target of targets) {
  describe(target.name, () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await target.open();
    });
    afterAll(async () => {
      await cluster.ask(`DELETE ${path}/shop/read,write,user`);
      await cluster.ask(`DELETE ${path}/depot/all`);
      await cluster.close();
    });

    test('they are stored, changed, read one by one or together, and deleted', async () => {
      const metadata = { key: 'value' };
      const body = {
        shop: {
          read: { application: 'shop', name: 'read', actions: ['data:read/*', 'action:login'], metadata },
          write: { actions: ['data:write/*'] },
        },
        depot: { all: { actions: ['*'] } },
      };
      const created = { created: true };
      expectAnswer(await cluster.ask(`PUT ${path}`, { body }), {
        status: 200,
        body: { shop: { read: created, write: created }, depot: { all: created } },
      });
      const again = { shop: { read: { actions: ['data:read/*', 'data:read/*'] } } };
      expectAnswer(await cluster.ask(`POST ${path}?refresh=true`, { body: again }), {
        status: 200,
        body: { shop: { read: { created: false } } },
      });

      const read = { application: 'shop', name: 'read', actions: ['data:read/*'], metadata: {} };
      const write = { application: 'shop', name: 'write', actions: ['data:write/*'], metadata: {} };
      const all = { application: 'depot', name: 'all', actions: ['*'], metadata: {} };
      for (const [where, expected] of [
        ['/shop/read', { shop: { read } }],
        ['/shop/read,write,none', { shop: { read, write } }],
        ['/shop', { shop: { read, write } }],
        ['/sho*', { shop: { read, write } }],
        ['/*/all', { depot: { all } }],
        ['/nobody', {}],
      ] as const) {
        expectAnswer(await cluster.ask(`GET ${path}${where}`), { status: 200, body: expected });
      }
      expect((await cluster.ask(`GET ${path}`)).json).toMatchObject({
        shop: { read, write },
        depot: { all },
      });
      expectAnswer(await cluster.ask(`GET ${path}/shop/none`), { status: 404, body: {} });

      expectAnswer(await cluster.ask(`DELETE ${path}/shop/read,none`), {
        status: 200,
        body: { shop: { read: { found: true }, none: { found: false } } },
      });
      expectAnswer(await cluster.ask(`DELETE ${path}/shop/read`), {
        status: 404,
        body: { shop: { read: { found: false } } },
      });
      expectAnswer(await cluster.ask(`GET ${path}/shop`), { status: 200, body: { shop: { write } } });
    });

    test('a check knows what a name stands for now, also through a pattern of applications', async () => {
      await cluster.ask(`PUT ${path}`, {
        body: {
          shop: {
            user: { actions: ['action:login', 'version:1.0.*'] },
            read: { actions: ['data:read/*'] },
            write: { actions: ['data:write/*', 'data:read/*'] },
          },
        },
      });
      await cluster.ask('PUT /_security/role/asked', {
        body: {
          applications: [
            { application: 'shop', privileges: ['user'], resources: ['*'] },
            { application: 'sho*', privileges: ['read', 'unknown'], resources: ['engineering/*'] },
          ],
        },
      });
      await cluster.ask('PUT /_security/user/asking', { body: { password, roles: ['asked'] } });
      const headers = basic('asking', password);
      const ask = (privileges: string[], resources: string[]): Promise<Incoming> =>
        cluster.ask('POST /_security/user/_has_privileges', {
          headers,
          body: { application: [{ application: 'shop', privileges, resources }] },
        });
      expect(
        (await ask(['action:login', 'version:1.0.3', 'user', 'data:read/x'], ['*'])).json.application,
      ).toEqual({
        shop: {
          '*': { 'action:login': true, 'version:1.0.3': true, user: true, 'data:read/x': false },
        },
      });
      const privileges = ['read', 'write', 'data:read/log', 'data:write/log', 'unknown'];
      expect((await ask(privileges, ['engineering/logs/*', 'product/*'])).json.application.shop).toEqual({
        'engineering/logs/*': {
          read: true,
          write: false,
          'data:read/log': true,
          'data:write/log': false,
          unknown: false,
        },
        'product/*': {
          read: false,
          write: false,
          'data:read/log': false,
          'data:write/log': false,
          unknown: false,
        },
      });
      await cluster.ask(`PUT ${path}`, {
        body: { shop: { read: { actions: ['data:write/*', 'data:read/*'] } } },
      });
      expect((await ask(['write'], ['engineering/x'])).json.has_all_requested).toBe(true);
    });

    test('a superuser has all of them, known or not', async () => {
      const body = {
        application: [{ application: 'app-dne', resources: ['bar'], privileges: ['anything', 'action:any'] }],
      };
      const { json } = await cluster.ask('POST /_security/user/_has_privileges', { body });
      expect(json.application).toEqual({ 'app-dne': { bar: { anything: true, 'action:any': true } } });
    });

    test('the names of the privileges of Elasticsearch are listed in order', async () => {
      const { json } = await cluster.ask(`GET ${path}/_builtin`);
      const { cluster: names, index, remote_cluster: remote } = json;
      expect(names).toEqual([...names].sort());
      expect(index).toEqual([...index].sort());
      expect(names).toEqual(expect.arrayContaining(['all', 'manage_own_api_key', 'monitor', 'none']));
      expect(index).toEqual(expect.arrayContaining(['all', 'read', 'view_index_metadata', 'write']));
      expect(names.includes('read_security')).toBe(isSince(cluster.version, [8, 5]));
      expect(remote).toEqual(
        isSince(cluster.version, [8, 15]) ? ['monitor_enrich', 'monitor_stats'] : undefined,
      );
    });

    test.each([
      [[], 'parse_exception', 'expected object but found START_ARRAY instead'],
      [
        { app: 1 },
        'parse_exception',
        'expected the value for app to be an object, but found VALUE_NUMBER instead',
      ],
      [
        { app: { read: [] } },
        'parse_exception',
        'expected the value for app to be an object, but found START_ARRAY instead',
      ],
      [
        { app: { read: { application: 'shop', actions: ['a/b'] } } },
        'illegal_argument_exception',
        'privilege application [shop] in source does not match the provided application [app]',
      ],
      [
        { app: { read: { name: 'write', actions: ['a/b'] } } },
        'illegal_argument_exception',
        'privilege name [write] in source does not match the provided name [read]',
      ],
      [
        {},
        'action_request_validation_exception',
        'Validation Failed: 1: At least one application privilege must be provided;',
      ],
      [
        { 'app*': { 'r e a d': { metadata: { _a: 1 } } } },
        'action_request_validation_exception',
        "Validation Failed: 1: Application names may not contain '*' (found 'app*');" +
          "2: Application privilege names must match the pattern ^[a-z][a-zA-Z0-9_.-]*$ (found 'r e a d');" +
          '3: Application privileges must have at least one action;' +
          '4: metadata keys may not start with [_] (in privilege app* r e a d);',
      ],
      [
        { app: { read: { actions: ['read', 'data:read me'] } } },
        'action_request_validation_exception',
        "Validation Failed: 1: action [read] must contain one of [ '/' , '*' , ':' ];" +
          "2: Application privilege names and actions must match the pattern ^\\p{Graph}*$ (found 'data:read me');",
      ],
    ])('%j is refused', async (body, type, reason) => {
      expectAnswer(await cluster.ask(`PUT ${path}`, { body }), {
        status: 400,
        body: errorBody(400, type, reason),
      });
    });
  });
}

describe('who may', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    const manages = (...applications: string[]): Readonly<Record<string, unknown>> => ({
      global: { application: { manage: { applications } } },
    });
    const users = ['reader', 'shopkeeper', 'nobody'].map((name) => [name, { password, roles: [name] }]);
    cluster = await emulated({
      roles: { reader: { cluster: ['read_security'] }, shopkeeper: manages('shop-*', 'depot') },
      users: Object.fromEntries(users),
    });
    await cluster.ask(`PUT ${path}`, { body: { 'shop-a': { read: { actions: ['data:read'] } } } });
  });
  afterAll(() => cluster.close());

  const shop = { 'shop-b': { read: { actions: ['data:read'] } } };
  const other = { ...shop, other: { read: { actions: ['data:read'] } } };
  test.each([
    ['reader', `GET ${path}`, undefined, 200],
    ['reader', `GET ${path}/_builtin`, undefined, 200],
    ['reader', `PUT ${path}`, shop, 403],
    ['reader', `DELETE ${path}/shop-a/read`, undefined, 403],
    ['nobody', `GET ${path}/shop-a`, undefined, 403],
    // A privilege on the privileges of some applications.
    ['shopkeeper', `GET ${path}/shop-a`, undefined, 200],
    ['shopkeeper', `GET ${path}/depot`, undefined, 200],
    ['shopkeeper', `PUT ${path}`, shop, 200],
    ['shopkeeper', `DELETE ${path}/shop-b/read`, undefined, 200],
    ['shopkeeper', `PUT ${path}`, other, 403],
    ['shopkeeper', `GET ${path}/other`, undefined, 403],
    ['shopkeeper', `GET ${path}`, undefined, 403],
    ['shopkeeper', `GET ${path}/_builtin`, undefined, 403],
  ])('%s: %s %j is %i', async (username, line, body, status) => {
    const headers = basic(username, password);
    const response = await cluster.ask(line, body === undefined ? { headers } : { headers, body });
    expect(response.status).toBe(status);
  });

  test('a denial says which privileges would do', async () => {
    const reason =
      'action [cluster:admin/xpack/security/privilege/get] is unauthorized for user [nobody] with effective roles [] ' +
      '(assigned roles [nobody] were not found), this action is granted by the cluster privileges [read_security,manage_security,all]';
    expectAnswer(await cluster.ask(`GET ${path}/shop-a`, { headers: basic('nobody', password) }), {
      status: 403,
      body: errorBody(403, 'security_exception', reason),
    });
  });
});
