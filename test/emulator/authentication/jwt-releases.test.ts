/** JWT realms of older releases: what they know of a token, and how they say what is wrong with it. */

import { describe, expect, test } from 'vitest';
import { signJwt } from '../../support/jwt.js';
import { expectAnswer, unauthorized } from '../cluster.js';
import { alice, aliceToken, emulator, jwt1, own, refused, start, useEmulator, whoIs } from './jwt-scene.js';

useEmulator();

describe('from release to release', () => {
  test.each([
    ['8.2', 'https://issuer.example/es01,es09/alice'],
    ['8.6', 'https://issuer.example/es01,es09/alice'],
    ['8.7', 'https://issuer.example/es01,es09/alice/alice@example.org'],
    ['8.11', 'https://issuer.example/es01,es09/alice/alice@example.org'],
    ['8.12', "'aud:es09,es01,es09' 'email:alice@example.org' 'iss:https://issuer.example' 'sub:alice'"],
    ['9.5', "'aud:es09,es01,es09' 'email:alice@example.org' 'iss:https://issuer.example' 'sub:alice'"],
  ])('%s calls a refused token %s', async (version, principal) => {
    await start({ jwtRealms: [{ ...jwt1, claims: { principal: 'email' } }], version });
    const token = await aliceToken({ aud: ['es09', 'es01', 'es09'], email: 'alice@example.org', exp: 1 });
    const [major = 0, minor = 0] = version.split('.').map(Number);
    expectAnswer(await whoIs(token), refused(principal, [major, minor]));
  });

  test.each<[string, readonly [number, number]]>([
    ['8.2', [8, 2]],
    ['8.7', [8, 7]],
    ['8.11', [8, 11]],
  ])('%s fails at what it can not read', async (release, version) => {
    await start({ jwtRealms: [jwt1], version: release });
    const caused_by = { type: 'illegal_argument_exception', reason: 'Failed to parse JWT bearer token' };
    const root = unauthorized(version, 'error attempting to authenticate request');
    const { error } = root.body as { error: object };
    expectAnswer(await whoIs('garbage'), { ...root, body: { error: { ...error, caused_by }, status: 401 } });
  });

  test('8.6 can not read a token without a subject, 8.7 has a name for it', async () => {
    await start({ jwtRealms: [jwt1], version: '8.6' });
    expect((await whoIs(await aliceToken({ sub: null }))).json.error.reason).toBe(
      'error attempting to authenticate request',
    );
    await emulator.close();
    await start({ jwtRealms: [jwt1], version: '8.7' });
    expectAnswer(
      await whoIs(await aliceToken({ sub: null })),
      refused('<unrecognized-jwt> by https://issuer.example', [8, 7]),
    );
    expectAnswer(await whoIs(await aliceToken({ iss: null })), refused('<unrecognized-jwt>', [8, 7]));
  });

  test('8.6 does not say of which type a token was, and 8.18 knows no type at+jwt', async () => {
    await start({ jwtRealms: [jwt1], version: '8.6' });
    expect((await whoIs(await aliceToken())).json.metadata).not.toHaveProperty('jwt_token_type');
    for (const [version, status] of [
      ['8.18', 401],
      ['8.19', 200],
      ['9.0', 401],
      ['9.1', 200],
    ] as const) {
      await emulator.close();
      const realm = { ...jwt1, tokenType: 'access_token', allowedSubjects: ['alice'] } as const;
      await start({ jwtRealms: [realm], version });
      const token = await signJwt(own.privateKey, alice, emulator.clock.now(), { typ: 'at+jwt' });
      expect([version, (await whoIs(token)).status]).toEqual([version, status]);
    }
  });
});
