/**
 * Who may do what: the roles behind an identity, and the decision. What roles allow together is worked out in
 * `permissions.ts`, and a denial is put into words in `denials.ts`.
 */

import { type AnonymousUser, type Authentication, nowhere, rolesOf } from '../identities/identity.js';
import type { ServiceAccounts } from '../identities/service-accounts.js';
import type { ApplicationPrivileges } from '../privileges/application-privileges.js';
import type { RoleDescriptors } from '../privileges/role-descriptor.js';
import type { ApiError } from '../wire/envelope.js';
import type { Version } from '../wire/version.js';
import { createDenials } from './denials.js';
import { type Concerns, type IndexGroup, type Permissions, permissionsOf } from './permissions.js';
import type { Roles } from './roles.js';

/** Decides about actions. */
export interface Authorization {
  /** @returns the denial, or `undefined` if the caller may */
  denial(authentication: Authentication, action: string, concerns?: Concerns): ApiError | undefined;
  /**
   * Whether the caller may do something on an index, and what he sees of it.
   *
   * @returns `undefined` if he may not. For each limit of the caller, every one of which counts (an API key has
   *   its own privileges and those of its owner), the entries of which one has to let a document or a field pass
   */
  grantOn(authentication: Authentication, action: string, index: string): IndexGrant | undefined;
  /** The denial of an action on the indices on which `grantOn` found no grant. */
  indexDenial(authentication: Authentication, action: string, indices: readonly string[]): ApiError;
  /**
   * What keeps somebody from doing even that for which no privilege is needed.
   *
   * @param own whether nothing but the caller's own API keys is concerned
   */
  barrier(authentication: Authentication, action: string, own?: boolean): ApiError | undefined;
  /** What the caller's roles are now: what an API key made now would be limited by. */
  roleDescriptors(authentication: Authentication): RoleDescriptors;
  /** What limits the caller. Only what every one of them allows is allowed. */
  limits(authentication: Authentication): readonly Permissions[];
}

/** For each limit of a caller, the privileges that grant. */
export type IndexGrant = readonly (readonly IndexGroup[])[];

/** What a decision is made from. */
export interface AuthorizationSources {
  readonly roles: Roles;
  readonly serviceAccounts: ServiceAccounts;
  readonly applicationPrivileges: ApplicationPrivileges;
  readonly anonymous: AnonymousUser;
  /** What whoever sent no credential is told to send one with, instead of being denied; none: he is denied. */
  anonymousChallenges(): readonly string[] | undefined;
  readonly version: Version;
}

/** Makes the decision maker. */
export function createAuthorization(sources: AuthorizationSources): Authorization {
  const { roles, serviceAccounts, applicationPrivileges, anonymous, version } = sources;
  const denials = createDenials(sources);

  function roleDescriptors(authentication: Authentication): RoleDescriptors {
    const { apiKey, serviceToken } = authentication;
    if (apiKey !== undefined) {
      return apiKey.roleDescriptors.size > 0 ? apiKey.roleDescriptors : apiKey.owner.limitedBy;
    }
    if (serviceToken !== undefined) {
      const role = serviceAccounts.role(serviceToken.account);
      return new Map(role === undefined ? [] : [[serviceToken.account, role]]);
    }
    return roles.resolve(rolesOf(authentication, anonymous));
  }

  function limits(authentication: Authentication): Permissions[] {
    const { apiKey } = authentication;
    const own = roleDescriptors(authentication);
    const limited = apiKey !== undefined && own !== apiKey.owner.limitedBy;
    return [own, ...(limited ? [apiKey.owner.limitedBy] : [])].map((descriptors) =>
      permissionsOf(descriptors.values(), applicationPrivileges, version),
    );
  }

  return {
    roleDescriptors,
    limits,
    denial(authentication, action, concerns = {}) {
      const permitted = limits(authentication).every((limit) => limit.allowsAction(action, concerns));
      return permitted ? undefined : denials.ofAction(authentication, action, concerns.own);
    },
    grantOn(authentication, action, index) {
      const groups = limits(authentication).map((limit) => limit.groupsAllowing(action, index));
      return groups.every((allowing) => allowing.length > 0) ? groups : undefined;
    },
    indexDenial: denials.onIndices,
    barrier(authentication, action, own) {
      const { runBy, user, apiKey, lookupRealm } = authentication;
      // None of the workflows to which a key can be restricted is among the endpoints here.
      const ofKey = (runBy?.apiKey ?? apiKey)?.roleDescriptors.values() ?? [];
      if ([...ofKey].some((role) => role.workflows)) return denials.ofWorkflow(authentication, action, own);
      const mayRunAs = (by: Authentication): boolean =>
        lookupRealm !== nowhere && limits(by).every((limit) => limit.allowsRunAs(user.username));
      if (runBy === undefined || mayRunAs(runBy)) return undefined;
      return denials.ofRunAs(authentication, runBy, action);
    },
  };
}
