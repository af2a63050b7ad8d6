// The guards that every adapter has, by name. What one does with its framework is the adapter's.

import { ConfigurationError } from '../values/errors.js';
import type { PrivilegesQuestion } from '../values/privileges.js';
import {
  type AuthenticationType,
  anyRole,
  authenticationType,
  privileges,
  type Requirement,
  realm,
  roles,
  somebody,
} from './requirement.js';

/** `Guard` is the framework's middleware. What is made wrong throws a `ConfigurationError`, `invalid_option`. */
export interface Guards<Request, Guard> {
  requireIdentity(): Guard;
  requireRoles(...names: readonly string[]): Guard;
  requireAnyRole(...names: readonly string[]): Guard;
  requireRealm(...names: readonly string[]): Guard;
  requireAuthenticationType(...types: readonly AuthenticationType[]): Guard;
  requirePrivileges(question: PrivilegesQuestion | ((request: Request) => PrivilegesQuestion)): Guard;
}

/** @param requireThat the adapter's own, that makes a guard of any requirement. */
export function createGuards<Request, Guard>(
  requireThat: (requirement: Requirement<Request>) => Guard,
): Guards<Request, Guard> {
  return {
    requireIdentity(...misplaced: readonly unknown[]) {
      // As middleware, not called, it would neither let in nor refuse.
      if (misplaced.length > 0)
        throw new ConfigurationError('requireIdentity', 'takes nothing: requireIdentity()');
      return requireThat(somebody);
    },
    requireRoles: (...names) => requireThat(roles(...names)),
    requireAnyRole: (...names) => requireThat(anyRole(...names)),
    requireRealm: (...names) => requireThat(realm(...names)),
    requireAuthenticationType: (...types) => requireThat(authenticationType(...types)),
    requirePrivileges: (question) => requireThat(privileges(question)),
  };
}
