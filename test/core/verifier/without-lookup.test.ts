// What is refused without a question to Elasticsearch: headers that hold no credential, or none that could be good; and
// what it has refused a moment ago.

import type { Verifier } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accepted, codeOf, jane, refused } from '../../support/callers.js';
import { again, begin, clock, end, verifier } from '../../support/scene.js';
import { type ScriptedNode, startScriptedNode } from '../../support/scripted-node.js';

let node: ScriptedNode;
beforeEach(async () => {
  node = begin(await startScriptedNode(accepted));
});
afterEach(end);

describe('without a lookup', () => {
  const long = `Bearer ${'a'.repeat(8_186)}`;
  const table: readonly (readonly [string, Parameters<Verifier['verify']>[0], string])[] = [
    ['P41: no header', undefined, 'credentials_missing'],
    ['no header, as null', null, 'credentials_missing'],
    ['no header in an object', {}, 'credentials_missing'],
    ['an empty list of headers', { authorization: [] }, 'credentials_missing'],
    ['P31: two headers', { authorization: [jane, jane] }, 'credentials_malformed'],
    ['an empty header', '', 'credentials_malformed'],
    ['a header of one space', ' ', 'credentials_malformed'],
    ['a scheme alone', 'Bearer', 'credentials_malformed'],
    ['a scheme and spaces', 'Bearer   ', 'credentials_malformed'],
    ['a tab after the scheme', `Bearer\t${jane.slice(7)}`, 'credentials_malformed'],
    ['something after the value', `${jane} x`, 'credentials_malformed'],
    ['two headers joined by a proxy', `${jane}, ${jane}`, 'credentials_malformed'],
    ['a header over maxHeaderLength', long, 'credentials_malformed'],
    ['P34: a control character', 'Bearer abc\u0000def', 'credentials_malformed'],
    ['P34: a line break', 'Bearer abc\r\nx: y', 'credentials_malformed'],
    ['P34: a character outside ASCII', 'Bearer abcé', 'credentials_malformed'],
    ['a number', 7 as unknown as string, 'credentials_malformed'],
    ['a number as a header', { authorization: 7 as unknown as string }, 'credentials_malformed'],
    ['a scheme that nobody knows', 'Digest username="jane"', 'scheme_unsupported'],
    ['a scheme that is not enabled', 'Basic amFuZTpz', 'scheme_unsupported'],
    ['an API key that is not Base64', 'ApiKey abc~', 'credentials_invalid'],
    ['an API key without a colon', 'ApiKey YWJj', 'credentials_invalid'],
    [
      'an API key without an id',
      `ApiKey ${Buffer.from(':secret').toString('base64')}`,
      'credentials_invalid',
    ],
    ['an API key in the URL-safe alphabet', 'ApiKey Pz8_Pz86', 'credentials_invalid'],
    ['an API key with half its padding', 'ApiKey aWQ6c2VjcmV0MQ=', 'credentials_invalid'],
    ['an API key with stray bits', 'ApiKey aWQ6c2VjcmV0MR==', 'credentials_invalid'],
  ];
  test.each(table)('%s', async (_name, presented, code) => {
    expect(codeOf(verifier.peek(presented))).toBe(code);
    expect(codeOf(await verifier.verify(presented))).toBe(code);
    expect(node.requests).toHaveLength(0);
  });

  test('P28: the longest header of nothing is refused without a lookup', async () => {
    await again({ maxHeaderLength: 15_872, schemes: ['Bearer', 'ApiKey', 'Basic'] });
    for (const scheme of ['', 'Bearer', 'Bearer ', 'ApiKey ', 'Basic a']) {
      for (const filler of [' ', '\t', '=']) {
        const verdict = await verifier.verify(scheme + filler.repeat(15_872 - scheme.length));
        expect(verdict).toMatchObject({ kind: 'rejected' });
      }
    }
    expect(node.requests).toHaveLength(0);
  });

  test('a header of exactly maxHeaderLength is looked up', async () => {
    await verifier.verify(long.slice(0, -1));
    expect(node.requests).toHaveLength(1);
  });

  test('a refusal is remembered for rejectedTtlMs, in a store of its own', async () => {
    node.answer(refused);
    await verifier.verify(jane);
    await clock.advance(4_999);
    expect(codeOf(verifier.peek(jane))).toBe('credentials_invalid');
    await clock.advance(1);
    expect(verifier.peek(jane)).toBeUndefined();
    expect(verifier.stats()).toMatchObject({ refusals: 1, entries: 0 });
  });
});
