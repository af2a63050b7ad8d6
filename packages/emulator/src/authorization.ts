/**
 * Who may do what: the roles behind an identity, the decision, and the words of a denial.
 */

import type { ApiError } from './envelope.js';
import { type Authentication, nowhere } from './identity.js';
import { matchesName } from './names.js';
import { grants, privilegesGranting } from './privileges.js';
import type { RoleDescriptors } from './role-descriptor.js';
import type { Roles } from './roles.js';
import type { ServiceAccounts } from './service-accounts.js';
import type { Version } from './version.js';

/** Decides about actions. */
export interface Authorization {
  /**
   * @param own whether the request concerns nothing but API keys that are the caller's own
   * @returns the denial, or `undefined` if the caller may
   */
  denial(authentication: Authentication, action: string, own: boolean): ApiError | undefined;
  /** What keeps somebody from doing even that for which no privilege is needed. */
  barrier(authentication: Authentication, action: string): ApiError | undefined;
  /** What the caller's roles are now: what an API key made now would be limited by. */
  roleDescriptors(authentication: Authentication): RoleDescriptors;
}

/** Makes the decision maker. */
export function createAuthorization(
  roles: Roles,
  serviceAccounts: ServiceAccounts,
  version: Version,
): Authorization {
  function roleDescriptors({ apiKey, serviceToken, user }: Authentication): RoleDescriptors {
    if (apiKey !== undefined) {
      return apiKey.roleDescriptors.size > 0 ? apiKey.roleDescriptors : apiKey.owner.limitedBy;
    }
    if (serviceToken !== undefined) {
      const role = serviceAccounts.role(serviceToken.account);
      return new Map(role === undefined ? [] : [[serviceToken.account, role]]);
    }
    return roles.resolve(user.roles);
  }

  /** Every one of these has to grant an action. */
  function limits(authentication: Authentication): readonly RoleDescriptors[] {
    const { apiKey } = authentication;
    const own = roleDescriptors(authentication);
    return apiKey === undefined ? [own] : [own, apiKey.owner.limitedBy];
  }

  function permits(authentication: Authentication, action: string, own: boolean): boolean {
    return limits(authentication).every((descriptors) =>
      [...descriptors.values()].some((role) => role.cluster.some((name) => grants(name, action, own))),
    );
  }

  function mayRunAs(authentication: Authentication, username: string): boolean {
    return limits(authentication).every((descriptors) =>
      [...descriptors.values()].some((role) => role.runAs.some((pattern) => matchesName(pattern, username))),
    );
  }

  const denied = (reason: string): ApiError => ({ status: 403, type: 'security_exception', reason });

  function denial(authentication: Authentication, action: string, own: boolean): ApiError {
    const hint = privilegesGranting(action, own);
    const hintText =
      hint.length === 0 ? '' : `, this action is granted by the cluster privileges [${hint.join(',')}]`;
    const { runBy, user } = authentication;
    const runAs = runBy === undefined ? '' : `${nameOf(runBy)} run as [${user.username}]`;
    const who = `${runAs === '' ? nameOf(authentication) : runAs}${rolesOf(authentication)}`;
    return denied(`action [${action}] is unauthorized for ${who}${hintText}`);
  }

  function barrier(authentication: Authentication, action: string): ApiError | undefined {
    const { runBy, user, apiKey, lookupRealm } = authentication;
    if (runBy !== undefined && (lookupRealm === nowhere || !mayRunAs(runBy, user.username))) {
      const name = nameOf(runBy);
      return denied(
        `action [${action}] is unauthorized for ${name}${rolesOf(runBy)}, because ${name} is unauthorized to run as [${user.username}]`,
      );
    }
    // None of the workflows to which a key can be restricted is among the endpoints here.
    if (
      apiKey !== undefined &&
      [...apiKey.roleDescriptors.values()].some((role) => role.workflows !== undefined)
    ) {
      const cause = {
        status: 403,
        type: 'role_restriction_exception',
        reason: 'access restricted by workflow',
      };
      return { ...denial(authentication, action, false), cause };
    }
    return undefined;
  }

  function nameOf({ user, apiKey, serviceToken }: Authentication): string {
    if (apiKey !== undefined) return `API key id [${apiKey.id}] of user [${user.username}]`;
    return `${serviceToken !== undefined && version.namesServiceAccounts ? 'service account' : 'user'} [${user.username}]`;
  }

  function rolesOf({ user, apiKey, serviceToken }: Authentication): string {
    if (apiKey !== undefined || serviceToken !== undefined) return '';
    if (!version.effectiveRoles) return ` with roles [${user.roles.join(',')}]`;
    const found = [...roles.resolve(user.roles).keys()].sort();
    const missing = user.roles.filter((name) => !found.includes(name)).sort();
    const missingText = missing.length === 0 ? '' : ` (assigned roles [${missing.join(',')}] were not found)`;
    return ` with effective roles [${found.join(',')}]${missingText}`;
  }

  return {
    roleDescriptors,
    barrier,
    denial: (authentication, action, own) =>
      permits(authentication, action, own) ? undefined : denial(authentication, action, own),
  };
}
