// What others say may repeat what they were sent, or a part of it: nothing of that goes any further.

import { strikeOut } from '@esauth/core';

/** @returns the same with every run of eight or more characters of a secret struck out, in names and in texts. */
export function withoutSecrets<T>(value: T, secrets: readonly string[]): T {
  return struck(value, secrets) as T;
}

function struck(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return strikeOut(value, secrets);
  if (Array.isArray(value)) return value.map((each) => struck(each, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [strikeOut(name, secrets), struck(each, secrets)]),
  );
}
