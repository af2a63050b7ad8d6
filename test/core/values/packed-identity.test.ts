import { expect, test } from 'vitest';
import type { Identity } from '../../../packages/core/src/values/identity.js';
import { createIdentityPacking } from '../../../packages/core/src/values/packed-identity.js';
import { apiKeyIdentity, userIdentity } from '../../support/identities.js';

const alice = userIdentity('alice');
const metadata = { team: 'search', of: [{ tier: 2 }] };
const token = { name: 'ci', type: '_service_account_token' };
const realm = { name: 'ad1', type: 'active_directory', domain: 'corp' };

test.each<[string, Identity]>([
  ['a user', alice],
  ['a full name and an address', userIdentity('a', { full_name: 'A "B" \\ C', email: 'a@example.test' })],
  ['names of any characters', userIdentity('ünï\u2028\u{1f600}', { full_name: 'a lone \ud800 surrogate' })],
  ['names that are numbers or nothing', userIdentity('', { full_name: '0', email: 'null' })],
  ['metadata', userIdentity('alice', { metadata })],
  ['a member called __proto__', userIdentity('alice', { metadata: JSON.parse('{"__proto__":{"a":1}}') })],
  ['an API key', apiKeyIdentity('k1')],
  [
    'all that is known of a key',
    Object.freeze({
      ...apiKeyIdentity('k2'),
      apiKey: { id: 'k2', expiresAt: 1e12, metadata, roleDescriptors: { r: { cluster: ['all'] } } },
      expiresAt: 1e12,
    }),
  ],
  ['a service token', userIdentity('elastic/fleet-server', { roles: [], token })],
  ['a credential that ends', userIdentity('alice', {}, 1_700_000_000_123.5)],
  ['a domain, and somebody else acting', userIdentity('alice', { lookup_realm: realm, operator: true })],
  ['nobody who is enabled', userIdentity('alice', { enabled: false, authentication_type: 'token' })],
])('%s is the same again, and as frozen', (_name, identity) => {
  const { pack, unpack } = createIdentityPacking();
  const packed = pack(identity);
  if (packed === undefined) return expect.unreachable();
  const again = unpack(packed.own, packed.common);
  expect(again).toStrictEqual(identity);
  expect(Object.keys(again).sort()).toEqual(Object.keys(identity).sort());
  const parts = [
    again,
    again.roles,
    again.metadata,
    again.realm,
    again.lookupRealm,
    again.apiKey,
    again.token,
  ];
  expect(parts.every((part) => Object.isFrozen(part))).toBe(true);
  expect(Object.values(again.metadata).every((part) => Object.isFrozen(part))).toBe(true);
  expect(Object.values(again.apiKey ?? {}).every((part) => Object.isFrozen(part))).toBe(true);
});

test('what many have in common is one object; who has anything else has another', () => {
  const { pack } = createIdentityPacking();
  const common = pack(alice)?.common;
  expect(pack(userIdentity('bob', { metadata, full_name: 'Bob' }))?.common).toBe(common);
  const others = [{ roles: ['writer'] }, { enabled: false }, { lookup_realm: realm }, { operator: true }];
  for (const other of others) expect(pack(userIdentity('bob', other))?.common).not.toBe(common);
});

test.each([
  ['what JSON reads otherwise than it writes', { a: Number.NEGATIVE_INFINITY }],
  ['the same, deep inside', { a: [{ b: -0 }] }],
  ['what is long', { a: 'x'.repeat(512) }],
])('%s is not packed', (_name, metadata) => {
  expect(createIdentityPacking().pack(userIdentity('alice', { metadata }))).toBeUndefined();
});

test('nothing comes in by what all objects inherit', () => {
  const { pack, unpack } = createIdentityPacking();
  const packed = pack(alice);
  const names = ['5', '6', '7'];
  const inherited = { value: { id: 'k1' }, configurable: true, writable: true };
  for (const name of names) Object.defineProperty(Object.prototype, name, inherited);
  const again = packed && unpack(packed.own, packed.common);
  for (const name of names) Reflect.deleteProperty(Object.prototype, name);
  expect(again).toStrictEqual(alice);
});
