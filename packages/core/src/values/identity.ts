// Who is calling: the body of `GET /_security/_authenticate` as a frozen value. Reads every version from
// 7.14 to 9.x: unknown members are ignored, and only what decides who it is must be there.

import { hash } from 'node:crypto';
import type { LRUCache } from 'lru-cache';
import { createParts } from './alike.js';
import { deepFreeze, isRecord, parseJson } from './json.js';
import { createLru } from './lru.js';

/** A realm as Elasticsearch names it. `domain` is there only if the realm belongs to a security domain. */
export interface Realm {
  readonly name: string;
  readonly type: string;
  readonly domain?: string;
}

/**
 * The caller, deep-frozen and shared by the requests that carry the same credential. It holds no credential.
 *
 * `username` alone is not an identity: the same name may exist in several realms, and an API key carries its
 * owner's name. Use `subject` where one string must tell callers apart: of more than 8 192 callers, one who comes seldom
 * has another, equal object each time.
 */
export interface Identity {
  readonly username: string;
  readonly fullName: string | null;
  readonly email: string | null;
  /** Always empty for API keys and built-in service accounts; that does not mean "no rights". */
  readonly roles: readonly string[];
  /** The user's metadata, never that of an API key. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly enabled: boolean;
  /** The realm that authenticated (`authentication_realm`). */
  readonly realm: Realm;
  /** The realm in which the user was found; differs from `realm` under run-as and realm delegation. */
  readonly lookupRealm: Realm;
  /** `realm`, `api_key` or `token`. */
  readonly authenticationType: string;
  /** For API keys, and for tokens made with one. From Elasticsearch 7.16. */
  readonly apiKey?: {
    readonly id: string;
    readonly name?: string;
    readonly managedBy?: string;
    readonly internal?: boolean;
    /** When the key ends, in milliseconds since the epoch. This and the following with `apiKeyDetails` only. */
    readonly expiresAt?: number;
    /** The key's own metadata, which whoever made the key chose. */
    readonly metadata?: Readonly<Record<string, unknown>>;
    /** What the key was limited to, in Elasticsearch's words; empty: to nothing but its owner's privileges. */
    readonly roleDescriptors?: Readonly<Record<string, unknown>>;
  };
  /** For service account tokens (`name`, `type`), and from 9.4 for access tokens (`managedBy`). */
  readonly token?: { readonly name?: string; readonly type?: string; readonly managedBy?: string };
  readonly operator: boolean;
  /**
   * When the credential ends, in milliseconds since the epoch, if that is known: from a JWT's `exp`, or with
   * `apiKeyDetails` from the key's entry.
   */
  readonly expiresAt?: number;
  /**
   * For audit logs: the percent-encoded parts `authenticationType:lookupRealm.name:username`, followed by
   * the API key's id or the service token's name if there is one. For example `realm:default_native:alice`.
   */
  readonly subject: string;
}

/** Different bodies whose identities are known again. */
const maxShared = 1_000;
/** Of longer bodies no parts are shared: to find out whether they can be would take too long. */
const maxAlike = 2_048;

/**
 * Makes a reader of bodies that gives equal bodies one object: many credentials of one user then cost one
 * identity, and a body that is known is not parsed again. It keeps digests of bodies, and of identities only where they
 * are: one that nobody else keeps is gone with the next collection of garbage.
 *
 * @returns a function that takes a body's text, and the credential's own expiry if it is known.
 */
export function createIdentityReader(): (text: string, expiresAt?: number) => Identity | undefined {
  let shared: LRUCache<string, WeakRef<Identity>> | undefined;
  const share = createParts();
  return (text, expiresAt) => {
    shared ??= createLru(maxShared);
    const name = `${expiresAt} ${hash('sha256', text, 'base64')}`;
    const known = shared.get(name)?.deref();
    if (known !== undefined) return known;
    const identity = parseIdentity(parseJson(text), expiresAt, text.length > maxAlike ? undefined : share);
    if (identity !== undefined) shared.set(name, new WeakRef(identity));
    return identity;
  };
}

/**
 * @param body the parsed JSON of an answer.
 * @param expiresAt the credential's own expiry, if known, in milliseconds since the epoch.
 * @param share gives back an equal part that is known already.
 * @returns `undefined` if the body does not say who it is.
 */
export function parseIdentity(
  body: unknown,
  expiresAt?: number,
  share: <Part extends object>(part: Part) => Part = (part) => part,
): Identity | undefined {
  // What is an error too is neither.
  if (!isRecord(body) || 'error' in body) return undefined;
  const realm = parseRealm(body.authentication_realm);
  const lookupRealm = parseRealm(body.lookup_realm);
  const { username, roles, authentication_type: authenticationType } = body;
  if (realm === undefined || lookupRealm === undefined) return undefined;
  if (typeof username !== 'string' || typeof authenticationType !== 'string') return undefined;
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string')) return undefined;

  const apiKey = parseApiKey(body.api_key);
  const token = parseToken(body.token);
  const parts = [authenticationType, lookupRealm.name, username, apiKey?.id ?? token?.name];
  const subject = parts
    .filter((part) => part !== undefined)
    .map(percentEncode)
    .join(':');
  return deepFreeze(
    identityFrom({
      username,
      fullName: stringOrNull(body.full_name),
      email: stringOrNull(body.email),
      roles: share(roles),
      metadata: share(isRecord(body.metadata) ? body.metadata : {}),
      enabled: body.enabled !== false,
      realm: share(realm),
      lookupRealm: share(lookupRealm),
      authenticationType,
      apiKey,
      token,
      operator: body.operator === true,
      expiresAt,
      subject,
    }),
  );
}

type Parts = Omit<Identity, 'apiKey' | 'token' | 'expiresAt'> & {
  readonly [Name in 'apiKey' | 'token' | 'expiresAt']: Identity[Name] | undefined;
};

/** What is undefined is left out. One place for all, so that identities have few hidden classes. Freezes nothing. */
export function identityFrom(parts: Parts): Identity {
  const { apiKey, token, expiresAt } = parts;
  return {
    username: parts.username,
    fullName: parts.fullName,
    email: parts.email,
    roles: parts.roles,
    metadata: parts.metadata,
    enabled: parts.enabled,
    realm: parts.realm,
    lookupRealm: parts.lookupRealm,
    authenticationType: parts.authenticationType,
    ...(apiKey && { apiKey }),
    ...(token && { token }),
    operator: parts.operator,
    ...(expiresAt !== undefined && { expiresAt }),
    subject: parts.subject,
  };
}

function parseRealm(value: unknown): Realm | undefined {
  if (!isRecord(value) || typeof value.name !== 'string' || typeof value.type !== 'string') return undefined;
  return { name: value.name, type: value.type, ...optionalString('domain', value.domain) };
}

function parseApiKey(value: unknown): Identity['apiKey'] {
  if (!isRecord(value) || typeof value.id !== 'string') return undefined;
  return {
    id: value.id,
    ...optionalString('name', value.name),
    ...optionalString('managedBy', value.managed_by),
    ...(typeof value.internal === 'boolean' && { internal: value.internal }),
  };
}

function parseToken(value: unknown): Identity['token'] {
  if (!isRecord(value)) return undefined;
  return {
    ...optionalString('name', value.name),
    ...optionalString('type', value.type),
    ...optionalString('managedBy', value.managed_by),
  };
}

function optionalString<K extends string>(key: K, value: unknown): { readonly [P in K]?: string } {
  // The cast holds: the object has exactly this key, or none.
  return (typeof value === 'string' ? { [key]: value } : {}) as { readonly [P in K]?: string };
}

function stringOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** JSON can spell a lone surrogate, on which encodeURIComponent throws; nothing has such a name. */
export function percentEncode(part: string): string {
  return encodeURIComponent(part.replace(/\p{Surrogate}/gu, '\ufffd'));
}
