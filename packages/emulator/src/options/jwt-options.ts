/** The option `jwtRealms`: what a realm can be told, its defaults, and the checks that fail at once. */

import type { ClaimNames } from '../authentication/jwt-claims.js';
import {
  fits,
  type JsonWebKey,
  keyOfJwk,
  keyOfText,
  signatureAlgorithms,
  type VerificationKey,
} from '../authentication/jwt-keys.js';
import { digestOfSharedSecret, type JwtRealm } from '../authentication/jwt-realms.js';
import type { Version } from '../wire/version.js';
import { areTexts, check, checkNames, isObject, isText, refuse } from './option-checks.js';

/**
 * A realm that accepts JSON Web Tokens. The members are Elasticsearch's settings
 * (`xpack.security.authc.realms.jwt.‹name›.…`), written as JavaScript writes names. At least one of
 * `pkcJwkset`, `hmacJwkset` and `hmacKey` is needed, with a key for one of the allowed algorithms.
 */
export interface JwtRealmOptions {
  /** Default `jwt1`, `jwt2`, … by its place in the list. */
  readonly name?: string;
  /**
   * `id_token` (the default) also checks `nbf` and `auth_time`; `access_token`, from 8.7 on, needs
   * `allowedSubjects`.
   */
  readonly tokenType?: 'id_token' | 'access_token';
  /** What `iss` has to be. */
  readonly allowedIssuer: string;
  /** One of these has to be in `aud`. */
  readonly allowedAudiences: readonly string[];
  /** One of these `sub` has to be. Default: it can be anything. */
  readonly allowedSubjects?: readonly string[];
  /** Of `HS`, `RS`, `PS` and `ES` with 256, 384 and 512. Default `['RS256']`. */
  readonly allowedSignatureAlgorithms?: readonly string[];
  /** How far `exp`, `iat`, `nbf` and `auth_time` may be off, in milliseconds, as whole seconds. Default 60 000. */
  readonly allowedClockSkewMs?: number;
  /** Public keys, as a JWK Set (RFC 7517); of private keys only the public part is used. */
  readonly pkcJwkset?: { readonly keys: readonly JsonWebKey[] };
  /** Symmetric keys, as a JWK Set. */
  readonly hmacJwkset?: { readonly keys: readonly JsonWebKey[] };
  /** One symmetric key instead, as text: its bytes in UTF-8, at least as many as the algorithm has. */
  readonly hmacKey?: string;
  /** In which claims the user name is and, each if wanted, groups, full name, e-mail and distinguished name. */
  readonly claims: ClaimNames;
  /**
   * Whether the client has to show, in `ES-Client-Authentication: SharedSecret ‹sharedSecret›`, that it is
   * trusted. `type` is `shared_secret` by default, as in Elasticsearch, and then needs `sharedSecret`.
   */
  readonly clientAuthentication?: {
    readonly type?: 'shared_secret' | 'none';
    readonly sharedSecret?: string;
  };
}

const names: readonly (keyof JwtRealmOptions)[] = [
  'name',
  'tokenType',
  'allowedIssuer',
  'allowedAudiences',
  'allowedSubjects',
  'allowedSignatureAlgorithms',
  'allowedClockSkewMs',
  'pkcJwkset',
  'hmacJwkset',
  'hmacKey',
  'claims',
  'clientAuthentication',
];
const attributes: readonly (keyof ClaimNames)[] = ['principal', 'groups', 'name', 'mail', 'dn'];

/** @throws TypeError naming the option that is wrong; no message repeats a key or a secret */
export function readJwtRealms(realms: unknown, version: Version): JwtRealm[] {
  if (!Array.isArray(realms)) return refuse('jwtRealms', 'a list of realms');
  if (realms.length > 0 && !version.jwtRealms) {
    throw new TypeError('startEmulator: option "jwtRealms": there are JWT realms from version 8.2 on only');
  }
  const read = realms.map((realm: unknown, index) => readRealm(realm, index, version));
  const taken = new Set(['reserved', 'default_file', 'default_native', 'kerb1']);
  for (const { realm } of read) {
    if (taken.has(realm.name)) refuse('jwtRealms', `a list without two realms of the name "${realm.name}"`);
    taken.add(realm.name);
  }
  return read;
}

function readRealm(options: unknown, index: number, version: Version): JwtRealm {
  const path = `jwtRealms[${index}]`;
  if (!isObject(options)) return refuse(path, 'an object');
  checkNames(options, names, `${path}.`);
  // What it holds is checked member by member; nothing is taken over that was not.
  const {
    name = `jwt${index + 1}`,
    tokenType = 'id_token',
    allowedIssuer,
    allowedAudiences,
    allowedSubjects,
    allowedSignatureAlgorithms = ['RS256'],
    allowedClockSkewMs = 60_000,
    claims,
  } = options as unknown as JwtRealmOptions;
  check(`${path}.name`, isText(name), 'a text');
  check(
    `${path}.tokenType`,
    ['id_token', 'access_token'].includes(tokenType),
    '"id_token" or "access_token"',
  );
  if (tokenType === 'access_token' && !version.jwtTokenTypes)
    refuse(`${path}.tokenType`, '"id_token" before version 8.7');
  check(`${path}.allowedIssuer`, isText(allowedIssuer), 'a text');
  check(`${path}.allowedAudiences`, isList(allowedAudiences), 'a list of texts');
  const anybody = allowedSubjects === undefined && tokenType === 'id_token';
  check(`${path}.allowedSubjects`, anybody || isList(allowedSubjects), 'a list of texts');
  const areAlgorithms =
    isList(allowedSignatureAlgorithms) &&
    allowedSignatureAlgorithms.every((algorithm) => signatureAlgorithms.includes(algorithm));
  check(`${path}.allowedSignatureAlgorithms`, areAlgorithms, `a list of ${signatureAlgorithms.join(', ')}`);
  const isDuration = Number.isFinite(allowedClockSkewMs) && allowedClockSkewMs >= 0;
  check(`${path}.allowedClockSkewMs`, isDuration, 'a number of milliseconds, 0 or more');
  check(`${path}.claims`, isObject(claims), 'an object with the names of claims');
  checkNames(claims, attributes, `${path}.claims.`);
  for (const attribute of attributes) {
    const fine = isText(claims[attribute]) || (attribute !== 'principal' && claims[attribute] === undefined);
    check(`${path}.claims.${attribute}`, fine, 'the name of a claim');
  }
  const keys = readKeys(options as unknown as JwtRealmOptions, path);
  if (!allowedSignatureAlgorithms.some((algorithm) => keys.some((key) => fits(key, algorithm)))) {
    refuse(path, `given a key for one of the algorithms ${allowedSignatureAlgorithms.join(', ')}`);
  }
  return {
    realm: { name, type: 'jwt' },
    tokenType,
    allowedIssuer,
    allowedAudiences,
    allowedSubjects,
    allowedSignatureAlgorithms,
    allowedClockSkewMs,
    keys,
    claims,
    sharedSecret: readSharedSecret(options.clientAuthentication, `${path}.clientAuthentication`),
  };
}

function isList(value: unknown): boolean {
  return areTexts(value) && value.length > 0;
}

function readKeys({ pkcJwkset, hmacJwkset, hmacKey }: JwtRealmOptions, path: string): VerificationKey[] {
  if (hmacKey !== undefined && hmacJwkset !== undefined)
    refuse(path, 'given either hmacKey or hmacJwkset, not both');
  check(`${path}.hmacKey`, hmacKey === undefined || isText(hmacKey), 'a text');
  return [
    ...readKeySet(pkcJwkset, `${path}.pkcJwkset`, false),
    ...readKeySet(hmacJwkset, `${path}.hmacJwkset`, true),
    ...(hmacKey === undefined ? [] : [keyOfText(hmacKey)]),
  ];
}

function readKeySet(set: unknown, path: string, areSecret: boolean): VerificationKey[] {
  if (set === undefined) return [];
  if (!isObject(set) || !Array.isArray(set.keys))
    return refuse(path, 'a JWK Set: an object with a list keys');
  return set.keys.flatMap((jwk: unknown, index) => {
    const wanted = areSecret ? 'a symmetric JWK' : 'a JWK of the type RSA or EC';
    if (!isObject(jwk)) return refuse(`${path}.keys[${index}]`, wanted);
    try {
      return keyOfJwk(jwk, areSecret) ?? [];
    } catch {
      // What is wrong with it would repeat parts of the key.
      return refuse(`${path}.keys[${index}]`, wanted);
    }
  });
}

function readSharedSecret(options: unknown, path: string): JwtRealm['sharedSecret'] {
  if (options !== undefined && !isObject(options)) return refuse(path, 'an object');
  const { type = 'shared_secret', sharedSecret } = options ?? {};
  checkNames(options ?? {}, ['type', 'sharedSecret'], `${path}.`);
  check(`${path}.type`, type === 'shared_secret' || type === 'none', '"shared_secret" or "none"');
  if (type === 'none') {
    check(`${path}.sharedSecret`, sharedSecret === undefined, 'left out where type is "none"');
    return undefined;
  }
  if (!isText(sharedSecret)) return refuse(`${path}.sharedSecret`, 'a text, or type must be "none"');
  return digestOfSharedSecret(sharedSecret.trim());
}
