/** JWT realms on the wire: who a token stands for, what is refused and in which words, from release to release. */

import type { JwtRealmOptions } from '@esauth/emulator';
import { describe, expect, test } from 'vitest';
import { basic, bearer, send } from '../../support/http-client.js';
import { type Claims, ecKey, forgedJwt, rsaKey, signJwt } from '../../support/jwt.js';
import { errorBody, expectAnswer, notAccepted } from '../cluster.js';
import {
  alice,
  aliceToken,
  emulator,
  jwt1,
  latest,
  own,
  refused,
  start,
  useEmulator,
  whoIs,
} from './jwt-scene.js';

useEmulator();

const foreign = rsaKey();
const secret = 'the secret of the clients';

const secondsFromNow = (seconds: number) => Math.floor(emulator.clock.now() / 1000) + seconds;
const shared = (value: string) => ({ 'es-client-authentication': `SharedSecret ${value}` });

const refusedAlice = refused("'aud:es01' 'iss:https://issuer.example' 'sub:alice'");

test('a token is the user of its claims, with what else they say as metadata', async () => {
  await start();
  const token = await aliceToken({
    groups: ['admins', 'staff'],
    name: 'Alice',
    email: 'alice@example.org',
    level: 1.5,
    tags: ['a', 1, true],
    nested: { not: 'shown' },
    lists: [['not shown']],
    nothing: null,
    auth_time: 1,
    nbf: 1,
  });
  const realm = { name: 'jwt1', type: 'jwt' };
  expectAnswer(await whoIs(token), {
    status: 200,
    body: {
      username: 'alice',
      roles: [],
      full_name: 'Alice',
      email: 'alice@example.org',
      metadata: {
        jwt_token_type: 'id_token',
        jwt_claim_iss: 'https://issuer.example',
        jwt_claim_aud: ['es01'],
        jwt_claim_sub: 'alice',
        jwt_claim_groups: ['admins', 'staff'],
        jwt_claim_name: 'Alice',
        jwt_claim_email: 'alice@example.org',
        jwt_claim_level: 1.5,
        jwt_claim_tags: ['a', 1, true],
        jwt_claim_auth_time: 1,
      },
      enabled: true,
      authentication_realm: realm,
      lookup_realm: realm,
      authentication_type: 'realm',
    },
  });
});

describe('refused, as the user that the claims would be', () => {
  test.each<[string, Claims]>([
    ['of another issuer', { iss: 'https://evil.example' }],
    ['for other audiences', { aud: ['es03', 'es04'] }],
    ['without a subject', { sub: null }],
    ['without an end', { exp: null }],
    ['without a beginning', { iat: null }],
    ['with an instant of authentication that is none', { auth_time: 'today' }],
    ['with groups that are no text', { groups: [1] }],
  ])('a token %s', async (_what, claims) => {
    await start();
    const all: Record<string, unknown> = { ...alice, ...claims };
    const named = ['aud', 'auth_time', 'iss', 'sub']
      .filter((name) => typeof all[name] === 'string' || Array.isArray(all[name]))
      .map((name) => `'${name}:${all[name]}'`);
    expectAnswer(await whoIs(await aliceToken(claims)), refused(named.join(' ')));
  });

  test.each<[string, Claims]>([
    ['expired', { exp: -61 }],
    ['not yet valid', { nbf: 62 }],
    ['issued in the future', { iat: 62 }],
    ['whose user was authenticated in the future', { auth_time: 62 }],
  ])('one that is %s by more than the skew', async (_what, claims) => {
    await start();
    const instants = Object.fromEntries(
      Object.entries(claims).map(([name, value]) => [name, secondsFromNow(Number(value))]),
    );
    expectAnswer(await whoIs(await aliceToken(instants)), refusedAlice);
    const within = Object.fromEntries(
      Object.entries(claims).map(([name, value]) => [name, secondsFromNow(Number(value) < 0 ? -57 : 57)]),
    );
    expect((await whoIs(await aliceToken(within))).status).toBe(200);
  });

  test('one that is expired, by the emulator’s clock', async () => {
    await start({ ...jwt1, allowedClockSkewMs: 0 });
    const token = await aliceToken();
    expect((await whoIs(token)).status).toBe(200);
    await emulator.clock.advance(298_000);
    expect((await whoIs(token)).status).toBe(200);
    await emulator.clock.advance(2_001);
    expectAnswer(await whoIs(token), refusedAlice);
  });

  test('one of another type', async () => {
    await start();
    const ofType = (typ: string) => signJwt(own.privateKey, alice, emulator.clock.now(), { typ });
    expectAnswer(await whoIs(await ofType('at+jwt')), refusedAlice);
    expect((await whoIs(await ofType('jwt'))).status).toBe(200);
  });

  test('one that is signed with another key, or changed after it was signed', async () => {
    await start();
    const now = emulator.clock.now();
    expectAnswer(await whoIs(await signJwt(foreign.privateKey, alice, now)), refusedAlice);
    const [header, , signature] = (await aliceToken()).split('.');
    const [, claims] = (await aliceToken({ sub: 'elastic' })).split('.');
    const expected = refused("'aud:es01' 'iss:https://issuer.example' 'sub:elastic'");
    expectAnswer(await whoIs(`${header}.${claims}.${signature}`), expected);
  });

  test('one whose signature has a character that is none, or that says what must be understood', async () => {
    await start();
    const token = await aliceToken();
    expectAnswer(await whoIs(`${token.slice(0, -4)}!${token.slice(-4)}`), refusedAlice);
    // The one that `jose` agrees to sign.
    const signed = (header: object) => signJwt(own.privateKey, alice, emulator.clock.now(), header);
    expect((await whoIs(await signed({ b64: true }))).status).toBe(200);
    expectAnswer(await whoIs(await signed({ b64: true, crit: ['b64'] })), refusedAlice);
  });

  test('one that names another of the keys, and one whose algorithm is not allowed', async () => {
    await start();
    const now = emulator.clock.now();
    const named = (kid: string) => signJwt(own.privateKey, alice, now, { kid });
    expectAnswer(await whoIs(await named('another')), refusedAlice);
    expect((await whoIs(await named('own'))).status).toBe(200);
    const stronger = await signJwt(own.privateKey, alice, now, { alg: 'RS512' });
    expectAnswer(await whoIs(stronger), refusedAlice);
  });

  test('one that is signed with the public key as if it were a secret', async () => {
    await start({ ...jwt1, allowedSignatureAlgorithms: ['RS256', 'HS256'] });
    const publicText = JSON.stringify(own.jwk);
    const token = await signJwt(publicText, alice, emulator.clock.now(), { alg: 'HS256' });
    expectAnswer(await whoIs(token), refusedAlice);
  });
});

test('a token needs a subject also where somebody else is the user', async () => {
  await start({ ...jwt1, claims: { principal: 'email' } });
  const email = 'alice@example.org';
  expect((await whoIs(await aliceToken({ email }))).json.username).toBe(email);
  const expected = refused(`'aud:es01' 'email:${email}' 'iss:https://issuer.example'`);
  expectAnswer(await whoIs(await aliceToken({ email, sub: null })), expected);
});

describe('what is no signed token is no credential for a JWT realm', () => {
  const claims = { ...alice, iat: 1, exp: 4_070_908_800 };
  const [head, body] = forgedJwt({ alg: 'RS256' }, claims).split('.');
  test.each([
    ['garbage', 'garbage'],
    ['dots', '..'],
    ['two parts', `${head}.${body}`],
    ['four parts', `${head}.${body}.c2ln.c2ln`],
    ['no signature', `${head}.${body}.`],
    ['the algorithm none', forgedJwt({ alg: 'none' }, claims)],
    ['the algorithm none, unsigned', forgedJwt({ alg: 'none' }, claims, '')],
    ['no algorithm', forgedJwt({ typ: 'JWT' }, claims)],
    ['an encrypted token', forgedJwt({ alg: 'RSA-OAEP', enc: 'A256GCM' }, claims)],
    ['claims that are a list', forgedJwt({ alg: 'RS256' }, [claims])],
    ['claims that are no JSON', `${head}.eyJhIjo.c2ln`],
    ['an issuer that is a number', forgedJwt({ alg: 'RS256' }, { ...claims, iss: 1 })],
    ['an end that is a text', forgedJwt({ alg: 'RS256' }, { ...claims, exp: 'soon' })],
    ['audiences that are numbers', forgedJwt({ alg: 'RS256' }, { ...claims, aud: [1] })],
  ])('%s', async (_what, token) => {
    await start();
    expectAnswer(await whoIs(token), notAccepted(latest, 'oauth2 token: invalid token'));
    // It is somebody's token that makes no sense, so it is not nobody's request.
    await emulator.close();
    await start({ jwtRealms: [jwt1], anonymousRoles: ['guest'] });
    expect((await whoIs(token)).status).toBe(401);
  });

  test('a header of 64 KiB is too long, whatever is in it', async () => {
    await start();
    const response = await whoIs(await aliceToken({ long: 'x'.repeat(48 * 1024) }));
    expect([response.status, response.json.error.type]).toEqual([400, 'too_long_http_header_exception']);
  });
});

describe('client authentication', () => {
  test('the shared secret is needed, exactly', async () => {
    await start({ ...jwt1, clientAuthentication: { sharedSecret: secret } });
    const token = await aliceToken();
    expectAnswer(await whoIs(token), refusedAlice);
    expectAnswer(await whoIs(token, shared(`${secret}!`)), refusedAlice);
    expectAnswer(await whoIs(token, shared(secret.toUpperCase())), refusedAlice);
    expectAnswer(await whoIs(token, { 'es-client-authentication': secret }), refusedAlice);
    expect((await whoIs(token, shared(secret))).status).toBe(200);
    expect((await whoIs(token, { 'es-client-authentication': `sharedsecret  ${secret} ` })).status).toBe(200);
  });

  test('where none is needed, one that is sent does no harm', async () => {
    await start();
    expect((await whoIs(await aliceToken(), shared('whatever'))).status).toBe(200);
  });
});

describe('keys and algorithms', () => {
  const passphrase = 'hmac-oidc-key-string-for-hs256-algorithm';
  const curves = { ES256: ecKey('P-256'), ES384: ecKey('P-384'), ES512: ecKey('P-521') };
  const keys = [foreign, own, ...Object.values(curves)].map(({ jwk }) => jwk);
  const long = Buffer.alloc(64, 7).toString('base64url');

  test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'])(
    '%s, with the key among others',
    async (alg) => {
      await start({ ...jwt1, pkcJwkset: { keys }, allowedSignatureAlgorithms: [alg] });
      const key = curves[alg as keyof typeof curves] ?? own;
      const token = await signJwt(key.privateKey, alice, emulator.clock.now(), { alg });
      expect((await whoIs(token)).json.username).toBe('alice');
    },
  );

  test('a key as text', async () => {
    const { pkcJwkset: _, ...rest } = jwt1;
    await start({ ...rest, hmacKey: passphrase, allowedSignatureAlgorithms: ['HS256', 'HS512'] });
    const signed = (key: string, alg: string) => signJwt(key, alice, emulator.clock.now(), { alg });
    expect((await whoIs(await signed(passphrase, 'HS256'))).status).toBe(200);
    expectAnswer(await whoIs(await signed(`${passphrase}.`, 'HS256')), refusedAlice);
    // 40 bytes are not enough for it.
    expectAnswer(await whoIs(await signed(passphrase, 'HS512')), refusedAlice);
  });

  test('symmetric keys as a set, of which some are for other uses', async () => {
    const { pkcJwkset: _, ...rest } = jwt1;
    const key = { kty: 'oct', k: long };
    const start512 = (jwk: object) =>
      start({
        ...rest,
        hmacJwkset: { keys: [jwk as never] },
        allowedSignatureAlgorithms: ['HS256', 'HS512'],
      });
    const bytes = Buffer.alloc(64, 7).toString('latin1');
    await start512({ ...key, alg: 'HS512', use: 'sig', key_ops: ['verify', 'sign'] });
    const signed = (alg: string) => signJwt(bytes, alice, emulator.clock.now(), { alg });
    expect((await whoIs(await signed('HS512'))).status).toBe(200);
    expectAnswer(await whoIs(await signed('HS256')), refusedAlice);
  });
});

test('access tokens: only certain subjects, no look at nbf, and their own type', async () => {
  await start({ ...jwt1, tokenType: 'access_token', allowedSubjects: ['alice', 'bob'] });
  const response = await whoIs(await aliceToken({ nbf: 4_070_908_800 }));
  expect(response.json).toMatchObject({ username: 'alice', metadata: { jwt_token_type: 'access_token' } });
  expectAnswer(
    await whoIs(await aliceToken({ sub: 'carol' })),
    refused("'aud:es01' 'iss:https://issuer.example' 'sub:carol'"),
  );
  const typed = await signJwt(own.privateKey, alice, emulator.clock.now(), { typ: 'at+jwt' });
  expect((await whoIs(typed)).status).toBe(200);
});

test('of several realms the first that believes a token has it', async () => {
  const jwtRealms: JwtRealmOptions[] = [
    { ...jwt1, name: 'strict', allowedSubjects: ['alice'], clientAuthentication: { sharedSecret: secret } },
    { ...jwt1, name: 'by-mail', claims: { principal: 'email' } },
    { ...jwt1, name: 'late' },
  ];
  await start({ jwtRealms });
  const realmAndUser = async (token: string, headers = {}) => {
    const { json } = await whoIs(token, headers);
    return [json.authentication_realm?.name, json.username];
  };
  const token = await aliceToken({ email: 'alice@example.org' });
  expect(await realmAndUser(token, shared(secret))).toEqual(['strict', 'alice']);
  expect(await realmAndUser(token)).toEqual(['by-mail', 'alice@example.org']);
  expect(await realmAndUser(await aliceToken())).toEqual(['late', 'alice']);
});

test('access tokens of the token service, service tokens and keys are what they were', async () => {
  await start();
  const ask = (path: string, body: object) =>
    send(emulator.url + path, { method: 'POST', headers: basic('elastic', 'changeme'), body });
  const { json } = await ask('/_security/oauth2/token', { grant_type: 'client_credentials' });
  expect((await whoIs(json.access_token)).json.username).toBe('elastic');
  await emulator.clock.advance(1_200_001);
  expect((await whoIs(json.access_token)).json.error.reason).toBe('token expired');
  const service = await send(`${emulator.url}/_security/service/elastic/kibana/credential/token/t`, {
    method: 'POST',
    headers: basic('elastic', 'changeme'),
  });
  expect((await whoIs(service.json.token.value)).json.username).toBe('elastic/kibana');
});

describe('role mappings', () => {
  const map = (rules: object, roles = ['viewer']) =>
    send(`${emulator.url}/_security/role_mapping/m`, {
      method: 'PUT',
      headers: basic('elastic', 'changeme'),
      body: { roles, rules, enabled: true },
    });

  test.each<[string, object, boolean]>([
    ['the user name', { username: 'al*' }, true],
    ['the realm', { 'realm.name': 'jwt1' }, true],
    ['a group', { groups: ['others', 'cn=admins,dc=example'] }, true],
    ['no group that there is', { groups: 'users' }, false],
    ['the distinguished name', { dn: 'cn=alice,*' }, true],
    ['another distinguished name', { dn: 'cn=bob' }, false],
    ['a claim', { 'metadata.jwt_claim_other': 'other1' }, true],
    ['a number among claims', { 'metadata.jwt_claim_level': 7 }, true],
    ['no e-mail address', { 'metadata.jwt_claim_email': null }, true],
  ])('by %s', async (_what, field, expected) => {
    await start();
    expect((await map({ field })).status).toBe(200);
    const claims = {
      dn: 'cn=alice,dc=example',
      groups: ['cn=admins,dc=example'],
      other: ['other1'],
      level: 7,
    };
    expect((await whoIs(await aliceToken(claims))).json.roles).toEqual(expected ? ['viewer'] : []);
  });

  test('and the roles decide what the user may do', async () => {
    await start({ jwtRealms: [jwt1], anonymousRoles: ['guest'] });
    const create = async () =>
      send(`${emulator.url}/_security/api_key`, {
        method: 'PUT',
        headers: bearer(await aliceToken()),
        body: { name: 'k' },
      });
    const denial = (await create()).json.error.reason;
    // The roles that everybody has are not those of this user, and that one of them is missing is not said.
    expect(denial).toMatch(/is unauthorized for user \[alice\] with effective roles \[\], this action/);
    await map({ field: { username: 'alice' } }, ['superuser']);
    expect((await create()).status).toBe(200);
    expect((await whoIs(await aliceToken())).json.roles.sort()).toEqual(['guest', 'superuser']);
  });
});

describe('grants', () => {
  const grant = (body: object) =>
    send(`${emulator.url}/_security/api_key/grant`, {
      method: 'POST',
      headers: basic('elastic', 'changeme'),
      body: { grant_type: 'access_token', api_key: { name: 'k' }, ...body },
    });

  test('an API key for the user of a token, and of nobody else', async () => {
    await start({ ...jwt1, clientAuthentication: { sharedSecret: secret } });
    const access_token = await aliceToken();
    const client_authentication = { scheme: 'SharedSecret', value: secret };
    const { status, json } = await grant({ access_token, client_authentication });
    expect(status).toBe(200);
    const me = await send(`${emulator.url}/_security/_authenticate`, {
      headers: { authorization: `ApiKey ${json.encoded}` },
    });
    expect(me.json).toMatchObject({ username: 'alice', metadata: { jwt_claim_sub: 'alice' } });

    const refusal = await grant({ access_token });
    const action = 'action [cluster:admin/xpack/security/api_key/grant]';
    const user = "'aud:es01' 'iss:https://issuer.example' 'sub:alice'";
    expect([refusal.status, refusal.json.error.reason]).toEqual([
      403,
      'Failed to authenticate api key grant',
    ]);
    expect(refusal.json.error.caused_by.reason).toBe(`unable to authenticate user [${user}] for ${action}`);
    expect((await grant({ access_token: `${access_token}x`, client_authentication })).status).toBe(403);
  });

  test('8.11 grants none for a JSON Web Token', async () => {
    await start({ jwtRealms: [jwt1], version: '8.11' });
    const { status, json } = await grant({ access_token: await aliceToken() });
    expect([status, json.error.caused_by.additional_unsuccessful_credentials]).toEqual([
      403,
      'oauth2 token: invalid token',
    ]);
  });

  test('client authentication beside what is no JSON Web Token is a mistake', async () => {
    await start();
    const client_authentication = { scheme: 'SharedSecret', value: secret };
    expectAnswer(await grant({ access_token: 'abc', client_authentication }), {
      status: 400,
      body: errorBody(
        400,
        'security_exception',
        '[client_authentication] not supported with the supplied access_token type',
      ),
    });
  });

  test('a token of 64 KiB in a body is read like any other', async () => {
    await start();
    const access_token = await aliceToken({ long: 'x'.repeat(48 * 1024) });
    expect((await grant({ access_token })).status).toBe(200);
    expect((await grant({ access_token: `${access_token}x` })).status).toBe(403);
    expect((await grant({ access_token: '.'.repeat(65_536) })).status).toBe(403);
  });
});

test('a token as the secondary credential', async () => {
  await start();
  const ask = (token: string) =>
    send(emulator.url, {
      headers: { ...basic('elastic', 'changeme'), 'es-secondary-authorization': `Bearer ${token}` },
    });
  expect((await ask(await aliceToken())).status).toBe(200);
  const refusal = await ask(await aliceToken({ aud: 'es09' }));
  expect([refusal.status, refusal.json.error.reason]).toEqual([401, 'Failed to authenticate secondary user']);
});

test('a basic licence has no JWT realms', async () => {
  await start({ jwtRealms: [jwt1], license: 'basic' });
  const response = await whoIs(await aliceToken());
  expect(response.json.error.additional_unsuccessful_credentials).toBe('oauth2 token: invalid token');
  expect(response.json.error.reason).toMatch(/^unable to authenticate with provided credentials/);
});
