// `revoke`: what it ends, remembered or under way, and what it leaves alone.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { InvalidArgumentError, type Verdict, type Verifier } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accepted, codeOf, jane, john, key, keyBody, refused } from '../../support/callers.js';
import { begin, clock, end, verifier } from '../../support/scene.js';
import {
  holdAnswers,
  identityBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

let node: ScriptedNode;
beforeEach(async () => {
  node = begin(await startScriptedNode(accepted));
});
afterEach(end);

describe('revoke', () => {
  test('P14: after it, the very next call asks Elasticsearch', async () => {
    await verifier.verify(jane);
    node.answer(refused);
    void verifier.revoke({ credential: jane });
    expect(verifier.peek(jane)).toBeUndefined();
    expect(codeOf(await verifier.verify(jane))).toBe('credentials_invalid');
  });

  test('P15: an answer that was asked for before is neither served nor remembered', async () => {
    const answers = holdAnswers(node);
    const callers = [verifier.verify(jane), verifier.verify(jane)];
    await node.arrived(1);
    void verifier.revoke({ username: 'jane' });
    answers.release(accepted);
    await node.arrived(2);
    expect(verifier.peek(jane)).toBeUndefined();
    answers.release(refused);
    expect((await Promise.all(callers)).map(codeOf)).toEqual(['credentials_invalid', 'credentials_invalid']);
    expect(verifier.stats()).toMatchObject({ lookups: 2, entries: 0, rejectedEntries: 1 });
  });

  test('P15: nor if the wall clock jumps meanwhile, and others are revoked after it', async () => {
    const answers = holdAnswers(node);
    const caller = verifier.verify(jane);
    await node.arrived(1);
    void verifier.revoke({ credential: jane });
    clock.setWall(clock.wall() + 3_600_000);
    void verifier.revoke({ username: 'somebody else' });
    answers.release(accepted);
    await node.arrived(2);
    answers.release(refused);
    expect(codeOf(await caller)).toBe('credentials_invalid');
  });

  test('a credential that is not known leaves no note: open logout routes make nobody else be forgotten', async () => {
    await verifier.verify(jane);
    for (let n = 0; n <= 10_001; n += 1) void verifier.revoke({ credential: `Bearer unknown${n}` });
    expect(codeOf(verifier.peek(jane))).toBe('jane');
    expect(verifier.stats().revocations).toBe(10_002);
  });

  test.each<[string, (n: number) => Parameters<Verifier['revoke']>[0]]>([
    ['keys', (n) => ({ apiKeyIds: [`unknown${n}`] })],
    ['users', (n) => ({ username: `unknown${n}` })],
    ['users of a realm', (n) => ({ username: `unknown${n}`, realm: 'default_native' })],
    ['realms', (n) => ({ realm: `unknown${n}` })],
  ])('however many %s are named, nobody else is forgotten', async (_what, unknown) => {
    node.answer((socket, head) => {
      const refusal = head.includes('nobody') ? refused : undefined;
      const who = identityBody({ username: head.includes(john) ? 'john' : 'jane' });
      (refusal ?? respond({ body: who }))(socket, head);
    });
    for (const credential of [jane, john, 'Bearer nobody']) await verifier.verify(credential);
    for (let n = 0; n < 5_000; n += 1) void verifier.revoke(unknown(n));
    void verifier.revoke({ username: 'john' });
    for (let n = 5_000; n <= 10_001; n += 1) void verifier.revoke(unknown(n));
    expect(codeOf(verifier.peek(jane))).toBe('jane');
    expect(codeOf(verifier.peek('Bearer nobody'))).toBe('credentials_invalid');
    expect(verifier.peek(john)).toBeUndefined();
  });

  test('P15: an answer that was asked for before so many is asked for again, whoever they were', async () => {
    const answers = holdAnswers(node);
    const caller = verifier.verify(jane);
    await node.arrived(1);
    void verifier.revoke({ username: 'jane' });
    for (let n = 0; n <= 10_000; n += 1) void verifier.revoke({ username: `unknown${n}` });
    answers.release(accepted);
    await node.arrived(2);
    answers.release(refused);
    expect(codeOf(await caller)).toBe('credentials_invalid');
  });

  test('P15: nor is one that was found good an instant before, while its callers have yet to hear of it', async () => {
    node.answer(once(accepted, refused));
    const late: Promise<Verdict>[] = [];
    const revoke = () => {
      unsubscribe('esauth:lookup', revoke);
      queueMicrotask(() => {
        void verifier.revoke({ credential: jane });
        late.push(verifier.verify(jane));
      });
    };
    subscribe('esauth:lookup', revoke);
    const early = await verifier.verify(jane);
    const verdicts = [early, ...(await Promise.all(late))];
    expect(verdicts.map(codeOf)).toEqual(['credentials_invalid', 'credentials_invalid']);
  });

  test('callers that are looked up again still get their answer within their own deadline', async () => {
    const answers = holdAnswers(node);
    const pending = verifier.verify(jane);
    await node.arrived(1);
    await clock.advance(2_000);
    void verifier.revoke('all');
    answers.release(accepted);
    await node.arrived(2);
    await clock.advance(999);
    expect(verifier.stats().waiting).toBe(1);
    await clock.advance(1);
    expect(codeOf(await pending)).toBe('timeout');
  });

  test('it drops the remembered refusal of that credential', async () => {
    node.answer(refused);
    await verifier.verify(jane);
    node.answer(accepted);
    void verifier.revoke({ credential: jane });
    expect(codeOf(await verifier.verify(jane))).toBe('jane');
  });

  const keyId = 'VuaCfGcBCdbkQm-e5aOx';
  const janesKey = key(keyId, 'secret');
  const subjects: readonly (readonly [string, Parameters<Verifier['revoke']>[0], readonly string[]])[] = [
    ['a credential in another spelling', { credential: jane.replace('Bearer', 'bearer  ') }, ['jane']],
    ['an API key that cannot be one', { credential: 'ApiKey YWJj' }, []],
    ['an API key', { apiKeyIds: ['other', keyId] }, ["jane's key"]],
    ['another API key', { apiKeyIds: ['other'] }, []],
    ['a user in any realm', { username: 'jane' }, ['jane', "jane's key"]],
    [
      'a user in her realm; a key does not show its realm',
      { username: 'jane', realm: 'default_native' },
      ['jane', "jane's key"],
    ],
    ['a user in another realm', { username: 'jane', realm: 'ldap1' }, ["jane's key"]],
    ['a realm', { realm: 'default_native' }, ['jane', 'john', "jane's key"]],
    ['another realm', { realm: 'ldap1' }, ["jane's key"]],
    ['everything', 'all', ['jane', 'john', "jane's key"]],
  ];
  test.each(subjects)('%s', async (_name, subject, dropped) => {
    node.answer((socket, head) => {
      const body = head.includes(janesKey)
        ? keyBody(keyId)
        : identityBody({ username: head.includes(john) ? 'john' : 'jane' });
      respond({ body })(socket, head);
    });
    const known = { jane, john, "jane's key": janesKey };
    for (const credential of Object.values(known)) await verifier.verify(credential);
    void verifier.revoke(subject);
    const gone = Object.entries(known).flatMap(([name, credential]) =>
      verifier.peek(credential) === undefined ? [name] : [],
    );
    expect(gone).toEqual(dropped);
  });

  test.each([
    undefined,
    null,
    {},
    'everything',
    { userName: 'jane' },
    { username: '' },
    { username: 7 },
    { apiKeyIds: 'id' },
    { apiKeyIds: [] },
    { credential: 7 },
    { credential: jane.slice('Bearer '.length) },
    { credential: 'Bearer ???' },
    { credential: jane, username: 'jane' },
    { realm: '' },
  ])('refuses what is not a subject: %j', (subject) => {
    expect(() => verifier.revoke(subject as 'all')).toThrow(InvalidArgumentError);
  });
});

/** Answers the first request so, and all others otherwise. */
function once(first: Script, then: Script): Script {
  return (socket, head) => (node.requests.length === 1 ? first : then)(socket, head);
}
