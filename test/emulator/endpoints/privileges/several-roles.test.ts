/** Several roles at once, and searching for roles. What 9.5.0 says to it in the main is recorded. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic } from '../../../support/http-client.js';
import { type Cluster, emulated, errorBody, expectAnswer } from '../../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated({
    roles: { reader: { cluster: ['read_security'] } },
    users: { joe: { password: 'password', roles: ['reader'] } },
  });
});
afterAll(() => cluster.close());

const put = (roles: object) => cluster.ask('POST /_security/role', { body: { roles } });
const names = async (body: object): Promise<string[]> => {
  const { json } = await cluster.ask('POST /_security/_query/role', { body });
  return json.roles.map(({ name }: { name: string }) => name);
};

test('what is wrong with a role does not keep the others from being stored', async () => {
  const { json } = await put({
    superuser: {},
    long: { description: 'x'.repeat(1001) },
    query: { indices: [{ names: 'i', privileges: ['read'], query: '{"nonsense":{}}' }] },
    good: { cluster: ['monitor'] },
  });
  expect(json.created).toEqual(['good']);
  const { count, details } = json.errors;
  expect([count, Object.keys(details)]).toEqual([3, ['superuser', 'long', 'query']]);
  expect(details.superuser).toEqual({
    type: 'action_request_validation_exception',
    reason: 'Validation Failed: 1: Role [superuser] is reserved and may not be used.;',
  });
  expect(details.long.reason).toBe(
    'Validation Failed: 1: Role description must be less than 1000 characters.;',
  );
  expect([details.query.type, details.query.caused_by.type]).toEqual([
    'parse_exception',
    'parsing_exception',
  ]);
  expect((await cluster.ask('GET /_security/role/superuser,long,query,good')).json).toEqual({
    superuser: expect.any(Object),
    good: expect.objectContaining({ cluster: ['monitor'] }),
  });
});

test('each kind of result is listed where it first came', async () => {
  await put({ a: {}, b: {}, c: {} });
  const { json } = await put({ a: { cluster: ['all'] }, b: {}, d: {}, c: { run_as: ['x'] } });
  expect(Object.entries(json)).toEqual([
    ['updated', ['a', 'c']],
    ['noop', ['b']],
    ['created', ['d']],
  ]);
});

test('several are deleted, but no reserved ones', async () => {
  await put({ gone: {} });
  const body = { names: ['gone', 'superuser', 'nothing'] };
  expectAnswer(await cluster.ask('DELETE /_security/role', { body }), {
    status: 200,
    body: {
      deleted: ['gone'],
      not_found: ['nothing'],
      errors: {
        count: 1,
        details: {
          superuser: {
            type: 'illegal_argument_exception',
            reason: 'role [superuser] is reserved and cannot be deleted',
          },
        },
      },
    },
  });
});

test('who may only read roles may search but not change them', async () => {
  const headers = basic('joe', 'password');
  const deny = (verb: string) =>
    `action [cluster:admin/xpack/security/role/${verb}] is unauthorized for user [joe] with effective roles [reader], this action is granted by the cluster privileges [manage_security,all]`;
  const body = { roles: { r: {} } };
  expect((await cluster.ask('POST /_security/role', { headers, body })).json).toEqual(
    errorBody(403, 'security_exception', deny('bulk_put')),
  );
  expect(
    (await cluster.ask('DELETE /_security/role', { headers, body: { names: ['r'] } })).json.error.reason,
  ).toBe(deny('bulk_delete'));
  expect((await cluster.ask('GET /_security/_query/role', { headers })).status).toBe(200);
});

describe('a search', () => {
  beforeAll(async () => {
    await put({
      shop: {
        description: 'Sells in the shop',
        metadata: { team: { name: 'sales' } },
        applications: [{ application: 'shop', privileges: ['sell'], resources: ['till/1'] }],
      },
    });
  });

  test.each([
    { term: { name: 'shop' } },
    { prefix: { name: 'sho' } },
    { match: { description: 'SHOP' } },
    { term: { 'applications.application': 'shop' } },
    { term: { 'applications.privileges': 'sell' } },
    { term: { 'applications.resources': 'till/1' } },
    { term: { 'metadata.team.name': 'sales' } },
    { ids: { values: ['role-shop'] } },
  ])('finds a role by %j', async (query) => {
    expect(await names({ query })).toEqual(['shop']);
  });

  test('can be sorted, and says so if not', async () => {
    expect(await names({ sort: [{ name: { order: 'desc' } }], size: 2 })).toEqual([
      'watcher_user',
      'watcher_admin',
    ]);
    const { json } = await cluster.ask('POST /_security/_query/role', { body: { sort: ['description'] } });
    // That it can not be is known in the index only (`ROLE_FIELD_NAME_TRANSLATORS`).
    expect(json.error.type).toBe('search_phase_execution_exception');
    expect(json.error.root_cause[0].reason).toMatch(
      /^Fielddata is disabled on \[description] in \[.security-7]/,
    );
    const query = { term: { cluster: 'all' } };
    expect((await cluster.ask('POST /_security/_query/role', { body: { query } })).json.error.reason).toBe(
      'Field [cluster] is not allowed for querying or aggregation',
    );
  });
});

test.each([
  ['8.17', ['mine']],
  ['8.18', ['mine', 'superuser']],
])('in %s a search finds %j', async (version, found) => {
  const older = await emulated({ version, roles: { mine: {} } });
  const query = { terms: { name: ['mine', 'superuser'] } };
  const { json } = await older.ask('POST /_security/_query/role', { body: { query, sort: ['name'] } });
  expect(json.roles.map(({ name }: { name: string }) => name)).toEqual(found);
  await older.close();
});

test('before 8.15 there is neither', async () => {
  const older = await emulated({ version: '8.14' });
  expect((await older.ask('POST /_security/role', { body: { roles: {} } })).status).toBe(405);
  expect((await older.ask('POST /_security/_query/role', { body: {} })).json.error).toBe(
    'no handler found for uri [/_security/_query/role] and method [POST]',
  );
  await older.close();
});
