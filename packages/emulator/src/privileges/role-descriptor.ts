/**
 * What a role descriptor is, and how it is shown. The same shape serves roles, the descriptors of API keys,
 * and the snapshot of an owner's roles that a key carries. Reading one from a body is in
 * `role-descriptor-parser.ts`.
 */

import { emptyMap, type JsonMap, type JsonValue } from '../wire/json-value.js';
import { isSince, type Version } from '../wire/version.js';

/** Privileges on indices. */
export interface IndexPrivileges {
  readonly names: readonly string[];
  readonly privileges: readonly string[];
  readonly grantedFields?: readonly string[];
  readonly deniedFields?: readonly string[];
  /** A query as text, whichever way it was sent. */
  readonly query?: string;
  readonly allowRestrictedIndices: boolean;
  /** Only in `remote_indices`. */
  readonly clusters?: readonly string[];
}

/** Privileges in an application. */
export interface ApplicationPrivileges {
  readonly application: string;
  readonly privileges: readonly string[];
  readonly resources: readonly string[];
}

/** Privileges on the cluster level of remote clusters. */
export interface RemoteClusterPrivileges {
  readonly privileges: readonly string[];
  readonly clusters: readonly string[];
}

/** A set of privileges. It is never changed after it was made, so that any number of keys may share it. */
export interface RoleDescriptor {
  readonly cluster: readonly string[];
  readonly indices: readonly IndexPrivileges[];
  readonly applications: readonly ApplicationPrivileges[];
  readonly runAs: readonly string[];
  readonly metadata: JsonMap;
  readonly global?: JsonMap;
  readonly remoteIndices?: readonly IndexPrivileges[];
  readonly remoteCluster?: readonly RemoteClusterPrivileges[];
  /** The workflows to which an API key is restricted. */
  readonly workflows?: readonly string[];
  readonly description?: string;
  /** The superuser alone shows an empty `transient_metadata`, all others that they are enabled. */
  readonly isSuperuser?: boolean;
}

/** Role descriptors by name. */
export type RoleDescriptors = ReadonlyMap<string, RoleDescriptor>;

/** A descriptor that allows nothing. */
export const noPrivileges: RoleDescriptor = {
  cluster: [],
  indices: [],
  applications: [],
  runAs: [],
  metadata: emptyMap,
};

/** Whether the descriptor allows nothing at all. */
export function isEmpty(role: RoleDescriptor): boolean {
  const lists = [
    role.cluster,
    role.indices,
    role.applications,
    role.runAs,
    role.remoteIndices,
    role.remoteCluster,
  ];
  return lists.every((list) => list === undefined || list.length === 0) && (role.global?.size ?? 0) === 0;
}

/** A descriptor as Elasticsearch prints it: every member that it always prints, and the optional ones in its order. */
export function showRole(role: RoleDescriptor, version: Version): Record<string, JsonValue | undefined> {
  return {
    cluster: role.cluster,
    global: role.global && role.global.size > 0 ? showGlobal(role.global, version) : undefined,
    indices: role.indices.map(showIndices),
    applications: role.applications.map(({ application, privileges, resources }) => ({
      application,
      privileges,
      resources,
    })),
    run_as: role.runAs,
    metadata: role.metadata,
    transient_metadata: role.isSuperuser === true ? {} : { enabled: true },
    remote_indices: role.remoteIndices?.map(showIndices),
    remote_cluster: role.remoteCluster?.map(({ privileges, clusters }) => ({ privileges, clusters })),
    restriction: role.workflows && { workflows: role.workflows },
    description: role.description,
  };
}

// What there is to be had in `global`, each with what stands there if a role has nothing of it.
const categories: readonly (readonly [string, JsonValue, (readonly [number, number])?])[] = [
  ['application', {}],
  ['profile', {}, [8, 2]],
  ['role', {}, [8, 16]],
  // The first release is not known; a 9.5 has it.
  ['data_source', [], [9, 5]],
];

/** Every category is shown as soon as a role has one. */
function showGlobal(global: JsonMap, version: Version): JsonMap {
  return new Map(
    categories
      .filter(([, , since]) => isSince(version, since))
      .map(([name, nothing]) => [name, global.get(name) ?? nothing]),
  );
}

/** Descriptors by name, as a key shows them: read from where it is kept, the superuser is a role like any other. */
export function showRoles(roles: RoleDescriptors, version: Version): JsonMap {
  return new Map(
    [...roles].map(([name, role]) => [name, showRole({ ...role, isSuperuser: false }, version)]),
  );
}

/** Privileges on indices as Elasticsearch prints them. */
export function showIndices(indices: IndexPrivileges): Record<string, JsonValue | undefined> {
  return {
    names: indices.names,
    privileges: indices.privileges,
    field_security: fieldSecurity(indices),
    query: indices.query,
    allow_restricted_indices: indices.allowRestrictedIndices,
    clusters: indices.clusters,
  };
}

/** `field_security` of privileges on indices, or nothing if all fields are visible. */
export function fieldSecurity(indices: IndexPrivileges): Record<string, JsonValue | undefined> | undefined {
  if (indices.grantedFields === undefined && indices.deniedFields === undefined) return undefined;
  return { grant: indices.grantedFields, except: indices.deniedFields };
}
