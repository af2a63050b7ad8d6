/**
 * Passwords that were hashed elsewhere: which hashes Elasticsearch takes, and whether a password belongs to one. Some
 * are slow by design; whoever asks often has to remember the answer.
 */

import { createHash, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { illegalArgument, notANumber, Refusal } from '../wire/envelope.js';
import type { Version } from '../wire/version.js';
import { isBcryptHashOf } from './bcrypt.js';

const bcryptPrefix = '$2a$';
// What follows the cost in a bcrypt hash: a dollar and 53 characters.
const afterCost = 54;
const configuredCost = 10;
const pbkdf2Form = /^\{PBKDF2(_STRETCH)?\}(\d+)\$([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]+=*)$/;

const bcryptCosts = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];
const pbkdf2Costs = [1_000, 10_000, 50_000, 100_000, 500_000, 1_000_000];
const supported: readonly string[] = [
  ...['bcrypt', ...bcryptCosts.map((cost) => `bcrypt${cost}`)],
  ...['pbkdf2', ...pbkdf2Costs.map((cost) => `pbkdf2_${cost}`)],
  ...['pbkdf2_stretch', ...pbkdf2Costs.map((cost) => `pbkdf2_stretch_${cost}`)],
];

/** @throws Refusal if the release does not take such a hash */
export function checkPasswordHash(hash: string, version: Version): void {
  const algorithm = algorithmOf(hash);
  if (version.takesAnyPasswordHash ? supported.includes(algorithm) : algorithm === 'bcrypt') return;
  refuse(
    version.takesAnyPasswordHash
      ? 'The provided password hash is not a hash or it could not be resolved to a supported hash algorithm. ' +
          `The supported password hash algorithms are [${supported.join(', ')}]`
      : `Provided password hash uses [${algorithm.toUpperCase()}] but the configured hashing algorithm is [BCRYPT]`,
  );
}

/** The name of an algorithm as in settings; that by which Elasticsearch hashes itself has no cost in it. */
function algorithmOf(hash: string): string {
  if (hash.startsWith(bcryptPrefix)) return bcryptOf(hash);
  const [, name = '', cost] = /^\{([A-Z0-9_]+)\}(?:(\d+)\$)?/.exec(hash) ?? [];
  if (name === 'PBKDF2' || name === 'PBKDF2_STRETCH') {
    return cost === '10000' ? name.toLowerCase() : `${name.toLowerCase()}_${cost}`;
  }
  return name === 'SHA' || name === 'MD5' || name === 'SSHA256' ? name.toLowerCase() : 'noop';
}

/**
 * The cost is looked for from the end: where that is too near, Java complains about a slice that ends before it
 * begins.
 */
function bcryptOf(hash: string): string {
  const end = hash.length - afterCost;
  if (end < bcryptPrefix.length) refuse(`${bcryptPrefix.length} > ${end}`);
  const text = hash.slice(bcryptPrefix.length, end);
  if (!/^[+-]?\d+$/.test(text)) throw new Refusal(notANumber(text));
  const cost = Number(text);
  if (cost === configuredCost) return 'bcrypt';
  return bcryptCosts.includes(cost) ? `bcrypt${cost}` : refuse(`unknown hash function [bcrypt${cost}]`);
}

/** @param hash one that was checked */
export function isHashOf(hash: string, password: string): boolean {
  if (hash.startsWith(bcryptPrefix)) return isBcryptHashOf(hash, password);
  const [, stretched, cost, salt = '', key = ''] = pbkdf2Form.exec(hash) ?? [];
  const wanted = Buffer.from(key, 'base64');
  if (wanted.length === 0) return false;
  const text = stretched === undefined ? password : createHash('sha512').update(password).digest('hex');
  const derived = pbkdf2Sync(text, Buffer.from(salt, 'base64'), Number(cost), wanted.length, 'sha512');
  return timingSafeEqual(derived, wanted);
}

function refuse(reason: string): never {
  throw new Refusal(illegalArgument(reason));
}
