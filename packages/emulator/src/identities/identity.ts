/**
 * Who is calling: what remains of a credential once it was accepted, and how `_authenticate` shows it.
 * Whether a credential is accepted is decided in `authentication.ts`.
 */

import type { JsonMap, JsonValue } from '../wire/json-value.js';
import type { Version } from '../wire/version.js';
import type { ApiKey } from './api-keys.js';
import type { ServiceAccountName } from './service-accounts.js';
import type { Realm, User } from './user.js';

/** Who is calling. It never changes; a token keeps the one it was issued for. */
export interface Authentication {
  readonly type: 'realm' | 'api_key' | 'token' | 'anonymous';
  readonly user: User;
  /** The realm of the credential. */
  readonly realm: Realm;
  /** The realm in which `user` was found: another one only when somebody runs as somebody else. */
  readonly lookupRealm: Realm;
  /** The API key behind it, unless it runs as a user. */
  readonly apiKey?: ApiKey;
  readonly serviceToken?: ServiceTokenIdentity;
  /** An access token was presented. */
  readonly accessToken?: true;
  /** Who is running as `user`, if somebody is. */
  readonly runBy?: Authentication;
}

/** Which token of which service account. */
export interface ServiceTokenIdentity {
  readonly account: ServiceAccountName;
  readonly name: string;
  /** Where the token is kept. */
  readonly source: 'file' | 'index';
}

export const reservedRealm: Realm = { name: 'reserved', type: 'reserved' };
export const fileRealm: Realm = { name: 'default_file', type: 'file' };
export const nativeRealm: Realm = { name: 'default_native', type: 'native' };
export const apiKeyRealm: Realm = { name: '_es_api_key', type: '_es_api_key' };
export const serviceAccountRealm: Realm = { name: '_service_account', type: '_service_account' };
export const anonymousRealm: Realm = { name: '__anonymous', type: '__anonymous' };

/** Where somebody is said to be who was found in no realm. */
export const nowhere: Realm = { name: '', type: '' };

/** Metadata of everything that Elasticsearch brings along. */
export const reservedMetadata: JsonMap = new Map([['_reserved', true]]);

/** The user that stands for a service account. */
export function serviceUser(principal: string): User {
  return {
    username: principal,
    roles: [],
    fullName: `Service account - ${principal}`,
    email: null,
    metadata: new Map([['_elastic_service_account', true]]),
    enabled: true,
  };
}

// The same user or key has the same identity each time, as an object: what is made of it can be remembered.
const identitiesOfUsers = new WeakMap<User, Authentication>();
const identitiesOfKeys = new WeakMap<ApiKey, Authentication>();

/** The identity of a user who presented a password. */
export function realmIdentity(user: User, realm: Realm): Authentication {
  const known = identitiesOfUsers.get(user);
  if (known?.realm === realm) return known;
  const identity: Authentication = { type: 'realm', user, realm, lookupRealm: realm };
  identitiesOfUsers.set(user, identity);
  return identity;
}

/** The identity of an API key: its owner, without roles. */
export function apiKeyIdentity(apiKey: ApiKey): Authentication {
  const known = identitiesOfKeys.get(apiKey);
  if (known !== undefined) return known;
  const { username, fullName, email, metadata } = apiKey.owner.user;
  const user: User = { username, fullName, email, metadata, roles: [], enabled: true };
  const identity: Authentication = {
    type: 'api_key',
    user,
    realm: apiKeyRealm,
    lookupRealm: apiKeyRealm,
    apiKey,
  };
  identitiesOfKeys.set(apiKey, identity);
  return identity;
}

/** The same caller behind an access token. */
export function tokenIdentity(authentication: Authentication): Authentication {
  if (authentication.accessToken === true) return authentication;
  return { ...authentication, type: 'token', accessToken: true };
}

/** Who requests without credentials are, where they are allowed. */
export interface AnonymousUser {
  readonly username: string;
  /** None: there is no such user, and requests without credentials are refused. */
  readonly roles: readonly string[];
}

/** The identity of a request without credentials, where that is allowed. */
export function anonymousIdentity({ username, roles }: AnonymousUser): Authentication {
  const user: User = {
    username,
    roles,
    fullName: null,
    email: null,
    metadata: reservedMetadata,
    enabled: true,
  };
  return { type: 'anonymous', user, realm: anonymousRealm, lookupRealm: anonymousRealm };
}

/**
 * The roles of a caller, those that everybody has in addition among them. They belong to no identity, but are
 * added wherever somebody asks (`TransportAuthenticateAction`, `CompositeRolesStore`).
 */
export function rolesOf(
  { user, apiKey, serviceToken, lookupRealm }: Authentication,
  anonymous: AnonymousUser,
): readonly string[] {
  const isUser = apiKey === undefined && serviceToken === undefined && lookupRealm !== anonymousRealm;
  if (anonymous.roles.length === 0 || !isUser) return user.roles;
  return [...new Set([...user.roles, ...anonymous.roles])];
}

/** An identity as answers print it. */
export function showIdentity(
  authentication: Authentication,
  version: Version,
): Record<string, JsonValue | undefined> {
  const { user, realm, lookupRealm, apiKey } = authentication;
  return {
    username: user.username,
    roles: user.roles,
    full_name: user.fullName,
    email: user.email,
    token: showToken(authentication, version),
    metadata: user.metadata,
    enabled: user.enabled,
    authentication_realm: { name: realm.name, type: realm.type },
    lookup_realm: { name: lookupRealm.name, type: lookupRealm.type },
    authentication_type: authentication.type,
    // In the order of a hash map, in which they were recorded.
    api_key: apiKey && {
      managed_by: version.showsManagedKeys ? 'elasticsearch' : undefined,
      name: apiKey.name,
      id: apiKey.id,
    },
  };
}

/** A caller in a few words, for people: never a secret. */
export function describeCaller({ type, user, apiKey, serviceToken, runBy }: Authentication): string {
  if (runBy !== undefined) return `${user.username}, run by ${describeCaller(runBy)}`;
  if (type === 'anonymous') return 'anonymous';
  if (serviceToken !== undefined) return `${user.username}, service token ${serviceToken.name}`;
  const key = apiKey === undefined ? '' : `, API key ${apiKey.name}`;
  return `${user.username}${key}${type === 'token' ? ', access token' : ''}`;
}

function showToken(authentication: Authentication, version: Version): JsonValue | undefined {
  const managedBy = version.showsManagedTokens ? { managed_by: 'elasticsearch' } : undefined;
  if (authentication.serviceToken !== undefined) {
    const { name, source } = authentication.serviceToken;
    return { name, type: `_service_account_${source}`, ...managedBy };
  }
  return authentication.accessToken === true ? managedBy : undefined;
}
