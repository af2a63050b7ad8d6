/**
 * `/_security/settings` and `/_security/stats`. The first test is Elasticsearch's own
 * (`x-pack/plugin/…/rest-api-spec/test/security/settings/10_update_security_settings.yml`); refusals are
 * `UpdateSecuritySettingsAction`, `TransportUpdateSecuritySettingsAction` and `AutoExpandReplicas`; the shape of the
 * statistics is the specification's example, and `security/stats/20_roles_stats.yml` counts its members.
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { basic } from '../../../support/http-client.js';
import { type Cluster, emulated, errorBody } from '../../cluster.js';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await emulated({
    users: {
      joe: { password: 's3krit-password', roles: [] },
      reader: { password: 'secret', roles: ['reader'] },
      disk: { password: 'secret', roles: ['full'] },
    },
    roles: {
      full: {
        indices: [{ names: ['.security*'], privileges: ['all'], allow_restricted_indices: true }],
      },
      reader: { cluster: ['read_security', 'monitor'] },
    },
  });
});
afterEach(() => cluster.close());

async function makeEveryIndex(): Promise<void> {
  const grant = { grant_type: 'password', username: 'joe', password: 's3krit-password' };
  await cluster.ask('POST /_security/profile/_activate', { body: grant });
  await cluster.ask('POST /_security/oauth2/token', { body: grant });
}

const names = ['security', 'security-tokens', 'security-profile'] as const;
const ofAll = <T>(settings: T) => Object.fromEntries(names.map((name) => [name, settings]));
const onTier = { routing: { allocation: { include: { _tier_preference: 'data_content' } } } };
const initial = { index: { auto_expand_replicas: '0-1', number_of_replicas: '0', ...onTier } };

const get = async () => (await cluster.ask('GET /_security/settings')).json;
const put = (body: unknown) => cluster.ask('PUT /_security/settings', { body });

test('settings can be read, changed and taken back', async () => {
  await makeEveryIndex();
  expect(await get()).toEqual(ofAll(initial));
  const done = await put(ofAll({ 'index.auto_expand_replicas': '0-all' }));
  expect([done.status, done.json]).toEqual([200, { acknowledged: true }]);
  expect(await get()).toEqual(ofAll({ index: { ...initial.index, auto_expand_replicas: '0-all' } }));
  await put(ofAll({ 'index.auto_expand_replicas': null, 'index.number_of_replicas': 1 }));
  expect(await get()).toEqual(ofAll({ index: { number_of_replicas: '1', ...onTier } }));
});

test('of what is not in use nothing is shown, and nothing can be set', async () => {
  expect(await get()).toEqual({ ...ofAll({}), security: initial });
  const { status, json } = await put({
    security: { 'index.number_of_replicas': 1 },
    'security-tokens': { 'index.number_of_replicas': 1 },
  });
  expect([status, json]).toEqual([
    400,
    errorBody(
      400,
      'illegal_argument_exception',
      'the [.security-tokens] index is not in use on this system yet',
    ),
  ]);
  expect((await get()).security).toEqual(initial);
});

test('the number of copies follows that of the nodes, unless it is told not to', async () => {
  await put({ security: { 'index.number_of_replicas': 3 } });
  expect((await get()).security).toEqual(initial);
  await put({ security: { 'index.auto_expand_replicas': false, 'index.number_of_replicas': '2' } });
  expect((await get()).security.index).toMatchObject({
    auto_expand_replicas: 'false',
    number_of_replicas: '2',
  });
  // There is no second node for them.
  const { json } = await cluster.ask('GET /_cluster/health');
  expect([json.status, json.unassigned_shards]).toEqual(['yellow', 2]);
});

test('they can be put on other nodes', async () => {
  const tier = 'index.routing.allocation.include._tier_preference';
  const settings = { [tier]: 'data_hot,data_content' };
  expect((await put({ security: settings })).status).toBe(200);
  expect((await get()).security.index.routing.allocation.include._tier_preference).toBe(
    'data_hot,data_content',
  );
});

const allowed =
  '[index.number_of_replicas, index.auto_expand_replicas, index.routing.allocation.include._tier_preference]';
const illegal = (index: string, setting: string) =>
  `illegal setting for index [${index}]: [${setting}], this setting may not be configured. ` +
  `Only the following settings may be configured for that index: ${allowed}`;

test.each([
  [{}, ['No settings given to update']],
  [ofAll({}), ['No settings given to update']],
  [{ security: { 'index.blocks.read': true } }, [illegal('security', 'index.blocks.read')]],
  [{ security: { index: { number_of_replicas: 1 } } }, [illegal('security', 'index')]],
  // Of several in one index the last is told.
  [{ security: { a: 1, b: 1 } }, [illegal('security', 'b')]],
  [
    { 'security-tokens': { a: 1 }, security: { b: 1 } },
    [illegal('security', 'b'), illegal('security-tokens', 'a')],
  ],
  [
    { security: { 'index.routing.allocation.include._tier_preference': 'data_frozen,data_hot,x' } },
    [
      'disallowed data tiers [data_frozen,x] found, allowed tiers are [data_content,data_hot,data_warm,data_cold',
    ],
  ],
])('%j is refused', async (body, problems) => {
  const { status, json } = await put(body);
  const reason = `Validation Failed: ${problems.map((problem, at) => `${at + 1}: ${problem};`).join('')}`;
  expect([status, json]).toEqual([400, errorBody(400, 'action_request_validation_exception', reason)]);
});

const ofRange = (value: string, dash: number) =>
  `failed to parse [index.auto_expand_replicas] from value: [${value}] at index ${dash}`;

test.each([
  ['index.number_of_replicas', 'x', 'Failed to parse value [x] for setting [index.number_of_replicas]', 'x'],
  [
    'index.number_of_replicas',
    -1,
    'Failed to parse value [-1] for setting [index.number_of_replicas] must be >= 0',
    undefined,
  ],
  ['index.auto_expand_replicas', 'all', ofRange('all', -1), undefined],
  ['index.auto_expand_replicas', true, ofRange('true', -1), undefined],
  ['index.auto_expand_replicas', '0-some', ofRange('0-some', 1), 'some'],
  ['index.auto_expand_replicas', 'a-1', ofRange('a-1', 1), 'a'],
  [
    'index.auto_expand_replicas',
    '2-1',
    "[index.auto_expand_replicas] minReplicas must be =< maxReplicas but wasn't 2 > 1",
    undefined,
  ],
])('%s can not be %j', async (setting, value, reason, number) => {
  const { status, json } = await put({ security: { [setting]: value } });
  const { root_cause: _root, ...error } = json.error;
  const cause = { type: 'number_format_exception', reason: `For input string: "${number}"` };
  expect([status, error]).toEqual([
    400,
    { type: 'illegal_argument_exception', reason, ...(number !== undefined && { caused_by: cause }) },
  ]);
  expect((await get()).security).toEqual(initial);
});

test.each([
  [
    '{"secrity":{}}',
    '[1:2] [update_security_settings_request] unknown field [secrity] did you mean [security]?',
  ],
  [
    '{"security":1}',
    "[1:13] [update_security_settings_request] security doesn't support values of type: VALUE_NUMBER",
  ],
])('what is none is refused: %s', async (body, reason) => {
  const headers = { ...cluster.admin, 'content-type': 'application/json' };
  const { status, json } = await cluster.ask('PUT /_security/settings', { headers, body });
  expect([status, json]).toEqual([400, errorBody(400, 'x_content_parse_exception', reason)]);
});

test('a body there has to be', async () => {
  const { status, json } = await cluster.ask('PUT /_security/settings');
  expect([status, json]).toEqual([400, errorBody(400, 'parse_exception', 'request body is required')]);
});

test('a full disk lets nothing be changed', async () => {
  const block = (isOn: boolean | null) => {
    const body = { 'index.blocks.read_only_allow_delete': isOn };
    return cluster.ask('PUT /.security-7/_settings', { headers: basic('disk', 'secret'), body });
  };
  expect((await block(true)).status).toBe(200);
  const { status, json } = await put({ security: { 'index.number_of_replicas': 1 } });
  expect([status, json.error.type]).toEqual([429, 'cluster_block_exception']);
  await block(null);
  expect((await put({ security: { 'index.number_of_replicas': 1 } })).status).toBe(200);
});

test('statistics have the shape of one node that has counted nothing', async () => {
  const { status, json } = await cluster.ask('GET /_security/stats');
  expect([status, Object.values(json.nodes), Object.keys(json)]).toEqual([
    200,
    [
      {
        roles: {
          dls: {
            bit_set_cache: {
              count: 0,
              memory: '0b',
              memory_in_bytes: 0,
              hits: 0,
              misses: 0,
              evictions: 0,
              hits_time_in_millis: 0,
              misses_time_in_millis: 0,
            },
          },
        },
      },
    ],
    ['nodes'],
  ]);
});

describe('who may', () => {
  const as = (name: string, password: string) => basic(name, password);
  const body = { security: { 'index.number_of_replicas': 1 } };

  test('read them, and the statistics', async () => {
    const headers = as('reader', 'secret');
    expect((await cluster.ask('GET /_security/settings', { headers })).status).toBe(200);
    expect((await cluster.ask('GET /_security/stats', { headers })).status).toBe(200);
    const { status, json } = await cluster.ask('PUT /_security/settings', { headers, body });
    expect([status, json.error.reason]).toEqual([
      403,
      'action [cluster:admin/xpack/security/settings/update] is unauthorized for user [reader] with effective roles [reader], this action is granted by the cluster privileges [manage_security,all]',
    ]);
  });

  test('do nothing of it', async () => {
    const headers = as('joe', 's3krit-password');
    for (const [line, privileges] of [
      ['GET /_security/settings', 'read_security,manage_security,all'],
      ['GET /_security/stats', 'monitor,manage,all'],
    ]) {
      const { status, json } = await cluster.ask(String(line), { headers });
      expect([status, json.error.reason]).toEqual([403, expect.stringContaining(`[${privileges}]`)]);
    }
  });
});

test.each([
  ['8.9', 'GET /_security/settings', 400],
  ['8.10', 'GET /_security/settings', 200],
  ['8.14', 'GET /_security/settings?master_timeout=1s', 400],
  ['8.15', 'GET /_security/settings?master_timeout=1s', 200],
  ['9.1', 'GET /_security/stats', 400],
  ['9.2', 'GET /_security/stats', 200],
])('%s: %s is %i', async (version, line, status) => {
  const older = await emulated({ version });
  expect((await older.ask(line)).status).toBe(status);
  await older.close();
});

test('before 8.16 the nodes can not be chosen', async () => {
  const older = await emulated({
    version: '8.15',
    users: { joe: { password: 's3krit-password', roles: [] } },
  });
  const settings = await older.ask('GET /_security/settings');
  const tier = { 'index.routing.allocation.include._tier_preference': 'data_hot' };
  const { status } = await older.ask('PUT /_security/settings', { body: { security: tier } });
  await older.close();
  expect(settings.json.security).toEqual({ index: { auto_expand_replicas: '0-1', number_of_replicas: '0' } });
  expect(status).toBe(400);
});
