/** An emulator with a JWT realm that believes what `own` has signed, and tokens of alice for it. */

import type { EmulatorOptions, JwtRealmOptions } from '@esauth/emulator';
import { startEmulator } from '@esauth/emulator';
import { afterEach } from 'vitest';
import { bearer, type Incoming, send } from '../../support/http-client.js';
import { type Claims, rsaKey, signJwt } from '../../support/jwt.js';
import { unauthorized } from '../cluster.js';

export const own = rsaKey({ kid: 'own' });
export const jwt1: JwtRealmOptions = {
  allowedIssuer: 'https://issuer.example',
  allowedAudiences: ['es01', 'es02'],
  pkcJwkset: { keys: [own.jwk] },
  claims: { principal: 'sub', groups: 'groups', name: 'name', mail: 'email', dn: 'dn' },
  clientAuthentication: { type: 'none' },
};
export const alice = { iss: 'https://issuer.example', aud: 'es01', sub: 'alice' };
export const latest = [9, 5] as const;

export let emulator: Awaited<ReturnType<typeof startEmulator>>;

/** Starts it with this realm, or with these options. */
export async function start(options: EmulatorOptions | JwtRealmOptions = jwt1): Promise<void> {
  emulator = await startEmulator(
    'claims' in options ? { jwtRealms: [options] } : (options as EmulatorOptions),
  );
}

/** Ends the emulator of each test. */
export function useEmulator(): void {
  afterEach(() => emulator.close());
}

export const aliceToken = (more: Claims = {}) =>
  signJwt(own.privateKey, { ...alice, ...more }, emulator.clock.now());

export function whoIs(token: string, headers: object = {}): Promise<Incoming> {
  return send(`${emulator.url}/_security/_authenticate`, { headers: { ...bearer(token), ...headers } });
}

const where = 'REST request [/_security/_authenticate]';
export function refused(principal: string, version: readonly [number, number] = latest) {
  const tried = { additional_unsuccessful_credentials: 'oauth2 token: invalid token' };
  return unauthorized(version, `unable to authenticate user [${principal}] for ${where}`, tried);
}
