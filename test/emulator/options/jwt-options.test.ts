/** The option `jwtRealms`: what is refused at the start, by its name, and without a key or a secret in the message. */

import { generateKeyPairSync } from 'node:crypto';
import { type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { expect, test } from 'vitest';
import { ecKey, rsaKey } from '../../support/jwt.js';

const key = rsaKey();
const good = {
  allowedIssuer: 'iss',
  allowedAudiences: ['aud'],
  pkcJwkset: { keys: [key.jwk] },
  claims: { principal: 'sub' },
  clientAuthentication: { sharedSecret: 'c4n4ry-of-the-secret' },
};
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
const algorithms = 'HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512';
const canary = 'c4n4ry-of-the-key-with-more-than-enough-bytes-in-it';
const onRealm = 'option "jwtRealms[0]';

test.each<[object, string]>([
  [{ name: '' }, `${onRealm}.name" must be a text`],
  [{ issuer: 'x' }, 'unknown option "jwtRealms[0].issuer"'],
  [{ tokenType: 'jwt' }, `${onRealm}.tokenType" must be "id_token" or "access_token"`],
  [{ tokenType: 'access_token' }, `${onRealm}.allowedSubjects" must be a list of texts`],
  [{ allowedIssuer: undefined }, `${onRealm}.allowedIssuer" must be a text`],
  [{ allowedAudiences: [] }, `${onRealm}.allowedAudiences" must be a list of texts`],
  [{ allowedAudiences: 'aud' }, `${onRealm}.allowedAudiences" must be a list of texts`],
  [{ allowedSubjects: [1] }, `${onRealm}.allowedSubjects" must be a list of texts`],
  [
    { allowedSignatureAlgorithms: ['none'] },
    `${onRealm}.allowedSignatureAlgorithms" must be a list of ${algorithms}`,
  ],
  [
    { allowedSignatureAlgorithms: [] },
    `${onRealm}.allowedSignatureAlgorithms" must be a list of ${algorithms}`,
  ],
  [{ allowedClockSkewMs: -1 }, `${onRealm}.allowedClockSkewMs" must be a number of milliseconds, 0 or more`],
  [
    { allowedClockSkewMs: '60s' },
    `${onRealm}.allowedClockSkewMs" must be a number of milliseconds, 0 or more`,
  ],
  [{ claims: undefined }, `${onRealm}.claims" must be an object with the names of claims`],
  [{ claims: {} }, `${onRealm}.claims.principal" must be the name of a claim`],
  [{ claims: { principal: 'sub', groups: 1 } }, `${onRealm}.claims.groups" must be the name of a claim`],
  [{ claims: { principal: 'sub', user: 'x' } }, 'unknown option "jwtRealms[0].claims.user"'],
  [{ pkcJwkset: undefined }, `${onRealm}" must be given a key for one of the algorithms RS256`],
  [
    { pkcJwkset: { keys: [ecKey('P-256').jwk] } },
    `${onRealm}" must be given a key for one of the algorithms RS256`,
  ],
  [{ pkcJwkset: { keys: [weak] } }, `${onRealm}" must be given a key for one of the algorithms RS256`],
  [
    { pkcJwkset: { keys: [{ ...key.jwk, use: 'enc' }] } },
    `${onRealm}" must be given a key for one of the algorithms RS256`,
  ],
  [
    { pkcJwkset: { keys: [{ ...key.jwk, key_ops: ['sign'] }] } },
    `${onRealm}" must be given a key for one of the algorithms RS256`,
  ],
  [{ pkcJwkset: [key.jwk] }, `${onRealm}.pkcJwkset" must be a JWK Set: an object with a list keys`],
  [
    { pkcJwkset: { keys: [key.jwk, { kty: canary }] } },
    `${onRealm}.pkcJwkset.keys[1]" must be a JWK of the type RSA or EC`,
  ],
  [{ pkcJwkset: { keys: [canary] } }, `${onRealm}.pkcJwkset.keys[0]" must be a JWK of the type RSA or EC`],
  [
    { hmacJwkset: { keys: [{ kty: 'RSA', k: canary }] } },
    `${onRealm}.hmacJwkset.keys[0]" must be a symmetric JWK`,
  ],
  [
    { hmacKey: canary, hmacJwkset: { keys: [] } },
    `${onRealm}" must be given either hmacKey or hmacJwkset, not both`,
  ],
  [{ hmacKey: 12 }, `${onRealm}.hmacKey" must be a text`],
  [
    { hmacKey: 'c4n4ry', allowedSignatureAlgorithms: ['HS256'] },
    `${onRealm}" must be given a key for one of the algorithms HS256`,
  ],
  [
    { clientAuthentication: undefined },
    `${onRealm}.clientAuthentication.sharedSecret" must be a text, or type must be "none"`,
  ],
  [{ clientAuthentication: canary }, `${onRealm}.clientAuthentication" must be an object`],
  [
    { clientAuthentication: { type: canary } },
    `${onRealm}.clientAuthentication.type" must be "shared_secret" or "none"`,
  ],
  [
    { clientAuthentication: { type: 'none', sharedSecret: canary } },
    `${onRealm}.clientAuthentication.sharedSecret" must be left out where type is "none"`,
  ],
  [{ clientAuthentication: { secret: canary } }, 'unknown option "jwtRealms[0].clientAuthentication.secret"'],
])('%j', async (changed, message) => {
  const options = { jwtRealms: [{ ...good, ...changed }] } as unknown as EmulatorOptions;
  const failed = startEmulator(options);
  await expect(failed).rejects.toThrow(new TypeError(`startEmulator: ${message}`));
  await expect(failed).rejects.not.toThrow(/c4n4ry/);
});

test.each<[object, string]>([
  [{ jwtRealms: {} }, 'option "jwtRealms" must be a list of realms'],
  [{ jwtRealms: [1] }, 'option "jwtRealms[0]" must be an object'],
  [
    { jwtRealms: [good], version: '8.1' },
    'option "jwtRealms": there are JWT realms from version 8.2 on only',
  ],
  [
    { jwtRealms: [good], version: '7.17' },
    'option "jwtRealms": there are JWT realms from version 8.2 on only',
  ],
  [
    { jwtRealms: [{ ...good, tokenType: 'access_token' }], version: '8.6' },
    'option "jwtRealms[0].tokenType" must be "id_token" before version 8.7',
  ],
  [
    { jwtRealms: [good, { ...good, name: 'jwt1' }] },
    'option "jwtRealms" must be a list without two realms of the name "jwt1"',
  ],
  [
    { jwtRealms: [{ ...good, name: 'reserved' }] },
    'option "jwtRealms" must be a list without two realms of the name "reserved"',
  ],
  [
    { jwtRealms: [{ ...good, name: 'default_file' }] },
    'option "jwtRealms" must be a list without two realms of the name "default_file"',
  ],
])('of the list: %#', async (options, message) => {
  await expect(startEmulator(options as EmulatorOptions)).rejects.toThrow(
    new TypeError(`startEmulator: ${message}`),
  );
});

test('no realms are fine in every release, and a private key is as good as its public part', async () => {
  await (await startEmulator({ jwtRealms: [], version: '7.17' })).close();
  const keys = [key.privateKey.export({ format: 'jwk' })];
  await (await startEmulator({ jwtRealms: [{ ...good, pkcJwkset: { keys } }] })).close();
});
