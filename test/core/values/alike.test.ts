import { expect, test } from 'vitest';
import { createParts } from '../../../packages/core/src/values/alike.js';
import { createIdentityReader } from '../../../packages/core/src/values/identity.js';
import { identityBody } from '../../support/scripted-node.js';

const read = (text: string): object => JSON.parse(text);

test('parts that were written alike are one object, frozen to the depth', () => {
  const share = createParts();
  const first = share(read('{"team":"search","of":[{"tier":2}]}'));
  expect(share(read('{"team":"search","of":[{"tier":2}]}'))).toBe(first);
  const { of } = first as { readonly of: readonly object[] };
  expect([first, of, of[0]].every(Object.isFrozen)).toBe(true);
});

test.each([
  ['{"a":1}', '{"a":"1"}'],
  ['{"a":null}', '{"a":1e999}'],
  ['{"a":0}', '{"a":-0}'],
  ['{"a":[0]}', '{"a":[-0]}'],
  ['{"a":{"b":null}}', '{"a":{"b":-1e999}}'],
  ['{"a":[]}', '{"a":{}}'],
  ['["a,b"]', '["a","b"]'],
  ['{"a":"\\ud800"}', '{"a":"\\ufffd"}'],
  ['{"__proto__":{"a":1}}', '{}'],
  ['{"a":1,"b":2}', '{"b":2,"a":1}'],
])('%s stays what it is beside %s', (one, other) => {
  for (const [first, second] of [
    [one, other],
    [other, one],
  ] as const) {
    const share = createParts();
    share(read(first));
    const shared = share(read(second));
    expect(shared).toStrictEqual(read(second));
    expect(Object.keys(shared)).toEqual(Object.keys(read(second)));
  }
});

test('long parts are not shared, nor are more than 256 known', () => {
  const share = createParts();
  const long = `["${'x'.repeat(130)}"]`;
  expect(share(read(long))).not.toBe(share(read(long)));
  const first = share(read('[0]'));
  for (let n = 1; n < 256; n += 1) share(read(`[${n}]`));
  expect(share(read('[0]'))).toBe(first);
  share(read('[256]'));
  expect(share(read('[0]'))).not.toBe(first);
});

test('different callers share their realm, their roles and what metadata says of them', () => {
  const readIdentity = createIdentityReader();
  const bodyOf = (changes: object) => readIdentity(JSON.stringify(identityBody({ ...changes })));
  const metadata = { team: 'search' };
  const [jane, john] = ['jane', 'john'].map((username) => bodyOf({ username, metadata }));
  if (jane === undefined || john === undefined) throw new TypeError('they can be read');
  expect(jane).not.toBe(john);
  expect(jane.realm).toBe(john.lookupRealm);
  expect(jane.roles).toBe(john.roles);
  expect(jane.metadata).toBe(john.metadata);
  expect([jane.metadata, Object.isFrozen(jane.metadata)]).toEqual([metadata, true]);
  const longer = { ...metadata, padding: 'x'.repeat(2_048) };
  const other = bodyOf({ username: 'joan', metadata: longer });
  expect(other).toMatchObject({ username: 'joan', metadata: longer, realm: jane.realm });
  expect(other?.realm).not.toBe(jane.realm);
});
