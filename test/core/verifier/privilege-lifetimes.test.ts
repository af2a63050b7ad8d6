// What is remembered of answers about privileges: for how long, for whom, and what ends it.

import type { Verifier } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jane, john } from '../../support/callers.js';
import { createGrantor, type Grantor } from '../../support/grantor.js';
import { has, on, read, said } from '../../support/privilege-questions.js';
import { again, begin, clock, end, idle, verifier } from '../../support/scene.js';
import { identityBody, respond } from '../../support/scripted-node.js';

let grantor: Grantor;
beforeEach(async () => {
  grantor = begin(await createGrantor());
});
afterEach(end);

describe('what is remembered', () => {
  test('true and false alike, for ttlMs and no longer', async () => {
    await verifier.verify(jane);
    await clock.advance(30_000);
    expect(await has(read)).toBe(false);
    grantor.granted.add('index:docs:read');
    // Who it is has to be asked again by now; the privilege is still known.
    await clock.advance(59_999);
    await verifier.verify(jane);
    expect(grantor.questions).toHaveLength(1);
    expect(await has(read)).toBe(true);
  });

  test('lives on when the identity is asked again in the background, with its own age', async () => {
    await again({ cache: { refreshAfterMs: 20_000 } });
    expect(await has(read)).toBe(false);
    grantor.granted.add('index:docs:read');
    for (const ms of [25_000, 25_000, 9_998]) {
      await clock.advance(ms);
      await verifier.verify(jane);
      await idle();
    }
    expect(grantor.authentications).toBeGreaterThan(1);
    expect(grantor.questions).toHaveLength(1);
    await clock.advance(1);
    expect(said(verifier.peekPrivileges(jane, read, { maxAgeMs: 60_000 }))).toBe(false);
    await clock.advance(1);
    expect(said(verifier.peekPrivileges(jane, on('docs', 'read'), { maxAgeMs: 59_999 }))).toBeUndefined();
  });

  test('ends when the credential turns out to be somebody else', async () => {
    await again({ cache: { refreshAfterMs: 20_000 } });
    grantor.granted.add('index:docs:read');
    expect(await has(read)).toBe(true);
    grantor.granted.clear();
    grantor.instead('authenticate', respond({ body: identityBody({ username: 'joan' }) }));
    grantor.instead('privileges', respond({ body: { username: 'joan', index: { docs: { read: false } } } }));
    await clock.advance(20_000);
    await verifier.verify(jane);
    await idle();
    expect(await has(read)).toBe(false);
  });

  test.each<[string, (verifier: Verifier) => unknown]>([
    ['revoke of the credential', (its) => its.revoke({ credential: jane })],
    ['revoke of the user', (its) => its.revoke({ username: 'jane' })],
    ['revoke of everything', (its) => its.revoke('all')],
  ])('ends with %s', async (_what, end) => {
    grantor.granted.add('index:docs:read');
    expect(await has(read)).toBe(true);
    grantor.granted.clear();
    end(verifier);
    expect(verifier.peekPrivileges(jane, read)).toBeUndefined();
    expect(await has(read)).toBe(false);
  });

  test('somebody else is not revoked', async () => {
    expect(await has(read)).toBe(false);
    void verifier.revoke({ username: 'john' });
    expect(said(verifier.peekPrivileges(jane, read))).toBe(false);
  });

  test('belongs to one credential', async () => {
    grantor.granted.add('index:docs:read');
    expect(await has(read)).toBe(true);
    grantor.granted.clear();
    expect(await has(read, {}, john)).toBe(false);
    expect(await has(read)).toBe(true);
  });

  test('is nothing with cache: false, and still asked once for all at the same time', async () => {
    await again({ cache: false });
    expect(await Promise.all([has(read), has(read), has(read)])).toEqual([false, false, false]);
    expect(grantor.questions).toHaveLength(1);
    expect(await has(read)).toBe(false);
    expect(grantor.questions).toHaveLength(2);
  });

  test('P61: 10 000 different questions by one credential leave 64 facts', async () => {
    for (let round = 0; round < 100; round += 1) {
      const names = Array.from({ length: 100 }, (_, n) => `docs-${round}-${n}`);
      expect(await has({ index: [{ names, privileges: ['read'] }] })).toBe(false);
    }
    const asked = grantor.questions.length;
    expect(asked).toBe(100);
    expect(await has({ index: [{ names: names(99, 36, 100), privileges: ['read'] }] })).toBe(false);
    expect(grantor.questions).toHaveLength(asked);
    expect(await has({ index: [{ names: names(99, 0, 36), privileges: ['read'] }] })).toBe(false);
    expect(grantor.questions).toHaveLength(asked + 1);
    expect(verifier.stats().entries).toBe(1);
  });
});

describe('maxAgeMs', () => {
  test('bounds the identity and every answer', async () => {
    await has(read);
    await clock.advance(1_000);
    expect(await has(read, { maxAgeMs: 1_000 })).toBe(false);
    expect([grantor.authentications, grantor.questions.length]).toEqual([1, 1]);
    expect(await has(read, { maxAgeMs: 999 })).toBe(false);
    expect([grantor.authentications, grantor.questions.length]).toEqual([2, 2]);
    expect(await has(read, { maxAgeMs: 0 })).toBe(false);
    expect([grantor.authentications, grantor.questions.length]).toEqual([3, 3]);
    expect(verifier.peekPrivileges(jane, read, { maxAgeMs: 0 })).toBeUndefined();
  });

  test('0 does not join a question that was asked before', async () => {
    await verifier.verify(jane);
    const release = grantor.hold();
    const early = has(read);
    await grantor.asked(1);
    grantor.granted.add('index:docs:read');
    const late = has(read, { maxAgeMs: 0 });
    while (grantor.authentications < 2 || verifier.stats().waiting < 2) await clock.advance(0);
    expect(grantor.questions).toHaveLength(1);
    release();
    expect(await early).toBe(false);
    await grantor.asked(2);
    release();
    expect(await late).toBe(true);
  });

  test.each([-1, Number.NaN, '5'])('%j is a mistake', async (maxAgeMs) => {
    const options = { maxAgeMs: maxAgeMs as number };
    await expect(verifier.hasPrivileges(jane, read, options)).rejects.toThrow('maxAgeMs');
    expect(() => verifier.peekPrivileges(jane, read, options)).toThrow('maxAgeMs');
  });
});

function names(round: number, from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, n) => `docs-${round}-${from + n}`);
}
