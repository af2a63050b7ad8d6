/**
 * The roles that Elasticsearch brings along and nobody can change, as data: those of the middle of 8.x. What became
 * of them later is in `reserved-roles.ts`. Of the fifty entries of `kibana_system` on indices, only those on
 * Kibana's own indices are here.
 */

import type {
  ApplicationPrivileges,
  IndexPrivileges,
  RoleDescriptor,
} from '../privileges/role-descriptor.js';

/** A role, without what all have in common. */
export type Row = Partial<RoleDescriptor> & { readonly deprecated?: string };

/** Privileges on ordinary indices. */
export function on(names: string | readonly string[], ...privileges: readonly string[]): IndexPrivileges {
  return { names: typeof names === 'string' ? [names] : names, privileges, allowRestrictedIndices: false };
}

/** The same with Elasticsearch's own indices among them. */
export function alsoRestricted(entry: IndexPrivileges): IndexPrivileges {
  return { ...entry, allowRestrictedIndices: true };
}

/** A privilege in Kibana. */
export function inKibana(privilege: string, application = 'kibana-*'): readonly ApplicationPrivileges[] {
  return [{ application, privileges: [privilege], resources: ['*'] }];
}

const bulk = 'cluster:admin/xpack/monitoring/bulk';
const aliases = 'indices:admin/aliases';
const rollover = 'indices:admin/rollover';
const ordinary = '/~(([.]|ilm-history-).*)/';
const kibana = 'kibana-.kibana';
const reading = ['read', 'view_index_metadata'];
const editing = [...reading, 'write', 'maintenance'];
const lists = ['.siem-signals*', '.lists-*', '.items-*'];
const alerts = ['.alerts*', '.preview.alerts*'];
const transformLogs = [
  '.transform-notifications-*',
  '.data-frame-notifications-*',
  '.transform-notifications-read',
];
const metrics = '/metrics-(beats|elasticsearch|enterprisesearch|kibana|logstash).*/';

const superuser: Row = {
  cluster: ['all'],
  indices: [
    on('*', 'all'),
    alsoRestricted(on('*', 'monitor', 'read', 'view_index_metadata', 'read_cross_cluster')),
  ],
  applications: [{ application: '*', privileges: ['*'], resources: ['*'] }],
  runAs: ['*'],
  isSuperuser: true,
};
/** Until 8.0 he could also change restricted indices. */
export const olderSuperuser: Row = { ...superuser, indices: [alsoRestricted(on('*', 'all'))] };

/** The roles by name. */
export const reservedRows: Readonly<Record<string, Row>> = {
  superuser,
  apm_system: {
    cluster: ['monitor', bulk],
    indices: [on('.monitoring-beats-*', 'create_index', 'create_doc')],
  },
  apm_user: {
    indices: [
      on('apm-*', ...reading),
      on('logs-apm.*', ...reading),
      on('logs-apm-*', ...reading),
      on('metrics-apm.*', ...reading),
      on('metrics-apm-*', ...reading),
      on('traces-apm.*', ...reading),
      on('traces-apm-*', ...reading),
      on('.ml-anomalies*', ...reading),
      on('observability-annotations', ...reading),
    ],
    applications: inKibana('reserved_ml_apm_user'),
    deprecated:
      'This role will be removed in a future major release. Please use editor and viewer roles instead',
  },
  beats_admin: { indices: [on('.management-beats', 'all')] },
  beats_system: {
    cluster: ['monitor', bulk],
    indices: [on('.monitoring-beats-*', 'create_index', 'create')],
  },
  data_frame_transforms_admin: {
    cluster: ['manage_data_frame_transforms'],
    indices: [on(transformLogs, 'view_index_metadata', 'read')],
    applications: inKibana('reserved_ml_user'),
    deprecated: 'Please use the [transform_admin] role instead',
  },
  data_frame_transforms_user: {
    cluster: ['monitor_data_frame_transforms'],
    indices: [on(transformLogs, 'view_index_metadata', 'read')],
    applications: inKibana('reserved_ml_user'),
    deprecated: 'Please use the [transform_user] role instead',
  },
  editor: {
    indices: [
      on(ordinary, ...reading),
      on('observability-annotations', ...reading, 'write'),
      on(lists, ...editing),
      on(['.internal.alerts*', '.alerts*', '.internal.preview.alerts*', '.preview.alerts*'], ...editing),
    ],
    applications: inKibana('all', kibana),
  },
  enrich_user: {
    cluster: ['manage_enrich', 'manage_ingest_pipelines', 'monitor'],
    indices: [on('.enrich-*', 'manage', 'read', 'write')],
  },
  inference_admin: { cluster: ['manage_inference'] },
  inference_user: { cluster: ['monitor_inference'] },
  ingest_admin: { cluster: ['manage_index_templates', 'manage_pipeline'] },
  kibana_admin: { applications: inKibana('all', kibana) },
  kibana_system: {
    cluster: [
      'monitor',
      'manage_index_templates',
      bulk,
      'manage_saml',
      'manage_token',
      'manage_oidc',
      'manage_pipeline',
      'manage_ilm',
      'manage_transform',
      'cluster:admin/xpack/security/api_key/invalidate',
      'grant_api_key',
      'manage_own_api_key',
      'cluster:admin/xpack/security/privilege/builtin/get',
      'delegate_pki',
      'cluster:admin/xpack/security/profile/get',
      'cluster:admin/xpack/security/profile/activate',
      'cluster:admin/xpack/security/profile/suggest',
      'cluster:admin/xpack/security/profile/has_privileges',
      'manage_ml',
      'cluster:admin/analyze',
      'monitor_text_structure',
      'cancel_task',
    ],
    indices: [
      alsoRestricted(on(['.kibana*', '.reporting-*'], 'all')),
      alsoRestricted(on('.apm-agent-configuration', 'all')),
      alsoRestricted(on('.apm-custom-link', 'all')),
      on('.monitoring-*', 'read', 'read_cross_cluster'),
      on('*', 'view_index_metadata', 'monitor'),
      on(lists, 'all'),
      on(alerts, 'all'),
    ],
    global: new Map([['application', new Map([['manage', new Map([['applications', ['kibana-*']]])]])]]),
  },
  kibana_user: {
    applications: inKibana('all', kibana),
    deprecated: 'Please use the [kibana_admin] role instead',
  },
  logstash_admin: {
    cluster: ['manage_logstash_pipelines'],
    indices: [alsoRestricted(on('.logstash*', 'create', 'delete', 'index', 'manage', 'read'))],
  },
  logstash_system: { cluster: ['monitor', bulk] },
  machine_learning_admin: {
    cluster: ['manage_ml'],
    indices: [
      alsoRestricted(
        on(
          ['.ml-anomalies*', '.ml-notifications*', '.ml-state*', '.ml-meta*', '.ml-stats-*'],
          'view_index_metadata',
          'read',
        ),
      ),
      on('.ml-annotations*', 'view_index_metadata', 'read', 'write'),
    ],
    applications: inKibana('reserved_ml_admin'),
  },
  machine_learning_user: {
    cluster: ['monitor_ml'],
    indices: [
      on(['.ml-anomalies*', '.ml-notifications*'], 'view_index_metadata', 'read'),
      on('.ml-annotations*', 'view_index_metadata', 'read', 'write'),
    ],
    applications: inKibana('reserved_ml_user'),
  },
  monitoring_user: {
    cluster: ['cluster:monitor/main', 'cluster:monitor/xpack/info', 'cluster:monitor/remote/info'],
    indices: ['.monitoring-*', metrics, 'metricbeat-*'].map((name) => on(name, 'read', 'read_cross_cluster')),
    applications: inKibana('reserved_monitoring'),
  },
  remote_monitoring_agent: {
    cluster: [
      'manage_index_templates',
      'manage_ingest_pipelines',
      'monitor',
      'cluster:admin/ilm/get',
      'cluster:admin/ilm/put',
      'cluster:monitor/xpack/watcher/watch/get',
      'cluster:admin/xpack/watcher/watch/put',
      'cluster:admin/xpack/watcher/watch/delete',
    ],
    indices: [
      on('.monitoring-*', 'all'),
      on('metricbeat-*', 'index', 'create_index', 'view_index_metadata', aliases, rollover),
    ],
  },
  remote_monitoring_collector: {
    cluster: ['monitor'],
    indices: [alsoRestricted(on('*', 'monitor')), alsoRestricted(on('.kibana*', 'read'))],
  },
  reporting_user: { deprecated: 'Please use Kibana feature privileges instead' },
  rollup_admin: { cluster: ['manage_rollup'] },
  rollup_user: { cluster: ['monitor_rollup'] },
  snapshot_user: {
    cluster: ['create_snapshot', 'cluster:admin/repository/get'],
    indices: [alsoRestricted(on('*', 'view_index_metadata'))],
  },
  transform_admin: {
    cluster: ['manage_transform'],
    indices: [on(transformLogs, 'view_index_metadata', 'read')],
  },
  transform_user: {
    cluster: ['monitor_transform'],
    indices: [on(transformLogs, 'view_index_metadata', 'read')],
  },
  transport_client: { cluster: ['transport_client'] },
  viewer: {
    indices: [on(ordinary, ...reading), on(lists, ...reading), on(alerts, ...reading)],
    applications: inKibana('read', kibana),
  },
  watcher_admin: {
    cluster: ['manage_watcher'],
    indices: [alsoRestricted(on(['.watches', '.triggered_watches', '.watcher-history-*'], 'read'))],
  },
  watcher_user: {
    cluster: ['monitor_watcher'],
    indices: [alsoRestricted(on('.watches', 'read')), on('.watcher-history-*', 'read')],
  },
};
