/** `_privileges`: what one is allowed, put together from several roles, at every target. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiKey, basic } from '../../../support/http-client.js';
import { type Cluster, errorBody, expectAnswer, isSince, targets } from '../../cluster.js';

const password = 's3krit-password';
const test1 = { term: { test: true } };
const apps = { term: { apps: true } };

const first = {
  cluster: ['monitor'],
  global: { application: { manage: { applications: ['test-*'] } } },
  indices: [
    { names: ['test-1-*'], privileges: ['read'] },
    {
      names: ['test-2-*'],
      privileges: ['read'],
      field_security: { grant: ['*'], except: ['secret-*', 'private-*'] },
      query: test1,
    },
    {
      names: ['test-3-*', 'test-5-*', 'test-4-*'],
      privileges: ['read'],
      field_security: { grant: ['test-*'] },
    },
    { names: ['test-6-*', 'test-7-*'], privileges: ['read'], query: test1 },
  ],
  applications: [
    { application: 'test-app', privileges: ['user'], resources: ['*'] },
    { application: 'test-app', privileges: ['read'], resources: ['object/1'] },
  ],
  run_as: ['test-*'],
};
const second = {
  cluster: ['manage_security', 'MANAGE'],
  global: { application: { manage: { applications: ['apps-*'] } } },
  indices: [
    { names: ['test-1-*', 'test-9-*'], privileges: ['all'] },
    { names: ['test-2-*'], privileges: ['read'], field_security: { grant: ['apps-*'] }, query: apps },
    { names: ['test-7-*', 'test-6-*'], privileges: ['write', 'read'] },
    { names: ['test-1-*'], privileges: ['read'], allow_restricted_indices: true },
  ],
  applications: [
    { application: 'test-app', privileges: ['dne'], resources: ['*'] },
    { application: 'test-app', privileges: ['read'], resources: ['object/2'] },
  ],
  run_as: ['app-*'],
};
const merged = {
  cluster: ['manage', 'manage_security', 'monitor'],
  global: [
    { application: { manage: { applications: ['test-*'] } } },
    { application: { manage: { applications: ['apps-*'] } } },
  ],
  // In the order of a hash map, which a 9.5.0 was recorded to answer in.
  indices: [
    { names: ['test-1-*'], privileges: ['read'], allow_restricted_indices: false },
    // The second role has no query on these, so that every document is visible.
    { names: ['test-6-*', 'test-7-*'], privileges: ['read', 'write'], allow_restricted_indices: false },
    {
      names: ['test-2-*'],
      privileges: ['read'],
      field_security: [{ grant: ['*'], except: ['secret-*', 'private-*'] }, { grant: ['apps-*'] }],
      query: [JSON.stringify(test1), JSON.stringify(apps)],
      allow_restricted_indices: false,
    },
    {
      names: ['test-3-*', 'test-4-*', 'test-5-*'],
      privileges: ['read'],
      field_security: [{ grant: ['test-*'] }],
      allow_restricted_indices: false,
    },
    { names: ['test-1-*', 'test-9-*'], privileges: ['all'], allow_restricted_indices: false },
    { names: ['test-1-*'], privileges: ['read'], allow_restricted_indices: true },
  ],
  applications: [
    { application: 'test-app', privileges: ['read'], resources: ['object/1', 'object/2'] },
    { application: 'test-app', privileges: ['dne', 'user'], resources: ['*'] },
  ],
  run_as: ['app-*', 'test-*'],
};

for (const target of targets) {
  describe(target.name, () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await target.open();
      await cluster.ask('PUT /_security/role/first', { body: first });
      await cluster.ask('PUT /_security/role/second', { body: second });
      await cluster.ask('PUT /_security/user/joe', {
        body: { password, roles: ['first', 'second', 'gone'] },
      });
    });
    afterAll(() => cluster.close());

    test('those of several roles are put together', async () => {
      const headers = basic('joe', password);
      expectAnswer(await cluster.ask('GET /_security/user/_privileges', { headers }), {
        status: 200,
        body: merged,
      });
    });

    test('a privilege in an application is held where one is that implies it', async () => {
      await cluster.ask('PUT /_security/privilege', {
        body: { implying: { all: { actions: ['data:*'] }, read: { actions: ['data:read/*'] } } },
      });
      const entry = (privilege: string, ...resources: readonly string[]): object => {
        return { application: 'implying', privileges: [privilege], resources };
      };
      await cluster.ask('PUT /_security/role/implying', {
        body: { applications: [entry('all', 'o/1'), entry('read', 'o/2'), entry('read', 'o/3')] },
      });
      await cluster.ask('PUT /_security/user/jane', { body: { password, roles: ['implying'] } });
      const { json } = await cluster.ask('GET /_security/user/_privileges', {
        headers: basic('jane', password),
      });
      const held = [entry('all', 'o/1'), entry('read', 'o/1', 'o/3', 'o/2')];
      expect(json.applications).toHaveLength(held.length);
      expect(json.applications).toEqual(expect.arrayContaining(held));
    });

    test('who acts for somebody sees that one', async () => {
      const headers = { ...cluster.admin, 'es-security-runas-user': 'joe' };
      expect((await cluster.ask('GET /_security/user/_privileges', { headers })).json).toEqual(merged);
    });

    test('a key without privileges of its own has those that its owner had', async () => {
      const { json } = await cluster.ask('POST /_security/api_key', {
        headers: basic('joe', password),
        body: { name: 'k' },
      });
      const headers = apiKey(json.encoded);
      expect((await cluster.ask('GET /_security/user/_privileges', { headers })).json).toEqual(merged);
    });

    test('a key with privileges of its own can not be put in this form', async () => {
      const { json } = await cluster.ask('POST /_security/api_key', {
        body: { name: 'k', role_descriptors: { r: { cluster: ['monitor'] } } },
      });
      const reason =
        'Cannot retrieve privileges for API keys with assigned role descriptors. ' +
        'Please use the Get API key information API https://ela.st/es-api-get-api-key';
      const caused_by = {
        type: 'unsupported_operation_exception',
        reason: 'cannot retrieve cluster permission on limited role',
      };
      const error = { type: 'illegal_argument_exception', reason };
      const headers = apiKey(json.encoded);
      expectAnswer(
        await cluster.ask('GET /_security/user/_privileges', { headers }),
        isSince(cluster.version, [8, 5])
          ? { status: 400, body: { error: { root_cause: [error], ...error, caused_by }, status: 400 } }
          : { status: 500, body: errorBody(500, caused_by.type, caused_by.reason) },
      );
    });

    test('a superuser reads restricted indices, and until 8.0 changes them too', async () => {
      const { json } = await cluster.ask('GET /_security/user/_privileges');
      expect(json.indices).toEqual(
        isSince(cluster.version, [8, 0])
          ? [
              { names: ['*'], privileges: ['all'], allow_restricted_indices: false },
              {
                names: ['*'],
                privileges: ['monitor', 'read', 'read_cross_cluster', 'view_index_metadata'],
                allow_restricted_indices: true,
              },
            ]
          : [{ names: ['*'], privileges: ['all'], allow_restricted_indices: true }],
      );
    });

    test('there is no body, and nobody of that name', async () => {
      const reason = 'request [GET /_security/user/_privileges] does not support having a body';
      expectAnswer(await cluster.ask('GET /_security/user/_privileges', { body: {} }), {
        status: 400,
        body: errorBody(400, 'illegal_argument_exception', reason),
      });
    });
  });
}
