import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { createFingerprinter } from '../../../packages/core/src/memory/fingerprint.js';

const fingerprint = createFingerprinter();

test('one credential has one fingerprint', () => {
  expect(fingerprint('Bearer abc')).toBe(fingerprint(['Bearer', 'abc'].join(' ')));
});

test.each([
  ['P1: the secret of the same key', 'ApiKey aWQ6Z29vZA==', 'ApiKey aWQ6YmFkISE='],
  ['the scheme', 'Bearer YTpi', 'Basic YTpi'],
  ['the case of the value', 'Bearer abc', 'Bearer abC'],
  ['the padding', 'Bearer abc', 'Bearer abc='],
  ['the last character of a long one (P3)', `Bearer ${'a'.repeat(8_000)}x`, `Bearer ${'a'.repeat(8_000)}y`],
  ['the first of a long one (P3)', `Bearer x${'a'.repeat(8_000)}`, `Bearer y${'a'.repeat(8_000)}`],
  ['the middle of a long one (P3)', `Bearer ${'a'.repeat(8_000)}`, `Bearer ${'a'.repeat(7_999)}`],
])('credentials that differ in %s have different fingerprints', (_what, one, other) => {
  expect(fingerprint(one)).not.toBe(fingerprint(other));
});

test('no character of any header is folded into one that a credential has', () => {
  // UTF-8 turns each of these into a replacement character or into several bytes, never into ASCII.
  for (const odd of ['\ud800', '\udfff', '\ufffd', '\u0161', '\u0261', '\uff41', '\0']) {
    for (const plain of ['a', '?', '', ' ']) {
      expect(fingerprint(`Bearer ${odd}bc`)).not.toBe(fingerprint(`Bearer ${plain}bc`));
    }
  }
});

test('each verifier names credentials differently, so names tell nothing outside it', () => {
  const names = new Set(Array.from({ length: 100 }, () => createFingerprinter()('Bearer abc')));
  expect(names.size).toBe(100);
});

test('a fingerprint is the whole digest: 32 characters of one byte each', () => {
  for (const header of ['', 'Bearer abc', `Bearer ${'a'.repeat(65_536)}`]) {
    const name = fingerprint(header);
    expect(name).toHaveLength(32);
    expect([...name].every((character) => character.charCodeAt(0) < 256)).toBe(true);
  }
  // All 256 values occur: it is not hexadecimal that was cut to length.
  const used = new Set(Array.from({ length: 500 }, (_, index) => [...fingerprint(`Bearer ${index}`)]).flat());
  expect(used.size).toBe(256);
});

test('P47: neither the fingerprint nor its maker shows the credential or the key', () => {
  const secret = 'correct-horse-battery-staple';
  const name = fingerprint(`Bearer ${secret}`);
  expect(name).not.toContain(secret.slice(0, 8));
  expect(Reflect.ownKeys(fingerprint).sort()).toEqual(['length', 'name']);
  expect(inspect(fingerprint, { showHidden: true })).not.toMatch(/[0-9a-f]{16}/);
});
