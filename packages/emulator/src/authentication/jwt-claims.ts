/**
 * What a JWT realm wants of the claims of a token, and what it takes out of them. That they are true is known
 * from the signature, elsewhere.
 */

import { type JsonMap, type JsonValue, numberOf } from '../wire/json-value.js';
import type { Version } from '../wire/version.js';
import { type Jwt, textsIn } from './jwt.js';

/** Which claims a realm accepts. */
export interface ClaimRules {
  readonly tokenType: 'id_token' | 'access_token';
  readonly allowedIssuer: string;
  readonly allowedAudiences: readonly string[];
  /** `undefined`: everybody. */
  readonly allowedSubjects: readonly string[] | undefined;
  readonly allowedClockSkewMs: number;
  readonly claims: ClaimNames;
}

/** Which claims the attributes of a user are in. */
export interface ClaimNames {
  readonly principal: string;
  readonly groups?: string | undefined;
  readonly name?: string | undefined;
  readonly mail?: string | undefined;
  readonly dn?: string | undefined;
}

/** What a realm knows of a user. */
export interface Attributes {
  readonly username: string;
  readonly groups: readonly string[];
  readonly fullName: string | null;
  readonly email: string | null;
  readonly dn: string | undefined;
  readonly metadata: JsonMap;
}

/** Whether a realm accepts a token at an instant. */
export function isAcceptable(
  rules: ClaimRules,
  { type, claims }: Jwt,
  now: number,
  version: Version,
): boolean {
  const { tokenType, allowedIssuer, allowedAudiences, allowedSubjects } = rules;
  const typed = tokenType === 'access_token' && version.readsTypedAccessTokens && type === 'at+jwt';
  if (type !== undefined && type !== 'jwt' && !typed) return false;
  const [issuer, subject] = [claims.get('iss'), claims.get('sub')];
  if (issuer !== allowedIssuer || typeof subject !== 'string') return false;
  if (allowedSubjects !== undefined && !allowedSubjects.includes(subject)) return false;
  if (!(textsIn(claims.get('aud')) ?? []).some((audience) => allowedAudiences.includes(audience)))
    return false;
  return isOfNow(rules, claims, now);
}

/** Instants are whole seconds; the skew is, too, and neither end of a span belongs to it. */
function isOfNow({ tokenType, allowedClockSkewMs }: ClaimRules, claims: JsonMap, now: number): boolean {
  const skew = Math.trunc(allowedClockSkewMs / 1000) * 1000;
  const instant = (name: string): number | undefined => {
    const seconds = numberOf(claims.get(name));
    return seconds === undefined ? undefined : Math.trunc(seconds) * 1000;
  };
  const [issued, expires] = [instant('iat'), instant('exp')];
  if (issued === undefined || issued >= now + skew) return false;
  if (expires === undefined || expires <= now - skew) return false;
  if (tokenType === 'access_token') return true;
  return ['nbf', 'auth_time'].every((name) => {
    const value = claims.get(name);
    return value === undefined || (instant(name) ?? Number.POSITIVE_INFINITY) < now + skew;
  });
}

/** @returns `undefined` if there is no user name, or an attribute is something else than text */
export function attributesOf(rules: ClaimRules, { claims }: Jwt, version: Version): Attributes | undefined {
  const valuesOf = (name: string | undefined): readonly string[] | undefined =>
    name === undefined || !claims.has(name) ? [] : textsIn(claims.get(name));
  const { principal, groups, name, mail, dn } = rules.claims;
  const [username = ''] = valuesOf(principal) ?? [];
  const [ofGroups, ofName, ofMail, ofDn] = [groups, name, mail, dn].map(valuesOf);
  if (username.trim() === '' || !ofGroups || !ofName || !ofMail || !ofDn) return undefined;
  return {
    username,
    groups: ofGroups,
    fullName: ofName[0] ?? null,
    email: ofMail[0] ?? null,
    dn: ofDn[0],
    metadata: metadataOf(rules, claims, version),
  };
}

// These are read as instants, and instants are no metadata.
const instants: ReadonlySet<string> = new Set(['exp', 'nbf', 'iat']);

function metadataOf({ tokenType }: ClaimRules, claims: JsonMap, version: Version): JsonMap {
  const metadata = new Map<string, JsonValue>();
  if (version.jwtTokenTypes) metadata.set('jwt_token_type', tokenType);
  for (const [name, value] of claims) {
    if (instants.has(name) || !(isPlain(value) || (Array.isArray(value) && value.every(isPlain)))) continue;
    // There may be several audiences, so one is a list of one.
    metadata.set(`jwt_claim_${name}`, name === 'aud' ? (textsIn(value) ?? value) : value);
  }
  return metadata;
}

function isPlain(value: JsonValue): boolean {
  return ['string', 'boolean'].includes(typeof value) || numberOf(value) !== undefined;
}

/**
 * How a refusal calls a token.
 *
 * @param realms the rules of all realms, in their order
 * @returns `undefined` if the release takes a token without such claims for none
 */
export function principalOf(
  { claims }: Jwt,
  realms: readonly ClaimRules[],
  version: Version,
): string | undefined {
  if (version.namesJwtsByClaims) {
    const named = [...claims]
      .map(([name, value]) => [name, textsIn(value) ?? []] as const)
      .filter(([, values]) => values.length > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const texts = named.map(([name, values]) => `'${name}:${values.join(',')}'`);
    return texts.length === 0 ? '<unrecognized JWT token>' : texts.join(' ');
  }
  const [issuer, subject] = [claims.get('iss'), claims.get('sub')].map((value) =>
    typeof value === 'string' && value.trim() !== '' ? value : undefined,
  );
  const audiences = [...new Set(textsIn(claims.get('aud')))].sort().join(',');
  const isWhole = subject !== undefined && audiences !== '';
  if (!version.jwtTokenTypes) return issuer && isWhole ? `${issuer}/${audiences}/${subject}` : undefined;
  if (issuer === undefined) return '<unrecognized-jwt>';
  const [user] = realms.flatMap((realm) => textsIn(claims.get(realm.claims.principal))?.[0] ?? []);
  return isWhole && user ? `${issuer}/${audiences}/${subject}/${user}` : `<unrecognized-jwt> by ${issuer}`;
}
