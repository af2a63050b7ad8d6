/**
 * The named privileges on a cluster and the actions that each grants. What a set of roles makes of them is in
 * `permissions.ts`.
 */

import { contains, includes, type Language, nothing, union, without } from '../names/languages.js';
import { namesMatching } from '../names/name-patterns.js';
import { isSince, type Version } from '../wire/version.js';

interface Row {
  readonly name: string;
  /** Patterns over actions. */
  readonly grants: readonly string[];
  readonly except?: readonly string[];
  /** The first release that has it; the older ones are not told apart. */
  readonly since?: readonly [major: number, minor: number];
}

const security = 'cluster:admin/xpack/security';
const everyAction = ['cluster:*', 'indices:admin/template/*', 'indices:admin/index_template/*'];
const transforms = ['cluster:monitor/data_frame/*', 'cluster:monitor/transform/*'];
const manageTransforms = [...transforms, 'cluster:admin/data_frame/*', 'cluster:admin/transform/*'];
const repositories = [
  'cluster:admin/snapshot/status*',
  'cluster:admin/snapshot/get',
  'cluster:admin/repository/get',
];
const inferring = [
  'cluster:monitor/xpack/inference*',
  'cluster:monitor/xpack/ml/trained_models/deployment/infer',
];
const connectorSecrets = 'cluster:admin/xpack/connector/secret';
const writingConnectorSecrets = ['delete', 'post', 'put'].map((verb) => `${connectorSecrets}/${verb}`);
const reindexing = ['cluster:monitor/reindex/*'];
const routing = ['cluster:monitor/project/tags', 'cluster:monitor/project_routing/get'];
const remote = [
  'cluster:internal/remote_cluster/handshake',
  'cluster:internal/remote_cluster/nodes',
  'cluster:internal/admin/tasks/ban',
  'cluster:internal/admin/tasks/cancel_child',
  'cluster:monitor/xpack/info',
];

// From the privilege that implies fewest of the others to `all`, and by name among equals: the order in which
// Elasticsearch lists them in complaints and denials.
const rows: readonly Row[] = [
  { name: 'manage_own_api_key', grants: [] },
  { name: 'manage_data_stream_global_retention', grants: [], since: [8, 14] },
  { name: 'monitor_data_stream_global_retention', grants: [], since: [8, 14] },
  { name: 'none', grants: [] },
  { name: 'cancel_task', grants: ['cluster:admin/tasks/cancel*'] },
  { name: 'clone_api_key', grants: [`${security}/api_key/clone`], since: [9, 4] },
  { name: 'cross_cluster_replication', grants: [...remote, 'cluster:monitor/state'], since: [8, 10] },
  {
    name: 'cross_cluster_search',
    grants: [
      ...remote,
      'cluster:monitor/xpack/enrich/esql/resolve_policy',
      'cluster:internal:data/read/esql/open_exchange',
      'cluster:internal:data/read/esql/exchange',
    ],
    since: [8, 10],
  },
  { name: 'delegate_pki', grants: [`${security}/delegate_pki`, `${security}/token/invalidate`] },
  { name: 'grant_api_key', grants: [`${security}/api_key/grant*`] },
  { name: 'manage_autoscaling', grants: ['cluster:admin/autoscaling/*'] },
  {
    name: 'manage_index_templates',
    grants: [
      'indices:admin/template/*',
      'indices:admin/index_template/*',
      'cluster:admin/component_template/*',
    ],
  },
  { name: 'manage_logstash_pipelines', grants: ['cluster:admin/logstash/pipeline/*'] },
  { name: 'manage_oidc', grants: [`${security}/oidc/*`] },
  {
    name: 'manage_saml',
    grants: [
      `${security}/saml/*`,
      `${security}/token/invalidate`,
      `${security}/token/refresh`,
      'cluster:monitor/xpack/security/saml/metadata',
    ],
  },
  {
    name: 'manage_search_application',
    grants: ['cluster:admin/xpack/application/search_application/*'],
    since: [8, 8],
  },
  { name: 'manage_search_query_rules', grants: ['cluster:admin/xpack/query_rules/*'], since: [8, 10] },
  {
    name: 'manage_search_synonyms',
    grants: ['cluster:admin/synonyms/*', 'cluster:admin/synonyms_sets/*', 'cluster:admin/synonym_rules/*'],
    since: [8, 10],
  },
  { name: 'manage_service_account', grants: [`${security}/service_account/*`] },
  { name: 'manage_token', grants: [`${security}/token/*`] },
  { name: 'manage_user_profile', grants: [`${security}/profile/*`], since: [8, 2] },
  {
    name: 'monitor_connector',
    grants: ['get', 'list', 'sync_job/get', 'sync_job/list'].map(
      (verb) => `cluster:admin/xpack/connector/${verb}`,
    ),
    since: [8, 15],
  },
  {
    name: 'monitor_enrich',
    grants: ['cluster:monitor/xpack/enrich/*', 'cluster:admin/xpack/enrich/get'],
    since: [8, 11],
  },
  { name: 'monitor_esql', grants: ['cluster:monitor/xpack/esql/*'], since: [8, 18] },
  { name: 'monitor_inference', grants: inferring, since: [8, 14] },
  { name: 'monitor_ml', grants: ['cluster:monitor/xpack/ml/*'] },
  { name: 'monitor_reindex', grants: reindexing, since: [9, 4] },
  { name: 'monitor_rollup', grants: ['cluster:monitor/xpack/rollup/*'] },
  { name: 'monitor_snapshot', grants: repositories },
  { name: 'monitor_stats', grants: ['cluster:monitor/stats*'], since: [8, 16] },
  { name: 'monitor_text_structure', grants: ['cluster:monitor/text_structure/*'] },
  { name: 'monitor_watcher', grants: ['cluster:monitor/xpack/watcher/*'] },
  {
    name: 'post_behavioral_analytics_event',
    grants: ['cluster:admin/xpack/application/analytics/post_event'],
    since: [8, 8],
  },
  { name: 'read_ccr', grants: ['cluster:monitor/state', `${security}/user/has_privileges`] },
  { name: 'read_connector_secrets', grants: [`${connectorSecrets}/get`], since: [8, 13] },
  { name: 'read_fleet_secrets', grants: ['cluster:admin/fleet/secrets/get'], since: [8, 10] },
  { name: 'read_ilm', grants: ['cluster:admin/ilm/get', 'cluster:admin/ilm/operation_mode/get'] },
  {
    name: 'read_pipeline',
    grants: ['cluster:admin/ingest/pipeline/get', 'cluster:admin/ingest/pipeline/simulate'],
  },
  { name: 'read_project_routing', grants: routing, since: [9, 4] },
  {
    name: 'read_security',
    grants: [
      'api_key/get',
      'api_key/query',
      'privilege/builtin/get',
      'privilege/get',
      'profile/get',
      'profile/has_privileges',
      'profile/suggest',
      'role/get',
      'role/query',
      'role_mapping/get',
      'service_account/get',
      'service_account/credential/get*',
      'user/get',
      'user/query',
      'user/list_privileges',
      'user/has_privileges',
      'settings/get',
    ].map((action) => `${security}/${action}`),
    since: [8, 5],
  },
  {
    name: 'read_slm',
    grants: ['cluster:admin/slm/status', 'cluster:admin/slm/get', 'cluster:admin/ilm/operation_mode/get'],
  },
  { name: 'transport_client', grants: ['cluster:monitor/nodes/liveness', 'cluster:monitor/state'] },
  { name: 'write_connector_secrets', grants: writingConnectorSecrets, since: [8, 13] },
  {
    name: 'write_fleet_secrets',
    grants: ['cluster:admin/fleet/secrets/post', 'cluster:admin/fleet/secrets/delete'],
    since: [8, 10],
  },
  { name: 'create_snapshot', grants: ['cluster:admin/snapshot/create', ...repositories] },
  {
    name: 'manage_behavioral_analytics',
    grants: ['cluster:admin/xpack/application/analytics/*'],
    since: [8, 8],
  },
  {
    name: 'manage_ccr',
    grants: ['cluster:admin/xpack/ccr/*', 'cluster:monitor/state', `${security}/user/has_privileges`],
  },
  {
    name: 'manage_connector',
    grants: ['cluster:admin/xpack/connector/*'],
    except: [`${connectorSecrets}/get`, ...writingConnectorSecrets],
    since: [8, 13],
  },
  { name: 'manage_enrich', grants: ['cluster:admin/xpack/enrich/*', 'cluster:monitor/xpack/enrich/*'] },
  { name: 'manage_ilm', grants: ['cluster:admin/ilm/*'] },
  {
    name: 'manage_inference',
    grants: [
      ...inferring,
      'cluster:admin/xpack/inference/*',
      'cluster:admin/xpack/ml/trained_models/deployment/start',
      'cluster:admin/xpack/ml/trained_models/deployment/stop',
    ],
    since: [8, 14],
  },
  { name: 'manage_ml', grants: ['cluster:admin/xpack/ml/*', 'cluster:monitor/xpack/ml/*'] },
  {
    name: 'manage_project_routing',
    grants: [...routing, 'cluster:admin/project_routing/*'],
    since: [9, 4],
  },
  { name: 'manage_reindex', grants: [...reindexing, 'cluster:admin/reindex/*'], since: [9, 4] },
  { name: 'manage_rollup', grants: ['cluster:admin/xpack/rollup/*', 'cluster:monitor/xpack/rollup/*'] },
  {
    name: 'manage_slm',
    grants: [
      'cluster:admin/slm/*',
      'cluster:admin/ilm/start',
      'cluster:admin/ilm/stop',
      'cluster:admin/ilm/operation_mode/get',
    ],
  },
  { name: 'manage_watcher', grants: ['cluster:admin/xpack/watcher/*', 'cluster:monitor/xpack/watcher/*'] },
  { name: 'monitor_data_frame_transforms', grants: transforms },
  { name: 'monitor_transform', grants: transforms },
  { name: 'manage_ingest_pipelines', grants: ['cluster:admin/ingest/pipeline/*'] },
  { name: 'manage_pipeline', grants: ['cluster:admin/ingest/pipeline/*'] },
  { name: 'manage_api_key', grants: [`${security}/api_key/*`] },
  { name: 'manage_data_frame_transforms', grants: manageTransforms },
  { name: 'manage_transform', grants: manageTransforms },
  { name: 'manage_security', grants: [`${security}/*`], except: [`${security}/delegate_pki`] },
  {
    name: 'monitor',
    grants: [
      'cluster:monitor/*',
      'indices:admin/template/get',
      'cluster:admin/component_template/get',
      'indices:admin/index_template/get',
    ],
  },
  { name: 'manage', grants: everyAction, except: [`${security}/*`] },
  { name: 'all', grants: everyAction },
];

const byName: ReadonlyMap<string, Row> = new Map(rows.map((row) => [row.name, row]));
const ownApiKeys = 'manage_own_api_key';
const apiKeyActions = namesMatching([`${security}/api_key/*`]);
const clusterActions = namesMatching(everyAction);
const languages = new Map<Row, Language>();

function actionsOf(row: Row): Language {
  const known = languages.get(row);
  if (known !== undefined) return known;
  const actions = without(namesMatching(row.grants), namesMatching(row.except ?? []));
  languages.set(row, actions);
  return actions;
}

/** The names of all privileges of a release, as far as can be told from the least to the greatest. */
export function clusterPrivilegeNames(version: Version): string[] {
  return rows.filter((row) => isSince(version, row.since)).map((row) => row.name);
}

/** Whether privileges on the cluster decide about an action; templates of indices belong to the cluster. */
export function isClusterAction(action: string): boolean {
  return contains(clusterActions, action);
}

/** What is wrong with the name of a cluster privilege, or `undefined`. */
export function clusterPrivilegeProblem(privilege: string, version: Version): string | undefined {
  const name = privilege.toLowerCase();
  const row = byName.get(name);
  // A pattern over actions is a privilege too.
  if ((row !== undefined && isSince(version, row.since)) || isClusterAction(name)) return undefined;
  return (
    `unknown cluster privilege [${name}]. a privilege must be either one of the predefined cluster privilege names ` +
    `[${clusterPrivilegeNames(version)}] or a pattern over one of the available cluster actions`
  );
}

/** The actions that a privilege grants whatever the request is about. */
function grantedActions(privilege: string): Language {
  const name = privilege.toLowerCase();
  const row = byName.get(name);
  if (row !== undefined) return actionsOf(row);
  return isClusterAction(name) ? namesMatching([`${name}*`]) : nothing;
}

/**
 * Whether privileges grant an action.
 *
 * @param own whether the request concerns only API keys of the caller, which is all that
 *   `manage_own_api_key` grants
 */
export function grantsAction(privileges: readonly string[], action: string, own: boolean): boolean {
  return privileges.some(
    (privilege) =>
      contains(grantedActions(privilege), action) ||
      (own && privilege.toLowerCase() === ownApiKeys && contains(apiKeyActions, action)),
  );
}

/**
 * Whether privileges, taken together, grant all that another one does. What `manage_own_api_key` grants depends
 * on the request: whatever grants all of its actions implies it, and it implies nothing but itself.
 */
export function grantsPrivilege(privileges: readonly string[], wanted: string): boolean {
  const names = privileges.map((privilege) => privilege.toLowerCase());
  const others = names.filter((name) => name !== ownApiKeys);
  const name = wanted.toLowerCase();
  if (name === ownApiKeys && names.includes(ownApiKeys)) return true;
  // Even `none` is more than nothing at all.
  if (others.length === 0) return false;
  const actions = name === ownApiKeys ? apiKeyActions : grantedActions(name);
  return includes(union(others.map(grantedActions)), actions);
}

/** The names that a denial offers: every privilege that would have granted the action. */
export function clusterPrivilegesGranting(action: string, own: boolean, version: Version): string[] {
  return clusterPrivilegeNames(version).filter((name) => grantsAction([name], action, own));
}
