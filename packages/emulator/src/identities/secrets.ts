/**
 * Where ids and secrets come from, and what is kept of them. Nothing else in the package draws random
 * bytes or hashes a credential.
 */

import { hash, randomBytes } from 'node:crypto';

/** Draws ids and secrets: random ones, or the same ones in every run for one seed. */
export interface Secrets {
  bytes(count: number): Buffer;
  /** 20 characters of the URL-safe alphabet, as ids of API keys have. */
  id(): string;
  /** 22 characters of the URL-safe alphabet, as secrets of API keys have. */
  secret(): string;
}

/**
 * @param seed any string gives the same ids and secrets in the same order each time; `undefined` gives
 *   unpredictable ones
 */
export function createSecrets(seed: string | undefined): Secrets {
  const block: () => Buffer = seed === undefined ? () => randomBytes(4096) : seededBlocks(seed);
  let pool: Buffer = Buffer.alloc(0);
  let used = 0;

  function bytes(count: number): Buffer {
    if (used + count > pool.length) {
      pool = block();
      used = 0;
    }
    used += count;
    return pool.subarray(used - count, used);
  }

  return {
    bytes,
    id: () => bytes(15).toString('base64url'),
    secret: () => bytes(16).toString('base64url'),
  };
}

function seededBlocks(seed: string): () => Buffer {
  let counter = 0;
  return () => hash('sha256', `${seed}\0${counter++}`, 'buffer');
}

/** What is kept of a secret. It is enough to recognise the secret and not enough to use it. */
export type Digest = string & { readonly brand: 'digest' };

/**
 * Digests a secret with something that belongs to it (its user, its id), so that equal secrets of two
 * owners have different digests. Fast on purpose: the emulator holds no real secrets, and slow hashing would
 * slow every test.
 */
export function digest(owner: string, secret: string | Buffer): Digest {
  const text = typeof secret === 'string' ? secret : secret.toString('latin1');
  // The length keeps ("ab", "c") and ("a", "bc") apart.
  return hash('sha256', `${owner.length}:${owner}${text}`, 'base64') as Digest;
}
