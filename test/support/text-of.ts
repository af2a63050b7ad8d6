// What a message says, without the name before and the address behind that every message has.

import { expect } from 'vitest';
import { errorsPage, unworded } from '../../packages/core/src/values/messages.js';

const worded = new RegExp(
  `^esauth: .*(?:[^.?]\\.|\\?) See ${errorsPage.replaceAll('.', '\\.')}#[a-z_]+$`,
  's',
);

/** @returns the text of a message, which has to be worded as all are. */
export function textOf(message: string): string {
  expect(message).toMatch(worded);
  return unworded(message);
}
