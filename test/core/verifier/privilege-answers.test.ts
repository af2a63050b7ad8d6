// Answers to a question about privileges that do not tell them: refusals, outages, nonsense, and that the question
// itself is wrong.

import { InvalidPrivilegesError, type PrivilegesQuestion } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jane } from '../../support/callers.js';
import { createGrantor, type Grantor } from '../../support/grantor.js';
import { has, on, read, said } from '../../support/privilege-questions.js';
import { again, begin, clock, end, verifier } from '../../support/scene.js';
import { errorBody, mistakeBody, respond } from '../../support/scripted-node.js';
import { warningsDuring } from '../../support/warnings.js';

let grantor: Grantor;
beforeEach(async () => {
  grantor = begin(await createGrantor());
});
afterEach(end);

describe('an answer that is not what was asked for', () => {
  test('401 ends the identity too, and is remembered', async () => {
    await verifier.verify(jane);
    grantor.instead('privileges', respond({ status: 401, body: errorBody(401, 'token expired') }));
    expect(await has(read)).toBe('credentials_expired');
    expect(verifier.peek(jane)).toEqual({ kind: 'rejected', code: 'credentials_expired' });
    expect(verifier.stats()).toMatchObject({ entries: 0, rejectedEntries: 1, refusals: 1 });
  });

  test('403 is a restricted credential', async () => {
    grantor.instead('privileges', respond({ status: 403, body: errorBody(403, 'workflow') }));
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
    await again({ cache: { staleIfErrorMs: 60_000 } });
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
