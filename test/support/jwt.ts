/** JSON Web Tokens as an identity provider would issue them, and as one never would. */

import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';

/** A provider's key, and the key set with which others recognise its signatures. */
export interface IssuerKey {
  readonly privateKey: KeyObject;
  readonly jwk: Record<string, unknown>;
}

export function rsaKey(more: object = {}): IssuerKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), ...more } };
}

export function ecKey(namedCurve: string, more: object = {}): IssuerKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return { privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), ...more } };
}

export type Claims = Readonly<Record<string, unknown>>;

/** Signs claims; without `iat` and `exp` of their own the token is from `now` and good for five minutes. */
export function signJwt(
  key: KeyObject | string,
  claims: Claims,
  now: number,
  header: {
    readonly alg?: string;
    readonly kid?: string;
    readonly typ?: string;
    readonly crit?: string[];
    readonly b64?: true;
  } = {},
): Promise<string> {
  const seconds = Math.floor(now / 1000);
  return new SignJWT({ iat: seconds, exp: seconds + 300, ...claims })
    .setProtectedHeader({ alg: 'RS256', ...header })
    .sign(typeof key === 'string' ? createSecretKey(Buffer.from(key)) : key);
}

/** Three parts that somebody has put together, signed by nobody. */
export function forgedJwt(header: unknown, claims: unknown, signature = 'c2lnbmF0dXJl'): string {
  const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode(header)}.${encode(claims)}.${signature}`;
}
