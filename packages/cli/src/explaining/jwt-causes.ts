// Why a JWT is refused. Elasticsearch says of all reasons the same, so what can be seen in the token is looked at: its
// times, which claims it has, and whether a realm has read it at all. Pure.

import type { Words } from '../asking/elasticsearch.js';
import type { JwtLooks } from '../credentials/looks.js';
import { type Cause, causes } from './cause.js';

/** What is known beside the token. */
export interface JwtCircumstances {
  /** Milliseconds since the epoch, by our clock. */
  readonly now: number;
  /** By how much the node's clock is ahead of ours, in milliseconds, if that is known. */
  readonly offsetMs: number | undefined;
  /** Whether a shared secret was sent with it. */
  readonly hadClientAuthentication: boolean;
}

/** `allowed_clock_skew` of a JWT realm, if it is not set. */
const skewMs = 60_000;

export function causesOfJwt(
  jwt: JwtLooks,
  { reason, cause }: Words,
  known: JwtCircumstances,
): readonly Cause[] {
  if (jwt.algorithm?.toLowerCase() === 'none') return [causes.jwt_unsigned];
  // A realm that has read a token names it by its claims (`test/recorded`, `jwt-hmac-refused`); up to 8.6 it cannot
  // name one without a subject.
  const isRead = reason.startsWith('unable to authenticate user [');
  if (!isRead && cause === undefined) return [causes.jwt_not_read];
  const missing = missingIn(jwt);
  if (missing !== undefined) return [missing];
  if (!isRead) return [causes.jwt_not_read];
  const late = ofTimes(jwt, known, skewMs);
  if (late !== undefined) return [late];
  const other = ofContent(jwt);
  const rest = known.hadClientAuthentication
    ? [other, causes.jwt_client_authentication]
    : [causes.jwt_client_authentication, other];
  // A realm may allow less than the default.
  const narrowly = ofTimes(jwt, known, 0);
  return narrowly === undefined ? rest : [narrowly, ...rest];
}

/** What a realm cannot do without: recorded for `sub`, `iat` and `exp`. */
function missingIn({ issuer, subject, issuedAt, expiresAt, audience }: JwtLooks): Cause | undefined {
  const claims = { iss: issuer, sub: subject, iat: issuedAt, exp: expiresAt, aud: audience[0] };
  const missing = Object.entries(claims).flatMap(([name, value]) =>
    value === undefined || value === '' ? [name] : [],
  );
  if (missing.length === 0) return undefined;
  return {
    code: 'jwt_incomplete',
    text: `this JWT has no ${missing.join(', no ')}, and a JWT realm needs each of these`,
    cure: 'have the issuer put it in',
  };
}

function ofTimes(jwt: JwtLooks, { now, offsetMs }: JwtCircumstances, skew: number): Cause | undefined {
  const ours = atTime(jwt, now, skew);
  const theirs = offsetMs === undefined ? ours : atTime(jwt, now + offsetMs, skew);
  if (theirs === undefined) return undefined;
  if (ours === undefined && offsetMs !== undefined) {
    const way = offsetMs > 0 ? 'ahead' : 'behind';
    const seconds = Math.round(Math.abs(offsetMs) / 1_000);
    return {
      code: 'jwt_clocks_differ',
      text: `this JWT is valid by our clock, and not by the node's, which is ${seconds} s ${way}`,
      cure: 'set the clocks by NTP; allowed_clock_skew of the realm is 60 s where it is not set',
    };
  }
  return theirs;
}

function atTime({ expiresAt, issuedAt, notBefore }: JwtLooks, now: number, skew: number): Cause | undefined {
  // Neither end of a span belongs to it (reference, 14).
  if (expiresAt !== undefined && expiresAt * 1_000 <= now - skew) {
    return {
      code: 'jwt_expired',
      text: `this JWT expired at ${instant(expiresAt)}`,
      cure: 'have the issuer make another',
    };
  }
  const begins = Math.max(issuedAt ?? 0, notBefore ?? 0);
  if (begins * 1_000 >= now + skew) {
    return {
      code: 'jwt_not_yet_valid',
      text: `this JWT begins at ${instant(begins)} (nbf or iat)`,
      cure: "check the issuer's clock",
    };
  }
  return undefined;
}

function ofContent({ issuer, audience, algorithm, keyId }: JwtLooks): Cause {
  const said = [
    `iss ${issuer}`,
    `aud ${audience.join(', ')}`,
    `alg ${algorithm}`,
    ...(keyId === undefined ? [] : [`kid ${keyId}`]),
  ];
  return {
    code: 'jwt_issuer_audience_or_key',
    text: `no JWT realm takes its issuer, audience, principal claim, algorithm or signature (${said.join('; ')})`,
    cure:
      'compare with allowed_issuer, allowed_audiences, allowed_signature_algorithms, claims.principal and the key ' +
      'set of the realm; its log says which of them it is',
  };
}

/** @param seconds since the epoch */
export function instant(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString().replace('.000Z', 'Z');
}
