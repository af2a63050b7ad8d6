// While a node cannot read the security index it refuses good access tokens and passwords with the sentence that bad
// ones get (`test/recorded`: fault-closed, fault-read-block, fault-red). So whoever was good a moment ago is not
// refused because one node says that sentence: another is heard first. What says more than that is believed at once.

import { createVerifier, type Verdict, type Verifier } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import {
  errorBody,
  holdAnswers,
  identityBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const password = `Basic ${Buffer.from('jane:correct-horse').toString('base64')}`;
const generic =
  'unable to authenticate with provided credentials and anonymous access is not allowed for this request';
const refused = (reason: string, said?: string): Script =>
  respond({
    status: 401,
    body: errorBody(401, reason, said === undefined ? {} : { additional_unsuccessful_credentials: said }),
  });
const plain = refused(generic, 'oauth2 token: invalid token');
const asToken = respond({ body: identityBody() });
const accepted: Script = (socket, head) => {
  const byPassword = respond({ body: identityBody({ authentication_type: 'realm' }) });
  (head.includes('Basic') ? byPassword : asToken)(socket, head);
};

let clock: FakeClock;
let nodes: ScriptedNode[];
let verifier: Verifier;
beforeEach(async () => {
  clock = createFakeClock();
  nodes = [await startScriptedNode(accepted), await startScriptedNode(accepted)];
  verifier = create(nodes);
});
afterEach(async () => {
  await verifier.close();
  for (const node of nodes) await node.close();
});

function create(some: readonly ScriptedNode[]): Verifier {
  return createVerifier({
    nodes: some.map(({ url }) => url),
    schemes: ['Bearer', 'ApiKey', 'Basic'],
    cache: { jitter: 0 },
    clock,
  });
}

const said = (verdict: Verdict | undefined) =>
  verdict?.kind === 'authenticated' ? verdict.identity.username : verdict?.code;
const counts = () => nodes.map(({ requests }) => requests.length);
const again = (credential = jane) => verifier.verify(credential, { maxAgeMs: 0 });

/** Known by the first node; the second one is next. */
async function known(credential = jane): Promise<void> {
  expect(said(await verifier.verify(credential))).toBe('jane');
}

describe('the plain sentence', () => {
  test.each([
    ['for a token', jane, plain],
    [
      'for a password',
      password,
      refused('unable to authenticate user [jane] for REST request [/_security/_authenticate]'),
    ],
    [
      'because the credential was not even looked at',
      jane,
      refused('missing authentication credentials for REST request [/_security/_authenticate]'),
    ],
  ])('%s, of one node: the other is heard, and lets him in', async (_what, credential, script) => {
    await known(credential);
    nodes[1]?.answer(script);
    expect(said(await again(credential))).toBe('jane');
    expect(counts()).toEqual([2, 1]);
    expect(verifier.peek(credential)?.kind).toBe('authenticated');
    expect(verifier.stats()).toMatchObject({ refusals: 0, rejectedEntries: 0 });
  });

  test('of both is believed, and remembered', async () => {
    await known();
    for (const node of nodes) node.answer(plain);
    expect(said(await again())).toBe('credentials_invalid');
    expect(counts()).toEqual([2, 1]);
    expect(said(verifier.peek(jane))).toBe('credentials_invalid');
  });

  test('of one is believed if the other says nothing of use', async () => {
    await known();
    nodes[1]?.answer(plain);
    nodes[0]?.answer(respond({ status: 500 }));
    expect(said(await again())).toBe('credentials_invalid');
    expect(said(verifier.peek(jane))).toBe('credentials_invalid');
  });

  test('is heard again where there is only one node', async () => {
    await verifier.close();
    verifier = create(nodes.slice(0, 1));
    await known();
    nodes[0]?.answer(plain);
    expect(said(await again())).toBe('credentials_invalid');
    expect(counts()).toEqual([3, 0]);
  });

  test('is asked about elsewhere, whoever else has had a turn meanwhile', async () => {
    await known();
    const held = holdAnswers((nodes[1] ?? nodes[0]) as ScriptedNode);
    const pending = again();
    await nodes[1]?.arrived(1);
    await verifier.verify('Bearer c3RyYW5nZXI');
    held.release(plain);
    expect(said(await pending)).toBe('jane');
    expect(counts()).toEqual([3, 1]);
  });

  test('in a background refresh takes nothing away either, as long as the other one knows him', async () => {
    await known();
    nodes[1]?.answer(plain);
    await clock.advance(30_000);
    expect(said(verifier.peek(jane))).toBe('jane');
    while (verifier.stats().inFlight > 0) await clock.advance(0);
    expect(counts()).toEqual([2, 1]);
    await clock.advance(59_999);
    expect(said(verifier.peek(jane))).toBe('jane');
  });

  test('to a question about privileges as well', async () => {
    await known();
    const answer = respond({
      body: {
        username: 'jane',
        has_all_requested: true,
        cluster: { monitor: true },
        index: {},
        application: {},
      },
    });
    nodes[1]?.answer(plain);
    nodes[0]?.answer(answer);
    const verdict = await verifier.hasPrivileges(jane, { cluster: ['monitor'] });
    expect(verdict).toMatchObject({ kind: 'answered', privileges: { has_all_requested: true } });
    expect(counts()).toEqual([2, 1]);
  });
});

describe('believed at once is', () => {
  test.each([
    ['an end: token expired', refused('token expired'), 'credentials_expired'],
    [
      "a key's own reason",
      refused(generic, 'API key: api key [x] has been invalidated'),
      'credentials_invalid',
    ],
    [
      "a service token's",
      refused('failed to authenticate service account [a/b] with token name [c]'),
      'credentials_invalid',
    ],
    [
      'a restriction',
      respond({ status: 403, body: errorBody(403, 'action [x] is unauthorized for user [x]') }),
      'credentials_restricted',
    ],
  ])('%s', async (_what, script, code) => {
    await known();
    nodes[1]?.answer(script);
    expect(said(await again())).toBe(code);
    expect(counts()).toEqual([1, 1]);
    expect(said(verifier.peek(jane))).toBe(code);
  });

  test('the plain sentence, to somebody who is not known', async () => {
    nodes[0]?.answer(plain);
    expect(said(await verifier.verify(jane))).toBe('credentials_invalid');
    expect(counts()).toEqual([1, 0]);
  });

  test('the plain sentence, to somebody whose time is over', async () => {
    await known();
    nodes[1]?.answer(plain);
    await clock.advance(60_000);
    expect(said(await verifier.verify(jane))).toBe('credentials_invalid');
    expect(counts()).toEqual([1, 1]);
  });

  test('the plain sentence, after a revocation here', async () => {
    await known();
    nodes[1]?.answer(plain);
    void verifier.revoke({ username: 'jane' });
    expect(said(await verifier.verify(jane))).toBe('credentials_invalid');
    expect(counts()).toEqual([1, 1]);
  });
});
