// What a credential says about its own end. Only to stop remembering it in time: whether it is still good is
// for Elasticsearch to say, so a wrong guess here costs a lookup and never an answer.

import type { Credential } from './credential.js';

/** @returns a JWT's `exp` (RFC 7519 §4.1.4) in milliseconds since the epoch; `undefined` for all others. */
export function expiryOf(credential: Credential): number | undefined {
  // Nearly no token has a dot but a JWT.
  if (credential.scheme !== 'Bearer' || !credential.authorization.includes('.')) return undefined;
  const parts = credential.authorization.slice('Bearer '.length).split('.');
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString());
    if (typeof claims !== 'object' || claims === null || !('exp' in claims)) return undefined;
    return typeof claims.exp === 'number' ? claims.exp * 1_000 : undefined;
  } catch {
    // Not JSON: three dots do not make a JWT.
    return undefined;
  }
}
