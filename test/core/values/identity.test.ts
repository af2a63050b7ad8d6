import { describe, expect, test } from 'vitest';
import {
  createIdentityReader,
  type Identity,
  parseIdentity,
} from '../../../packages/core/src/values/identity.js';
import { collectGarbage } from '../../support/heap.js';

/** The least that says who it is. */
const bare = {
  username: 'alice',
  roles: [],
  authentication_realm: { name: 'native1', type: 'native' },
  lookup_realm: { name: 'native1', type: 'native' },
  authentication_type: 'realm',
};

const parsed = (body: unknown, expiresAt?: number): Identity => {
  const identity = parseIdentity(body, expiresAt);
  if (identity === undefined) throw new TypeError('no identity');
  return identity;
};

describe('reads', () => {
  test('everything that Elasticsearch may say of a user', () => {
    const body = {
      username: 'alice',
      roles: ['admin', 'reader'],
      full_name: 'Alice Liddell',
      email: 'alice@example.com',
      metadata: { team: 'a', nested: { list: [1, { deep: true }] } },
      enabled: true,
      authentication_realm: { name: 'saml1', type: 'saml', domain: 'example' },
      lookup_realm: { name: 'ldap1', type: 'ldap', domain: 'example' },
      authentication_type: 'token',
      token: { managed_by: 'elasticsearch' },
      operator: true,
      unheard_of: { in: 'version 10' },
    };
    expect(parsed(structuredClone(body), 1_767_225_600_000)).toStrictEqual({
      username: 'alice',
      fullName: 'Alice Liddell',
      email: 'alice@example.com',
      roles: ['admin', 'reader'],
      metadata: { team: 'a', nested: { list: [1, { deep: true }] } },
      enabled: true,
      realm: { name: 'saml1', type: 'saml', domain: 'example' },
      lookupRealm: { name: 'ldap1', type: 'ldap', domain: 'example' },
      authenticationType: 'token',
      token: { managedBy: 'elasticsearch' },
      operator: true,
      expiresAt: 1_767_225_600_000,
      subject: 'token:ldap1:alice',
    });
  });

  test('an API key', () => {
    const realm = { name: '_es_api_key', type: '_es_api_key' };
    const body = {
      ...bare,
      authentication_realm: realm,
      lookup_realm: realm,
      authentication_type: 'api_key',
      api_key: { id: 'VuaCfGcBCdbkQm', name: 'ci', managed_by: 'cloud', internal: false },
    };
    expect(parsed(body)).toMatchObject({
      apiKey: { id: 'VuaCfGcBCdbkQm', name: 'ci', managedBy: 'cloud', internal: false },
      subject: 'api_key:_es_api_key:alice:VuaCfGcBCdbkQm',
    });
  });

  test('a service account token', () => {
    const realm = { name: '_service_account', type: '_service_account' };
    const body = {
      ...bare,
      username: 'elastic/fleet-server',
      authentication_realm: realm,
      lookup_realm: realm,
      authentication_type: 'token',
      token: { name: 'token1', type: '_service_account_index' },
    };
    expect(parsed(body)).toMatchObject({
      token: { name: 'token1', type: '_service_account_index' },
      subject: 'token:_service_account:elastic%2Ffleet-server:token1',
    });
  });

  test('the least that says who it is, without inventing members', () => {
    expect(parsed({ ...bare })).toStrictEqual({
      username: 'alice',
      fullName: null,
      email: null,
      roles: [],
      metadata: {},
      enabled: true,
      realm: { name: 'native1', type: 'native' },
      lookupRealm: { name: 'native1', type: 'native' },
      authenticationType: 'realm',
      operator: false,
      subject: 'realm:native1:alice',
    });
  });

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['a full name that is a number', { full_name: 1 }, { fullName: null }],
    ['an email that is a list', { email: [] }, { email: null }],
    ['metadata that are a list', { metadata: [1] }, { metadata: {} }],
    ['metadata that are null', { metadata: null }, { metadata: {} }],
    ['an operator that is a string', { operator: 'true' }, { operator: false }],
    ['a user that is disabled', { enabled: false }, { enabled: false }],
  ])('leniently what does not decide who it is: %s', (_what, changes, expected) => {
    expect(parsed({ ...bare, ...changes })).toStrictEqual({ ...parsed({ ...bare }), ...expected });
  });

  test.each<[string, unknown]>([
    ['without an id', { name: 'ci' }],
    ['with a number for an id', { id: 7 }],
    ['that is a string', 'VuaCfGcBCdbkQm'],
    ['that is null', null],
  ])('no API key from one %s', (_what, api_key) => {
    expect(parsed({ ...bare, api_key })).not.toHaveProperty('apiKey');
  });
});

describe('does not say who it is', () => {
  const without = (name: keyof typeof bare) =>
    Object.fromEntries(Object.entries(bare).filter(([key]) => key !== name));

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a string', 'alice'],
    ['a list', [bare]],
    ['an empty object', {}],
    ['no username', without('username')],
    ['a username that is a number', { ...bare, username: 1 }],
    ['a username that is null', { ...bare, username: null }],
    ['no roles', without('roles')],
    ['roles that are a string', { ...bare, roles: 'admin' }],
    ['a role that is no string', { ...bare, roles: ['reader', 1] }],
    ['a list in the roles', { ...bare, roles: [['admin']] }],
    ['no authentication type', without('authentication_type')],
    ['an authentication type that is no string', { ...bare, authentication_type: true }],
    ['no authentication realm', without('authentication_realm')],
    ['no lookup realm', without('lookup_realm')],
    ['a realm that is a string', { ...bare, lookup_realm: 'native1' }],
    ['a realm that is a list', { ...bare, authentication_realm: ['native1', 'native'] }],
    ['a realm without a name', { ...bare, authentication_realm: { type: 'native' } }],
    ['a realm without a type', { ...bare, lookup_realm: { name: 'native1' } }],
  ])('%s', (_what, body) => {
    expect(parseIdentity(body)).toBeUndefined();
  });
});

describe('P10: names that JavaScript knows', () => {
  test('what stands under __proto__ says nothing', () => {
    expect(parseIdentity(JSON.parse(`{"__proto__":${JSON.stringify(bare)}}`))).toBeUndefined();
    const body = JSON.parse(
      `{"__proto__":{"operator":true,"api_key":{"id":"x"}},${JSON.stringify(bare).slice(1)}`,
    );
    expect(parsed(body)).toMatchObject({ operator: false });
    expect(parsed(body)).not.toHaveProperty('apiKey');
  });

  test('metadata with __proto__ give nobody anything', () => {
    const metadata = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}';
    const identity = parsed(JSON.parse(`{"metadata":${metadata},${JSON.stringify(bare).slice(1)}`));
    expect(identity.metadata.admin).toBeUndefined();
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
    expect(JSON.stringify(identity.metadata)).toBe(metadata);
  });
});

describe('P11: an identity is frozen throughout', () => {
  test.each<[string, (identity: Identity) => void]>([
    ['a member', (identity) => Object.assign(identity, { username: 'root' })],
    ['a new member', (identity) => Object.assign(identity, { admin: true })],
    ['a role', ({ roles }) => (roles as string[]).push('superuser')],
    ['the realm', ({ realm }) => Object.assign(realm, { name: 'file1' })],
    ['the lookup realm', ({ lookupRealm }) => Object.assign(lookupRealm, { name: 'file1' })],
    ['the API key', ({ apiKey }) => Object.assign(apiKey ?? {}, { id: 'other' })],
    ['the token', ({ token }) => Object.assign(token ?? {}, { name: 'other' })],
    ['the metadata', ({ metadata }) => Object.assign(metadata, { team: 'b' })],
    ['what is deep in the metadata', ({ metadata }) => (metadata.list as unknown[][])[0]?.push('x')],
  ])('%s cannot be changed', (_what, change) => {
    const body = { ...bare, roles: ['r'], metadata: { list: [['a']] }, api_key: { id: 'i' }, token: {} };
    const identity = parsed(structuredClone(body));
    expect(() => change(identity)).toThrow(TypeError);
    expect(identity).toEqual(parsed(structuredClone(body)));
  });

  test('however deep the metadata go', () => {
    const depth = 50_000;
    const nested = JSON.parse(`${'{"next":'.repeat(depth)}{}${'}'.repeat(depth)}`);
    let level: unknown = parsed({ ...bare, metadata: nested }).metadata;
    let frozen = 0;
    while (typeof level === 'object' && level !== null && Object.isFrozen(level)) {
      frozen += 1;
      level = (level as { next?: unknown }).next;
    }
    expect(level).toBeUndefined();
    expect(frozen).toBe(depth + 1);
  });
});

describe('the subject', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['escapes the colon', { username: 'a:b' }, 'realm:native1:a%3Ab'],
    ['escapes what could break a log line', { username: 'a\r\n"b%' }, 'realm:native1:a%0D%0A%22b%25'],
    ['escapes what is not ASCII', { username: '\u00e4\u{1f511}' }, 'realm:native1:%C3%A4%F0%9F%94%91'],
    ['survives half a surrogate pair', { username: 'a\ud800' }, 'realm:native1:a%EF%BF%BD'],
    ['names the realm where the user is', { lookup_realm: { name: 'l', type: 'ldap' } }, 'realm:l:alice'],
    ['prefers the key to the token', { api_key: { id: 'k' }, token: { name: 't' } }, 'realm:native1:alice:k'],
  ])('%s', (_what, changes, subject) => {
    expect(parsed({ ...bare, ...changes }).subject).toBe(subject);
  });

  test('tells a user with a colon in the name from an API key', () => {
    const user = parsed({ ...bare, username: 'alice:k' });
    const key = parsed({ ...bare, api_key: { id: 'k' } });
    expect(user.subject).not.toBe(key.subject);
  });
});

describe('a reader', () => {
  const body = (username: string) => JSON.stringify({ ...bare, username });

  test('gives equal bodies one object, and different ones another', () => {
    const read = createIdentityReader();
    const jane = read(body('jane'));
    expect(read(body('jane'))).toBe(jane);
    expect(read(body('john'))).toMatchObject({ username: 'john' });
    expect(read(body('jane'), 5)).toMatchObject({ username: 'jane', expiresAt: 5 });
    expect(read(body('jane'))).toBe(jane);
    expect(createIdentityReader()(body('jane'))).not.toBe(jane);
  });

  test('shares nothing that is no identity, and what is one however long it is', () => {
    const read = createIdentityReader();
    for (const text of ['', '{}', 'null', '{"username"', '[]']) expect(read(text)).toBeUndefined();
    const long = 'j'.repeat(100_000);
    expect(read(body(long))).toBe(read(body(long)));
    expect(read(body(long))).not.toBe(read(body(`${long.slice(1)}k`)));
  });

  test('keeps no identity that nobody else keeps', async () => {
    const read = createIdentityReader();
    const seen = new WeakRef(read(body('jane')) ?? {});
    await collectGarbage();
    expect(seen.deref()).toBeUndefined();
    expect(read(body('jane'))).toMatchObject({ username: 'jane' });
  });
});
