// What happens to a caller while he waits for an answer about his privileges, and to others because of him. Each
// was found by `test/properties/privileges-model.test.ts`.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { PrivilegesQuestion } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codeOf, jane } from '../../support/callers.js';
import { createGrantor, type Grantor, refusal } from '../../support/grantor.js';
import { has } from '../../support/privilege-questions.js';
import { again, begin, clock, end, idle, verifier } from '../../support/scene.js';
import { identityBody, mistakeBody, respond } from '../../support/scripted-node.js';

const monitor: PrivilegesQuestion = { cluster: ['monitor'] };
const manage: PrivilegesQuestion = { cluster: ['manage'] };
const both: PrivilegesQuestion = { cluster: ['monitor', 'manage'] };

let grantor: Grantor;
beforeEach(async () => {
  grantor = begin(await createGrantor());
});
afterEach(end);

/** Does something when somebody was verified, before anything is asked about his privileges. */
function onceVerified(act: () => void): void {
  const listener = () => {
    unsubscribe('esauth:verdict', listener);
    act();
  };
  subscribe('esauth:verdict', listener);
}

test('a caller who waits for two requests is one who waits', async () => {
  await verifier.verify(jane);
  const release = grantor.hold();
  const first = has(monitor);
  const second = has(both);
  await grantor.asked(2);
  expect(verifier.stats()).toMatchObject({ waiting: 2, inFlight: 2 });
  release();
  release();
  await Promise.all([first, second]);
  expect(verifier.stats().waiting).toBe(0);
});

test('who leaves when he has just been verified is let go, and nothing more is asked', async () => {
  const leaving = new AbortController();
  onceVerified(() => leaving.abort(new Error('left')));
  await expect(has(monitor, { signal: leaving.signal })).rejects.toThrow('left');
  expect(grantor.questions).toEqual([]);
});

test('closed when somebody has just been verified: nothing more is asked', async () => {
  onceVerified(() => void verifier.close());
  expect(await has(monitor)).toBe('closed');
  expect(grantor.questions).toEqual([]);
});

test('a question asked again for others, because who asked first left, can be joined', async () => {
  await verifier.verify(jane);
  const release = grantor.hold();
  const leaving = new AbortController();
  const first = has(monitor, { signal: leaving.signal });
  await grantor.asked(1);
  const anew = has(monitor, { maxAgeMs: 0 });
  // Until he waits for the question that starts when the first is over.
  while (grantor.authentications < 2 || verifier.stats().inFlight > 1) await clock.advance(0);
  leaving.abort(new Error('left'));
  await expect(first).rejects.toThrow('left');
  await grantor.asked(2);
  const overlapping = has(both);
  await grantor.asked(3);
  expect(grantor.questions).toEqual([monitor, monitor, manage]);
  for (let held = 0; held < 3; held += 1) release();
  expect(await Promise.all([anew, overlapping])).toEqual([false, false]);
});

test.each([5_000, 0])(
  'refused while he waits for another answer, asked for earlier, a caller is refused (rejectedTtlMs %i)',
  async (rejectedTtlMs) => {
    await again({ cache: { rejectedTtlMs } });
    grantor.granted.add('cluster:monitor');
    await verifier.verify(jane);
    const release = grantor.hold();
    const granted = has(monitor);
    await grantor.asked(1);
    grantor.instead('privileges', refusal);
    const refused = has(manage);
    await grantor.asked(2);
    grantor.instead('authenticate', refusal);
    release(1);
    expect(await refused).toBe('credentials_invalid');
    release();
    expect(await granted).toBe('credentials_invalid');
  },
);

test.each<[string, object, (refuse: () => Promise<unknown>) => unknown]>([
  ['nothing is remembered of refusals', { rejectedTtlMs: 0 }, () => {}],
  ['other refusals have taken the place of his', { maxRejectedEntries: 1 }, (refuse) => refuse()],
])(
  'refused while he is looked up, asked for earlier, a caller is refused where %s',
  async (_where, cache, forget) => {
    await again({ cache: { refreshAfterMs: 500, ...cache } });
    await verifier.verify(jane);
    await clock.advance(500);
    const answer = respond({ body: identityBody() });
    const held: (() => void)[] = [];
    grantor.instead('authenticate', (...request) => void held.push(() => answer(...request)));
    verifier.peek(jane);
    while (held.length < 1) await clock.advance(0);
    grantor.instead('privileges', refusal);
    expect(await has(manage)).toBe('credentials_invalid');
    grantor.instead('authenticate', refusal);
    await forget(() => verifier.verify('Bearer somebody-else'));
    // Joins what was asked before the refusal, and was good then.
    const joined = verifier.verify(jane);
    expect(verifier.stats().shared).toBe(1);
    held[0]?.();
    expect(codeOf(await joined)).toBe('credentials_invalid');
    await idle();
    expect(verifier.peek(jane)?.kind).not.toBe('authenticated');
  },
);

test('an identity that outlives its lifetime while its privileges are asked for is looked up again', async () => {
  await again({ cache: { ttlMs: 1_000 } });
  await verifier.verify(jane);
  const release = grantor.hold();
  const waiting = verifier.hasPrivileges(jane, monitor);
  await grantor.asked(1);
  await clock.advance(1_000);
  // Somebody else has it looked up.
  grantor.instead('authenticate', respond({ body: identityBody({ full_name: 'Jane Roe' }) }));
  await verifier.verify(jane);
  release();
  await grantor.asked(2);
  release();
  expect(await waiting).toMatchObject({ kind: 'answered', identity: { fullName: 'Jane Roe' } });
});

test('what was known before a revocation does not live on with an identity that was asked for meanwhile', async () => {
  await again({ cache: { refreshAfterMs: 500 } });
  grantor.granted.add('cluster:monitor');
  expect(await has(monitor)).toBe(true);
  await clock.advance(500);
  const answer = respond({ body: identityBody() });
  const held: (() => void)[] = [];
  grantor.instead('authenticate', (...request) => void held.push(() => answer(...request)));
  verifier.peek(jane);
  while (held.length < 1) await clock.advance(0);
  void verifier.revoke({ username: 'jane' });
  // The answer is of before, so it is asked again; nobody looks at what is remembered in between.
  held[0]?.();
  while (held.length < 2) await clock.advance(0);
  held[1]?.();
  await idle();
  expect(verifier.peek(jane)).toMatchObject({ kind: 'authenticated' });
  expect(verifier.peekPrivileges(jane, monitor)).toBeUndefined();
});

describe('joined to a question that cannot be answered, for what somebody else asked for in it', () => {
  const wrong: PrivilegesQuestion = { cluster: ['bogus', 'monitor', 'manage'] };
  /** Asks it; Elasticsearch will say so when its answer is let go. */
  async function askWrong(): Promise<{ readonly told: Promise<void> }> {
    const reason = 'unknown cluster privilege [bogus]';
    grantor.instead('privileges', respond({ status: 400, body: mistakeBody(reason) }));
    const told = expect(has(wrong)).rejects.toThrow(reason);
    await grantor.asked(1);
    grantor.instead('privileges', undefined);
    return { told };
  }

  test('an outage of the rest is told, and nothing is asked again', async () => {
    await verifier.verify(jane);
    const release = grantor.hold();
    const { told } = await askWrong();
    grantor.instead('privileges', respond({ status: 500 }));
    const right = has({ cluster: ['monitor', 'all'] });
    await grantor.asked(2);
    release();
    release();
    await told;
    expect(await right).toBe('server_error');
    expect(grantor.questions).toHaveLength(2);
  });

  test('who asks for himself does not keep others from joining what is under way', async () => {
    await again({ cache: false });
    const release = grantor.hold();
    const { told } = await askWrong();
    const right = has({ cluster: ['monitor', 'manage', 'all'] });
    await grantor.asked(2);
    release();
    while (verifier.stats().inFlight > 1) await clock.advance(0);
    const other = has(monitor);
    await grantor.asked(3);
    release();
    // Without joining the question about `monitor`, which could be as useless.
    await grantor.asked(4);
    release(1);
    await Promise.all([told, right]);
    const later = has({ cluster: ['monitor', 'create_snapshot'] });
    await grantor.asked(5);
    expect(grantor.questions[4]).toEqual({ cluster: ['create_snapshot'] });
    release();
    release();
    expect(await Promise.all([other, later])).toEqual([false, false]);
  });
});

test('a refusal that is not remembered still undoes what was asked before it', async () => {
  await again({ cache: false });
  const release = grantor.hold();
  const early = has(monitor);
  await grantor.asked(1);
  // Whoever asks anew is refused, while the answer to the first question is still on its way.
  grantor.instead('authenticate', refusal);
  expect(await verifier.verify(jane, { maxAgeMs: 0 })).toMatchObject({ code: 'credentials_invalid' });
  release();
  expect(await early).toBe('credentials_invalid');
});
