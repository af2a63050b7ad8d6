// Many who ask about privileges at the same time, and what a revocation means to those who wait.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jane } from '../../support/callers.js';
import { createGrantor, type Grantor, refusal } from '../../support/grantor.js';
import { has, listed, on, read, said } from '../../support/privilege-questions.js';
import { begin, clock, end, verifier } from '../../support/scene.js';

let grantor: Grantor;
beforeEach(async () => {
  grantor = begin(await createGrantor());
});
afterEach(end);

describe('many at once', () => {
  test('a thousand callers with one question are one request', async () => {
    const release = grantor.hold();
    const callers = Array.from({ length: 1_000 }, () => has(read));
    await grantor.asked(1);
    release();
    expect(new Set(await Promise.all(callers))).toEqual(new Set([false]));
    expect([grantor.authentications, grantor.questions.length]).toEqual([1, 1]);
    expect(verifier.stats()).toMatchObject({ inFlight: 0, waiting: 0 });
  });

  test('where questions overlap, what is under way is not asked again', async () => {
    await verifier.verify(jane);
    grantor.granted.add('index:docs:read').add('index:docs:write').add('index:docs:delete');
    const release = grantor.hold();
    const first = has(on('docs', 'read', 'write'));
    await grantor.asked(1);
    const second = has(on('docs', 'write', 'delete'));
    const third = has(on('docs', 'write'));
    await grantor.asked(2);
    expect(grantor.questions).toEqual([on('docs', 'read', 'write'), on('docs', 'delete')].map(listed));
    release();
    expect(await first).toBe(true);
    expect(await third).toBe(true);
    release();
    expect(await second).toBe(true);
  });

  test('one that leaves does not harm the others, and when all leave the request is given up', async () => {
    await verifier.verify(jane);
    const release = grantor.hold();
    const leaving = new AbortController();
    const gone = verifier.hasPrivileges(jane, read, { signal: leaving.signal });
    const staying = has(read);
    await grantor.asked(1);
    leaving.abort(new Error('left'));
    await expect(gone).rejects.toThrow('left');
    release();
    expect(await staying).toBe(false);

    const last = new AbortController();
    const alone = verifier.hasPrivileges(jane, on('logs', 'read'), { signal: last.signal });
    await grantor.asked(2);
    last.abort(new Error('left too'));
    await expect(alone).rejects.toThrow('left too');
    expect(verifier.stats()).toMatchObject({ inFlight: 0, waiting: 0, unavailable: 0 });
    expect(verifier.health().state).toBe('up');
  });

  test('an aborted signal rejects even what is known', async () => {
    await has(read);
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(verifier.hasPrivileges(jane, read, { signal })).rejects.toThrow('gone');
  });

  test('the whole takes no longer than timeoutMs', async () => {
    grantor.hold();
    const waiting = has(read);
    await grantor.asked(1);
    await clock.advance(2_999);
    expect(verifier.stats().waiting).toBe(1);
    await clock.advance(1);
    expect(await waiting).toBe('timeout');
    expect(clock.timers).toBe(0);
  });

  test('close gives everybody who waits, and who comes later, "closed"', async () => {
    grantor.hold();
    const waiting = has(read);
    await grantor.asked(1);
    await verifier.close();
    expect(await waiting).toBe('closed');
    expect(await has(read)).toBe('closed');
    expect(said(verifier.peekPrivileges(jane, read))).toBe('closed');
  });
});

describe('revoked during a question', () => {
  test('what was asked before is neither told nor remembered: the caller is verified and asked again', async () => {
    grantor.granted.add('index:docs:read');
    await verifier.verify(jane);
    const release = grantor.hold();
    const waiting = has(read);
    await grantor.asked(1);
    grantor.granted.clear();
    void verifier.revoke({ username: 'jane' });
    release();
    await grantor.asked(2);
    expect(grantor.authentications).toBe(2);
    release();
    expect(await waiting).toBe(false);
  });

  test('who comes after the revocation does not get the answer of before by joining', async () => {
    grantor.granted.add('index:docs:read');
    await verifier.verify(jane);
    const release = grantor.hold();
    const before = has(read);
    await grantor.asked(1);
    grantor.granted.clear();
    void verifier.revoke({ credential: jane });
    const after = has(read);
    while (verifier.stats().waiting < 2) await clock.advance(0);
    release();
    await grantor.asked(2);
    release();
    expect(await Promise.all([before, after])).toEqual([false, false]);
    expect(grantor.questions).toHaveLength(2);
  });

  test('revoked and refused meanwhile: the refusal is told', async () => {
    await verifier.verify(jane);
    const release = grantor.hold();
    const waiting = has(read);
    await grantor.asked(1);
    void verifier.revoke({ username: 'jane' });
    grantor.instead('authenticate', refusal);
    release();
    expect(await waiting).toBe('credentials_invalid');
  });

  test('a refusal that was reached before a revocation is not remembered', async () => {
    await verifier.verify(jane);
    const release = grantor.hold();
    grantor.instead('privileges', refusal);
    const waiting = has(read);
    await grantor.asked(1);
    void verifier.revoke({ credential: jane });
    grantor.instead('privileges', undefined);
    release();
    await grantor.asked(2);
    release();
    expect(await waiting).toBe(false);
  });
});
