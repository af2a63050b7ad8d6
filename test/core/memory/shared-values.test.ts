import { expect, test } from 'vitest';
import { SharedValues } from '../../../packages/core/src/memory/shared-values.js';

test('rows that have the same value have one number, until none has it any more', () => {
  const values = new SharedValues<object>();
  const [jane, john] = [{}, {}];
  const first = values.take(jane, 1);
  expect(values.take(jane, 1)).toBe(first);
  expect(values.take(john, 1)).not.toBe(first);
  values.release(first);
  expect(values.get(first)).toBe(jane);
  values.release(first);
  expect(values.get(first)).toBeUndefined();
  // The number is free for others, and who had it gets one anew.
  const joan = {};
  expect(values.take(joan, 1)).toBe(first);
  expect(values.get(values.take(jane, 1))).toBe(jane);
  expect(values.get(first)).toBe(joan);
});

test('a value that was not had lately gets another number, and goes when it has neither', () => {
  const values = new SharedValues<object>();
  const jane = {};
  const first = values.take(jane, 1);
  for (let n = 0; n < 1_024; n += 1) values.take({ n }, 1);
  const second = values.take(jane, 1);
  expect(second).not.toBe(first);
  values.release(first);
  expect([values.get(first), values.get(second)]).toEqual([undefined, jane]);
  expect(values.take(jane, 1)).toBe(second);
  values.release(second);
  values.release(second);
  expect(values.get(second)).toBeUndefined();
});

test('what a value weighs is known for as long as it is found again', () => {
  const values = new SharedValues<object>();
  const jane = {};
  expect(values.weightOf(jane)).toBeUndefined();
  const number = values.take(jane, 80);
  expect(values.weightOf(jane)).toBe(80);
  values.release(number);
  expect(values.weightOf(jane)).toBeUndefined();
  // What gets its number has its own weight.
  const john = {};
  expect(values.take(john, 90)).toBe(number);
  expect(values.weightOf(john)).toBe(90);
});
