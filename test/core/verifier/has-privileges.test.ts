// Questions about privileges, from a verifier to a scripted Elasticsearch: what is asked, remembered, joined and
// forgotten.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  createVerifier,
  InvalidPrivilegesError,
  type LookupEvent,
  type PrivilegesQuestion,
  type PrivilegesVerdict,
  type Verifier,
  type VerifierOptions,
} from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { createGrantor, type Grantor, refusal } from '../../support/grantor.js';
import { errorBody, identityBody, mistakeBody, respond } from '../../support/scripted-node.js';
import { warningsDuring } from '../../support/warnings.js';

const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const john = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qb2hu';
const on = (names: string, ...privileges: string[]): PrivilegesQuestion => ({
  index: [{ names, privileges }],
});
const read = on('docs', 'read');

let grantor: Grantor;
let clock: FakeClock;
let verifier: Verifier;
beforeEach(async () => {
  clock = createFakeClock();
  grantor = await createGrantor();
  verifier = make();
});
afterEach(async () => {
  await verifier.close();
  await grantor.close();
});

function make(options: Partial<VerifierOptions> = {}, cache = {}): Verifier {
  const settings = { jitter: 0, refreshAfterMs: 0, ...cache };
  return createVerifier({ nodes: grantor.url, clock, cache: settings, ...options });
}

/** What a verdict comes to, in a word. */
function said(verdict: PrivilegesVerdict | undefined): string | boolean | undefined {
  return verdict?.kind === 'answered' ? verdict.privileges.has_all_requested : verdict?.code;
}

const has = async (question: PrivilegesQuestion, options = {}, who = jane) =>
  said(await verifier.hasPrivileges(who, question, options));

describe('asking', () => {
  test('verifies first, then asks with the same credential, and tells both', async () => {
    grantor.granted.add('index:docs:read').add('application:shop:item/1:buy');
    const question = {
      cluster: ['monitor'],
      index: [{ names: ['docs'], privileges: ['read', 'write'] }],
      application: [{ application: 'shop', privileges: ['buy'], resources: ['item/1'] }],
    };
    const verdict = await verifier.hasPrivileges(jane, question);
    expect(verdict).toEqual({
      kind: 'answered',
      identity: expect.objectContaining({ username: 'jane' }),
      verifiedAt: clock.wall(),
      privileges: {
        has_all_requested: false,
        cluster: { monitor: false },
        index: { docs: { read: true, write: false } },
        application: { shop: { 'item/1': { buy: true } } },
      },
    });
    expect(grantor.questions).toEqual([question]);
    expect(grantor.authentications).toBe(1);
    expect(verifier.stats()).toMatchObject({ lookups: 2, privilegeLookups: 1 });
  });

  test('P11: an answer that somebody changes is his own', async () => {
    const verdict = await verifier.hasPrivileges(jane, read);
    if (verdict.kind === 'answered') Object.assign(verdict.privileges.index.docs ?? {}, { read: true });
    expect(verdict).toMatchObject({ privileges: { index: { docs: { read: true } } } });
    expect(verifier.peekPrivileges(jane, read)).toMatchObject({
      privileges: { index: { docs: { read: false } } },
    });
  });

  test('only what is not known is asked', async () => {
    grantor.granted.add('index:docs:read').add('index:logs:read');
    expect(await has(on('docs', 'read', 'write'))).toBe(false);
    expect(await has(read)).toBe(true);
    expect(await has({ index: [{ names: ['docs', 'logs'], privileges: ['read'] }] })).toBe(true);
    expect(grantor.questions).toEqual([on('docs', 'read', 'write'), on('logs', 'read')].map(listed));
    expect(grantor.authentications).toBe(1);
  });

  test('verifiedAt is the start of the oldest question behind the answer', async () => {
    const start = clock.wall();
    await has(read);
    await clock.advance(700);
    await has(on('docs', 'write'));
    await clock.advance(100);
    const verdict = await verifier.hasPrivileges(jane, on('docs', 'write'));
    // The identity is older than the privilege.
    expect(verdict).toMatchObject({ verifiedAt: start });
    await clock.advance(60_000 - 800);
    expect(await verifier.hasPrivileges(jane, on('logs', 'write'))).toMatchObject({
      verifiedAt: clock.wall(),
    });
  });

  test.each<[string, string | undefined, string]>([
    ['nothing', undefined, 'credentials_missing'],
    ['another scheme', 'Digest abc', 'scheme_unsupported'],
    ['something malformed', 'Bearer a b', 'credentials_malformed'],
  ])('%s is refused without a question', async (_what, presented, code) => {
    expect(said(await verifier.hasPrivileges(presented, read))).toBe(code);
    expect(said(verifier.peekPrivileges(presented, read))).toBe(code);
    expect(grantor.authentications + grantor.questions.length).toBe(0);
  });

  test('who is refused is not asked about', async () => {
    grantor.instead('authenticate', refusal);
    expect(await has(read)).toBe('credentials_invalid');
    expect(said(verifier.peekPrivileges(jane, read))).toBe('credentials_invalid');
    expect(grantor.questions).toEqual([]);
  });

  test('the same index with and without restricted ones is asked in two requests', async () => {
    grantor.granted.add('index:docs:read');
    const both = {
      index: [...(read.index ?? []), { names: 'docs', privileges: ['read'], allow_restricted_indices: true }],
    };
    expect(await has(both)).toBe(true);
    expect(grantor.questions).toHaveLength(2);
  });

  test('is a POST like any other question, with the secret of the JWT realm', async () => {
    await verifier.close();
    verifier = make({ clientAuthentication: 's3cr3t-of-the-realm' });
    const heads: string[] = [];
    grantor.instead('privileges', (socket, head) => {
      heads.push(head);
      respond({ body: { username: 'jane', index: { docs: { read: true } } } })(socket, head);
    });
    expect(await has(read)).toBe(true);
    expect(heads[0]).toContain(`authorization: ${jane}`);
    expect(heads[0]).toContain('es-client-authentication: SharedSecret s3cr3t-of-the-realm');
    expect(heads[0]).toMatch(/^POST \/_security\/user\/_has_privileges HTTP\/1.1\r\n/);
    expect(heads[0]).toContain('content-type: application/json\r\n');
    expect(heads[0]).toContain('accept: application/json\r\n');
  });
});

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
    await verifier.close();
    verifier = make({}, { refreshAfterMs: 20_000 });
    expect(await has(read)).toBe(false);
    grantor.granted.add('index:docs:read');
    for (const ms of [25_000, 25_000, 9_998]) {
      await clock.advance(ms);
      await verifier.verify(jane);
      while (verifier.stats().inFlight > 0) await clock.advance(0);
    }
    expect(grantor.authentications).toBeGreaterThan(1);
    expect(grantor.questions).toHaveLength(1);
    await clock.advance(1);
    expect(said(verifier.peekPrivileges(jane, read, { maxAgeMs: 60_000 }))).toBe(false);
    await clock.advance(1);
    expect(said(verifier.peekPrivileges(jane, on('docs', 'read'), { maxAgeMs: 59_999 }))).toBeUndefined();
  });

  test('ends when the credential turns out to be somebody else', async () => {
    await verifier.close();
    verifier = make({}, { refreshAfterMs: 20_000 });
    grantor.granted.add('index:docs:read');
    expect(await has(read)).toBe(true);
    grantor.granted.clear();
    grantor.instead('authenticate', respond({ body: identityBody({ username: 'joan' }) }));
    grantor.instead('privileges', respond({ body: { username: 'joan', index: { docs: { read: false } } } }));
    await clock.advance(20_000);
    await verifier.verify(jane);
    while (verifier.stats().inFlight > 0) await clock.advance(0);
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
    verifier.revoke({ username: 'john' });
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
    await verifier.close();
    verifier = createVerifier({ nodes: grantor.url, clock, cache: false });
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
    verifier.revoke({ username: 'jane' });
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
    verifier.revoke({ credential: jane });
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
    verifier.revoke({ username: 'jane' });
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
    verifier.revoke({ credential: jane });
    grantor.instead('privileges', undefined);
    release();
    await grantor.asked(2);
    release();
    expect(await waiting).toBe(false);
  });
});

describe('an answer that is not what was asked for', () => {
  test('401 ends the identity too, and is remembered', async () => {
    await verifier.verify(jane);
    grantor.instead('privileges', respond({ status: 401, body: errorBody(401, 'token expired') }));
    expect(await has(read)).toBe('credentials_expired');
    expect(verifier.peek(jane)).toEqual({ kind: 'rejected', code: 'credentials_expired' });
    expect(verifier.stats()).toMatchObject({ entries: 0, rejectedEntries: 1, refusals: 1 });
  });

  test('403 is a restricted credential', async () => {
    grantor.instead(
      'privileges',
      respond({ status: 403, body: errorBody(403, 'action [x] is unauthorized for API key id [y]') }),
    );
    expect(await has(read)).toBe('credentials_restricted');
  });

  test('P42: an answer for another user is a refusal, with a warning that says why', async () => {
    await verifier.verify(jane);
    grantor.instead(
      'privileges',
      respond({ body: { username: 'mallory', index: { docs: { read: true } } } }),
    );
    const warnings = await warningsDuring(async () => {
      expect(await has(read)).toBe('credentials_invalid');
    });
    expect(warnings).toMatchObject([{ code: 'ESAUTH_MISFIT' }]);
    expect(warnings[0]?.message).not.toContain('mallory');
    expect(said(verifier.peekPrivileges(jane, read))).toBe('credentials_invalid');
  });

  test.each<[string, Parameters<typeof respond>[0], string]>([
    ['429', { status: 429 }, 'overloaded'],
    ['500', { status: 500 }, 'server_error'],
    ['404', { status: 404, body: errorBody(404, 'no') }, 'bad_response'],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'bad_response'],
    ['no product header', { headers: { 'x-elastic-product': undefined } }, 'not_elasticsearch'],
    ['400 without it', { status: 400, headers: { 'x-elastic-product': undefined } }, 'not_elasticsearch'],
    ['400, security is off', { status: 400, body: { error: 'no handler found for uri' } }, 'bad_response'],
    ['HTML', { body: '<html>' }, 'bad_response'],
    ['nothing about what was asked', { body: { username: 'jane', index: {} } }, 'bad_response'],
    ['an encoded body', { headers: { 'content-encoding': 'gzip' } }, 'bad_response'],
    [
      'a check that failed',
      { status: 401, body: errorBody(401, 'error attempting to authenticate request') },
      'server_error',
    ],
  ])('%s is no verdict: never remembered, never yes or no', async (_what, answer, code) => {
    await verifier.verify(jane);
    grantor.instead('privileges', respond(answer));
    expect(await has(read)).toBe(code);
    // What may be about one credential only says nothing of the cluster.
    expect(verifier.health().state).toBe(answer?.status === 401 ? 'up' : 'degraded');
    expect(verifier.peek(jane)?.kind).toBe('authenticated');
    grantor.instead('privileges', undefined);
    expect(await has(read)).toBe(false);
    expect(verifier.health().state).toBe('up');
  });

  test('a connection that breaks is retried', async () => {
    await verifier.verify(jane);
    grantor.instead('privileges', (socket) => {
      grantor.instead('privileges', undefined);
      socket.destroy();
    });
    expect(await has(read)).toBe(false);
    expect(grantor.questions).toHaveLength(2);
  });

  test('a stale identity can still be asked about, if Elasticsearch answers that', async () => {
    await verifier.close();
    verifier = make({}, { staleIfErrorMs: 60_000 });
    await has(read);
    grantor.instead('authenticate', respond({ status: 500 }));
    await clock.advance(60_000);
    grantor.granted.add('index:docs:read');
    expect(await has(read)).toBe(true);
    grantor.instead('privileges', respond({ status: 500 }));
    expect(await has(on('docs', 'write'))).toBe('server_error');
  });
});

describe('a question that cannot be answered', () => {
  const unknown = respond({
    status: 400,
    body: mistakeBody('unknown cluster privilege [nope], and dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l'),
  });

  test('400 rejects with what Elasticsearch said, without the credential, and says nothing of the caller', async () => {
    await verifier.verify(jane);
    grantor.instead('privileges', unknown);
    const error = await verifier
      .hasPrivileges(jane, { cluster: ['nope'] })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidPrivilegesError);
    expect(error).toMatchObject({
      name: 'InvalidPrivilegesError',
      code: 'invalid_privileges',
      type: 'illegal_argument_exception',
      reason: 'unknown cluster privilege [nope], and [redacted]',
    });
    expect(String(error)).toContain('unknown cluster privilege [nope]');
    expect(String(error)).not.toContain('dGhlLXNl');
    expect(verifier.peek(jane)?.kind).toBe('authenticated');
    expect(verifier.health()).toMatchObject({ state: 'up' });
    expect(grantor.questions).toHaveLength(1);
  });

  test("is its author's mistake, and not that of who asks for a part of the same", async () => {
    await verifier.verify(jane);
    const release = grantor.hold();
    grantor.instead('privileges', unknown);
    const wrong = has({ cluster: ['nope'], ...read }).catch((error: unknown) => error);
    await grantor.asked(1);
    grantor.instead('privileges', undefined);
    const right = has(read);
    while (verifier.stats().waiting < 2) await clock.advance(0);
    expect(grantor.questions).toHaveLength(1);
    release();
    expect(await wrong).toBeInstanceOf(InvalidPrivilegesError);
    await grantor.asked(2);
    release();
    expect(await right).toBe(false);
  });

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['undefined', undefined],
    ['another shape', { index: 'docs' }],
  ])('%s is not asked', async (_what, question) => {
    await expect(verifier.hasPrivileges(jane, question as PrivilegesQuestion)).rejects.toThrow(
      InvalidPrivilegesError,
    );
    expect(() => verifier.peekPrivileges(jane, question as PrivilegesQuestion)).toThrow(
      InvalidPrivilegesError,
    );
    expect(grantor.authentications).toBe(0);
  });
});

test('peekPrivileges tells what is known in the same turn, and counts as a hit only then', async () => {
  expect(verifier.peekPrivileges(jane, read)).toBeUndefined();
  await verifier.verify(jane);
  expect(verifier.peekPrivileges(jane, read)).toBeUndefined();
  expect(verifier.stats().hits).toBe(0);
  await has(on('docs', 'read', 'write'));
  const { hits } = verifier.stats();
  expect(said(verifier.peekPrivileges(jane, read))).toBe(false);
  expect(verifier.peekPrivileges(jane, on('docs', 'read', 'delete'))).toBeUndefined();
  expect(verifier.stats().hits).toBe(hits + 1);
});

test('events tell what was asked, of whom and with which outcome', async () => {
  const events: LookupEvent[] = [];
  const listen = (event: unknown) => void events.push(event as LookupEvent);
  subscribe('esauth:lookup', listen);
  await has(read);
  grantor.instead('privileges', respond({ status: 400, body: mistakeBody('no such privilege') }));
  await has(on('docs', 'nope')).catch(() => {});
  grantor.instead('privileges', refusal);
  await has(on('docs', 'write'));
  unsubscribe('esauth:lookup', listen);
  const common = { durationMs: 0, background: false };
  const yes = { ...common, kind: 'authenticated', code: undefined, subject: 'token:default_native:jane' };
  expect(events).toEqual([
    { ...yes, about: 'identity' },
    { ...yes, about: 'privileges' },
    { ...common, about: 'privileges', kind: 'invalid', code: undefined, subject: undefined },
    { ...common, about: 'privileges', kind: 'rejected', code: 'credentials_invalid', subject: undefined },
  ]);
});

function names(round: number, from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, n) => `docs-${round}-${from + n}`);
}

/** As it is sent: names in lists. */
function listed({ index = [] }: PrivilegesQuestion): PrivilegesQuestion {
  return { index: index.map((entry) => ({ ...entry, names: [entry.names].flat() })) };
}
