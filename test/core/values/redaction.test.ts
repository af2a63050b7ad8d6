import { expect, test } from 'vitest';
import { strikeOut } from '../../../packages/core/src/values/redaction.js';

test.each<[string, string, readonly string[], string]>([
  ['no secret', 'key [abcdefgh] is bad', [], 'key [abcdefgh] is bad'],
  ['no quotation', 'key [12345678] is bad', ['abcdefgh'], 'key [12345678] is bad'],
  ['a whole secret', 'key [abcdefgh] is bad', ['abcdefgh'], 'key [[redacted]] is bad'],
  ['a secret and nothing else', 'abcdefghijkl', ['abcdefghijkl'], '[redacted]'],
  ['eight characters of a longer one', 'near cdefghij', ['abcdefghijkl'], 'near [redacted]'],
  ['seven, which are too few to tell', 'near cdefghi', ['abcdefghijkl'], 'near cdefghi'],
  ['the longest run', 'xcdefghijklx', ['abcdefghijklmn'], 'x[redacted]x'],
  ['two quotations', 'abcdefgh or abcdefgh', ['abcdefgh'], '[redacted] or [redacted]'],
  ['two secrets', 'abcdefgh:12345678', ['abcdefgh', '12345678'], '[redacted]:[redacted]'],
  ['two secrets that overlap in the text', 'x abcdefghijk x', ['abcdefgh', 'defghijk'], 'x [redacted] x'],
  ['a secret in another order', 'x fghijklmabcdefghi x', ['abcdefghijklm'], 'x [redacted] x'],
  ['a secret that repeats itself', 'aaaaaaaaaaaaaaaaaaaa!', ['aaaaaaaa'], '[redacted]!'],
  ['a secret too short to strike out', 'the user is', ['user'], 'the user is'],
  ['another case, which is another secret', 'ABCDEFGH', ['abcdefgh'], 'ABCDEFGH'],
  ['a text too short to hold any', 'abc', ['abcdefgh'], 'abc'],
  ['an empty text', '', ['abcdefgh'], ''],
])('P47: %s', (_what, text, secrets, expected) => {
  expect(strikeOut(text, secrets)).toBe(expected);
});
