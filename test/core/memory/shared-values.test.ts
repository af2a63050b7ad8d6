import { expect, test } from 'vitest';
import { SharedValues } from '../../../packages/core/src/memory/shared-values.js';

test('rows that have the same value have one number, until none has it any more', () => {
  const values = new SharedValues<object>();
  const [jane, john] = [{}, {}];
  const first = values.take(jane);
  expect(values.take(jane)).toBe(first);
  expect(values.take(john)).not.toBe(first);
  values.release(first);
  expect(values.get(first)).toBe(jane);
  values.release(first);
  expect(values.get(first)).toBeUndefined();
  // The number is free for others, and who had it gets one anew.
  const joan = {};
  expect(values.take(joan)).toBe(first);
  expect(values.get(values.take(jane))).toBe(jane);
  expect(values.get(first)).toBe(joan);
});

test('a value that was not had lately gets another number, and goes when it has neither', () => {
  const values = new SharedValues<object>();
  const jane = {};
  const first = values.take(jane);
  for (let n = 0; n < 1_024; n += 1) values.take({ n });
  const second = values.take(jane);
  expect(second).not.toBe(first);
  values.release(first);
  expect([values.get(first), values.get(second)]).toEqual([undefined, jane]);
  expect(values.take(jane)).toBe(second);
  values.release(second);
  values.release(second);
  expect(values.get(second)).toBeUndefined();
});
