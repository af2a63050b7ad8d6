import {
  allOf,
  anyOf,
  anyRole,
  authenticationType,
  privileges,
  type Requirement,
  realm,
  roles,
} from '@esauth/core';
import { describe, expect, test } from 'vitest';
import {
  checkRequirement,
  type Judgement,
  judgeRequirement,
  openParts,
} from '../../../packages/core/src/admission/requirement.js';
import { worded } from '../../../packages/core/src/values/messages.js';
import { apiKeyIdentity, userIdentity } from '../../support/identities.js';

const ofRealm = (type: string) => {
  const realm = { name: type, type };
  return userIdentity('k', {
    ...{ roles: [], authentication_type: 'token' },
    ...{ authentication_realm: realm, lookup_realm: realm },
  });
};
const read = privileges({ index: [{ names: 'docs', privileges: ['read'] }] });
const write = privileges({ index: [{ names: 'docs', privileges: ['write'] }] });

describe('the constructors', () => {
  const good = [
    roles('admin', 'reader'),
    anyRole('admin'),
    realm('native1'),
    authenticationType('api_key', 'token'),
    read,
    privileges(() => ({ cluster: ['monitor'] })),
    allOf(roles('admin'), read),
    anyOf(roles('admin'), allOf(read)),
  ];

  test.each(good.map((requirement) => [requirement.kind, requirement] as const))(
    '%s gives a value that cannot change',
    (_kind, requirement) => {
      const isFrozen = (value: unknown): boolean =>
        typeof value !== 'object' ||
        value === null ||
        (Object.isFrozen(value) && Object.values(value).every(isFrozen));
      expect(isFrozen(requirement)).toBe(true);
      expect(() => checkRequirement(requirement)).not.toThrow();
    },
  );

  test('a question is a copy: changing what it was made from changes nothing', () => {
    const names = ['docs'];
    const made = privileges({ index: [{ names, privileges: ['read'] }] });
    names[0] = 'public';
    expect(made).toMatchObject({ question: { index: [{ names: ['docs'] }] } });
  });

  const bad: readonly (readonly [string, readonly unknown[]])[] = [
    ['nothing', []],
    ['an empty name', ['']],
    ['an empty name after a good one', ['admin', '']],
    ['a list instead of names', [['admin', 'reader']]],
    ['undefined, as from a missing setting', [undefined]],
    ['a number', [1]],
  ];
  const named = { roles, anyRole, realm, authenticationType } as const;
  const cases = Object.keys(named).flatMap((name) => bad.map((each) => [name, ...each] as const));
  test.each(cases)('%s refuses %s: a route must not ask for nothing by mistake', (name, _what, given) => {
    const make = () => named[name as keyof typeof named](...(given as never[]));
    expect(make).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        code: 'invalid_option',
        option: name,
        message: worded('invalid_option', `${name}: must be one or more names, none of them empty`),
      }),
    );
  });

  test('authenticationType takes the three that there are', () => {
    expect(() => authenticationType('jwt' as 'realm')).toThrow(
      'authenticationType: must be one or more of realm, api_key, token',
    );
  });

  test.each<[string, readonly unknown[], string]>([
    ['no requirement', [], 'must be one or more requirements'],
    ['undefined', [undefined], 'must be made by one of roles'],
    ['a name', ['admin'], 'must be made by one of roles'],
    ['something that only looks like one', [{ kind: 'roles', roles: ['admin'] }], 'must be made by one of'],
    ['a list', [[roles('admin')]], 'must be made by one of roles'],
    ['one of another kind', [Object.freeze({ kind: 'none' })], 'must be made by one of roles'],
  ])('allOf and anyOf refuse %s', (_what, given, message) => {
    for (const make of [allOf, anyOf]) expect(() => make(...(given as Requirement[]))).toThrow(message);
  });

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'privileges: privileges must be an object'],
    ['an empty question', {}, 'privileges: a question must ask for at least one privilege'],
    ['a misspelt section', { indices: [] }, 'privileges: privileges has an unknown member'],
    [
      'no resources',
      { application: [{ application: 'a', privileges: ['r'] }] },
      'application.resources must',
    ],
  ])('privileges refuses %s when the route is made', (_what, given, message) => {
    expect(() => privileges(given as object)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', message: expect.stringContaining(message) }),
    );
  });
});

describe('judgeRequirement', () => {
  const never = (): Judgement => {
    throw new Error('no privilege is asked about');
  };

  test.each<[string, readonly string[], readonly string[], string]>([
    ['the one role', ['admin'], ['admin'], 'met'],
    ['all of several, in any order', ['a', 'b'], ['c', 'b', 'a'], 'met'],
    ['one of two', ['a', 'b'], ['a'], 'refused'],
    ['none of them', ['a'], ['b'], 'refused'],
    ['the same in another case', ['admin'], ['Admin'], 'refused'],
    ['a longer name', ['admin'], ['administrator'], 'refused'],
    ['a shorter name', ['administrator'], ['admin'], 'refused'],
    ['two names in one', ['a', 'b'], ['a,b'], 'refused'],
    ['P10: a name that every object has', ['constructor'], ['reader'], 'refused'],
    ['P10: a number that every list has', ['length'], ['reader'], 'refused'],
  ])('roles: %s', (_what, wanted, held, judgement) => {
    const alice = userIdentity('alice', { roles: held });
    expect(judgeRequirement(roles(...wanted), alice, never)).toBe(judgement);
  });

  test.each<[string, readonly string[], readonly string[], string]>([
    ['one of two', ['a', 'b'], ['b', 'c'], 'met'],
    ['none', ['a', 'b'], ['c'], 'refused'],
    ['none at all, of a user, who may be given one', ['a'], [], 'refused'],
  ])('anyRole: %s', (_what, wanted, held, judgement) => {
    const alice = userIdentity('alice', { roles: held });
    expect(judgeRequirement(anyRole(...wanted), alice, never)).toBe(judgement);
  });

  test.each([
    ['an API key', apiKeyIdentity('k')],
    ['the token that an API key got', ofRealm('_es_api_key')],
    ['a service account', ofRealm('_service_account')],
  ])('%s can never meet roles', (_who, identity) => {
    expect(judgeRequirement(roles('admin'), identity, never)).toBe('never');
  });

  test('realm goes by where the user was found, not by who authenticated', () => {
    const actor = { name: 'native1', type: 'native' };
    const found = { name: 'ldap1', type: 'ldap' };
    const alice = userIdentity('alice', { authentication_realm: actor, lookup_realm: found });
    expect(judgeRequirement(realm('ldap1', 'ldap2'), alice, never)).toBe('met');
    expect(judgeRequirement(realm('native1'), alice, never)).toBe('refused');
  });

  test('authenticationType takes one of several', () => {
    const apiKey = apiKeyIdentity('k');
    expect(judgeRequirement(authenticationType('token', 'api_key'), apiKey, never)).toBe('met');
    expect(judgeRequirement(authenticationType('token', 'realm'), apiKey, never)).toBe('refused');
  });

  // Three outcomes, and the sort of refusal that a role can never lift.
  const met = realm('native1');
  const refused = realm('elsewhere');
  const hopeless = roles('admin');
  const open = read;
  test.each<[Judgement, string, Requirement]>([
    ['met', 'all are', allOf(met, met)],
    ['refused', 'one of all is not, whatever is open', allOf(open, met, refused)],
    ['never', 'one of all can never be', allOf(met, hopeless)],
    ['open', 'all others are met', allOf(met, open)],
    ['met', 'one is, whatever is open', anyOf(refused, open, met)],
    ['open', 'none is, and one is open', anyOf(refused, open, hopeless)],
    ['refused', 'none is', anyOf(refused, hopeless)],
    ['never', 'none can ever be', anyOf(hopeless, anyRole('reader'))],
    ['met', 'nested', anyOf(allOf(met, refused), allOf(met, anyOf(refused, met)))],
    ['refused', 'nested', allOf(anyOf(met, open), anyOf(refused, allOf(open, refused)))],
    ['open', 'nested', allOf(anyOf(met, open), anyOf(refused, allOf(open, met)))],
  ])('%s: %s', (judgement, _what, requirement) => {
    const key = apiKeyIdentity('k', 'alice', {
      lookup_realm: { name: 'native1', type: 'native' },
    });
    expect(judgeRequirement(requirement, key, () => 'open')).toBe(judgement);
  });

  test('only the parts on which it depends are to be asked about', () => {
    const alice = userIdentity('alice', { roles: ['reader'] });
    const requirement = allOf(anyOf(roles('reader'), write), anyOf(roles('admin'), read), realm('native1'));
    expect(openParts(requirement, alice)).toEqual([read]);
    expect(openParts(anyOf(write, read), alice)).toEqual([write, read]);
  });
});
