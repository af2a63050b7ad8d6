// What a route asks of an identity. Pure values, decided here for every request anew: a decision is never
// remembered, only the facts are. Adapters turn a requirement into middleware.

import { ConfigurationError } from './errors.js';
import type { Identity } from './identity.js';

/** Made by `roles`. */
export interface Requirement {
  readonly kind: 'roles';
  readonly roles: readonly string[];
}

/**
 * Asks for all of these roles. API keys and built-in service accounts never have any: Elasticsearch judges
 * them by privileges.
 *
 * @throws {ConfigurationError} `invalid_option` without a role, or with one that is not a string.
 */
export function roles(...names: readonly string[]): Requirement {
  if (names.length === 0 || !names.every((name) => typeof name === 'string' && name !== '')) {
    throw new ConfigurationError('roles', 'must be one or more names of roles');
  }
  return Object.freeze({ kind: 'roles', roles: Object.freeze([...names]) });
}

/** `never` means that no identity of this sort can ever meet it, so that the route's author is told. */
export function judgeRequirement(requirement: Requirement, identity: Identity): 'met' | 'refused' | 'never' {
  if (identity.roles.length === 0) return 'never';
  return requirement.roles.every((role) => identity.roles.includes(role)) ? 'met' : 'refused';
}
