import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headerOf, knownSchemes, schemeOf } from '../../packages/core/src/values/credential.js';
import { createDenials } from '../../packages/core/src/values/denial.js';
import { LookupError } from '../../packages/core/src/values/errors.js';
import {
  type Rejected,
  rejected,
  type Unavailable,
  unavailable,
} from '../../packages/core/src/values/verdict.js';

const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)),
  minLength: 1,
});
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .tuple(fc.constantFrom('Bearer', 'apikey', 'Basic', 'Digest'), fc.string({ unit: 'binary' }))
    .map((p) => p.join('')),
);
const verdict: fc.Arbitrary<Rejected | Unavailable> = fc.oneof(
  fc
    .constantFrom(
      'credentials_missing',
      'credentials_malformed',
      'credentials_invalid',
      'credentials_expired',
      'forbidden',
    )
    .map((code) => rejected(code)),
  fc
    .tuple(fc.constantFrom('timeout', 'unreachable', 'bad_response'), fc.string(), fc.nat(100_000))
    .map(([code, said, ms]) =>
      unavailable(new LookupError(code, said, { node: said, type: said, reason: said }), ms),
    ),
);

test('P48: of what was presented, only the scheme that it names can show in an answer', () => {
  const denialOf = createDenials(['Bearer', 'ApiKey'], { realm: 'elasticsearch' });
  fc.assert(
    fc.property(
      verdict,
      fc.oneof(
        text,
        fc.array(text).map((authorization) => ({ authorization })),
      ),
      (no, presented) => {
        const header = headerOf(presented);
        const named = typeof header === 'string' ? schemeOf(header, ['Bearer', 'ApiKey']) : undefined;
        expect(denialOf(no, presented)).toEqual(denialOf(no, named));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('P48: of why there is no verdict, only the code and whole seconds can show', () => {
  const denialOf = createDenials(['Bearer', 'ApiKey'], { realm: 'elasticsearch' });
  fc.assert(
    fc.property(
      fc.string({ minLength: 8, unit: fc.constantFrom(...'qxzQXZ') }),
      fc.nat(100_000),
      (said, ms) => {
        const cause = new LookupError('bad_response', said, {
          node: said,
          upstreamStatus: 418,
          type: said,
          reason: said,
        });
        const shown = JSON.stringify(denialOf(unavailable(cause, ms)));
        expect(shown).not.toContain(said);
        expect(shown).not.toContain('418');
        const seconds = Number(denialOf(unavailable(cause, ms)).headers['retry-after']);
        expect(Number.isInteger(seconds) && seconds >= 1 && seconds * 1_000 >= ms).toBe(true);
        expect((seconds - 1) * 1_000).toBeLessThan(Math.max(ms, 1_000));
      },
    ),
  );
});

test('P35: whatever the realm holds, a challenge is one line with one quoted-string that reads as the realm', () => {
  fc.assert(
    fc.property(
      printable,
      fc.subarray([...knownSchemes], { minLength: 1 }),
      verdict,
      (realm, schemes, no) => {
        const challenges = createDenials(schemes, { realm })(no).headers['www-authenticate'] ?? [];
        for (const challenge of challenges) {
          expect(challenge).toMatch(/^[\x20-\x7e]+$/);
          const [, quoted = ''] =
            /^(?:Bearer|ApiKey|Basic) realm="((?:[^"\\]|\\.)*)"(?:, error="[a-z_]+")?/.exec(challenge) ?? [];
          expect(quoted.replace(/\\(.)/g, '$1')).toBe(realm);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
