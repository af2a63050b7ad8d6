// An emulator, a client of it, and token sources that go by the emulator's time.

import {
  createSecurityClient,
  createTokenSource,
  type SecurityClient,
  type StoredTokens,
  type TokenSource,
} from '@esauth/client';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterEach, beforeEach, onTestFinished } from 'vitest';

export let emulator: Emulator;
export let client: SecurityClient;
/** A new emulator and client for each test. */
export function useTokens(): void {
  beforeEach(async () => {
    emulator = await startEmulator({ users: { alice: { password: 'secret', roles: [] } } });
    client = createSecurityClient({
      nodes: emulator.url,
      auth: { username: 'elastic', password: 'changeme' },
      timeoutMs: 2_000,
    });
  });
  afterEach(async () => {
    await client.close();
    await emulator.close();
  });
}

export const minute = 60_000;
export const grant = { grant_type: 'password' as const, username: 'alice', password: 'secret' };
export const whose = async (authorization: string): Promise<string> =>
  (await client.authenticate({ authorization })).username;
export const grants = (): number =>
  emulator.requests.filter(({ path }) => path === '/_security/oauth2/token').length;
export const source = (more: object = {}): TokenSource => {
  const made = createTokenSource({ client, grant, clock: emulatorClock(), ...more });
  onTestFinished(() => made.close());
  return made;
};
/** The emulator's time for the source as well. */
export const emulatorClock = () => ({ wall: () => emulator.clock.now(), after: () => () => {} });

/** Tokens as a login leaves them. */
export async function signIn(): Promise<StoredTokens> {
  const { access_token, refresh_token, expires_in } = await client.getToken(grant);
  const issuedAt = emulator.clock.now();
  return {
    accessToken: access_token,
    refreshToken: refresh_token,
    issuedAt,
    expiresAt: issuedAt + expires_in * 1000,
  };
}
