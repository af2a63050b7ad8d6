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
import { refuseMore, refuseUncalled } from './uncalled.js';

/** `Guard` is the framework's middleware. What is made wrong throws a `ConfigurationError`, `invalid_option`. */
export interface Guards<Request, Guard> {
  requireIdentity(): Guard;
  requireRoles(...names: readonly string[]): Guard;
  requireAnyRole(...names: readonly string[]): Guard;
  requireRealm(...names: readonly string[]): Guard;
  requireAuthenticationType(...types: readonly AuthenticationType[]): Guard;
  requirePrivileges(question: PrivilegesQuestion | ((request: Request) => PrivilegesQuestion)): Guard;
}

/**
 * All guards of an adapter, made of its one.
 *
 * @param requireThat the adapter's own, that makes a guard of any requirement.
 */
export function createGuards<Request, Guard>(
  requireThat: (requirement: Requirement<Request>) => Guard,
): Guards<Request, Guard> {
  return {
    requireIdentity(...misplaced: readonly unknown[]) {
      refuseUncalled('requireIdentity', misplaced[0], 'requireIdentity()');
      if (misplaced.length > 0)
        throw new ConfigurationError('requireIdentity', 'takes nothing: requireIdentity()');
      return requireThat(somebody);
    },
    requireRoles(...names) {
      refuseUncalled('requireRoles', names[0], "requireRoles('admin')");
      return requireThat(roles(...names));
    },
    requireAnyRole(...names) {
      refuseUncalled('requireAnyRole', names[0], "requireAnyRole('admin', 'editor')");
      return requireThat(anyRole(...names));
    },
    requireRealm(...names) {
      refuseUncalled('requireRealm', names[0], "requireRealm('default_native')");
      return requireThat(realm(...names));
    },
    requireAuthenticationType(...types) {
      refuseUncalled('requireAuthenticationType', types[0], "requireAuthenticationType('api_key')");
      return requireThat(authenticationType(...types));
    },
    requirePrivileges(question, ...more: readonly unknown[]) {
      refuseUncalled('requirePrivileges', question, 'requirePrivileges({ index: [{ names, privileges }] })');
      refuseMore('requirePrivileges', more, 'requirePrivileges({ index: [one, other] })');
      return requireThat(privileges(question));
    },
  };
}
