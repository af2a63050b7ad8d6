/** The keys behind the recorded JSON Web Tokens, made anew for each run, the realms that trust them, and their tokens. */

import { createSecretKey, type KeyObject } from 'node:crypto';
import type { EmulatorOptions } from '@esauth/emulator';
import { CompactSign } from 'jose';
import { ecKey, forgedJwt, rsaKey } from '../../support/jwt.js';
import type { RecordedJwt } from '../../support/recordings.js';

const hmacKey = 'made-up-hmac-key-of-at-least-32-bytes-000';
const rsa = rsaKey({ kid: 'rsa-1' });
const ec = ecKey('P-256', { kid: 'ec-1' });

/** By the names that recordings use. */
const keys: Readonly<Record<string, KeyObject>> = {
  hmac: createSecretKey(Buffer.from(hmacKey)),
  otherHmac: createSecretKey(Buffer.from('another-made-up-hmac-key-of-32-bytes-and-more')),
  rsa: rsa.privateKey,
  otherRsa: rsaKey().privateKey,
  ec: ec.privateKey,
};

/** The two realms of the node `jwt`. */
export const jwtRealms: NonNullable<EmulatorOptions['jwtRealms']> = [
  {
    name: 'hmac1',
    tokenType: 'id_token',
    clientAuthentication: { type: 'shared_secret', sharedSecret: 'made-up-client-secret' },
    allowedIssuer: 'https://issuer.example/',
    allowedAudiences: ['es'],
    allowedSignatureAlgorithms: ['HS256'],
    hmacKey,
    claims: { principal: 'sub', groups: 'roles', name: 'name', mail: 'mail' },
  },
  {
    name: 'rsa1',
    tokenType: 'access_token',
    clientAuthentication: { type: 'none' },
    allowedIssuer: 'https://rsa.example/',
    allowedAudiences: ['es', 'other'],
    allowedSubjects: ['jane', 'john'],
    allowedSignatureAlgorithms: ['RS256', 'ES256'],
    pkcJwkset: { keys: [rsa.jwk, ec.jwk] },
    claims: { principal: 'sub', groups: 'roles' },
  },
];

/** Claims that a recording counts from now. */
const moments = ['nbf', 'auth_time'];

/** The token that a recording describes. @param now the time of the server, in milliseconds */
export async function tokenOf(jwt: RecordedJwt, now: number): Promise<string> {
  const seconds = Math.floor(now / 1000);
  const { from = 0, until = 300 } = jwt;
  const claims = Object.fromEntries(
    Object.entries(jwt.claims).map(([name, value]) => {
      return [name, moments.includes(name) && typeof value === 'number' ? seconds + value : value];
    }),
  );
  const payload = {
    ...claims,
    ...(from !== null && { iat: seconds + from }),
    ...(until !== null && { exp: seconds + until }),
  };
  const header = { alg: jwt.alg, ...jwt.header };
  return `${await sign(header, payload, jwt.key)}${jwt.tail ?? ''}`;
}

async function sign(header: RecordedJwt['header'] & { alg: string }, payload: object, name: string) {
  if (header.alg === 'none') return forgedJwt(header, payload, '');
  const key = keys[name];
  if (key === undefined) throw new Error(`there is no key ${name}`);
  return await new CompactSign(Buffer.from(JSON.stringify(payload))).setProtectedHeader(header).sign(key);
}
