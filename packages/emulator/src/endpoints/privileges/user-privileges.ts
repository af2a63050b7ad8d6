/** What the caller is allowed, put together from all of his roles: `GET /_security/user/_privileges`. */

import type {
  ApplicationGroup,
  FieldRule,
  IndexGroup,
  Permissions,
} from '../../authorization/permissions.js';
import { type Answer, answer, type Call, type Route, refuse, route } from '../../cluster/endpoint.js';
import type { Security } from '../../cluster/security.js';
import {
  fieldSecurity,
  type IndexPrivileges,
  type RoleDescriptor,
} from '../../privileges/role-descriptor.js';
import { illegalArgument } from '../../wire/envelope.js';
import { hashOf, hashOfAll, hashOfSet, inHashOrder } from '../../wire/hash-order.js';
import type { JsonValue } from '../../wire/json-value.js';

function show(security: Security, { authentication }: Call): Answer {
  const { authorization } = security;
  const [permissions, limited] = authorization.limits(authentication);
  if (permissions === undefined || limited !== undefined) {
    return refuse(security.version.refusesLimitedPrivileges ? cannotBeShown : unsupported);
  }
  const roles = [...authorization.roleDescriptors(authentication).values()];
  const remoteIndices = roles.flatMap((role) => role.remoteIndices ?? []);
  const remoteCluster = roles.flatMap((role) => role.remoteCluster ?? []);
  return answer({
    cluster: permissions.cluster.map((name) => name.toLowerCase()).sort(),
    global: roles.flatMap(globalOf),
    indices: orderedGroups(permissions).map(showGroup),
    applications: orderedApplications(permissions).map((group) => ({
      application: group.application,
      privileges: inHashOrder(group.names, hashOf),
      resources: inHashOrder(permissions.applicationResources(group), hashOf),
    })),
    run_as: inHashOrder(permissions.runAs, hashOf),
    remote_indices: remoteIndices.length === 0 ? undefined : remoteIndices.map(showRemote),
    remote_cluster:
      remoteCluster.length === 0
        ? undefined
        : remoteCluster.map(({ privileges, clusters }) => ({ privileges, clusters })),
  });
}

/** Those for restricted indices come last. */
function orderedGroups({ groups }: Permissions): IndexGroup[] {
  return [false, true].flatMap((restricted) =>
    inHashOrder(
      groups.filter(({ allowRestrictedIndices }) => allowRestrictedIndices === restricted),
      ({ names }) => hashOfSet(names),
      { computed: true },
    ),
  );
}

/** By application, and in it in the order of the map of its privileges, which are read out of another one. */
function orderedApplications({ applications }: Permissions): ApplicationGroup[] {
  const computed = inHashOrder(applications, hashOfPrivilege, { computed: true });
  const names = [...new Set(computed.map(({ application }) => application))];
  return inHashOrder(names, hashOf).flatMap((name) =>
    inHashOrder(
      computed.filter(({ application }) => application === name),
      hashOfPrivilege,
    ),
  );
}

function hashOfPrivilege({ application, names, actions }: ApplicationGroup): number {
  const patterns = hashOfAll(inHashOrder(actions, hashOf).map(hashOf));
  return hashOfAll([hashOf(application), patterns], hashOfSet(names));
}

const unsupported = {
  status: 500,
  type: 'unsupported_operation_exception',
  reason: 'cannot retrieve cluster permission on limited role',
};
const cannotBeShown = {
  ...illegalArgument(
    'Cannot retrieve privileges for API keys with assigned role descriptors. ' +
      'Please use the Get API key information API https://ela.st/es-api-get-api-key',
  ),
  cause: unsupported,
};

/** Each kind of privilege that depends on the request, as an object of its own. */
function globalOf({ global = new Map() }: RoleDescriptor): JsonValue[] {
  return [...global].map(([category, privileges]) => new Map([[category, privileges]]));
}

function showGroup(group: IndexGroup): Record<string, JsonValue | undefined> {
  return {
    names: [...group.names].sort(),
    privileges: [...group.privileges].map((name) => name.toLowerCase()).sort(),
    field_security: group.fields?.map(showRule),
    query: group.queries,
    allow_restricted_indices: group.allowRestrictedIndices,
  };
}

function showRule({ grantedFields, deniedFields }: FieldRule): Record<string, JsonValue | undefined> {
  const unlessEmpty = (fields: readonly string[] | undefined): readonly string[] | undefined =>
    fields?.length === 0 ? undefined : fields;
  return { grant: unlessEmpty(grantedFields), except: unlessEmpty(deniedFields) };
}

function showRemote(entry: IndexPrivileges): Record<string, JsonValue | undefined> {
  return {
    names: [...entry.names].sort(),
    privileges: [...entry.privileges].sort(),
    field_security: fieldSecurity(entry) && [fieldSecurity(entry) ?? {}],
    query: entry.query === undefined ? undefined : [entry.query],
    allow_restricted_indices: entry.allowRestrictedIndices,
    clusters: entry.clusters,
  };
}

/** The routes of this chapter. */
export const userPrivilegesRoutes: readonly Route[] = [
  route<undefined>({
    methods: ['GET'],
    paths: ['/_security/user/_privileges'],
    read: () => undefined,
    action: () => 'cluster:admin/xpack/security/user/list_privileges',
    // Everybody may ask about himself.
    free: () => true,
    run: (security, _, call) => show(security, call),
  }),
];
