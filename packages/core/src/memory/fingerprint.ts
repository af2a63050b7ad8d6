// The name under which a credential is remembered: a keyed digest of its whole canonical spelling. Nothing
// else of a credential outlives its lookup.

import { hash, randomBytes } from 'node:crypto';

declare const brand: unique symbol;

/** 32 bytes, one in each character of a string. Made only here. */
export type Fingerprint = string & { readonly [brand]: true };

export type Fingerprinter = (authorization: string) => Fingerprint;

/**
 * Makes the function that names credentials. Its key is random and never leaves it: names can neither be
 * computed outside the process nor compared across processes, and a weak password cannot be guessed from one.
 *
 * The key stands for everything else that can change an answer (which Elasticsearch, as whom we ask it): each
 * verifier has its own, and those do not change while it lives.
 *
 * @param key of 64 hexadecimal digits, where several processes have to name a credential alike (`sharing`). It comes from
 *   their secrets and does not leave the process either; digests leave it only encrypted, or under another key.
 */
export function createFingerprinter(
  // The key has a fixed length, so key and credential cannot run into each other. An ASCII key, one call of
  // `hash` and `binary` (Latin-1) output cost 1.2 times the bare digest; `createHmac` costs four times as much, and its
  // protection against extending a message is of no use to somebody who never sees a digest.
  key: string = randomBytes(32).toString('hex'),
): Fingerprinter {
  // The one place where the brand is made.
  return (authorization) => hash('sha256', key + authorization, 'binary') as Fingerprint;
}
