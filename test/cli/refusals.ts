// Every refusal that the emulator can make of a credential, how one comes by it, and what `esauth explain` has to say
// of it. Of what Elasticsearch does not tell apart the first cause is the likeliest, and the true one among them; an
// administrator's credential tells more.

import type { Emulator, EmulatorOptions } from '@esauth/emulator';
import { forgedJwt, signJwt } from '../support/jwt.js';

export const hmacKey = 'a-key-of-the-issuer-that-is-long-enough-0123';
export const sharedSecret = 'canary-shared-secret-of-the-realm';
const otherKey = 'a-key-of-somebody-else-that-is-long-enough-0';
export const alicesPassword = 'canary-password-of-alice';

/** In a file: such a one can be asked while the security index can not. */
export const administrator = 'filip:canary-password-of-filip';

const common: EmulatorOptions = {
  ui: false,
  users: { alice: { password: alicesPassword, roles: ['viewer'] } },
  files: {
    users: { filip: { password: 'canary-password-of-filip', roles: ['everything'] } },
    roles: { everything: { cluster: ['all'] } },
  },
};
const jwtRealm = {
  allowedIssuer: 'https://issuer.example',
  allowedAudiences: ['es'],
  allowedSignatureAlgorithms: ['HS256'],
  hmacKey,
  claims: { principal: 'sub' },
  clientAuthentication: { type: 'shared_secret' as const, sharedSecret },
};

/** What the node is set to. */
export const scenes = {
  default: common,
  'without tokens': { ...common, tokenService: false },
  'without API keys': { ...common, apiKeys: false },
  'basic licence': { ...common, license: 'basic' },
  anonymous: { ...common, anonymousRoles: ['viewer'], apiKeys: false },
  'without security': { ...common, security: false },
  jwt: { ...common, jwtRealms: [jwtRealm] },
  kerberos: { ...common, kerberosTickets: { Z29vZA: { username: 'alice' }, Z29vbg: { continueWith: '' } } },
} as const satisfies Readonly<Record<string, EmulatorOptions>>;

export interface Row {
  /** What is the matter. */
  readonly is: string;
  readonly scene: keyof typeof scenes;
  /** The first release that can be in it. */
  readonly since?: string;
  /** Puts the emulator into it. @returns what somebody holds then */
  make(emulator: Emulator): string | Promise<string>;
  /** The causes that are named without an administrator. */
  readonly says: readonly string[];
  /** Those with one, where that is not the same. */
  readonly sees?: readonly string[];
  /** Whether the secret of the JWT realm goes along. */
  readonly withSharedSecret?: true;
  /** 1 where it is not said. */
  readonly code?: 0 | 2;
}

const foreignPair = 'VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw';
const foreignKey = `ApiKey ${base64(foreignPair)}`;
const foreignToken = '46ToAxYzNUdPZWdYOFRQcWhjeHR3NWpvTmVB';
const serviceToken = base64('\x00\x01\x00\x01elastic/fleet-server/t1:canary-secret-of-a-token').replace(
  /=+$/,
  '',
);
const claims = { iss: 'https://issuer.example', aud: 'es', sub: 'jane' };

const ofUser = ['wrong_password', 'user_unknown', 'user_disabled', 'security_index_unavailable'];
const ofToken = ['token_unknown', 'tokens_unlicensed', 'security_index_unavailable'];
const ofTokenLicensed = ['token_unknown', 'security_index_unavailable'];
const jwtContent = 'jwt_issuer_audience_or_key';

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

async function call(emulator: Emulator, method: string, path: string, body?: object): Promise<never> {
  const response = await fetch(`${emulator.url}${path}`, {
    method,
    headers: {
      authorization: `Basic ${base64(`${emulator.username}:${emulator.password}`)}`,
      'content-type': 'application/json',
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as never;
}

function jwtOf(emulator: Emulator, more: object, key = hmacKey): Promise<string> {
  return signJwt(key, { ...claims, ...more }, emulator.clock.wall(), { alg: 'HS256' });
}

const secondsOf = (emulator: Emulator, from: number) => Math.floor(emulator.clock.wall() / 1_000) + from;

/** What somebody holds, once something has happened. */
const after = (_happened: unknown, held: string) => held;

/** A good key, and a cluster in which something is stored. */
const keyOf = (emulator: Emulator, body = {}) => emulator.apiKey('alice', body);

export const rows: readonly Row[] = [
  {
    is: 'a key of another cluster',
    scene: 'default',
    make: (emulator) => after(keyOf(emulator), foreignKey),
    says: ['key_unknown'],
  },
  {
    is: 'a key of another cluster, where nothing was ever stored',
    scene: 'default',
    make: (emulator) => after(emulator.cluster('just started'), foreignKey),
    says: ['check_failed'],
    sees: ['key_unknown'],
    code: 2,
  },
  {
    is: 'an id that is of no key',
    scene: 'default',
    make: (emulator) => after(keyOf(emulator), `ApiKey ${base64('user-alice:x')}`),
    says: ['check_failed'],
    sees: ['key_unknown'],
    code: 2,
  },
  {
    is: 'the secret of another key',
    scene: 'default',
    make: (emulator) => `${keyOf(emulator).id}:${keyOf(emulator).api_key}`,
    says: ['key_wrong_secret'],
  },
  {
    is: 'an invalidated key',
    scene: 'default',
    async make(emulator) {
      const key = keyOf(emulator);
      await call(emulator, 'DELETE', '/_security/api_key', { ids: [key.id] });
      return JSON.stringify(key);
    },
    says: ['key_invalidated'],
  },
  {
    is: 'an expired key',
    scene: 'default',
    async make(emulator) {
      const key = keyOf(emulator, { expiration: '1h' });
      await emulator.clock.advance(3_600_000);
      return key.encoded;
    },
    says: ['key_expired'],
  },
  {
    is: 'a cross-cluster key',
    scene: 'default',
    since: '8.10',
    async make(emulator) {
      const body = { name: 'remote', access: { search: [{ names: ['logs'] }] } };
      return JSON.stringify(await call(emulator, 'POST', '/_security/cross_cluster/api_key', body));
    },
    says: ['key_of_another_type'],
  },
  {
    is: 'a key that is restricted to a workflow',
    scene: 'default',
    since: '8.9',
    make: (emulator) =>
      keyOf(emulator, {
        role_descriptors: { r: { restriction: { workflows: ['search_application_query'] } } },
      }).encoded,
    says: ['key_restricted'],
  },
  {
    is: 'a key in the alphabet of URLs',
    scene: 'default',
    make: () => 'ApiKey VuaCf-G_BCdbkQm8e5aOxA',
    says: ['key_malformed'],
  },
  {
    is: 'a key without a colon',
    scene: 'default',
    make: () => `ApiKey ${base64('no colon in here')}`,
    says: ['key_malformed'],
  },
  {
    is: 'a token where a key should be',
    scene: 'default',
    make: () => `ApiKey ${foreignToken}`,
    says: ['key_malformed'],
  },
  {
    is: 'a key as Bearer',
    scene: 'default',
    make: (emulator) => `Bearer ${keyOf(emulator).encoded}`,
    says: ['key_as_bearer'],
  },
  {
    is: 'a key of Elastic Cloud',
    scene: 'default',
    make: () => 'essu_Y2FuYXJ5LW9mLXRoZS1jbG91ZA',
    says: ['cloud_key_elsewhere'],
  },
  {
    is: 'a key where there are none',
    scene: 'without API keys',
    make: () => foreignKey,
    says: ['keys_off'],
  },
  {
    is: 'a token of another cluster',
    scene: 'default',
    make: () => foreignToken,
    says: ofToken,
    sees: ofTokenLicensed,
  },
  {
    is: 'an expired token',
    scene: 'default',
    async make(emulator) {
      const token = emulator.token('alice');
      await emulator.clock.advance(1_200_001);
      return token;
    },
    says: ['token_ended'],
  },
  {
    is: 'an invalidated token',
    scene: 'default',
    async make(emulator) {
      const token = emulator.token('alice');
      await call(emulator, 'DELETE', '/_security/oauth2/token', { token });
      return token;
    },
    says: ['token_ended'],
  },
  {
    is: 'a token where there are none',
    scene: 'without tokens',
    make: () => foreignToken,
    says: ['tokens_off'],
  },
  {
    is: 'a token from before the licence was basic',
    scene: 'basic licence',
    make: () => foreignToken,
    says: ofToken,
    sees: ['tokens_unlicensed'],
  },
  {
    is: 'a token after the licence expired',
    scene: 'default',
    make(emulator) {
      const token = emulator.token('alice');
      emulator.cluster('licence expired');
      return token;
    },
    says: ofToken,
    sees: ['tokens_unlicensed'],
  },
  {
    is: 'a token whose index is lost',
    scene: 'default',
    make(emulator) {
      const token = emulator.token('alice');
      emulator.cluster('tokens index lost');
      return token;
    },
    says: ofToken,
    sees: ofTokenLicensed,
  },
  {
    is: 'a service token that nobody made',
    scene: 'default',
    make: (emulator) => after(keyOf(emulator), serviceToken),
    says: ['service_token_unknown'],
  },
  {
    is: 'a wrong password',
    scene: 'default',
    make: () => 'alice:canary-of-a-wrong-password',
    says: ofUser,
    sees: ['wrong_password'],
  },
  {
    is: 'a user that is not there',
    scene: 'default',
    make: () => 'nobody:canary-of-a-wrong-password',
    says: ofUser,
    sees: ['user_unknown'],
  },
  {
    is: 'a disabled user',
    scene: 'default',
    async make(emulator) {
      await call(emulator, 'PUT', '/_security/user/alice/_disable');
      return `alice:${alicesPassword}`;
    },
    says: ofUser,
    sees: ['user_disabled'],
  },
  {
    is: 'a user whose password is not Base64',
    scene: 'default',
    make: () => 'Basic canary_no_base64!',
    says: ['password_malformed'],
  },
  {
    is: 'a user without a password',
    scene: 'default',
    make: () => `Basic ${base64('alice and no colon')}`,
    says: ['password_malformed'],
  },
  ...(['closed', 'lost', 'read-blocked'] as const).flatMap((state): Row[] => [
    {
      is: `a good key while the security index is ${state}`,
      scene: 'default',
      make(emulator) {
        const key = keyOf(emulator);
        emulator.cluster(`security index ${state}`);
        return key.encoded;
      },
      says: ['check_failed'],
      code: 2,
    },
    {
      is: `a service token while the security index is ${state}`,
      scene: 'default',
      make(emulator) {
        keyOf(emulator);
        return after(emulator.cluster(`security index ${state}`), serviceToken);
      },
      says: ['check_failed'],
      code: 2,
    },
    {
      is: `a good user while the security index is ${state}`,
      scene: 'default',
      make: (emulator) => after(emulator.cluster(`security index ${state}`), `alice:${alicesPassword}`),
      says: ofUser,
      sees: ['security_index_unavailable'],
    },
  ]),
  {
    is: 'a reserved user while the security index is lost',
    scene: 'default',
    make: (emulator) => after(emulator.cluster('security index lost'), 'elastic:changeme'),
    says: ['check_failed'],
    code: 2,
  },
  {
    is: 'a good key while the node has too much to hash',
    scene: 'default',
    make(emulator) {
      const key = keyOf(emulator);
      emulator.cluster('crypto pool full');
      return key.encoded;
    },
    says: ['overloaded'],
    code: 2,
  },
  {
    is: 'a header that is too long',
    scene: 'default',
    make: () => forgedJwt({ alg: 'HS256' }, { ...claims, groups: 'x'.repeat(13_000) }),
    says: ['header_too_long'],
  },
  {
    is: 'no security',
    scene: 'without security',
    make: () => foreignKey,
    says: ['security_off'],
    code: 2,
  },
  {
    is: 'a key that nobody looks at, and an anonymous user',
    scene: 'anonymous',
    make: () => foreignKey,
    says: ['anonymous'],
  },
  {
    is: 'a ticket where no realm reads any',
    scene: 'default',
    make: () => 'Negotiate Y2FuYXJ5LXRpY2tldA==',
    says: ['no_kerberos_realm'],
  },
  {
    is: 'a ticket of somebody else',
    scene: 'kerberos',
    make: () => 'Negotiate Y2FuYXJ5LXRpY2tldA==',
    says: ['ticket_refused'],
  },
  {
    is: 'the first half of a handshake',
    scene: 'kerberos',
    make: () => 'Negotiate Z29vbg==',
    says: ['ticket_refused'],
  },
  {
    is: 'a JWT where no realm reads any',
    scene: 'default',
    make: (emulator) => jwtOf(emulator, {}),
    says: ['jwt_not_read'],
  },
  {
    is: 'a JWT that nobody signed',
    scene: 'jwt',
    since: '8.2',
    make: () => `${forgedJwt({ alg: 'none' }, claims, '')}`,
    says: ['jwt_unsigned'],
  },
  {
    is: 'what is no JWT where a realm reads them',
    scene: 'jwt',
    since: '8.2',
    make: () => foreignToken,
    says: ofToken,
    sees: ofTokenLicensed,
  },
  {
    is: 'a JWT that has expired',
    scene: 'jwt',
    since: '8.2',
    make: (emulator) => jwtOf(emulator, { exp: secondsOf(emulator, -120), iat: secondsOf(emulator, -600) }),
    says: ['jwt_expired'],
    withSharedSecret: true,
  },
  {
    is: 'a JWT of tomorrow',
    scene: 'jwt',
    since: '8.2',
    make: (emulator) =>
      jwtOf(emulator, { iat: secondsOf(emulator, 86_400), exp: secondsOf(emulator, 90_000) }),
    says: ['jwt_not_yet_valid'],
    withSharedSecret: true,
  },
  {
    is: 'a JWT that is not to be used yet',
    scene: 'jwt',
    since: '8.2',
    make: (emulator) => jwtOf(emulator, { nbf: secondsOf(emulator, 200) }),
    says: ['jwt_not_yet_valid'],
    withSharedSecret: true,
  },
  {
    is: 'a JWT that is good by our clock',
    scene: 'jwt',
    since: '8.2',
    async make(emulator) {
      const jwt = await jwtOf(emulator, {});
      await emulator.clock.advance(3_600_000);
      return jwt;
    },
    says: [jwtContent, 'jwt_client_authentication'],
    sees: ['jwt_clocks_differ'],
    withSharedSecret: true,
  },
  {
    is: 'a JWT without an end',
    scene: 'jwt',
    since: '8.2',
    make: (emulator) => jwtOf(emulator, { exp: undefined }),
    says: ['jwt_incomplete'],
    withSharedSecret: true,
  },
  {
    is: 'a JWT without a subject',
    scene: 'jwt',
    since: '8.2',
    make: (emulator) => jwtOf(emulator, { sub: '' }),
    says: ['jwt_incomplete'],
    withSharedSecret: true,
  },
  {
    is: 'a JWT without the secret of the realm',
    scene: 'jwt',
    since: '8.2',
    make: (emulator) => jwtOf(emulator, {}),
    says: ['jwt_client_authentication', jwtContent],
  },
  ...(
    [
      ['by another issuer', { iss: 'https://nobody.example' }, hmacKey],
      ['for another audience', { aud: 'other' }, hmacKey],
      ['with another key', {}, otherKey],
    ] as const
  ).map(
    ([is, more, key]): Row => ({
      is: `a JWT ${is}`,
      scene: 'jwt',
      since: '8.2',
      make: (emulator) => jwtOf(emulator, more, key),
      says: [jwtContent, 'jwt_client_authentication'],
      withSharedSecret: true,
    }),
  ),
];
