// Values of the Authorization header, by grammar and by chance, through everything that takes one. What must hold: no
// exception, no question to Elasticsearch for what is malformed, one spelling on the wire for what is not, and no work
// that grows faster than the header.

import {
  createGate,
  createVerifier,
  type Host,
  type RequestLike,
  type Verdict,
  type Verifier,
} from '@esauth/core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refused } from '../support/callers.js';
import {
  credential,
  header,
  knownSchemes,
  type Reading,
  readByContract,
  spellingOf,
} from '../support/header-values.js';
import { type ScriptedNode, startScriptedNode } from '../support/scripted-node.js';
import { settled } from '../support/settled.js';
import { attack, patienceMs, tell, tellAttempts, watchProcess } from './campaign.js';

const maxHeaderLength = 4_000;
const host: Host<RequestLike> = { node: (request) => request, address: () => undefined };
const question = { cluster: ['monitor'] };

let node: ScriptedNode;
let verifier: Verifier;
beforeAll(async () => {
  node = await startScriptedNode(refused);
  verifier = createVerifier({
    nodes: node.url,
    schemes: ['Bearer', 'ApiKey', 'Basic'],
    maxHeaderLength,
    // Each value is looked up each time, so that each is seen on the wire.
    cache: false,
  });
});
afterAll(async () => {
  await verifier.close();
  await node.close();
});

/** A part of it repeated, cut out, put elsewhere, or something strange put in. */
const mutated = fc
  .tuple(
    fc.oneof(header, credential.chain(spellingOf)),
    fc.array(
      fc.tuple(
        fc.constantFrom('repeat', 'cut', 'insert', 'swap'),
        fc.nat(),
        fc.nat(12),
        fc.oneof(
          fc.constantFrom(
            ' ',
            '\t',
            '\0',
            '\r\n',
            '\r\nX: ',
            ',',
            '=',
            '==',
            '\u00a0',
            '\u2028',
            '\ud800',
            '%20',
            'essu_',
          ),
          fc.string({ unit: 'binary', maxLength: 4 }),
        ),
        fc.integer({ min: 1, max: 300 }),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([text, changes]) =>
    changes.reduce((changed, [how, place, length, strange, times]) => {
      const at = changed.length === 0 ? 0 : place % changed.length;
      const [before, part, after] = [
        changed.slice(0, at),
        changed.slice(at, at + length),
        changed.slice(at + length),
      ];
      if (how === 'repeat') return before + part.repeat(times) + after;
      if (how === 'cut') return before + after;
      return how === 'insert' ? before + strange + part + after : part + before + after;
    }, text),
  );

test('headers of any sort throw nothing, and only what is well formed is asked for', {
  timeout: patienceMs,
}, async (context) => {
  const runs = 500;
  const watched = watchProcess();
  const figures = { headers: 0, lookups: 0, malformed: 0 };
  const met = new Set<Reading>();
  await attack(fc.oneof(header, mutated, credential.chain(spellingOf)), { runs }, async (text) => {
    const reading =
      text.length > maxHeaderLength ? 'credentials_malformed' : readByContract(text, knownSchemes);
    met.add(reading);
    figures.headers += 1;
    const asks = reading === 'credential';
    for (const way of Object.values(ways)) {
      const before = node.requests.length;
      const verdict = await way(text);
      const sent = node.requests
        .slice(before)
        .map((head) => /\r\nauthorization: ([^\r]*)/i.exec(head)?.[1] ?? '');
      expect([sent.length, codeOf(verdict)]).toEqual(asks ? [1, 'credentials_invalid'] : [0, reading]);
      for (const spelling of sent) expect([spelling, isCanonical(spelling, text)]).toEqual([spelling, true]);
      figures.lookups += sent.length;
    }
    if (asks) expect(verifier.peek(text)).toBeUndefined();
    else expect(codeOf(verifier.peek(text))).toBe(reading);
    // Twice is malformed, whatever it is.
    expect(codeOf(await verifier.verify({ authorization: [text, text] }))).toBe('credentials_malformed');
    if (!asks) figures.malformed += 1;
    expect(watched.broken).toEqual([]);
  });
  watched.stop();
  tell('headers', {
    ...figures,
    exceptions: 0,
    'lookups for what is malformed': 0,
    'unhandled rejections': watched.broken.length,
  });
  expect(met.size).toBe(4);
  expect(verifier.stats()).toMatchObject({ inFlight: 0, waiting: 0, queued: 0 });
  tellAttempts(context, 'headers', runs);
});

/** Everything that takes a header; an adapter does no more with it than the gate. */
const ways: Readonly<Record<string, (text: string) => Promise<{ readonly code?: string } | undefined>>> = {
  verify: async (text) => verifier.verify(text) as Promise<{ code?: string }>,
  'verify, in a list': async (text) =>
    verifier.verify({ authorization: [text] }) as Promise<{ code?: string }>,
  hasPrivileges: async (text) => verifier.hasPrivileges(text, question) as Promise<{ code?: string }>,
  async 'a gate, from raw lines'(text) {
    const request = { rawHeaders: ['Host', 'a', 'aUTHORIZATION', text], headers: {} };
    const { refusal } = await settled(createGate(verifier, {}, host).admit(request));
    return refusal?.body;
  },
};

test('what a header costs grows with its length, and no faster', { timeout: patienceMs }, async () => {
  const fillers = ['a', '=', ' ', '\t', ' =', 'a ', 'a.', ':', ',', '\0', '\u00e4', 'Bearer '];
  const long = createVerifier({
    nodes: node.url,
    schemes: ['Bearer', 'ApiKey', 'Basic'],
    maxHeaderLength: 15_872,
  });
  // A square of the length is 250 million steps for each of these headers, ten thousand of them: hours, and not the
  // time
  // that a test may take. So no clock is read.
  for (const prefix of ['', 'Bearer ', 'ApiKey ', 'Basic ', 'Bearer a', 'ApiKey essu_']) {
    for (const filler of fillers) {
      const text = (prefix + filler.repeat(15_872)).slice(0, 15_870);
      for (const presented of [text, `${text}!`]) {
        if (readByContract(presented, knownSchemes) === 'credential') continue;
        for (let n = 0; n < 70; n += 1) {
          const code = codeOf(long.peek(presented));
          if (n === 0) expect(code).toBe(readByContract(presented, knownSchemes));
        }
      }
    }
  }
  await long.close();
});

function codeOf(verdict: Verdict | { readonly code?: string } | undefined): string | undefined {
  return verdict !== undefined && 'code' in verdict ? verdict.code : verdict && 'authenticated';
}

/** One spelling for each credential: scheme as it is written, one space, Base64 with its padding. */
function isCanonical(spelling: string, text: string): boolean {
  const [, scheme = '', value = ''] = /^(Bearer|ApiKey|Basic) ([A-Za-z0-9\-._~+/]+=*)$/.exec(spelling) ?? [];
  const presented = text.slice(text.lastIndexOf(' ') + 1);
  if (!text.toLowerCase().startsWith(`${scheme.toLowerCase()} `) || scheme === '') return false;
  if (scheme === 'Bearer' || presented.startsWith('essu_')) return value === presented;
  return value.length % 4 === 0 && value.replace(/=+$/, '') === presented.replace(/=+$/, '');
}
