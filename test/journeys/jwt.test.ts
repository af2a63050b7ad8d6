/**
 * A JSON Web Token of somebody else's, from its issue to its end: core asks an emulator with a JWT realm on
 * HTTPS, shows it the clients' secret, and both live in the same time.
 */

import { createVerifier, type Verdict, type Verifier, type VerifierOptions } from '@esauth/core';
import { type Emulator, type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { afterEach, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../support/fake-clock.js';
import { forgedJwt, rsaKey, signJwt } from '../support/jwt.js';

const key = rsaKey();
const sharedSecret = 's3cr3t-of-the-clients';
const alice = { iss: 'https://issuer.example', aud: 'api', sub: 'alice' };
const minute = 60_000;

let emulator: Emulator;
let clock: FakeClock;
const verifiers: Verifier[] = [];
afterEach(async () => {
  await Promise.all(verifiers.splice(0).map((verifier) => verifier.close()));
  await emulator.close();
});

async function start(options: EmulatorOptions = {}): Promise<void> {
  emulator = await startEmulator({
    tls: true,
    jwtRealms: [
      {
        allowedIssuer: alice.iss,
        allowedAudiences: ['api'],
        pkcJwkset: { keys: [key.jwk] },
        claims: { principal: 'sub' },
        clientAuthentication: { sharedSecret },
      },
    ],
    ...options,
  });
  clock = createFakeClock();
  clock.setWall(emulator.clock.now());
}

function verifierWith(
  options: Omit<VerifierOptions, 'nodes'> = { clientAuthentication: sharedSecret },
): Verifier {
  const tls = { ca: emulator.ca ?? '' };
  const verifier = createVerifier({ nodes: emulator.url, tls, clock, ...options } as VerifierOptions);
  verifiers.push(verifier);
  return verifier;
}

async function pass(ms: number): Promise<void> {
  await emulator.clock.advance(ms);
  await clock.advance(ms);
}

const code = (verdict: Verdict) => (verdict.kind === 'authenticated' ? verdict.kind : verdict.code);

test('a token is verified once, remembered until its end, and then refused as expired', async () => {
  await start();
  const verifier = verifierWith({
    clientAuthentication: sharedSecret,
    cache: { ttlMs: 60 * minute, refreshAfterMs: 0, jitter: 0 },
  });
  const expiresAt = Math.floor(emulator.clock.now() / 1000) * 1000 + 5 * minute;
  const token = `Bearer ${await signJwt(key.privateKey, { ...alice, exp: expiresAt / 1000 }, emulator.clock.now())}`;

  const first = await verifier.verify(token);
  expect(first).toMatchObject({
    kind: 'authenticated',
    identity: {
      username: 'alice',
      realm: { name: 'jwt1', type: 'jwt' },
      authenticationType: 'realm',
      expiresAt,
    },
  });
  await pass(4 * minute);
  expect(await verifier.verify(token)).toMatchObject({ kind: 'authenticated' });
  expect(emulator.requests).toHaveLength(1);

  // Elasticsearch allows for a skew of a minute. Its yes counts, and is not remembered.
  await pass(minute);
  expect(code(await verifier.verify(token))).toBe('authenticated');
  expect(code(await verifier.verify(token))).toBe('authenticated');
  expect(emulator.requests).toHaveLength(3);

  await pass(minute);
  expect(code(await verifier.verify(token))).toBe('credentials_expired');
  expect(JSON.stringify([emulator.requests, verifier.stats()])).not.toContain(token.slice(7, 40));
});

test('without the secret, or with a wrong one, the token is refused', async () => {
  await start();
  const token = `Bearer ${await signJwt(key.privateKey, alice, emulator.clock.now())}`;
  expect(code(await verifierWith({}).verify(token))).toBe('credentials_invalid');
  expect(code(await verifierWith({ clientAuthentication: 'wrong' }).verify(token))).toBe(
    'credentials_invalid',
  );
  expect(code(await verifierWith().verify(token))).toBe('authenticated');
});

test.each(['8.2', '8.11', '8.12', '9.5'])(
  '%s: forged, altered, early and misdirected tokens are refused',
  async (version) => {
    await start({ version });
    const verifier = verifierWith();
    const now = emulator.clock.now();
    const later = Math.floor(now / 1000) + 3600;
    const tokens = await Promise.all([
      signJwt(rsaKey().privateKey, alice, now),
      signJwt(key.privateKey, { ...alice, aud: 'others' }, now),
      signJwt(key.privateKey, { ...alice, iss: 'https://evil.example' }, now),
      signJwt(key.privateKey, { ...alice, nbf: later, exp: later + 60 }, now),
    ]);
    for (const token of tokens)
      expect(code(await verifier.verify(`Bearer ${token}`))).toBe('credentials_invalid');
    const expired = await signJwt(key.privateKey, { ...alice, exp: later - 7200 }, now);
    expect(code(await verifier.verify(`Bearer ${expired}`))).toBe('credentials_expired');
  },
);

test.each([
  ['8.11', 'server_error'],
  ['8.12', 'credentials_invalid'],
])('%s makes of what is no token at all: %s', async (version, expected) => {
  await start({ version });
  expect(code(await verifierWith().verify(`Bearer ${forgedJwt({ alg: 'none' }, alice)}`))).toBe(expected);
});
