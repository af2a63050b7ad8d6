/**
 * Which cluster privilege grants which action. Privileges on indices and applications are kept but never
 * needed for the endpoints of this package.
 */

/** A named cluster privilege. */
interface ClusterPrivilege {
  readonly name: string;
  /** Actions; a star stands for anything. */
  readonly grants: readonly string[];
  readonly except?: readonly string[];
}

const security = 'cluster:admin/xpack/security/';

// From the weakest to the strongest, and by name among equals: the order in which hints list them. Only
// privileges that grant an action of this package have their actions here; of the others the name is enough.
const granting: readonly ClusterPrivilege[] = [
  { name: 'clone_api_key', grants: [`${security}api_key/clone`] },
  { name: 'delegate_pki', grants: [`${security}delegate_pki`, `${security}token/invalidate`] },
  { name: 'grant_api_key', grants: [`${security}api_key/grant*`] },
  { name: 'manage_own_api_key', grants: [] },
  {
    name: 'manage_saml',
    grants: [`${security}saml/*`, `${security}token/invalidate`, `${security}token/refresh`],
  },
  { name: 'manage_service_account', grants: [`${security}service_account/*`] },
  { name: 'manage_token', grants: [`${security}token/*`] },
  {
    name: 'read_security',
    grants: [
      `${security}api_key/get`,
      `${security}api_key/query`,
      `${security}role/get`,
      `${security}service_account/get`,
      `${security}service_account/credential/get*`,
      `${security}user/get`,
      `${security}user/query`,
      `${security}user/list_privileges`,
      `${security}user/has_privileges`,
    ],
  },
  {
    name: 'manage_api_key',
    grants: [`${security}api_key/*`],
  },
  { name: 'monitor', grants: ['cluster:monitor/*'] },
  { name: 'manage_security', grants: [`${security}*`], except: [`${security}delegate_pki`] },
  { name: 'manage', grants: ['cluster:*'], except: [`${security}*`] },
  { name: 'all', grants: ['cluster:*'] },
];

const others =
  'none,cancel_task,create_snapshot,cross_cluster_replication,cross_cluster_search,manage_autoscaling,' +
  'manage_behavioral_analytics,manage_ccr,manage_connector,manage_data_frame_transforms,manage_data_stream_global_retention,' +
  'manage_enrich,manage_ilm,manage_index_templates,manage_inference,manage_ingest_pipelines,manage_logstash_pipelines,manage_ml,' +
  'manage_oidc,manage_pipeline,manage_rollup,manage_search_application,manage_search_query_rules,manage_search_synonyms,' +
  'manage_slm,manage_transform,manage_user_profile,manage_watcher,monitor_connector,monitor_data_frame_transforms,' +
  'monitor_data_stream_global_retention,monitor_enrich,monitor_esql,monitor_inference,monitor_ml,monitor_rollup,monitor_snapshot,' +
  'monitor_stats,monitor_text_structure,monitor_transform,monitor_watcher,post_behavioral_analytics_event,read_ccr,' +
  'read_connector_secrets,read_fleet_secrets,read_ilm,read_pipeline,read_slm,transport_client,write_connector_secrets,' +
  'write_fleet_secrets';

const byName: ReadonlyMap<string, ClusterPrivilege> = new Map(
  granting.map((privilege) => [privilege.name, privilege]),
);
const known: ReadonlySet<string> = new Set([...others.split(','), ...byName.keys()]);

function matches(pattern: string, action: string): boolean {
  return pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : action === pattern;
}

/**
 * Whether a privilege grants an action.
 *
 * @param own whether the request concerns only API keys of the caller, which is all that
 *   `manage_own_api_key` grants
 */
export function grants(privilegeName: string, action: string, own: boolean): boolean {
  const name = privilegeName.toLowerCase();
  // A pattern over actions is a privilege too.
  if (name.startsWith('cluster:')) return matchesPattern(name, action);
  if (name === 'manage_own_api_key') return own && action.startsWith(`${security}api_key/`);
  const privilege = byName.get(name);
  return privilege !== undefined && grantedBy(privilege, action);
}

function grantedBy(privilege: ClusterPrivilege, action: string): boolean {
  const excepted = privilege.except?.some((pattern) => matches(pattern, action)) ?? false;
  return !excepted && privilege.grants.some((pattern) => matches(pattern, action));
}

function matchesPattern(pattern: string, action: string): boolean {
  const pieces = `${pattern}*`.split('*');
  let at = 0;
  for (const [index, piece] of pieces.entries()) {
    const found = index === 0 ? (action.startsWith(piece) ? 0 : -1) : action.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return true;
}

/** The names that a denial offers: every privilege that would have granted the action. */
export function privilegesGranting(action: string, own: boolean): string[] {
  return granting.map((privilege) => privilege.name).filter((name) => grants(name, action, own));
}

/** What is wrong with the name of a cluster privilege, or `undefined`. */
export function privilegeProblem(privilegeName: string): string | undefined {
  const name = privilegeName.toLowerCase();
  const pattern = /^(cluster:|indices:admin\/(index_)?template\/)/;
  if (known.has(name) || pattern.test(name)) return undefined;
  return (
    `unknown cluster privilege [${name}]. a privilege must be either one of the predefined cluster privilege names ` +
    `[${[...known].join(',')}] or a pattern over one of the available cluster actions`
  );
}
