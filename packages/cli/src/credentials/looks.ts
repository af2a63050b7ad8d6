// What a credential is by its looks, without asking anybody, and what of it must never be shown. Pure.

import { accessTokenLayout, isCloudKey, isJwt, isKeyPair, jsonIn, pairIn, serviceTokenIn } from './shapes.js';

/** What somebody holds. */
export type Looks =
  | { readonly kind: 'api_key'; readonly id: string }
  /** Or what was meant to be one. */
  | { readonly kind: 'malformed_api_key'; readonly why: string }
  | { readonly kind: 'cloud_api_key' }
  | { readonly kind: 'api_key_as_bearer'; readonly id: string | undefined }
  | { readonly kind: 'service_token'; readonly account: string; readonly name: string }
  | { readonly kind: 'access_token'; readonly layout: string }
  | JwtLooks
  | { readonly kind: 'password'; readonly username: string }
  | { readonly kind: 'malformed_password'; readonly why: string }
  | { readonly kind: 'kerberos_ticket' }
  | { readonly kind: 'unknown_token' };

/** Its times are in seconds since the epoch, as in the token. */
export interface JwtLooks {
  readonly kind: 'jwt';
  readonly algorithm: string | undefined;
  readonly keyId: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: readonly string[];
  readonly subject: string | undefined;
  readonly issuedAt: number | undefined;
  readonly notBefore: number | undefined;
  readonly expiresAt: number | undefined;
}

/** @param authorization the value of the header */
export function looksOf(authorization: string): Looks {
  const [scheme, value] = partsOf(authorization);
  switch (scheme.toLowerCase()) {
    case 'apikey':
      return looksOfKey(value);
    case 'basic':
      return looksOfPassword(value);
    case 'negotiate':
      return { kind: 'kerberos_ticket' };
    default:
      return looksOfToken(value);
  }
}

function looksOfKey(value: string): Looks {
  if (isCloudKey(value)) return { kind: 'cloud_api_key' };
  const malformed = (why: string): Looks => ({ kind: 'malformed_api_key', why });
  if (isJwt(value)) return malformed('it is a JSON Web Token, which goes as Bearer');
  if (serviceTokenIn(value) !== undefined)
    return malformed('it is a token of a service account, which goes as Bearer');
  const pair = pairIn(value);
  if (pair !== undefined) return { kind: 'api_key', id: pair.slice(0, pair.indexOf(':')) };
  if (accessTokenLayout(value) !== undefined) return malformed('it is an access token, which goes as Bearer');
  if (/[-_]/.test(value))
    return malformed('it has - or _, which are no Base64: the alphabet with + and / is wanted');
  if (value.includes(':')) return malformed('it is not encoded: Base64 of id:api_key is wanted');
  return malformed('it is not Base64 of id:api_key');
}

function looksOfPassword(value: string): Looks {
  const pair = Buffer.from(value, 'base64').toString();
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return { kind: 'malformed_password', why: 'it is not Base64' };
  if (!pair.includes(':')) {
    return { kind: 'malformed_password', why: 'it has no colon between user name and password' };
  }
  return { kind: 'password', username: pair.slice(0, pair.indexOf(':')) };
}

function looksOfToken(value: string): Looks {
  if (isCloudKey(value)) return { kind: 'api_key_as_bearer', id: undefined };
  if (isKeyPair(value)) return { kind: 'api_key_as_bearer', id: value.slice(0, value.indexOf(':')) };
  if (isJwt(value)) return looksOfJwt(value);
  const service = serviceTokenIn(value);
  if (service !== undefined) return { kind: 'service_token', account: service.account, name: service.name };
  const pair = pairIn(value);
  if (pair !== undefined && isKeyPair(pair)) {
    return { kind: 'api_key_as_bearer', id: pair.slice(0, pair.indexOf(':')) };
  }
  const layout = accessTokenLayout(value);
  return layout === undefined ? { kind: 'unknown_token' } : { kind: 'access_token', layout };
}

function looksOfJwt(value: string): JwtLooks {
  const [head = '', body = ''] = value.split('.');
  const header = jsonIn(head) ?? {};
  const claims = jsonIn(body) ?? {};
  const textOf = (of: unknown) => (typeof of === 'string' ? of : undefined);
  const numberOf = (of: unknown) => (typeof of === 'number' && Number.isFinite(of) ? of : undefined);
  return {
    kind: 'jwt',
    algorithm: textOf(header.alg),
    keyId: textOf(header.kid),
    issuer: textOf(claims.iss),
    audience: [claims.aud].flat().filter((each) => typeof each === 'string'),
    subject: textOf(claims.sub),
    issuedAt: numberOf(claims.iat),
    notBefore: numberOf(claims.nbf),
    expiresAt: numberOf(claims.exp),
  };
}

function partsOf(authorization: string): readonly [scheme: string, value: string] {
  const space = authorization.indexOf(' ');
  return [authorization.slice(0, space), authorization.slice(space + 1).trim()];
}

/** What must never be shown of it: whole, and decoded. The id of a key and the name of a user are no secrets. */
export function secretsOf(authorization: string): readonly string[] {
  const [, value] = partsOf(authorization);
  const pair = isJwt(value) ? undefined : Buffer.from(value, 'base64').toString();
  const signature = isJwt(value) ? value.split('.') : [];
  const own = pair?.includes(':') ? pair.slice(pair.indexOf(':') + 1) : undefined;
  const plain = value.includes(':') ? value.slice(value.indexOf(':') + 1) : undefined;
  return [value, own, plain, ...signature].filter((each) => each !== undefined && each !== '') as string[];
}
