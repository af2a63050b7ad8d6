/**
 * What some roles allow together: actions on the cluster, actions on indices and whom to act for, and whether
 * they hold a privilege somebody asks about. Several of these limit an API key; that is put together in
 * `authorization.ts`.
 */

import {
  contains,
  everything,
  includes,
  isEmptyLanguage,
  type Language,
  nothing,
  union,
  without,
} from '../names/languages.js';
import { isPattern, languageOf, matchesPattern, namesMatching } from '../names/name-patterns.js';
import type {
  ResolvedPrivileges,
  ApplicationPrivileges as Stored,
} from '../privileges/application-privileges.js';
import { grantsAction, grantsPrivilege } from '../privileges/cluster-privileges.js';
import { managedApplications, managedIndices, writtenApplications } from '../privileges/global-privileges.js';
import { allowsIndexAction, grantsIndexPrivilege } from '../privileges/index-privileges.js';
import { isRestricted, restrictedIndices } from '../privileges/restricted-indices.js';
import { type IndexPrivileges, noPrivileges, type RoleDescriptor } from '../privileges/role-descriptor.js';
import type { Version } from '../wire/version.js';

/** Privileges on indices of several roles, joined where the names of the indices are the same. */
export interface IndexGroup {
  readonly names: readonly string[];
  readonly privileges: readonly string[];
  /** The queries of which a document has to match one; `undefined` if every document is visible. */
  readonly queries: readonly string[] | undefined;
  /** The rules of which a field has to fit one; `undefined` if every field is visible. */
  readonly fields: readonly FieldRule[] | undefined;
  readonly allowRestrictedIndices: boolean;
}

/** Which fields are visible: those that are granted, except those that are denied. */
export type FieldRule = Pick<IndexPrivileges, 'grantedFields' | 'deniedFields'>;

/** What a request is about, where that decides whether it is allowed. */
export interface Concerns {
  /** It is about nothing but the caller's own API keys. */
  readonly own?: boolean;
  /** It is about nothing but the privileges of these applications. */
  readonly applications?: readonly string[];
  /** It is about nothing but what these applications keep in profiles. */
  readonly profileData?: readonly string[];
  /** It stores these roles, or with none of them removes some. */
  readonly roles?: readonly RoleDescriptor[];
}

/** What some roles allow together. */
export interface Permissions {
  readonly groups: readonly IndexGroup[];
  readonly cluster: readonly string[];
  readonly applications: readonly ApplicationGroup[];
  readonly runAs: readonly string[];
  allowsAction(action: string, concerns: Concerns): boolean;
  allowsRunAs(username: string): boolean;
  /** The groups that allow an action on an index; none: it is denied. */
  groupsAllowing(action: string, index: string): IndexGroup[];
  /** Whether an action is allowed on any index at all, whichever there are. */
  allowsSomewhere(action: string): boolean;
  hasClusterPrivilege(privilege: string): boolean;
  /** @param index the name of an index or a pattern, all of which has to be covered */
  hasIndexPrivilege(privilege: string, index: string, allowRestrictedIndices: boolean): boolean;
  hasApplicationPrivilege(application: string, privilege: string, resource: string): boolean;
  /** Where a privilege is held: also where one is held that implies it. */
  applicationResources(privilege: ApplicationGroup): string[];
}

/** Privileges in an application of several roles: joined where the resources are the same, then where they are. */
export interface ApplicationGroup extends ResolvedPrivileges {
  readonly resources: readonly string[];
}

/** Puts the privileges of some roles together. */
export function permissionsOf(
  roles: Iterable<RoleDescriptor>,
  stored: Stored,
  version: Version,
): Permissions {
  const descriptors = [...roles];
  const cluster = distinct(descriptors.flatMap((role) => role.cluster));
  const runAs = distinct(descriptors.flatMap((role) => role.runAs));
  const managed = descriptors.flatMap(({ global }) => managedApplications(global));
  const written = descriptors.flatMap(({ global }) => writtenApplications(global));
  const groups = joinIndices(descriptors);
  const applications = joinApplications(descriptors, stored);

  function indicesOf({ names, allowRestrictedIndices }: IndexGroup): Language {
    const language = namesMatching(names);
    return allowRestrictedIndices ? language : without(language, restrictedIndices(version));
  }

  /** What is asked about: without the restricted indices, unless they are meant. */
  function asked(index: string, allowRestrictedIndices: boolean): Language {
    const language = languageOf(index);
    const meant = allowRestrictedIndices || (!isPattern(index) && isRestricted(index, version));
    return meant ? language : without(language, restrictedIndices(version));
  }

  /** Whether roles may be managed that give these privileges, as far as `global` says so. */
  function managesRoles(roles: readonly RoleDescriptor[]): boolean {
    const given = descriptors.flatMap(({ global }) => managedIndices(global));
    if (given.length === 0) return false;
    const most = permissionsOf([{ ...noPrivileges, indices: given }], stored, version);
    return roles.every(
      (role) =>
        isOnIndices(role) &&
        role.indices.every(({ names, privileges }) =>
          names.every((name) =>
            privileges.every((privilege) => most.hasIndexPrivilege(privilege, name, false)),
          ),
        ),
    );
  }

  return {
    groups,
    cluster,
    applications,
    runAs,
    allowsAction: (action, { own = false, applications: concerned = [], roles: managedRoles, profileData }) =>
      grantsAction(cluster, action, own) ||
      (managedRoles !== undefined && managesRoles(managedRoles)) ||
      (concerned.length > 0 && areCovered(concerned, managed)) ||
      (profileData !== undefined && areCovered(profileData, written)),
    allowsRunAs: (username) => runAs.some((pattern) => matchesPattern(pattern, username)),
    groupsAllowing: (action, index) =>
      groups.filter(
        ({ names, privileges, allowRestrictedIndices }) =>
          contains(namesMatching(names), index) &&
          allowsIndexAction(privileges, action) &&
          (allowRestrictedIndices || !isRestricted(index, version)),
      ),
    allowsSomewhere: (action) => groups.some((group) => allowsIndexAction(group.privileges, action)),
    hasClusterPrivilege: (privilege) => grantsPrivilege(cluster, privilege),
    hasIndexPrivilege(privilege, index, allowRestrictedIndices) {
      const wanted = asked(index, allowRestrictedIndices);
      if (isEmptyLanguage(wanted)) return false;
      // Each has to cover the indices alone, in some releases together with those of the same privileges.
      const parts = version.joinsEqualPrivileges ? byPrivileges(groups) : groups.map((group) => [group]);
      const covering = parts.filter((same) => includes(union(same.map(indicesOf)), wanted));
      const privileges = covering.flat().flatMap((group) => group.privileges);
      return covering.length > 0 && grantsIndexPrivilege(privileges, privilege);
    },
    hasApplicationPrivilege: (application, privilege, resource) =>
      stored
        .resolve(application, [privilege])
        .every((wanted) => applications.some((group) => covers(group, wanted, resource))),
    applicationResources: (privilege) =>
      distinct(applications.flatMap((group) => (coversPrivileges(group, privilege) ? group.resources : []))),
  };
}

/** Whether a role has nothing but privileges on ordinary indices. */
function isOnIndices(role: RoleDescriptor): boolean {
  const others = [role.cluster, role.applications, role.runAs, role.remoteIndices, role.remoteCluster];
  const hasOthers = others.some((list) => (list?.length ?? 0) > 0) || (role.global?.size ?? 0) > 0;
  return !hasOthers && role.indices.every(({ allowRestrictedIndices }) => !allowRestrictedIndices);
}

function areCovered(names: readonly string[], patterns: readonly string[]): boolean {
  return names.every((name) => patterns.some((pattern) => matchesPattern(pattern, name)));
}

function distinct(texts: Iterable<string>): string[] {
  return [...new Set(texts)];
}

const keyOf = (...lists: readonly (readonly string[])[]): string =>
  JSON.stringify(lists.map((list) => distinct(list).sort()));

function byPrivileges(groups: readonly IndexGroup[]): IndexGroup[][] {
  const found = new Map<string, IndexGroup[]>();
  for (const group of groups) {
    const key = keyOf(group.privileges.map((name) => name.toLowerCase()));
    found.set(key, [...(found.get(key) ?? []), group]);
  }
  return [...found.values()];
}

function joinIndices(roles: readonly RoleDescriptor[]): IndexGroup[] {
  const joined = new Map<string, IndexGroup>();
  for (const { indices } of roles) {
    // A role whose only privilege on indices is `none` counts as one without any.
    if (indices.length === 1 && indices[0]?.privileges[0]?.toLowerCase() === 'none') continue;
    for (const entry of indices) {
      const key = keyOf([String(entry.allowRestrictedIndices)], entry.names);
      const group = groupOf(entry);
      const known = joined.get(key);
      joined.set(key, known === undefined ? group : join(known, group));
    }
  }
  // Those for restricted indices come last.
  return [...joined.values()].sort(
    (a, b) => Number(a.allowRestrictedIndices) - Number(b.allowRestrictedIndices),
  );
}

function groupOf({
  names,
  privileges,
  query,
  allowRestrictedIndices,
  ...entry
}: IndexPrivileges): IndexGroup {
  const { grantedFields, deniedFields } = entry;
  const allFields =
    (grantedFields === undefined || grantedFields.includes('*')) && (deniedFields ?? []).length === 0;
  return {
    names: distinct(names),
    privileges: distinct(privileges),
    queries: query === undefined ? undefined : [query],
    fields: allFields ? undefined : [entry],
    allowRestrictedIndices,
  };
}

/** Whatever one of them allows: all documents, if one has no query, also for the privileges of the other. */
function join(a: IndexGroup, b: IndexGroup): IndexGroup {
  return {
    ...a,
    privileges: distinct([...a.privileges, ...b.privileges]),
    queries: a.queries && b.queries && distinct([...a.queries, ...b.queries]),
    fields: a.fields && b.fields && [...a.fields, ...b.fields],
  };
}

function joinApplications(roles: readonly RoleDescriptor[], stored: Stored): ApplicationGroup[] {
  const joined = new Map<string, { application: string; resources: readonly string[]; names: string[] }>();
  for (const { application, privileges, resources } of roles.flatMap((role) => role.applications)) {
    const key = keyOf([application], resources);
    const names = distinct([...(joined.get(key)?.names ?? []), ...privileges]);
    joined.set(key, { application, resources: distinct(resources), names });
  }
  // Elasticsearch looks only at what is stored under the names in these roles, whichever entry they are in.
  const known = new Set([...joined.values()].flatMap(({ names }) => names));
  const groups = new Map<string, ApplicationGroup>();
  for (const { application, resources, names } of joined.values()) {
    for (const resolved of stored.resolve(application, names, known)) {
      const key = keyOf([resolved.application], resolved.names);
      const others = groups.get(key)?.resources ?? [];
      groups.set(key, { ...resolved, resources: distinct([...others, ...resources]) });
    }
  }
  return [...groups.values()];
}

function covers(group: ApplicationGroup, wanted: ResolvedPrivileges, resource: string): boolean {
  return coversPrivileges(group, wanted) && includes(namesMatching(group.resources), languageOf(resource));
}

function coversPrivileges(group: ApplicationGroup, wanted: ResolvedPrivileges): boolean {
  // The same names are the same privilege, also where nothing is stored under them.
  const same = (a: readonly string[], b: readonly string[]): boolean => keyOf(a) === keyOf(b);
  if (group.application === wanted.application && same(group.names, wanted.names)) return true;
  if (!matchesPattern(group.application, wanted.application)) return false;
  const held = namesMatching(group.actions);
  const actions = namesMatching(wanted.actions);
  return held === everything || (actions !== nothing && includes(held, actions));
}
