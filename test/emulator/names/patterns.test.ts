/**
 * Generated patterns of indices: whether one covers another, as privilege checks say, agrees with the names
 * that each of them stands for. An expression of JavaScript tells which those are.
 */

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { basic } from '../../support/http-client.js';
import { type Cluster, emulated } from '../cluster.js';

const password = 's3krit-password';
let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated({ users: { joe: { password, roles: ['joe'] } } });
});
afterAll(() => cluster.close());

/** A pattern, and what it stands for. */
interface Pattern {
  readonly text: string;
  readonly expression: RegExp;
}

const wildcard = fc
  .string({ unit: fc.constantFrom('a', 'b', 'c', '*', '?'), minLength: 1, maxLength: 5 })
  .map(
    (text): Pattern => ({
      text,
      expression: new RegExp(`^${text.replaceAll('*', '.*').replaceAll('?', '.')}$`),
    }),
  );

// Both dialects read these alike: no anchors, no intersections.
const { source } = fc.letrec<{ source: string; piece: string }>((tie) => ({
  piece: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^b]', '[a-c]', '()'),
    fc.tuple(tie('source'), tie('source')).map(([left, right]) => `(${left}|${right})`),
    fc
      .tuple(tie('source'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}'))
      .map(([inner, times]) => `(${inner})${times}`),
  ),
  source: fc.array(tie('piece'), { minLength: 1, maxLength: 2 }).map((pieces) => pieces.join('')),
}));
const expression = source.map(
  (text): Pattern => ({ text: `/${text}/`, expression: new RegExp(`^(?:${text})$`) }),
);
const pattern = fc.oneof(wildcard, expression);

/** All names of at most four characters; the last letter is in no pattern. */
const names = ((): string[] => {
  const found = [''];
  for (const name of found)
    if (name.length < 4) found.push(...['a', 'b', 'c', 'x'].map((letter) => name + letter));
  return found.slice(1);
})();

async function covers(held: readonly string[], asked: readonly string[]): Promise<Record<string, boolean>> {
  await cluster.ask('PUT /_security/role/joe', {
    body: { indices: [{ names: held, privileges: ['read'] }] },
  });
  const { status, json } = await cluster.ask('POST /_security/user/_has_privileges', {
    headers: basic('joe', password),
    body: { index: [{ names: asked, privileges: ['read'] }] },
  });
  expect(status).toBe(200);
  return Object.fromEntries(
    Object.entries<{ read: boolean }>(json.index).map(([name, { read }]) => [name, read]),
  );
}

test('a pattern covers a name if its expression matches it', async () => {
  await fc.assert(
    fc.asyncProperty(pattern, async ({ text, expression: matching }) => {
      const expected = Object.fromEntries(names.map((name) => [name, matching.test(name)]));
      expect(await covers([text], names)).toEqual(expected);
    }),
    { numRuns: 50 },
  );
}, 30_000);

test('a pattern that is covered has no name that is not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(pattern, { minLength: 1, maxLength: 3 }), pattern, async (held, asked) => {
      const heldTexts = held.map(({ text }) => text);
      const missing = names.filter(
        (name) => asked.expression.test(name) && !held.some((one) => one.expression.test(name)),
      );
      const { [asked.text]: covered } = await covers(heldTexts, [asked.text]);
      if (missing.length > 0) expect(covered).toBe(false);
      // And it says so of everything that it stands for, and of less.
      expect(await covers([...heldTexts, asked.text], [asked.text])).toEqual({ [asked.text]: true });
    }),
    { numRuns: 300 },
  );
}, 30_000);

test('what no list of names shows', async () => {
  for (const [held, asked, covered] of [
    [['logs-*'], 'logs-a*', true],
    [['*a', '*b'], '/.*[ab]/', true],
    [['?*'], '*', false],
    [['a', 'c'], '/[a-c]/', false],
    [['*', 'x'], '/@/', true],
    [['/[a-y].*/', 'z*'], '/[a-z].*/', true],
    [['/[a-y].*/'], '/[a-z].*/', false],
    [['/(ab)*/', '/(ab)*a/'], '/a(ba)*b?/', true],
    [['/~(.*b.*)/'], '/[^b]*/', true],
    [['/~(.*b.*)/'], '/.?[^b]*/', false],
  ] as const) {
    expect(await covers(held, [asked])).toEqual({ [asked]: covered });
  }
});
