import { expect, test } from 'vitest';
import type { RejectionCode } from '../../../packages/core/src/values/codes.js';
import { LookupError } from '../../../packages/core/src/values/errors.js';
import { rejected, unavailable } from '../../../packages/core/src/values/verdict.js';

test.each<RejectionCode>([
  'credentials_missing',
  'scheme_unsupported',
  'credentials_malformed',
  'credentials_invalid',
  'credentials_expired',
  'credentials_restricted',
  'anonymous_refused',
  'forbidden',
])('the refusal %s is one frozen value, shared by all who are refused', (code) => {
  expect(rejected(code)).toStrictEqual({ kind: 'rejected', code });
  expect(rejected(code)).toBe(rejected(code));
  expect(() => Object.assign(rejected(code), { kind: 'authenticated' })).toThrow(TypeError);
});

test.each([
  [undefined, 1_000],
  [0, 1_000],
  [999, 1_000],
  [-5, 1_000],
  [1_001, 1_001],
  [60_000, 60_000],
])('no verdict, with %s ms asked for, holds the client back for %s', (asked, retryAfterMs) => {
  const cause = new LookupError('overloaded', 'Elasticsearch answered 429');
  const verdict = unavailable(cause, asked);
  expect(verdict).toStrictEqual({ kind: 'unavailable', code: 'overloaded', retryAfterMs, cause });
  expect(verdict.cause).toBe(cause);
  expect(() => Object.assign(verdict, { kind: 'authenticated' })).toThrow(TypeError);
});
