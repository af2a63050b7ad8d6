// Core says which option cures what; whoever typed a command knows flags. Every such word of core's is turned into one.

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { inFlags } from '../../packages/cli/src/arguments/option-words.js';

test.each(['upstream/network-failure.ts', 'upstream/answers.ts', 'upstream/node-check.ts'])(
  'no option of a program is left in the sentences of %s',
  async (file) => {
    const source = await readFile(new URL(`../../packages/core/src/${file}`, import.meta.url), 'utf8');
    const sentences = [...source.matchAll(/(['`])((?:(?!\1).)* (?:(?!\1).)*)\1/g)].map(
      ([, , text = '']) => text,
    );
    expect(sentences.length).toBeGreaterThan(2);
    const left = sentences
      .map(inFlags)
      .filter((text) => /\btls\.\w|\bnodes\b|\bupstream\.timeoutMs/.test(text));
    expect(left).toEqual([]);
  },
);

test('they are the flags that there are', () => {
  const cure =
    'set tls.ca to the certificate of its authority, or tls.caFingerprint; check the host name in nodes';
  expect(inFlags(cure)).toBe(
    'set --ca to the certificate of its authority, or --ca-fingerprint; check the host name in the address',
  );
});
