import { describe, expect, test } from 'vitest';
import { judgeRequirement, roles } from '../../packages/core/src/requirement.js';
import { apiKeyIdentity, userIdentity } from '../support/identities.js';

describe('roles', () => {
  test('is a frozen value', () => {
    const requirement = roles('admin', 'reader');
    expect(requirement).toStrictEqual({ kind: 'roles', roles: ['admin', 'reader'] });
    expect(() => Object.assign(requirement, { kind: 'none' })).toThrow(TypeError);
    expect(() => (requirement.roles as string[]).pop()).toThrow(TypeError);
  });

  test.each<[string, readonly unknown[]]>([
    ['no role', []],
    ['an empty name', ['']],
    ['an empty name after a good one', ['admin', '']],
    ['a list instead of names', [['admin', 'reader']]],
    ['undefined, as from a missing setting', [undefined]],
    ['a number', [1]],
  ])('refuses %s: a route must not ask for nothing by mistake', (_what, names) => {
    const make = () => roles(...(names as string[]));
    expect(make).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        code: 'invalid_option',
        option: 'roles',
        message: 'roles: must be one or more names of roles',
      }),
    );
  });
});

describe('judgeRequirement', () => {
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
  ])('%s', (_what, wanted, held, judgement) => {
    expect(judgeRequirement(roles(...wanted), userIdentity('alice', { roles: held }))).toBe(judgement);
  });

  test('who has no roles, as every API key, can never meet it', () => {
    expect(judgeRequirement(roles('admin'), apiKeyIdentity('k'))).toBe('never');
  });
});
