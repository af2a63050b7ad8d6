// What a route asks of an identity. Pure values, decided for every request anew: a decision is never remembered,
// only facts are. What can be decided from the identity is decided here; what privileges somebody has is for
// `guard.ts` to find out. Adapters turn a requirement into middleware.

import { ConfigurationError, InvalidPrivilegesError } from '../values/errors.js';
import type { Identity } from '../values/identity.js';
import { unworded } from '../values/messages.js';
import { freezeQuestion, type PrivilegesQuestion } from '../values/privileges.js';
import { refuseMore } from './uncalled.js';

/**
 * Made by `roles`, `anyRole`, `realm`, `authenticationType`, `privileges`, `allOf` and `anyOf`. `Request` is the
 * framework's, for `privileges` that depend on it.
 */
export type Requirement<Request = unknown> =
  | { readonly kind: 'roles' | 'anyRole'; readonly roles: readonly string[] }
  | { readonly kind: 'realm'; readonly realms: readonly string[] }
  | { readonly kind: 'authenticationType'; readonly types: readonly string[] }
  | PrivilegesRequirement<Request>
  | { readonly kind: 'allOf' | 'anyOf'; readonly requirements: readonly Requirement<Request>[] };

/** That Elasticsearch says yes to privileges, the same for all requests or worked out from each. */
export interface PrivilegesRequirement<Request> {
  readonly kind: 'privileges';
  readonly question: PrivilegesQuestion | ((request: Request) => PrivilegesQuestion);
}

/** How Elasticsearch authenticates: with a realm, by an API key, or by a token of its own. */
export type AuthenticationType = 'realm' | 'api_key' | 'token';

/**
 * Asks for all of these roles. API keys and built-in service accounts never have any: Elasticsearch judges
 * them by privileges.
 *
 * @throws {ConfigurationError} `invalid_option` without a role, or with one that is not a string. So do the
 *   others, with what they take.
 */
export function roles(...names: readonly string[]): Requirement {
  return Object.freeze({ kind: 'roles', roles: namesFor('roles', names) });
}

/** Asks for one of these roles at least; see `roles`. */
export function anyRole(...names: readonly string[]): Requirement {
  return Object.freeze({ kind: 'anyRole', roles: namesFor('anyRole', names) });
}

/** Asks that the user was found in one of these realms, by name (`lookupRealm`). */
export function realm(...names: readonly string[]): Requirement {
  return Object.freeze({ kind: 'realm', realms: namesFor('realm', names) });
}

/** Asks that the caller was authenticated in one of these ways. */
export function authenticationType(...types: readonly AuthenticationType[]): Requirement {
  const names = namesFor('authenticationType', types);
  if (!names.every((name) => ['realm', 'api_key', 'token'].includes(name))) {
    throw new ConfigurationError('authenticationType', 'must be one or more of realm, api_key, token');
  }
  return Object.freeze({ kind: 'authenticationType', types: names });
}

/**
 * Asks for all of these privileges, of whoever calls: user, service account or API key. Elasticsearch answers
 * (`_has_privileges`), with the caller's own credential; what it answered is remembered as long as identities are.
 *
 * @param question with Elasticsearch's field names, or a function that makes it from a request, at once. Names
 *   taken from a request may hold wildcards: those ask for everything that they cover, so they never open more.
 *   A comma makes no list of a name here (`docs*` covers `docs-1,other`), as it does in the paths of
 *   Elasticsearch's searches: do not hand such a name on with another credential than the caller's.
 */
export function privileges<Request = unknown>(
  question: PrivilegesQuestion | ((request: Request) => PrivilegesQuestion),
  ...more: readonly never[]
): Requirement<Request> {
  refuseMore('privileges', more, 'privileges({ index: [one, other] })');
  if (typeof question === 'function') return Object.freeze({ kind: 'privileges', question });
  try {
    return Object.freeze({ kind: 'privileges', question: freezeQuestion(question) });
  } catch (error) {
    if (!(error instanceof InvalidPrivilegesError)) throw error;
    throw new ConfigurationError('privileges', unworded(error.message));
  }
}

/** Asks for all of these. */
export function allOf<Request = unknown>(
  ...requirements: readonly Requirement<Request>[]
): Requirement<Request> {
  return Object.freeze({ kind: 'allOf', requirements: partsFor('allOf', requirements) });
}

/** Asks for one of these at least. */
export function anyOf<Request = unknown>(
  ...requirements: readonly Requirement<Request>[]
): Requirement<Request> {
  return Object.freeze({ kind: 'anyOf', requirements: partsFor('anyOf', requirements) });
}

/** Asks for nothing but that somebody was authenticated. */
export const somebody: Requirement = Object.freeze({ kind: 'allOf', requirements: Object.freeze([]) });

/**
 * `never` is a refusal that no identity of this sort can avoid, so that the route's author is told. `open` depends
 * on privileges that are not known.
 */
export type Judgement = 'met' | 'refused' | 'never' | 'open';

/**
 * Makes no functions and no lists: every request that a guard lets through comes here.
 *
 * @param judgePrivileges what is known of the caller's privileges.
 */
export function judgeRequirement<Request>(
  requirement: Requirement<Request>,
  identity: Identity,
  judgePrivileges: (asked: PrivilegesRequirement<Request>) => Judgement,
): Judgement {
  switch (requirement.kind) {
    case 'roles':
      return byRoles(identity, hasAll(identity.roles, requirement.roles));
    case 'anyRole':
      return byRoles(identity, hasAny(identity.roles, requirement.roles));
    case 'realm':
      return requirement.realms.includes(identity.lookupRealm.name) ? 'met' : 'refused';
    case 'authenticationType':
      return requirement.types.includes(identity.authenticationType) ? 'met' : 'refused';
    case 'privileges':
      return judgePrivileges(requirement);
    case 'allOf': {
      let judgement: Judgement = 'met';
      for (const part of requirement.requirements) {
        const judged = judgeRequirement(part, identity, judgePrivileges);
        if (judged === 'refused' || judged === 'never') return judged;
        if (judged === 'open') judgement = 'open';
      }
      return judgement;
    }
    case 'anyOf': {
      let judgement: Judgement = 'never';
      for (const part of requirement.requirements) {
        const judged = judgeRequirement(part, identity, judgePrivileges);
        if (judged === 'met') return 'met';
        if (judged === 'open' || judgement === 'never') judgement = judged;
      }
      return judgement;
    }
  }
}

/** The parts about privileges on which it depends whether a requirement that is open is met. */
export function openParts<Request>(
  requirement: Requirement<Request>,
  identity: Identity,
): readonly PrivilegesRequirement<Request>[] {
  if (requirement.kind === 'privileges') return [requirement];
  if (requirement.kind !== 'allOf' && requirement.kind !== 'anyOf') return [];
  return requirement.requirements
    .filter((part) => judgeRequirement(part, identity, () => 'open') === 'open')
    .flatMap((part) => openParts(part, identity));
}

const kinds = ['roles', 'anyRole', 'realm', 'authenticationType', 'privileges', 'allOf', 'anyOf'];

/** @throws {ConfigurationError} `invalid_option` if `value` was not made by one of the functions above. */
export function checkRequirement(value: unknown): void {
  const kind =
    typeof value === 'object' && value !== null && Object.getOwnPropertyDescriptor(value, 'kind')?.value;
  if (!kinds.some((known) => known === kind) || !Object.isFrozen(value)) {
    const cure = value === undefined ? '; to ask for nothing but a caller, use requireIdentity()' : '';
    throw new ConfigurationError('requirement', `must be made by one of ${kinds.join(', ')}${cure}`);
  }
}

function byRoles(identity: Identity, met: boolean): Judgement {
  if (met) return 'met';
  return isWithoutRoles(identity) ? 'never' : 'refused';
}

/**
 * Whether no roles are had by nature, as by API keys and service accounts: a user without any may be given some. The
 * realms' types are as recorded (`test/recorded`), also of the token that an API key got.
 */
function isWithoutRoles({ roles, authenticationType, realm }: Identity): boolean {
  const byNature =
    authenticationType === 'api_key' || ['_es_api_key', '_service_account'].includes(realm.type);
  return byNature && roles.length === 0;
}

function hasAll(had: readonly string[], wanted: readonly string[]): boolean {
  for (const name of wanted) if (!had.includes(name)) return false;
  return true;
}

function hasAny(had: readonly string[], wanted: readonly string[]): boolean {
  for (const name of wanted) if (had.includes(name)) return true;
  return false;
}

function namesFor(option: string, names: readonly string[]): readonly string[] {
  if (names.length === 0 || !names.every((name) => typeof name === 'string' && name !== '')) {
    throw new ConfigurationError(option, 'must be one or more names, none of them empty');
  }
  return Object.freeze([...names]);
}

function partsFor<Request>(
  option: string,
  requirements: readonly Requirement<Request>[],
): readonly Requirement<Request>[] {
  if (requirements.length === 0) throw new ConfigurationError(option, 'must be one or more requirements');
  requirements.forEach(checkRequirement);
  return Object.freeze([...requirements]);
}
