/** `global.role`: who may manage some roles, and how that is written. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { basic } from '../../../support/http-client.js';
import { type Cluster, emulated } from '../../cluster.js';

const indices = [{ names: ['logs-*'], privileges: ['read', 'write'] }];
let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated({
    roles: { manager: { global: { role: { manage: { indices } } } } },
    users: { mona: { password: 'password', roles: ['manager'] } },
  });
});
afterAll(() => cluster.close());

const headers = basic('mona', 'password');
const on = (names: string, ...privileges: string[]): object => ({ names: [names], privileges });

test.each<[object, number]>([
  [{}, 200],
  [{ indices: [on('logs-a', 'read')] }, 200],
  [{ indices: [on('logs-*', 'read', 'write'), on('logs-b*', 'create_doc')] }, 200],
  [{ indices: [on('logs*', 'read')] }, 403],
  [{ indices: [on('logs-a', 'manage')] }, 403],
  [{ indices: [on('logs-a', 'read'), on('metrics', 'read')] }, 403],
  [{ indices: [{ ...on('logs-a', 'read'), allow_restricted_indices: true }] }, 403],
  [{ cluster: ['monitor'] }, 403],
  [{ run_as: ['x'] }, 403],
  [{ applications: [{ application: 'shop', privileges: ['b'], resources: ['*'] }] }, 403],
  [{ global: { role: { manage: { indices } } } }, 403],
])('a role of %j is stored with %i', async (role, status) => {
  const { status: one } = await cluster.ask('PUT /_security/role/r', { headers, body: role });
  expect(one).toBe(status);
  const several = { roles: { r: role, other: {} } };
  expect((await cluster.ask('POST /_security/role', { headers, body: several })).status).toBe(status);
});

test('roles may be removed, and nothing else be done', async () => {
  expect((await cluster.ask('DELETE /_security/role/nothing', { headers })).status).toBe(404);
  const body = { names: ['nothing'] };
  expect((await cluster.ask('DELETE /_security/role', { headers, body })).status).toBe(200);
  const { status, json } = await cluster.ask('GET /_security/role/r', { headers });
  expect(status).toBe(403);
  expect(json.error.reason).toContain(
    'is granted by the cluster privileges [read_security,manage_security,all]',
  );
});

test.each<[object, string]>([
  [
    { foo: {} },
    '[1:12] failed to parse privilege. expected one of [application,profile,role] but found [foo] instead',
  ],
  [{ role: 1 }, '[1:19] failed to parse privilege. expected [START_OBJECT] but found [VALUE_NUMBER] instead'],
  [
    { role: { x: {} } },
    '[1:20] failed to parse privilege. expected field name [manage] but found [x] instead',
  ],
  [
    { application: { manage: { applications: 'a' } } },
    '[1:52] failed to parse privilege. expected [START_ARRAY] but found [VALUE_STRING] instead',
  ],
  [
    { role: { manage: { indices: [{ name: [] }] } } },
    '[1:42] failed to parse privilege. expected one of [names,privileges] but found [name] instead',
  ],
])('%j is none', async (global, reason) => {
  const { status, json } = await cluster.ask('PUT /_security/role/r', { body: { global } });
  expect([status, json.error.type, json.error.reason]).toEqual([400, 'x_content_parse_exception', reason]);
});

test('the privileges that may be given have to be some', async () => {
  const global = { role: { manage: { indices: [on('a', 'nonsense')] } } };
  const { json } = await cluster.ask('PUT /_security/role/r', { body: { global } });
  expect(json.error.reason).toMatch(
    /unknown index privilege \[nonsense\]\. a privilege must be either one of /,
  );
});
