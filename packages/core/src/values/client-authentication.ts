// The JWT realm's shared secret, as a header, and whose it is: kept by
// verifier but not as a property of it, so that printing a verifier does not print it.

import { processState } from './process-state.js';

/** What a lookup of a Bearer credential carries besides; nothing where no secret is configured. */
export type ClientAuthentication = { readonly 'es-client-authentication'?: string };

const headersOf = processState('clientAuthentication.1', () => new WeakMap<object, ClientAuthentication>());

export function clientAuthenticationHeaders(secret: string | undefined): ClientAuthentication {
  return secret === undefined ? {} : { 'es-client-authentication': `SharedSecret ${secret}` };
}

export function keepClientAuthentication(verifier: object, headers: ClientAuthentication): void {
  headersOf().set(verifier, headers);
}

/** @returns what was kept for a verifier; nothing for one that is not ours. */
export function clientAuthenticationOf(verifier: object): ClientAuthentication {
  return headersOf().get(verifier) ?? {};
}
