import fc from 'fast-check';
import { expect, test } from 'vitest';
import { strikeOut } from '../../packages/core/src/values/redaction.js';

/** Few different characters, so that secrets and texts have much in common. */
const word = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b'), maxLength });

test('P47: exactly the characters that belong to a run of eight of a secret are struck out', () => {
  fc.assert(
    fc.property(word(60), fc.array(word(24), { maxLength: 3 }), (text, secrets) => {
      const struck = [...text].map(() => false);
      for (let at = 0; at + 8 <= text.length; at += 1) {
        if (secrets.some((secret) => secret.includes(text.slice(at, at + 8)))) struck.fill(true, at, at + 8);
      }
      const expected = [...text].map((character, at) => (struck[at] ? '#' : character)).join('');
      expect(strikeOut(text, secrets)).toBe(expected.replace(/#+/g, '[redacted]'));
    }),
    { numRuns: 3_000 },
  );
});
