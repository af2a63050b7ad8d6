/**
 * The named privileges on indices and the actions that each grants, and the indices that belong to
 * Elasticsearch itself. What a set of roles makes of them is in `permissions.ts`.
 */

import { contains, includes, type Language, nothing, union } from '../names/languages.js';
import { namesMatching } from '../names/name-patterns.js';
import { isSince, type Version } from '../wire/version.js';

interface Row {
  readonly name: string;
  /** Patterns over actions. */
  readonly grants: readonly string[];
  readonly since?: readonly [major: number, minor: number];
  /** What of a data stream it is about, if not its data alone. */
  readonly part?: 'failures' | 'both';
}

const proxied = 'internal:transport/proxy/indices:';
const admin = 'indices:admin';
const read = 'indices:data/read';
const write = 'indices:data/write';
const everyAction = ['indices:*', `${proxied}*`];
const resolving = [`${admin}/resolve/index`, `${admin}/resolve/cluster`];
const searchShards = [`${admin}/shards/search_shards`, `${admin}/search/search_shards`];
const fieldCapabilities = [`${read}/field_caps*`, `${read}/xpack/rollup/get/index/caps*`];
const bulk = [`${write}/bulk*`, `${write}/simulate/bulk*`];
const managing = ['indices:monitor/*', `${admin}/*`, ...fieldCapabilities];
const mapping = `${admin}/mapping/auto_put`;
const views = `${admin}/esql/view`;
const restore = 'internal/admin/ccr/restore';

// Those of failure stores, then the others, each time from the one that most others contain to the one that
// contains most: the order in which a denial lists them.
const rows: readonly Row[] = [
  { name: 'manage_failure_store', grants: managing, since: [8, 19], part: 'failures' },
  {
    name: 'read_failure_store',
    grants: [`${read}/*`, `${admin}/resolve/index`],
    since: [8, 19],
    part: 'failures',
  },
  { name: 'none', grants: [] },
  {
    name: 'create_doc',
    grants: [`${write}/index`, `${write}/index[*`, `${write}/index:op_type/create`, ...bulk],
  },
  { name: 'create', grants: [`${write}/index*`, ...bulk] },
  { name: 'auto_configure', grants: [mapping, `${admin}/auto_create`] },
  {
    name: 'create_index',
    grants: [`${admin}/create`, `${admin}/auto_create`, `${admin}/data_stream/create`],
  },
  { name: 'create_view', grants: [`${views}/put`], since: [9, 4] },
  { name: 'delete', grants: [`${write}/delete*`, `${write}/bulk*`] },
  { name: 'delete_index', grants: [`${admin}/delete`, `${admin}/data_stream/delete`] },
  { name: 'delete_view', grants: [`${views}/delete`], since: [9, 4] },
  { name: 'index', grants: [`${write}/index*`, `${write}/update*`, ...bulk] },
  {
    name: 'maintenance',
    grants: [`${admin}/refresh*`, `${admin}/flush*`, `${admin}/synced_flush`, `${admin}/forcemerge*`],
  },
  {
    name: 'manage_data_stream_lifecycle',
    grants: [`${admin}/data_stream/lifecycle/*`],
    since: [8, 11],
    part: 'both',
  },
  {
    name: 'manage_follow_index',
    grants: [
      `${admin}/xpack/ccr/put_follow`,
      `${admin}/xpack/ccr/unfollow`,
      `${admin}/close*`,
      `${admin}/data_stream/promote`,
      `${admin}/rollover`,
    ],
  },
  { name: 'manage_ilm', grants: [`${admin}/ilm/*`] },
  { name: 'manage_leader_index', grants: [`${admin}/xpack/ccr/forget_follower*`] },
  { name: 'monitor', grants: ['indices:monitor/*'] },
  { name: 'read_view_metadata', grants: [`${views}/get`], since: [9, 4] },
  {
    name: 'view_index_metadata',
    grants: [
      `${admin}/aliases/get`,
      `${admin}/get`,
      `${admin}/mappings/fields/get*`,
      `${admin}/mappings/get`,
      ...searchShards,
      `${admin}/validate/query*`,
      'indices:monitor/settings/get',
      `${admin}/ilm/explain`,
      `${admin}/data_stream/lifecycle/get`,
      `${admin}/data_stream/lifecycle/explain`,
      `${admin}/data_stream/get`,
      ...resolving,
      ...fieldCapabilities,
      'indices:monitor/transform/checkpoint*',
      'indices:monitor/get/metering/stats',
      `${admin}/get/metering/stats`,
    ],
  },
  {
    name: 'cross_cluster_replication',
    grants: [
      `${read}/xpack/ccr/shard_changes*`,
      'indices:monitor/stats*',
      ...['add', 'remove', 'renew'].map((verb) => `${admin}/seq_no/${verb}_retention_lease*`),
    ],
    since: [8, 10],
  },
  {
    name: 'cross_cluster_replication_internal',
    grants: [
      `indices:${restore}/session/clear*`,
      `indices:${restore}/file_chunk/get*`,
      `indices:${restore}/session/put*`,
      `${proxied}${restore}/session/clear*`,
      `${proxied}${restore}/file_chunk/get*`,
    ],
    since: [8, 10],
  },
  { name: 'manage_view', grants: [`${views}/*`], since: [9, 4] },
  { name: 'manage', grants: managing, part: 'both' },
  { name: 'read', grants: [`${read}/*`, ...resolving] },
  {
    name: 'read_cross_cluster',
    grants: [
      `${proxied}data/read/*`,
      ...searchShards,
      `${admin}/resolve/cluster`,
      `${read}/esql`,
      `${read}/esql/compute`,
    ],
  },
  { name: 'write', grants: [`${write}/*`, mapping] },
  { name: 'all', grants: everyAction, part: 'both' },
];

const byName: ReadonlyMap<string, Row> = new Map(rows.map((row) => [row.name, row]));
const indexActions = namesMatching(everyAction);

/** The names of all privileges of a release, sorted. */
export function indexPrivilegeNames(version: Version): string[] {
  return rows
    .filter((row) => isSince(version, row.since))
    .map((row) => row.name)
    .sort();
}

/** What is wrong with the name of an index privilege, or `undefined`. */
export function indexPrivilegeProblem(privilege: string, version: Version): string | undefined {
  const name = privilege.toLowerCase();
  const row = byName.get(name);
  // A pattern over actions is a privilege too.
  if ((row !== undefined && isSince(version, row.since)) || contains(indexActions, name)) return undefined;
  return (
    `unknown index privilege [${name}]. a privilege must be either one of the predefined fixed indices privileges ` +
    `[${indexPrivilegeNames(version)}] or a pattern over one of the available index actions`
  );
}

/** The actions on documents and indices that some privileges grant together. */
function indexActionsOf(privileges: Iterable<string>): Language {
  return union([...privileges].map((privilege) => actionsOf(privilege, 'data')));
}

// Elasticsearch goes on letting whoever may store documents add fields to an index, until its next major release
// (`IndicesPermission`: PRIVILEGE_NAME_SET_BWC_ALLOW_MAPPING_UPDATE).
const addingFields: ReadonlySet<string> = new Set(['create', 'create_doc', 'index', 'write']);
const mappingUpdates: ReadonlySet<string> = new Set([mapping, `${admin}/mapping/put`]);

/** Whether some privileges allow an action on indices together, also where none of them grants it. */
export function allowsIndexAction(privileges: readonly string[], action: string): boolean {
  return (
    contains(indexActionsOf(privileges), action) ||
    (mappingUpdates.has(action) && privileges.some((privilege) => addingFields.has(privilege.toLowerCase())))
  );
}

function actionsOf(privilege: string, part: 'data' | 'failures'): Language {
  const name = privilege.toLowerCase();
  const row = byName.get(name);
  if (row === undefined) {
    return part === 'data' && contains(indexActions, name) ? namesMatching([`${name}*`]) : nothing;
  }
  return [part, 'both'].includes(row.part ?? 'data') ? namesMatching(row.grants) : nothing;
}

/** Whether privileges, taken together, grant all that another one does, on the part of a data stream it is about. */
export function grantsIndexPrivilege(privileges: readonly string[], wanted: string): boolean {
  const part = byName.get(wanted.toLowerCase())?.part === 'failures' ? 'failures' : 'data';
  return includes(union(privileges.map((privilege) => actionsOf(privilege, part))), actionsOf(wanted, part));
}

/** The names that a denial offers: every privilege that would have granted the action. */
export function indexPrivilegesGranting(action: string, version: Version): string[] {
  return rows
    .filter((row) => isSince(version, row.since) && row.part !== 'failures')
    .filter((row) => contains(namesMatching(row.grants), action))
    .map((row) => row.name);
}
