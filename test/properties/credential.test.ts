import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFingerprinter } from '../../packages/core/src/memory/fingerprint.js';
import {
  authorizationOf,
  headerOf,
  knownSchemes,
  type Presented,
  parseCredential,
  type Scheme,
  schemeOf,
} from '../../packages/core/src/values/credential.js';
import { expiryOf } from '../../packages/core/src/values/freshness.js';
import {
  anyCase,
  anyString,
  base64Alphabet,
  bearerValue,
  credential,
  header,
  type Reading,
  readByContract,
  scheme,
  spellingOf,
  subset,
} from '../support/header-values.js';

const fingerprint = createFingerprinter();

const readingOf = (text: string, accepted: readonly Scheme[]): Reading => {
  const parsed = parseCredential(text, accepted);
  return parsed.kind === 'credential' ? 'credential' : (parsed.code as Reading);
};

const canonical = (text: string) => {
  const parsed = parseCredential(text, knownSchemes);
  return parsed.kind === 'credential' ? parsed.authorization : undefined;
};

// ---- the properties

describe('parseCredential', () => {
  test('P34: what is refused unread is what the contract says, no more and no less', () => {
    const met = new Set<Reading>();
    fc.assert(
      fc.property(header, subset, (text, accepted) => {
        const reading = readByContract(text, accepted);
        met.add(reading);
        expect(readingOf(text, accepted)).toBe(reading);
      }),
      { numRuns: 5_000 },
    );
    // The generator does reach every clause.
    expect(met.size).toBe(4);
  });

  test('P34: what is accepted can be sent as it is: one line, scheme, one space, token68', () => {
    fc.assert(
      fc.property(header, subset, (text, accepted) => {
        const parsed = parseCredential(text, accepted);
        if (parsed.kind === 'unusable') return;
        expect(parsed.authorization).toMatch(/^(Bearer|ApiKey|Basic) [A-Za-z0-9\-._~+/]+=*$/);
        expect(parsed.authorization.startsWith(`${parsed.scheme} `)).toBe(true);
        expect(accepted).toContain(parsed.scheme);
        expect(schemeOf(text, accepted)).toBe(parsed.scheme);
      }),
      { numRuns: 2_000 },
    );
  });

  test('P9: a credential has one canonical form and one fingerprint, however it is spelled', () => {
    fc.assert(
      fc.property(
        credential.chain((value) => fc.tuple(fc.constant(value), spellingOf(value))),
        ([[name, value], spelling]) => {
          expect(canonical(spelling)).toBe(`${name} ${value}`);
          expect(fingerprint(canonical(spelling) ?? '')).toBe(fingerprint(`${name} ${value}`));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('P9: the canonical form is its own canonical form', () => {
    fc.assert(
      fc.property(header, (text) => {
        const once = canonical(text);
        if (once !== undefined) expect(canonical(once)).toBe(once);
      }),
    );
  });

  test('P9: a change of one character refuses the header or makes it another credential', () => {
    const oneOff = fc
      .tuple(credential, fc.nat(), fc.constantFrom(...base64Alphabet, ...'-._~= \t\0', ''), fc.boolean())
      .map(([[name, value], seed, replacement, insert]) => {
        const at = seed % value.length;
        const changed = value.slice(0, at) + replacement + value.slice(insert ? at : at + 1);
        return { name, value, changed };
      })
      .filter(({ value, changed }) => value !== changed);
    fc.assert(
      fc.property(oneOff, ({ name, value, changed }) => {
        const before = canonical(`${name} ${value}`);
        const after = canonical(`${name} ${changed}`);
        // Except for what is allowed: another space before it, and no padding at all.
        const same = changed.replace(/^ +/, '') === value || (name !== 'Bearer' && !changed.includes('='));
        if (after === before) expect(same).toBe(true);
        else expect(fingerprint(after ?? '')).not.toBe(fingerprint(before ?? ''));
      }),
      { numRuns: 5_000 },
    );
  });

  test('P1, P3: different credentials never have one canonical form or one fingerprint', () => {
    const alike = fc
      .tuple(bearerValue, bearerValue, bearerValue, bearerValue)
      .map(([start, one, other, end]) => {
        const long = (middle: string) =>
          `${start.replaceAll('=', '').repeat(64)}${middle.replaceAll('=', '')}${end.padStart(64, 'x')}`;
        return [['Bearer', long(one)] as const, ['Bearer', long(other)] as const] as const;
      });
    fc.assert(
      fc.property(fc.oneof(fc.tuple(credential, credential), alike), ([one, other]) => {
        fc.pre(one[0] !== other[0] || one[1] !== other[1]);
        const [a, b] = [canonical(one.join(' ')), canonical(other.join(' '))];
        expect(a).toBeDefined();
        expect(b).toBeDefined();
        expect(a).not.toBe(b);
        expect(fingerprint(a ?? '')).not.toBe(fingerprint(b ?? ''));
      }),
      { numRuns: 2_000 },
    );
  });

  test('P9: no header but the canonical one has the fingerprint of an entry', () => {
    fc.assert(
      fc.property(header, credential, (text, value) => {
        const entry = value.join(' ');
        expect(fingerprint(text) === fingerprint(entry)).toBe(text === entry);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('P28: work is linear in the length of the header', () => {
  // One that goes over 64 KiB again for each of its characters takes two thousand million steps, which is
  // seconds for each of these headers, and milliseconds if it goes over them once. The bound in between is the
  // time that a test may take, so no clock is read.
  const size = 65_536;
  const fillers = [
    ' ',
    '\t',
    '=',
    'a',
    ' =',
    'a=',
    '= ',
    ' \t',
    'a ',
    'a.',
    '-',
    ':',
    '\0',
    '\u00e4',
    ', Bearer a',
  ];
  const prefixes = ['', 'Bearer', 'Bearer a', 'ApiKey ', 'ApiKey essu_', 'Basic '];
  const suffixes = ['', '\0'];

  test.each(fillers)('64 KiB of %j', (filler) => {
    const filling = filler.repeat(Math.ceil(size / filler.length));
    for (const prefix of prefixes) {
      for (const suffix of suffixes) {
        const text = prefix + filling + suffix;
        const parsed = parseCredential(text, knownSchemes);
        schemeOf(text, knownSchemes);
        if (parsed.kind === 'credential') expiryOf(parsed);
        expect(readingOf(text, knownSchemes)).toBe(readByContract(text, knownSchemes));
      }
    }
  });
});

describe('headerOf and authorizationOf', () => {
  const value = fc.oneof(anyString, fc.constant(undefined), fc.constant(null), fc.anything());
  const presented = fc.oneof(
    value,
    fc.record({ authorization: fc.oneof(value, fc.array(value)) }),
    fc.array(value),
  );

  test('P33: never throw, and give a string only where exactly one was presented', () => {
    fc.assert(
      fc.property(presented, (given) => {
        const found = headerOf(given as Presented);
        if (typeof found !== 'string') {
          expect([undefined, null]).toContain(found);
          return;
        }
        const inner = typeof given === 'string' ? given : (given as { authorization: unknown }).authorization;
        expect(Array.isArray(inner) ? inner : [inner]).toEqual([found]);
      }),
      { numRuns: 2_000 },
    );
  });

  test('P31: any number of raw lines: none is absent, one is its value, more are malformed', () => {
    const line = fc.oneof(
      fc.tuple(anyCase('authorization'), anyString),
      fc.tuple(fc.constantFrom('Host', 'Proxy-Authorization', 'Authorizatio', 'x'), anyString),
      fc.tuple(fc.constant('X-Name'), fc.constant('authorization')),
    );
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), anyString, (lines, parsed) => {
        const values = lines
          .filter(([name]) => name.toLowerCase() === 'authorization')
          .map(([, text]) => text);
        const request = { rawHeaders: lines.flat(), headers: { authorization: parsed } };
        expect(headerOf(authorizationOf(request))).toBe(values.length > 1 ? null : values[0]);
      }),
    );
  });
});

test('P18: whatever a token holds, its expiry is a number or unknown, and nothing is thrown', () => {
  const part = fc.oneof(
    bearerValue,
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
  );
  fc.assert(
    fc.property(scheme, fc.array(part, { minLength: 1, maxLength: 4 }), (name, parts) => {
      const found = expiryOf({
        kind: 'credential',
        scheme: name,
        authorization: `${name} ${parts.join('.')}`,
      });
      expect(['number', 'undefined']).toContain(typeof found);
      expect(found).not.toBeNaN();
    }),
  );
});
