/**
 * The JWT realms: who a JSON Web Token that somebody else has issued stands for. Realms are asked in their
 * order, and the first that believes a token has it. Signatures are verified ahead of a request, since that
 * is the one thing that takes time; everything else is decided at the instant of the request.
 */

import type { Clock } from '../controls/clock.js';
import type { RoleMappings } from '../identities/role-mappings.js';
import { type Digest, digest } from '../identities/secrets.js';
import type { Realm, User } from '../identities/user.js';
import type { Version } from '../wire/version.js';
import { type Jwt, parseJwt } from './jwt.js';
import { attributesOf, type ClaimRules, isAcceptable, principalOf } from './jwt-claims.js';
import { isSignedByOneOf, type VerificationKey } from './jwt-keys.js';

/** A realm as it is configured, after the checks. */
export interface JwtRealm extends ClaimRules {
  readonly realm: Realm;
  readonly allowedSignatureAlgorithms: readonly string[];
  readonly keys: readonly VerificationKey[];
  /** What a client has to know besides; `undefined`: nothing. */
  readonly sharedSecret: Digest | undefined;
}

/** In which realms each token has a valid signature. */
export type Signatures = ReadonlyMap<string, ReadonlySet<JwtRealm>>;

/** What a request has for JWT realms beside the token. */
export interface JwtContext {
  /** What the client says to be one that is trusted: `SharedSecret …`. */
  readonly clientAuthentication: string | undefined;
  /** What came of `verify`. */
  readonly signatures?: Signatures | undefined;
}

/** What becomes of a token. */
export type JwtResult =
  | { readonly kind: 'accepted'; readonly user: User; readonly realm: Realm }
  | { readonly kind: 'refused'; readonly principal: string }
  /** It is no such token. */
  | { readonly kind: 'unreadable' };

/** The realms of an emulator. */
export interface JwtRealms {
  readonly isConfigured: boolean;
  /**
   * Verifies the signatures of what may be tokens.
   *
   * @returns `undefined` if there is nothing to wait for
   */
  verify(texts: readonly string[]): Promise<Signatures> | undefined;
  authenticate(text: string, context: JwtContext): JwtResult;
}

/** What is kept of a shared secret. */
export function digestOfSharedSecret(secret: string): Digest {
  return digest('shared secret', secret);
}

/** Makes the realms, in the order in which they are asked. */
export function createJwtRealms(
  realms: readonly JwtRealm[],
  roleMappings: RoleMappings,
  clock: Clock,
  version: Version,
): JwtRealms {
  async function verify(jwts: readonly Jwt[]): Promise<Signatures> {
    const signatures = new Map<string, Set<JwtRealm>>();
    for (const jwt of jwts) {
      const valid = new Set<JwtRealm>();
      for (const realm of realms) {
        const isAllowed = realm.allowedSignatureAlgorithms.includes(jwt.algorithm);
        if (isAllowed && isSignedByOneOf(realm.keys, jwt)) valid.add(realm);
      }
      signatures.set(jwt.text, valid);
    }
    return signatures;
  }

  function userOf(rules: JwtRealm, jwt: Jwt): User | undefined {
    if (!isAcceptable(rules, jwt, clock.now(), version)) return undefined;
    const attributes = attributesOf(rules, jwt, version);
    if (attributes === undefined) return undefined;
    const { groups, dn, ...rest } = attributes;
    const user = { ...rest, roles: [], enabled: true };
    return { ...user, roles: roleMappings.rolesOf(user, rules.realm, { groups, dn }) };
  }

  return {
    isConfigured: realms.length > 0,
    verify(texts) {
      if (realms.length === 0) return undefined;
      const jwts = texts.flatMap((text) => parseJwt(text) ?? []);
      return jwts.length === 0 ? undefined : verify(jwts);
    },
    authenticate(text, { clientAuthentication, signatures }) {
      const jwt = parseJwt(text);
      const principal = jwt && principalOf(jwt, realms, version);
      if (jwt === undefined || principal === undefined) return { kind: 'unreadable' };
      const secret = secretIn(clientAuthentication);
      for (const rules of realms) {
        if (rules.sharedSecret !== undefined && rules.sharedSecret !== secret) continue;
        const user = signatures?.get(text)?.has(rules) ? userOf(rules, jwt) : undefined;
        if (user !== undefined) return { kind: 'accepted', user, realm: rules.realm };
      }
      return { kind: 'refused', principal };
    },
  };
}

function secretIn(header: string | undefined): Digest | undefined {
  const secret = header === undefined ? undefined : /^sharedsecret (.*)$/i.exec(header)?.[1];
  return secret === undefined ? undefined : digestOfSharedSecret(secret.trim());
}
