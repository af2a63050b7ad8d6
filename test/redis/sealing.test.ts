import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSeals } from '../../packages/redis/src/sealing.js';
import { type Keys, keysOf } from '../../packages/redis/src/secrets.js';

const [first, second, third] = keysOf([randomBytes(32), randomBytes(32), randomBytes(32)]) as [
  Keys,
  Keys,
  Keys,
];
const seals = createSeals([first, second], 'authority');

const name = fc.string({ maxLength: 80 });
/** As JSON has them: well-formed. */
const content = fc.string({ unit: 'grapheme', maxLength: 300 });
const digest = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));

test('what was sealed opens under its name, as it was', () => {
  fc.assert(
    fc.property(name, content, (place, text) => {
      expect(seals.open(place, seals.seal(place, text))).toBe(text);
    }),
  );
});

test('P1, P5: under another name, for another authority or with other secrets it does not open', () => {
  const elsewhere = createSeals([first, second], 'another authority');
  const strangers = createSeals([third], 'authority');
  fc.assert(
    fc.property(name, name, content, (place, other, text) => {
      fc.pre(place !== other);
      const sealed = seals.seal(place, text);
      expect(seals.open(other, sealed)).toBeUndefined();
      expect(elsewhere.open(place, sealed)).toBeUndefined();
      expect(strangers.open(place, sealed)).toBeUndefined();
    }),
  );
});

test('changed in a single bit, cut off, made longer or of another format it does not open', () => {
  fc.assert(
    fc.property(name, content, fc.nat(), fc.nat({ max: 7 }), (place, text, at, bit) => {
      const sealed = seals.seal(place, text);
      const changed = Buffer.from(sealed);
      changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ (1 << bit);
      expect(seals.open(place, changed)).toBeUndefined();
      expect(seals.open(place, sealed.subarray(0, at % sealed.length))).toBeUndefined();
      expect(seals.open(place, sealed.subarray(1 + (at % sealed.length)))).toBeUndefined();
      expect(seals.open(place, Buffer.concat([sealed, Buffer.of(bit)]))).toBeUndefined();
    }),
  );
});

test('anything else at all does not open, and does not throw', () => {
  fc.assert(
    fc.property(name, fc.uint8Array({ maxLength: 200 }), fc.boolean(), (place, bytes, begins) => {
      const garbage = Buffer.from(bytes);
      if (begins && garbage.length > 0) garbage[0] = 1;
      expect(seals.open(place, garbage)).toBeUndefined();
    }),
  );
  expect(seals.open('place', Buffer.alloc(1_000_000, 1))).toBeUndefined();
});

describe('secrets are changed one after the other', () => {
  const before = createSeals([first], 'authority');
  const during = createSeals([second, first], 'authority');
  const after = createSeals([second], 'authority');

  test('the first seals, all open', () => {
    expect(during.open('place', before.seal('place', 'text'))).toBe('text');
    expect(after.open('place', during.seal('place', 'text'))).toBe('text');
    expect(before.open('place', during.seal('place', 'text'))).toBeUndefined();
    expect(after.open('place', before.seal('place', 'text'))).toBeUndefined();
  });

  test('a name under each is found by whoever has that secret', () => {
    const digests = { first: 'a'.repeat(64), second: 'b'.repeat(64) };
    const [old] = before.names('verdict', [digests.first]);
    const [newer, older] = during.names('verdict', [digests.second, digests.first]);
    expect(older).toBe(old);
    expect(newer).toBe(after.names('verdict', [digests.second])[0]);
    expect(newer).not.toBe(older);
  });
});

test('P3, P7: names of two things differ, and those of one are the same everywhere', () => {
  fc.assert(
    fc.property(digest, digest, name, name, (one, other, kind, otherKind) => {
      fc.pre(one !== other && kind !== otherKind);
      const named = seals.names(kind, [one, one]);
      expect(createSeals([first, second], 'authority').names(kind, [one, one])).toEqual(named);
      const others = [
        ...seals.names(kind, [other, other]),
        ...seals.names(otherKind, [one, one]),
        ...createSeals([first, second], 'elsewhere').names(kind, [one, one]),
      ];
      expect(new Set([...named, ...others]).size).toBe(named.length + others.length);
    }),
  );
});

test('the parts of a name do not run into each other', () => {
  const names = (authority: string, kind: string, of: string) =>
    createSeals([first], authority).names(kind, [of])[0];
  expect(names('a', 'bc', 'd')).not.toBe(names('ab', 'c', 'd'));
  expect(names('a', 'b', 'cd')).not.toBe(names('a', 'bc', 'd'));
});

describe('whoever reads Redis', () => {
  const text = JSON.stringify({ username: 'jane.doe', roles: ['superuser', 'viewer'] });

  test('sees neither the content, nor the digest in the name', () => {
    const of = createHash('sha256').update('credential').digest('hex');
    const [named = ''] = seals.names('verdict', [of]);
    const sealed = seals.seal(named, text);
    const seen = [named, sealed.toString('latin1'), sealed.toString('hex'), sealed.toString('base64')].join(
      '\n',
    );
    for (const part of ['jane.doe', 'superuser', 'roles', 'verdict', 'authority', of.slice(0, 8)]) {
      for (const spelling of [part, Buffer.from(part).toString('hex')]) expect(seen).not.toContain(spelling);
    }
    expect(Buffer.from(named, 'base64url').toString('hex')).not.toContain(of.slice(0, 8));
  });

  test('cannot tell by two seals whether they hold the same', () => {
    const sealed = Array.from({ length: 1_000 }, () => seals.seal('place', text));
    const slices = (from: number, to?: number) =>
      new Set(sealed.map((one) => one.toString('latin1', from, to)));
    expect(slices(1, 13).size).toBe(1_000);
    expect(slices(13).size).toBe(1_000);
  });

  test('learns its length only to 64 bytes', () => {
    const lengths = Array.from(
      { length: 200 },
      (_, length) => seals.seal('place', 'x'.repeat(length)).length,
    );
    expect([...new Set(lengths)]).toEqual([93, 157, 221, 285]);
  });
});
