// Answers about privileges that are asked again in the background, ahead of their end: so that a caller whose
// privileges are known does not wait for Elasticsearch, nor notice that it is away for a while.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { LookupEvent, PrivilegesQuestion } from '@esauth/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jane } from '../../support/callers.js';
import { createGrantor, type Grantor, refusal } from '../../support/grantor.js';
import { has, on, read, said } from '../../support/privilege-questions.js';
import { again, begin, clock, end, idle, verifier } from '../../support/scene.js';
import { mistakeBody, respond } from '../../support/scripted-node.js';

let grantor: Grantor;
beforeEach(async () => {
  grantor = begin(await createGrantor(), { cache: { ttlMs: 60_000, refreshAfterMs: 20_000 } });
  grantor.granted.add('index:docs:read');
  expect(await has(read)).toBe(true);
  expect(grantor.questions).toHaveLength(1);
});
afterEach(end);

const peek = (question: PrivilegesQuestion) => said(verifier.peekPrivileges(jane, question));

test('an answer older than refreshAfterMs is told, and asked again once', async () => {
  grantor.granted.clear();
  await clock.advance(19_999);
  expect(peek(read)).toBe(true);
  await idle();
  expect(grantor.questions).toHaveLength(1);
  await clock.advance(1);
  const release = grantor.hold();
  expect([peek(read), await has(read), peek(read)]).toEqual([true, true, true]);
  await grantor.asked(2);
  expect(verifier.stats()).toMatchObject({ refreshes: 2, privilegeLookups: 2 });
  release();
  await idle();
  expect(grantor.questions).toHaveLength(2);
  expect(peek(read)).toBe(false);
});

test('only what is due is asked, and only if somebody wants to know it', async () => {
  await clock.advance(10_000);
  expect(await has(on('docs', 'write'))).toBe(false);
  await clock.advance(10_000);
  expect(peek(on('docs', 'read', 'write'))).toBe(false);
  await idle();
  expect(grantor.questions.slice(2)).toEqual([{ index: [{ names: ['docs'], privileges: ['read'] }] }]);
});

test('who uses it all the time never waits, and does not notice an outage shorter than what is left', async () => {
  for (let second = 0; second < 300; second += 5) {
    await clock.advance(5_000);
    // Away for half a minute now and then.
    const away = second % 100 < 30;
    grantor.instead('privileges', away ? respond({ status: 503 }) : undefined);
    grantor.instead('authenticate', away ? respond({ status: 503 }) : undefined);
    expect(peek(read), `after ${second} s`).toBe(true);
    await idle();
  }
});

test('after a refresh without an answer the next comes no sooner than a second later', async () => {
  await clock.advance(20_000);
  grantor.instead('privileges', respond({ status: 500 }));
  expect(peek(read)).toBe(true);
  await idle();
  expect(grantor.questions).toHaveLength(2);
  await clock.advance(999);
  expect(peek(read)).toBe(true);
  await idle();
  expect(grantor.questions).toHaveLength(2);
  await clock.advance(1);
  expect(peek(read)).toBe(true);
  await idle();
  expect(grantor.questions).toHaveLength(3);
});

test('a privilege that does not exist any more is told when what is known of it has ended', async () => {
  await clock.advance(20_000);
  grantor.instead('privileges', respond({ status: 400, body: mistakeBody('no such privilege') }));
  expect(peek(read)).toBe(true);
  await idle();
  await clock.advance(40_000);
  expect(peek(read)).toBeUndefined();
  await expect(has(read)).rejects.toThrow('no such privilege');
});

test('a refusal in the background ends the identity', async () => {
  await clock.advance(20_000);
  grantor.instead('privileges', refusal);
  expect(peek(read)).toBe(true);
  await idle();
  expect(verifier.peek(jane)).toEqual({ kind: 'rejected', code: 'credentials_invalid' });
});

test('what was revoked meanwhile is not remembered', async () => {
  await clock.advance(20_000);
  const release = grantor.hold();
  expect(peek(read)).toBe(true);
  await grantor.asked(2);
  void verifier.revoke({ username: 'jane' });
  release();
  await idle();
  expect(peek(read)).toBeUndefined();
});

test('who asks for the same while it is asked again, for an answer younger than he accepts, joins', async () => {
  await clock.advance(20_000);
  const release = grantor.hold();
  expect(peek(read)).toBe(true);
  await grantor.asked(2);
  grantor.granted.clear();
  const young = verifier.hasPrivileges(jane, read, { maxAgeMs: 5_000 });
  while (verifier.stats().waiting < 2) await clock.advance(0);
  release();
  expect(await young).toMatchObject({ kind: 'answered', privileges: { has_all_requested: true } });
  expect(grantor.questions).toHaveLength(2);
});

test('refreshes hold nobody up, are seen as such, and end with close', async () => {
  const events: LookupEvent[] = [];
  const listen = (event: unknown) => void events.push(event as LookupEvent);
  subscribe('esauth:lookup', listen);
  await clock.advance(20_000);
  peek(read);
  await idle();
  unsubscribe('esauth:lookup', listen);
  expect(events.filter(({ about }) => about === 'privileges')).toMatchObject([{ background: true }]);
  await clock.advance(20_000);
  grantor.hold();
  peek(read);
  await grantor.asked(3);
  await verifier.close();
  expect(verifier.stats()).toMatchObject({ inFlight: 0, waiting: 0 });
  expect(clock.timers).toBe(0);
});

test('refreshAfterMs 0 turns it off', async () => {
  await again({ cache: { ttlMs: 60_000, refreshAfterMs: 0 } });
  await has(read);
  const asked = grantor.questions.length;
  await clock.advance(59_999);
  expect(peek(read)).toBe(true);
  await idle();
  expect(grantor.questions).toHaveLength(asked);
});
