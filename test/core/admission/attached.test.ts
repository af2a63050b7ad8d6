// What hangs on somebody else's object, written into it or beside it.

import { expect, test } from 'vitest';
import { createAttached } from '../../../packages/core/src/admission/attached.js';

test.each([
  ['within', true, false],
  ['within, then beside', true, true],
  ['beside, then within', false, true],
  ['beside', false, false],
])('is found, replaced and taken away: %s', (_which, within, turns) => {
  const attached = createAttached<number>();
  const one = Object.freeze({});
  const other = {};
  expect(attached.get(one)).toBeUndefined();
  attached.set(one, 1, within);
  attached.set(other, 2, within);
  expect([one, other].map((it) => attached.get(it))).toEqual([1, 2]);
  attached.set(one, 3, within !== turns);
  expect(attached.get(one)).toBe(3);
  attached.delete(one);
  expect([one, other].map((it) => attached.get(it))).toEqual([undefined, 2]);
  attached.set(one, 4, within);
  expect(attached.get(one)).toBe(4);
});

test('nothing of it is seen on the object, nor had by what is made from it', () => {
  const attached = createAttached<string>();
  for (const within of [true, false]) {
    const object = {};
    attached.set(object, 'secret', within);
    expect(Reflect.ownKeys(object)).toEqual([]);
    for (const made of [
      Object.create(object),
      { ...object },
      new Proxy(object, {}),
      structuredClone(object),
    ]) {
      expect(attached.get(made)).toBeUndefined();
    }
    expect(createAttached().get(object)).toBeUndefined();
  }
});
