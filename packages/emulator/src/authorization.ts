/**
 * Who may do what: the roles behind an identity, the decision, and the words of a denial.
 */

import type { ApiError } from './envelope.js';
import type { Authentication } from './identity.js';
import { grants, privilegesGranting } from './privileges.js';
import type { RoleDescriptor, RoleDescriptors } from './role-descriptor.js';
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
    if (apiKey !== undefined)
      return apiKey.roleDescriptors.size > 0 ? apiKey.roleDescriptors : apiKey.owner.limitedBy;
    if (serviceToken !== undefined) {
      const role = serviceAccounts.role(serviceToken.account);
      return new Map(role === undefined ? [] : [[serviceToken.account, role]]);
    }
    return roles.resolve(user.roles);
  }

  /** Every one of these has to grant an action. */
  function* limits(authentication: Authentication): Generator<RoleDescriptors> {
    yield roleDescriptors(authentication);
    if (authentication.apiKey !== undefined) yield authentication.apiKey.owner.limitedBy;
  }

  function permits(authentication: Authentication, action: string, own: boolean): boolean {
    for (const descriptors of limits(authentication)) {
      if (![...descriptors.values()].some((role) => grantedBy(role, action, own))) return false;
    }
    return true;
  }

  return {
    roleDescriptors,
    denial(authentication, action, own) {
      if (permits(authentication, action, own)) return undefined;
      const hint = privilegesGranting(action, own, version.clonesApiKeys);
      const hintText =
        hint.length === 0 ? '' : `, this action is granted by the cluster privileges [${hint.join(',')}]`;
      const reason = `action [${action}] is unauthorized for ${describe(authentication)}${hintText}`;
      return { status: 403, type: 'security_exception', reason };
    },
  };

  function describe(authentication: Authentication): string {
    const { user, apiKey, serviceToken } = authentication;
    if (apiKey !== undefined) return `API key id [${apiKey.id}] of user [${user.username}]`;
    if (serviceToken !== undefined) {
      return `${version.namesServiceAccounts ? 'service account' : 'user'} [${user.username}]`;
    }
    const found = [...roles.resolve(user.roles).keys()].sort();
    if (!version.effectiveRoles) return `user [${user.username}] with roles [${user.roles.join(',')}]`;
    const missing = user.roles.filter((name) => !found.includes(name)).sort();
    const missingText = missing.length === 0 ? '' : ` (assigned roles [${missing.join(',')}] were not found)`;
    return `user [${user.username}] with effective roles [${found.join(',')}]${missingText}`;
  }
}

function grantedBy(role: RoleDescriptor, action: string, own: boolean): boolean {
  return role.cluster.some((privilege) => grants(privilege, action, own));
}
