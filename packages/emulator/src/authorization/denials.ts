/** The words in which Elasticsearch says that somebody may not do something. They name roles, never secrets. */

import {
  type AnonymousUser,
  type Authentication,
  rolesOf as allRolesOf,
  anonymousRealm,
} from '../identities/identity.js';
import { clusterPrivilegesGranting, isClusterAction } from '../privileges/cluster-privileges.js';
import { indexPrivilegesGranting } from '../privileges/index-privileges.js';
import { isRestricted } from '../privileges/restricted-indices.js';
import type { ApiError } from '../wire/envelope.js';
import type { Version } from '../wire/version.js';
import type { Roles } from './roles.js';

/** Words denials. */
export interface Denials {
  /** @param own whether nothing but the caller's own API keys is concerned */
  ofAction(authentication: Authentication, action: string, own?: boolean): ApiError;
  /** @param indices those of the request on which the action is denied */
  onIndices(authentication: Authentication, action: string, indices: readonly string[]): ApiError;
  /** Somebody may not act for whom he wants to act for. */
  ofRunAs(authentication: Authentication, runBy: Authentication, action: string): ApiError;
  /** A key may be used for its workflows only. */
  ofWorkflow(authentication: Authentication, action: string, own?: boolean): ApiError;
}

/** What denials are about. */
export interface DenialSources {
  /** Those that exist now, which a denial tells apart from those that were assigned. */
  readonly roles: Roles;
  readonly anonymous: AnonymousUser;
  /** What whoever sent no credential is told to send one with, instead of being denied; none: he is denied. */
  anonymousChallenges(): readonly string[] | undefined;
  readonly version: Version;
}

/** Makes the denials of a cluster. */
export function createDenials({ roles, anonymous, anonymousChallenges, version }: DenialSources): Denials {
  function denied({ runBy, lookupRealm }: Authentication, action: string, reason: string): ApiError {
    const realm = runBy === undefined ? lookupRealm : runBy.lookupRealm;
    const challenges = anonymousChallenges();
    if (challenges === undefined || realm !== anonymousRealm) {
      return { status: 403, type: 'security_exception', reason };
    }
    const required = `action [${action}] requires authentication`;
    return {
      status: 401,
      type: 'security_exception',
      reason: required,
      challenges,
    };
  }

  function whoIs(authentication: Authentication, describeRoles = rolesOf): string {
    const { runBy, user } = authentication;
    const name = runBy === undefined ? nameOf(authentication) : `${nameOf(runBy)} run as [${user.username}]`;
    return `${name}${describeRoles(authentication)}`;
  }

  /** The roles as they are assigned, where it was not looked up which of them exist. */
  function assignedRolesOf({ user, apiKey }: Authentication): string {
    return apiKey === undefined ? ` with assigned roles [${user.roles.join(',')}]` : '';
  }

  function nameOf({ user, apiKey, serviceToken }: Authentication): string {
    if (apiKey !== undefined) return `API key id [${apiKey.id}] of user [${user.username}]`;
    return `${serviceToken !== undefined && version.namesServiceAccounts ? 'service account' : 'user'} [${user.username}]`;
  }

  function rolesOf(authentication: Authentication): string {
    const { user, apiKey, serviceToken } = authentication;
    if (apiKey !== undefined || serviceToken !== undefined) return '';
    if (!version.declaredRoles) return ` with roles [${user.roles}]`;
    const found = [...roles.resolve(allRolesOf(authentication, anonymous)).keys()].sort();
    const missing = user.roles.filter((name) => !found.includes(name)).sort();
    if (!version.effectiveRoles) return declaredRoles(user.roles, missing);
    const missingText = missing.length === 0 ? '' : ` (assigned roles [${missing.join(',')}] were not found)`;
    return ` with effective roles [${found.join(',')}]${missingText}`;
  }

  function hint(action: string, own = false): string {
    const [level, privileges] = isClusterAction(action)
      ? (['cluster', clusterPrivilegesGranting(action, own, version)] as const)
      : (['index', indexPrivilegesGranting(action, version)] as const);
    return privileges.length === 0
      ? ''
      : `, this action is granted by the ${level} privileges [${privileges}]`;
  }

  function ofAction(authentication: Authentication, action: string, own?: boolean): ApiError {
    const who = whoIs(authentication);
    return denied(
      authentication,
      action,
      `action [${action}] is unauthorized for ${who}${hint(action, own)}`,
    );
  }

  return {
    ofAction,
    onIndices(authentication, action, indices) {
      const restricted = indices.filter((index) => isRestricted(index, version));
      const others = indices.filter((index) => !restricted.includes(index));
      const where = [
        ...(others.length === 0 ? [] : [`indices [${others}]`]),
        ...(restricted.length === 0 ? [] : [`restricted indices [${restricted}]`]),
      ];
      const on = where.length === 0 ? '' : ` on ${where.join(' and ')}`;
      const reason = `action [${action}] is unauthorized for ${whoIs(authentication)}${on}${hint(action)}`;
      return denied(authentication, action, reason);
    },
    ofRunAs(authentication, runBy, action) {
      const name = nameOf(runBy);
      // For two releases these were the roles of the other one.
      const whose = version.declaredRoles && !version.effectiveRoles ? authentication : runBy;
      return denied(
        authentication,
        action,
        `action [${action}] is unauthorized for ${name}${rolesOf(whose)}, because ${name} is unauthorized to run as [${authentication.user.username}]`,
      );
    },
    ofWorkflow(authentication, action, own) {
      const cause = {
        status: 403,
        type: 'role_restriction_exception',
        reason: 'access restricted by workflow',
      };
      const who = whoIs(authentication, assignedRolesOf);
      const reason = `action [${action}] is unauthorized for ${who}${hint(action, own)}`;
      return { ...denied(authentication, action, reason), cause };
    },
  };
}

/** The roles in the words of 8.1 and 8.2. */
function declaredRoles(declared: readonly string[], missing: readonly string[]): string {
  if (declared.length === 0) return ' with no declared roles';
  if (missing.length === 0) return ` with declared roles [${declared}] (all resolved)`;
  const unresolved = missing.length === declared.length ? 'none resolved' : `unresolved [${missing}]`;
  return ` with declared roles [${declared}] (${unresolved})`;
}
