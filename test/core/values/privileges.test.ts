import { InvalidPrivilegesError, type PrivilegesQuestion } from '@esauth/core';
import { describe, expect, test } from 'vitest';
import {
  askable,
  factsOf,
  freezeQuestion,
  grants,
  privilegesOf,
  questionOf,
  readAnswer,
} from '../../../packages/core/src/values/privileges.js';

const app = (resource: string) => ({ application: 'shop', privileges: ['read'], resources: [resource] });

describe('a question', () => {
  test('is one fact for each privilege on each resource, and what is asked twice counts once', () => {
    const facts = factsOf({
      cluster: ['monitor', 'monitor'],
      index: [
        { names: ['a', 'b'], privileges: ['read', 'write'] },
        { names: 'a', privileges: ['read', 'delete'] },
        { names: 'a', privileges: ['read'], allow_restricted_indices: true },
      ],
      application: [{ application: 'shop', privileges: ['read', 'buy'], resources: ['*', 'item/1'] }],
    });
    expect(facts.map(({ section, path, restricted }) => [section, restricted, ...path].join(' '))).toEqual([
      'cluster false monitor',
      'index false a read',
      'index false a write',
      'index false b read',
      'index false b write',
      'index false a delete',
      'index true a read',
      'application false shop * read',
      'application false shop * buy',
      'application false shop item/1 read',
      'application false shop item/1 buy',
    ]);
    expect(new Set(facts.map(({ key }) => key)).size).toBe(facts.length);
  });

  test('P7: names that run into each other stay apart', () => {
    const keys = [
      { application: [app('a","b')] },
      { application: [{ application: 'shop","a', privileges: ['read'], resources: ['b'] }] },
      { application: [{ application: 'shop', privileges: ['b","read'], resources: ['a'] }] },
      { index: [{ names: 'shop', privileges: ['read'] }] },
      { cluster: ['read'] },
    ].map((question) => factsOf(question)[0]?.key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('is put together again from its facts', () => {
    const question = {
      cluster: ['monitor'],
      index: [
        { names: ['a'], privileges: ['read', 'write'] },
        { names: ['a'], privileges: ['read'], allow_restricted_indices: true },
      ],
      application: [{ application: 'shop', privileges: ['read', 'buy'], resources: ['item/1'] }],
    };
    expect(questionOf(factsOf(question))).toEqual(question);
    expect(questionOf(factsOf({ cluster: ['monitor'] }))).toEqual({ cluster: ['monitor'] });
  });

  test('one that cannot change is taken apart once', () => {
    const frozen = freezeQuestion({ cluster: ['monitor'] });
    expect(factsOf(frozen)).toBe(factsOf(frozen));
    expect(factsOf({ cluster: ['monitor'] })).not.toBe(factsOf({ cluster: ['monitor'] }));
  });

  test('the same index with and without restricted ones takes two requests', () => {
    const facts = factsOf({
      index: [
        { names: ['a', 'b'], privileges: ['read'] },
        { names: 'a', privileges: ['read', 'write'], allow_restricted_indices: true },
      ],
    });
    expect(askable(facts).map((group) => group.map(({ path, restricted }) => [...path, restricted]))).toEqual(
      [
        [
          ['a', 'read', false],
          ['b', 'read', false],
          ['a', 'write', true],
        ],
        [['a', 'read', true]],
      ],
    );
  });

  const long = 'x'.repeat(5_000);
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'privileges must be an object'],
    ['null', null, 'privileges must be an object'],
    ['a list', [], 'privileges must be an object'],
    ['an empty question', {}, 'at least one privilege'],
    ['empty sections', { cluster: [], index: [], application: [] }, 'at least one privilege'],
    [
      'a misspelt section',
      { indices: [] },
      'privileges has an unknown member; known are cluster, index, application',
    ],
    ['a section that every object has', { constructor: [] }, 'privileges has an unknown member'],
    ['a text for a list', { cluster: 'monitor' }, 'cluster must be given'],
    ['an empty name', { cluster: [''] }, 'cluster must be given'],
    ['a number', { cluster: [1] }, 'cluster must be given'],
    ['an object for a list', { index: { names: 'a' } }, 'index must be a list'],
    ['an entry that is none', { index: ['a'] }, 'an entry of index must be an object'],
    ['an index without a name', { index: [{ privileges: ['read'] }] }, 'index.names must be given'],
    ['an index without privileges', { index: [{ names: 'a' }] }, 'index.privileges must be given'],
    ['no privilege', { index: [{ names: 'a', privileges: [] }] }, 'index.privileges must be given'],
    [
      'a list with holes',
      { index: [{ names: [undefined], privileges: ['read'] }] },
      'index.names must be given',
    ],
    [
      'a misspelt member',
      { index: [{ names: 'a', privilege: ['read'] }] },
      'an entry of index has an unknown member; known are names, privileges, allow_restricted_indices',
    ],
    [
      'a text for a switch',
      { index: [{ names: 'a', privileges: ['read'], allow_restricted_indices: 'no' }] },
      'index.allow_restricted_indices must be true or false',
    ],
    [
      'no application',
      { application: [{ privileges: ['read'], resources: ['*'] }] },
      'application.application must',
    ],
    [
      'no resources',
      { application: [{ application: 'a', privileges: ['read'] }] },
      'application.resources must',
    ],
    [
      'no resource',
      { application: [{ application: 'a', privileges: ['r'], resources: [] }] },
      '.resources must',
    ],
    ['too many', { cluster: Array.from({ length: 1_001 }, (_, n) => `p${n}`) }, 'at most 1000 privileges'],
    [
      'too much',
      { application: Array.from({ length: 21 }, (_, n) => app(long + n)) },
      'in 100000 characters',
    ],
  ])('refuses %s', (_what, question, message) => {
    const take = () => factsOf(question as PrivilegesQuestion);
    expect(take).toThrow(InvalidPrivilegesError);
    expect(take).toThrow(expect.objectContaining({ code: 'invalid_privileges', type: undefined }));
    expect(take).toThrow(message);
  });

  test('takes a thousand, one of 5 000 characters, wildcards and names that every object has', () => {
    expect(factsOf({ cluster: Array.from({ length: 1_000 }, (_, n) => `p${n}`) })).toHaveLength(1_000);
    for (const resource of [long, '*', '/.*/', '__proto__', 'constructor', ' ', '\u0000', '\ud800']) {
      expect(factsOf({ application: [app(resource)] })).toMatchObject([{ path: ['shop', resource, 'read'] }]);
    }
  });
});

describe('an answer', () => {
  const question = { cluster: ['monitor'], index: [{ names: 'docs', privileges: ['read', 'write'] }] };
  const facts = factsOf(question);
  const body = {
    username: 'jane',
    has_all_requested: true,
    cluster: { monitor: true },
    index: { docs: { read: true, write: false } },
    application: {},
  };

  test('says of each fact whether it holds; its own sum is not believed', () => {
    const answer = readAnswer(JSON.stringify(body), facts);
    expect(answer?.username).toBe('jane');
    expect([...(answer?.granted.values() ?? [])]).toEqual([true, true, false]);
  });

  test.each<[string, unknown]>([
    ['no object', 'yes'],
    ['a list', []],
    ['null', null],
    ['nobody', { ...body, username: undefined }],
    ['somebody without a name', { ...body, username: 7 }],
    ['nothing of a section', { ...body, cluster: undefined }],
    ['nothing of an index', { ...body, index: {} }],
    ['not all privileges', { ...body, index: { docs: { read: true } } }],
    ['a text for yes', { ...body, cluster: { monitor: 'true' } }],
    ['a number for yes', { ...body, cluster: { monitor: 1 } }],
    ['lists for tables', { ...body, index: [{ docs: { read: true, write: true } }] }],
  ])('that says %s is none', (_what, wrong) => {
    expect(readAnswer(JSON.stringify(wrong), facts)).toBeUndefined();
  });

  test('that is no JSON is none', () => {
    expect(readAnswer('<html>', facts)).toBeUndefined();
    expect(readAnswer('', facts)).toBeUndefined();
  });

  test('P10: names that every object has are looked for in the answer, not in its prototype', () => {
    const everywhere = factsOf({ cluster: ['constructor'], application: [app('__proto__')] });
    const nothing = { username: 'jane', cluster: {}, index: {}, application: { shop: {} } };
    expect(readAnswer(JSON.stringify(nothing), everywhere)).toBeUndefined();
    const text =
      '{"username":"jane","cluster":{"constructor":false},"application":{"shop":{"__proto__":{"read":true}}}}';
    const granted = readAnswer(text, everywhere)?.granted;
    expect([...(granted?.values() ?? [])]).toEqual([false, true]);
    const answer = privilegesOf(everywhere, ({ key }) => granted?.get(key) === true);
    expect(JSON.parse(JSON.stringify(answer))).toEqual(
      JSON.parse(
        '{"has_all_requested":false,"cluster":{"constructor":false},"index":{},"application":{"shop":{"__proto__":{"read":true}}}}',
      ),
    );
    expect(({} as Record<string, unknown>).read).toBeUndefined();
  });

  test('is put together from facts', () => {
    const answer = privilegesOf(facts, ({ path }) => path.at(-1) !== 'write');
    expect(answer).toEqual({
      has_all_requested: false,
      cluster: { monitor: true },
      index: { docs: { read: true, write: false } },
      application: {},
    });
    expect(privilegesOf(facts, () => true).has_all_requested).toBe(true);
  });

  test('on the same index with and without restricted ones is a yes if both are', () => {
    const both = factsOf({
      index: [
        { names: 'a', privileges: ['read'] },
        { names: 'a', privileges: ['read'], allow_restricted_indices: true },
      ],
    });
    expect(privilegesOf(both, ({ restricted }) => restricted).index).toEqual({ a: { read: false } });
    expect(privilegesOf(both, ({ restricted }) => !restricted).index).toEqual({ a: { read: false } });
    expect(privilegesOf(both, () => true).index).toEqual({ a: { read: true } });
  });

  test('grants a part of what was asked, and nothing that was not', () => {
    const answer = privilegesOf(facts, ({ path }) => path.at(-1) !== 'write');
    expect(grants(answer, { cluster: ['monitor'], index: [{ names: 'docs', privileges: ['read'] }] })).toBe(
      true,
    );
    expect(grants(answer, question)).toBe(false);
    expect(grants(answer, { cluster: ['manage'] })).toBe(false);
    expect(grants(answer, { index: [{ names: 'logs', privileges: ['read'] }] })).toBe(false);
    expect(grants(answer, { cluster: ['hasOwnProperty'] })).toBe(false);
  });
});
