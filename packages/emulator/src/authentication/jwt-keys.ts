/**
 * The keys of JWT realms: which of them a token may have been signed with, and whether it was (RFC 7515, RFC 7518,
 * section 3). What the token claims is checked in `jwt-realms.ts`.
 */

import {
  constants,
  createHmac,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { Jwt } from './jwt.js';

/** The algorithms that Elasticsearch knows, with the curve of those that need one. */
const curves: ReadonlyMap<string, string | undefined> = new Map([
  ...['HS256', 'HS384', 'HS512'].map((name) => [name, undefined] as const),
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((name) => [name, undefined] as const),
  ['ES256', 'prime256v1'],
  ['ES384', 'secp384r1'],
  ['ES512', 'secp521r1'],
]);

/** Their names. */
export const signatureAlgorithms: readonly string[] = [...curves.keys()];

/** A key with what its JWK says about its use. */
export interface VerificationKey {
  readonly key: KeyObject;
  /** `kid`; without, it may have signed any token. */
  readonly id: string | undefined;
  /** `alg`; without, any that fits. */
  readonly algorithm: string | undefined;
}

/** A member of a key set as it is configured. */
export type JsonWebKey = Readonly<Record<string, unknown>>;

/** A key of the OpenID Connect form: the bytes of a text. */
export function keyOfText(text: string): VerificationKey {
  return { key: createSecretKey(Buffer.from(text)), id: undefined, algorithm: undefined };
}

/**
 * @returns `undefined` for a key that is for something else than signatures
 * @throws if it is no key; the message may repeat parts of it
 */
export function keyOfJwk(jwk: JsonWebKey, isSecret: boolean): VerificationKey | undefined {
  const { use = 'sig', key_ops: operations = ['verify'], kid, alg } = jwk;
  if (use !== 'sig' || !Array.isArray(operations) || !operations.includes('verify')) return undefined;
  return {
    key: isSecret ? secretOf(jwk) : createPublicKey({ format: 'jwk', key: jwk }),
    id: typeof kid === 'string' ? kid : undefined,
    algorithm: typeof alg === 'string' ? alg : undefined,
  };
}

function secretOf({ kty, k }: JsonWebKey): KeyObject {
  if (kty !== 'oct' || typeof k !== 'string') throw new TypeError('not a symmetric key');
  return createSecretKey(k, 'base64url');
}

/** Whether a key is of the kind and strength that an algorithm needs. */
export function fits({ key, algorithm }: VerificationKey, wanted: string): boolean {
  if (algorithm !== undefined && algorithm !== wanted) return false;
  const { asymmetricKeyType, asymmetricKeyDetails, symmetricKeySize = 0 } = key;
  switch (wanted.slice(0, 2)) {
    case 'HS':
      return key.type === 'secret' && symmetricKeySize * 8 >= Number(wanted.slice(2));
    case 'ES':
      return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === curves.get(wanted);
    default:
      return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
  }
}

/** Whether one of the keys has made the signature of a token. */
export function isSignedByOneOf(keys: readonly VerificationKey[], jwt: Jwt): boolean {
  const { algorithm, keyId } = jwt;
  // RFC 7515, section 4.1.11: whoever does not know what must be understood, refuses. Nothing is known here.
  if (jwt.hasCritical) return false;
  return keys.some((key) => {
    const isOther = keyId !== undefined && key.id !== undefined && key.id !== keyId;
    return !isOther && fits(key, algorithm) && isSignedBy(key.key, jwt);
  });
}

function isSignedBy(key: KeyObject, { algorithm, text }: Jwt): boolean {
  const end = text.lastIndexOf('.');
  const [signed, encoded] = [Buffer.from(text.slice(0, end)), text.slice(end + 1)];
  // Node would pass over what is no base64url.
  if (!/^[\w-]+$/.test(encoded)) return false;
  const signature = Buffer.from(encoded, 'base64url');
  const hash = `sha${algorithm.slice(2)}`;
  switch (algorithm.slice(0, 2)) {
    case 'HS': {
      const expected = createHmac(hash, key).update(signed).digest();
      return expected.length === signature.length && timingSafeEqual(expected, signature);
    }
    case 'ES':
      return verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
    case 'PS': {
      const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
      return verify(hash, signed, { key, padding, saltLength }, signature);
    }
    default:
      return verify(hash, signed, key, signature);
  }
}
