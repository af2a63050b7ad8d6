/** The roles that Elasticsearch brings along: what they allow, asked by users who have them, at every target. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic } from '../../support/http-client.js';
import { type Cluster, emulated, targets } from '../cluster.js';

const password = 's3krit-password';

/** Role, kind of privilege, where, what, and whether the role gives it. */
const expected: readonly [string, 'cluster' | 'index' | 'application', string, string, boolean][] = [
  ['viewer', 'index', 'logs-app', 'read', true],
  ['viewer', 'index', 'logs-app', 'write', false],
  ['viewer', 'index', '.hidden', 'read', false],
  ['viewer', 'index', 'ilm-history-5', 'read', false],
  ['viewer', 'index', '.alerts-a', 'view_index_metadata', true],
  ['editor', 'index', 'logs-app', 'write', false],
  ['editor', 'index', 'observability-annotations', 'write', true],
  ['editor', 'application', 'kibana-.kibana', 'all', true],
  ['kibana_admin', 'application', 'kibana-.kibana', 'read', false],
  ['monitoring_user', 'index', 'metrics-kibana.stack', 'read', true],
  ['monitoring_user', 'index', 'metrics-system', 'read', false],
  ['monitoring_user', 'cluster', '', 'monitor', false],
  ['monitoring_user', 'cluster', '', 'cluster:monitor/main', true],
  ['machine_learning_user', 'cluster', '', 'monitor_ml', true],
  ['machine_learning_user', 'cluster', '', 'manage_ml', false],
  ['machine_learning_admin', 'index', '.ml-state-1', 'read', true],
  ['transform_admin', 'cluster', '', 'manage_data_frame_transforms', true],
  ['watcher_user', 'index', '.watches', 'read', true],
  ['snapshot_user', 'cluster', '', 'create_snapshot', true],
  ['snapshot_user', 'index', '.security-7', 'view_index_metadata', true],
  ['remote_monitoring_agent', 'index', 'metricbeat-8', 'indices:admin/rollover', true],
  ['kibana_system', 'index', '.kibana_1', 'all', true],
  ['kibana_system', 'cluster', '', 'manage_security', false],
  ['superuser', 'index', '.security-7', 'read', true],
  ['reporting_user', 'cluster', '', 'monitor', false],
];

for (const target of targets) {
  describe(target.name, () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await target.open();
    });
    afterAll(() => cluster.close());

    test.each(expected)('%s: %s %s %s is %s', async (role, kind, where, privilege, holds) => {
      await cluster.ask('PUT /_security/user/joe', { body: { password, roles: [role] } });
      const privileges = [privilege];
      const body = {
        cluster: { cluster: privileges },
        index: { index: [{ names: [where], privileges }] },
        application: { application: [{ application: where, privileges, resources: ['*'] }] },
      }[kind];
      const headers = basic('joe', password);
      const { json } = await cluster.ask('POST /_security/user/_has_privileges', { headers, body });
      expect(json.has_all_requested).toBe(holds);
    });
  });
}

test('only the superuser of 7.17 changes restricted indices', async () => {
  for (const [version, holds] of [
    ['7.17', true],
    ['8.0', false],
  ] as const) {
    const cluster = await emulated({ version });
    const body = { index: [{ names: ['.security-7'], privileges: ['write'] }] };
    const { json } = await cluster.ask('POST /_security/user/_has_privileges', { body });
    expect(json.has_all_requested).toBe(holds);
    await cluster.close();
  }
});

test('Kibana manages the privileges of its own applications', async () => {
  const cluster = await emulated({ users: { k: { password, roles: ['kibana_system'] } } });
  const headers = basic('k', password);
  const privilege = { read: { actions: ['data:read'] } };
  for (const [application, status] of [
    ['kibana-.kibana', 200],
    ['shop', 403],
  ] as const) {
    const response = await cluster.ask('PUT /_security/privilege', {
      headers,
      body: { [application]: privilege },
    });
    expect(response.status).toBe(status);
  }
  await cluster.close();
});

test('a deprecated role says so', async () => {
  const cluster = await emulated();
  const { json } = await cluster.ask('GET /_security/role/kibana_user');
  expect(json.kibana_user).toEqual({
    cluster: [],
    indices: [],
    applications: [{ application: 'kibana-.kibana', privileges: ['all'], resources: ['*'] }],
    run_as: [],
    metadata: {
      _reserved: true,
      _deprecated: true,
      _deprecated_reason: 'Please use the [kibana_admin] role instead',
    },
    transient_metadata: { enabled: true },
  });
  await cluster.close();
});

// Those of 9.5 were recorded; by name, whether each release has it.
test.each([
  ['apm_user', '8.19', true],
  ['apm_user', '9.0', false],
  ['data_frame_transforms_admin', '9.5', false],
  ['inference_admin', '8.13', false],
  ['inference_admin', '8.14', true],
  ['inference_user', '9.5', true],
])('the role %s, in %s: %s', async (name, version, exists) => {
  const cluster = await emulated({ version });
  expect((await cluster.ask(`GET /_security/role/${name}`)).status).toBe(exists ? 200 : 404);
  const put = await cluster.ask(`PUT /_security/role/${name}`, { body: {} });
  expect(put.status).toBe(exists ? 400 : 200);
  await cluster.close();
});

test.each([
  ['8.9', undefined, undefined],
  ['8.14', 2, undefined],
  ['8.15', 2, ['monitor_enrich']],
  ['9.5', 2, ['monitor_enrich', 'monitor_stats']],
])('the superuser of %s has privileges on other clusters', async (version, indices, cluster) => {
  const emulator = await emulated({ version });
  const { json } = await emulator.ask('GET /_security/role/superuser');
  expect(json.superuser.remote_indices?.length).toBe(indices);
  expect(json.superuser.remote_cluster?.[0].privileges).toEqual(cluster);
  await emulator.close();
});

test.each([
  ['8.10', ['elastic/enterprise-search-server', 'elastic/fleet-server', 'elastic/kibana']],
  [
    '8.12',
    [
      'elastic/enterprise-search-server',
      'elastic/fleet-server',
      'elastic/fleet-server-remote',
      'elastic/kibana',
    ],
  ],
  ['9.5', ['elastic/auto-ops', 'elastic/fleet-server', 'elastic/fleet-server-remote', 'elastic/kibana']],
])('the service accounts of %s are %j', async (version, names) => {
  const cluster = await emulated({ version });
  expect(Object.keys((await cluster.ask('GET /_security/service')).json).sort()).toEqual(names);
  await cluster.close();
});

// `ElasticServiceAccounts` of 8.5 and 9.5.
test.each([
  ['8.5', ['monitor', 'manage_own_api_key', 'read_fleet_secrets'], 12],
  ['9.5', ['monitor', 'manage_own_api_key', 'read_fleet_secrets', 'cluster:admin/xpack/connector/*'], 17],
])('the Fleet Server of %s may set itself up', async (version, privileges, groups) => {
  const emulator = await emulated({ version });
  const { json } = await emulator.ask('GET /_security/service/elastic/fleet-server');
  const { cluster, indices, applications } = json['elastic/fleet-server'].role_descriptor;
  expect([cluster, indices.length]).toEqual([privileges, groups]);
  expect(applications).toEqual([
    { application: 'kibana-*', privileges: ['reserved_fleet-setup'], resources: ['*'] },
  ]);
  await emulator.close();
});
