import { describe, expect, test } from 'vitest';
import type { Scheme } from '../../../packages/core/src/values/credential.js';
import { expiryOf } from '../../../packages/core/src/values/freshness.js';

const encoded = (text: string) => Buffer.from(text).toString('base64url');
const jwt = (claims: string) => `${encoded('{"alg":"RS256"}')}.${encoded(claims)}.c2lnbmF0dXJl`;
const expiryOfValue = (value: string, scheme: Scheme = 'Bearer') =>
  expiryOf({ kind: 'credential', scheme, authorization: `${scheme} ${value}` });

describe('P13: a JWT says itself when it ends', () => {
  test.each([
    ['in seconds, which are given back as milliseconds', '{"exp":1767225600}', 1_767_225_600_000],
    ['with a fraction', '{"exp":1767225600.5}', 1_767_225_600_500],
    ['with and without iat', '{"iat":1,"exp":1767225600}', 1_767_225_600_000],
    ['at the epoch', '{"exp":0}', 0],
    ['before it', '{"exp":-1}', -1_000],
    ['beyond every number', '{"exp":1e999}', Number.POSITIVE_INFINITY],
    ['with letters that Base64 spells with + and /', '{"sub":"\u00ff\u00fe?>","exp":2}', 2_000],
  ])('%s', (_what, claims, expiresAt) => {
    expect(expiryOfValue(jwt(claims))).toBe(expiresAt);
  });
});

test.each([
  ['exp is missing', '{"sub":"alice"}'],
  ['exp is a string', '{"exp":"1767225600"}'],
  ['exp is null', '{"exp":null}'],
  ['exp is a list', '{"exp":[1767225600]}'],
  ['exp hangs on the prototype', '{"__proto__":{"exp":1767225600}}'],
  ['the claims are a list', '[1767225600]'],
  ['the claims are null', 'null'],
  ['the claims are a string', '"exp"'],
  ['the claims are no JSON', '{"exp":1767225600'],
  ['the claims are empty', ''],
  ['the claims are nothing but brackets', '['.repeat(40_000)],
])('nothing is known about the end of a JWT if %s', (_what, claims) => {
  expect(expiryOfValue(jwt(claims))).toBeUndefined();
});

test.each<[string, string]>([
  ['two parts', jwt('{"exp":1}').split('.').slice(0, 2).join('.')],
  ['four parts', `${jwt('{"exp":1}')}.x`],
  ['one part', encoded('{"exp":1}')],
  ['three empty parts', '..'],
  ['nothing but dots', '.'.repeat(65_536)],
])('nothing is known about the end of a token of %s', (_what, value) => {
  expect(expiryOfValue(value)).toBeUndefined();
});

test.each<Scheme>(['ApiKey', 'Basic'])('%s is never read as a JWT', (scheme) => {
  expect(expiryOfValue(jwt('{"exp":1}'), scheme)).toBeUndefined();
});
