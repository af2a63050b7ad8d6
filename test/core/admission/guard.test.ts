// Guards without a framework: plain objects as requests, a scripted Elasticsearch that knows privileges.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  type AdmissionOptions,
  allOf,
  anyOf,
  authenticationType,
  createGate,
  createGuard,
  DenialError,
  type Host,
  InvalidPrivilegesError,
  type PrivilegesQuestion,
  privileges,
  type Refusal,
  type RequestLike,
  type Requirement,
  realm,
  roles,
} from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jane } from '../../support/callers.js';
import { createGrantor, type Grantor, refusal } from '../../support/grantor.js';
import { begin, clock, end, verifier } from '../../support/scene.js';
import { identityBody, mistakeBody, respond } from '../../support/scripted-node.js';
import { settled } from '../../support/settled.js';
import { warningsDuring } from '../../support/warnings.js';

const on = (names: string, ...wanted: string[]) => privileges({ index: [{ names, privileges: wanted }] });
const read = on('docs', 'read');
const write = on('docs', 'write');
const yes = realm('default_native');
const no = realm('elsewhere');

const host: Host<RequestLike> = { node: (request) => request, address: () => undefined };

interface Framework extends RequestLike {
  readonly params: { readonly id: string };
}

let grantor: Grantor;
beforeEach(async () => {
  grantor = begin(await createGrantor());
});
afterEach(end);

async function admitted(options: AdmissionOptions = {}, id = 'docs'): Promise<Framework> {
  const request = { rawHeaders: ['Authorization', jane], headers: {}, params: { id } };
  await settled(createGate(verifier, options, host).admit(request));
  return request;
}

const check = async (
  requirement: Requirement<Framework>,
  options?: AdmissionOptions,
  signal?: AbortSignal,
) => {
  const request = await admitted(options);
  return settled(createGuard(requirement)(request, request), signal);
};
const status = async (requirement: Requirement<Framework>) => (await check(requirement))?.status;

describe('a guard', () => {
  test('answers in the same turn what the identity decides', async () => {
    const request = await admitted();
    expect(createGuard(yes)(request, request)).toBeUndefined();
    expect(createGuard(no)(request, request)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(createGuard(roles('editor'))(request, request)).toBeUndefined();
  });

  test('asks Elasticsearch about privileges, and after that answers in the same turn', async () => {
    grantor.granted.add('index:docs:read');
    const request = await admitted();
    const guard = createGuard(read);
    const first = guard(request, request);
    expect(first).toBeTypeOf('function');
    expect(await settled(first)).toBeUndefined();
    expect(guard(request, request)).toBeUndefined();
    expect(await status(write)).toBe(403);
    const again = createGuard(write)(request, request);
    expect(again).toMatchObject({
      status: 403,
      headers: { 'www-authenticate': ['Bearer realm="elasticsearch", error="insufficient_scope"'] },
      body: { detail: 'The identity does not meet the requirements of this route.' },
    });
    expect(grantor.questions).toHaveLength(2);
  });

  test('P6: decisions are made anew: a yes on one route says nothing on another', async () => {
    grantor.granted.add('index:docs:read');
    expect(await status(read)).toBeUndefined();
    expect(await status(write)).toBe(403);
    expect(await status(allOf(read, write))).toBe(403);
    expect(await status(read)).toBeUndefined();
  });

  test('makes the question from the request', async () => {
    grantor.granted.add('index:mine:read');
    const mine = createGuard(
      privileges(({ params }: Framework) => ({ index: [{ names: params.id, privileges: ['read'] }] })),
    );
    const request = await admitted({}, 'mine');
    const other = await admitted({}, 'theirs');
    expect(await settled(mine(request, request))).toBeUndefined();
    expect(await settled(mine(other, other))).toMatchObject({ status: 403 });
  });

  test.each<[string, string]>([
    ['a wildcard', '*'],
    ['a pattern', '/.*/'],
    ['several names', 'mine,theirs'],
    ['a name that every object has', '__proto__'],
    ['5 000 characters', 'x'.repeat(5_000)],
  ])('%s from a request opens nothing that is not granted by that name', async (_what, id) => {
    grantor.granted.add('index:mine:read');
    const guard = createGuard(
      privileges(({ params }: Framework) => ({ index: [{ names: params.id, privileges: ['read'] }] })),
    );
    const request = await admitted({}, id);
    expect(await settled(guard(request, request))).toMatchObject({ status: 403 });
    expect(grantor.questions.at(-1)).toEqual({ index: [{ names: [id], privileges: ['read'] }] });
  });

  test('tells whoever listens whom it refused, once, and nothing of whom it let pass', async () => {
    const request = await admitted();
    const events: unknown[] = [];
    const listen = (event: unknown) => void events.push(event);
    subscribe('esauth:verdict', listen);
    createGuard(yes)(request, request);
    createGuard(no)(request, request);
    unsubscribe('esauth:verdict', listen);
    const subject = 'token:default_native:jane';
    expect(events).toEqual([{ kind: 'rejected', code: 'forbidden', subject, source: 'none', verifier }]);
  });

  test('without a middleware before it is a 500, and without an identity a 401', async () => {
    const bare = { rawHeaders: ['Authorization', jane], headers: {} };
    expect(createGuard(read)(bare, bare)).toMatchObject({
      status: 500,
      body: { code: 'not_admitted' },
    });
    const nobody = { rawHeaders: [], headers: {} };
    await settled(createGate(verifier, { optional: true }, host).admit(nobody));
    expect(createGuard(read)(nobody, nobody)).toMatchObject({ status: 401 });
    expect(grantor.questions).toEqual([]);
  });

  test('who was revoked and refused since he was let in gets 401', async () => {
    const request = await admitted();
    grantor.instead('authenticate', refusal);
    void verifier.revoke({ credential: jane });
    expect(await settled(createGuard(read)(request, request))).toMatchObject({
      status: 401,
      body: { code: 'credentials_invalid' },
      headers: { 'www-authenticate': [expect.stringContaining('invalid_token'), expect.anything()] },
    });
    expect(createGuard(read)(request, request)).toMatchObject({ status: 401 });
  });

  test('onDenied "throw" of the middleware counts for its guards', async () => {
    const refused = await check(no, { onDenied: 'throw' });
    expect(refused).toBeInstanceOf(DenialError);
    const asked = await check(write, { onDenied: 'throw' });
    expect(asked).toBeInstanceOf(DenialError);
    expect(asked).toMatchObject({ status: 403, code: 'forbidden' });
  });

  test('maxAgeMs of the middleware bounds what is known of privileges too', async () => {
    const request = await admitted({ maxAgeMs: 1_000 });
    const guard = createGuard(read);
    expect(await settled(guard(request, request))).toMatchObject({ status: 403 });
    grantor.granted.add('index:docs:read');
    await clock.advance(1_000);
    expect(guard(request, request)).toMatchObject({ status: 403 });
    await clock.advance(1);
    expect(await settled(guard(request, request))).toBeUndefined();
  });

  test('a client that leaves ends the wait', async () => {
    grantor.hold();
    const leaving = new AbortController();
    const waiting = check(read, {}, leaving.signal);
    await grantor.asked(1);
    leaving.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a name', 'admin'],
    ['a function', () => true],
    ['what only looks like a requirement', { kind: 'roles', roles: [] }],
  ])('is not made of %s', (_what, requirement) => {
    expect(() => createGuard(requirement as Requirement)).toThrow(
      'requirement: must be made by one of roles, anyRole, realm',
    );
  });
});

describe('combined requirements', () => {
  test('what the identity decides asks nothing', async () => {
    expect(await status(allOf(read, no))).toBe(403);
    expect(await status(anyOf(read, yes))).toBeUndefined();
    expect(grantor.questions).toEqual([]);
  });

  test('all questions of one requirement are one request, without those that do not matter', async () => {
    grantor.granted.add('index:docs:read').add('cluster:monitor');
    const monitor = privileges({ cluster: ['monitor'] });
    const requirement = allOf(anyOf(no, read), anyOf(yes, write), anyOf(write, monitor));
    expect(await status(requirement)).toBeUndefined();
    expect(grantor.questions).toEqual([
      { cluster: ['monitor'], index: [{ names: ['docs'], privileges: ['read', 'write'] }] },
    ]);
    expect(await status(requirement)).toBeUndefined();
    expect(await status(allOf(read, write))).toBe(403);
    expect(grantor.questions).toHaveLength(1);
  });

  test('the same index with and without restricted ones stays two facts', async () => {
    const restricted = privileges({
      index: [{ names: 'docs', privileges: ['read'], allow_restricted_indices: true }],
    });
    grantor.instead('privileges', (socket, head, body = '') => {
      const { index = [] }: PrivilegesQuestion = JSON.parse(body);
      const granted = !index.some((entry) => entry.allow_restricted_indices);
      respond({ body: { username: 'jane', index: { docs: { read: granted } } } })(socket, head);
    });
    expect(await status(anyOf(restricted, read))).toBeUndefined();
    expect(await status(allOf(restricted, read))).toBe(403);
  });

  test('a part that is known decides, whatever cannot be learnt of the others', async () => {
    grantor.granted.add('index:docs:read');
    await status(allOf(read, privileges({ cluster: ['manage'] })));
    grantor.instead('privileges', respond({ status: 500 }));
    const manage = privileges({ cluster: ['manage'] });
    const unknown = on('logs', 'read');
    expect(await status(anyOf(unknown, read))).toBeUndefined();
    expect(await status(allOf(unknown, manage))).toBe(403);
    // Neither is decided by what is known.
    expect(await status(anyOf(unknown, manage))).toBe(503);
    expect(await status(allOf(unknown, read))).toBe(503);
    expect(await status(anyOf(unknown, no))).toBe(503);
    expect(await status(allOf(unknown, yes))).toBe(503);
  });

  test('an outage is 503 with Retry-After, and says nothing of what went wrong', async () => {
    grantor.instead('privileges', respond({ status: 429, headers: { 'retry-after': '7' } }));
    expect(await check(read)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '7' },
      body: { code: 'overloaded', detail: 'Elasticsearch is overloaded.' },
    });
    await verifier.close();
    const request = await admitted();
    expect(createGuard(read)(request, request)).toMatchObject({ status: 401 });
  });

  test('a verifier that was closed since is 503', async () => {
    const request = await admitted();
    await verifier.close();
    expect(createGuard(read)(request, request)).toMatchObject({ status: 503, body: { code: 'closed' } });
  });
});

describe("a programmer's mistake", () => {
  test('a privilege that does not exist is an error, never a 403', async () => {
    grantor.instead('privileges', respond({ status: 400, body: mistakeBody('unknown privilege [reed]') }));
    await expect(status(on('docs', 'reed'))).rejects.toThrow(InvalidPrivilegesError);
    await expect(status(anyOf(on('docs', 'reed'), no))).rejects.toThrow('unknown privilege [reed]');
  });

  const returning = (value: unknown) => privileges(() => value as PrivilegesQuestion);
  test.each<[string, Requirement<Framework>]>([
    [
      'throws',
      privileges(() => {
        throw new RangeError('no such document');
      }),
    ],
    ['returns nothing', returning(undefined)],
    ['returns an empty question', returning({})],
    ['returns a promise', returning(Promise.resolve({ cluster: ['monitor'] }))],
    ['names nothing', privileges(() => ({ index: [{ names: '', privileges: ['read'] }] }))],
  ])('a question that %s rejects, and is not asked', async (_what, requirement) => {
    const request = await admitted();
    const outcome = settled(createGuard(requirement)(request, request));
    await expect(outcome).rejects.toThrow(/no such document|must|at least/);
    expect(grantor.questions).toEqual([]);
  });
});

describe('who has no roles', () => {
  const nobodys = { roles: [], authentication_type: 'token', username: 'jane' };
  const realm = { name: '_es_api_key', type: '_es_api_key' };
  const apiKey = respond({
    body: identityBody({ ...nobodys, authentication_realm: realm }),
  });

  test('is refused as anybody is, where it is a user who may be given some', async () => {
    grantor.instead('authenticate', respond({ body: identityBody(nobodys) }));
    const warnings = await warningsDuring(async () => {
      const detail = 'The identity does not meet the requirements of this route.';
      expect(await check(roles('admin'))).toMatchObject({ status: 403, body: { detail } });
    });
    expect(warnings).toEqual([]);
  });

  test('is told that roles are no measure for it, once for the process too', async () => {
    grantor.instead('authenticate', apiKey);
    const refused: (Refusal | undefined)[] = [];
    const warnings = await warningsDuring(async () => {
      refused.push(await check(roles('admin')), await check(allOf(yes, roles('admin'))));
    });
    for (const each of refused) expect(each).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const details = refused.map((each) => each?.body.detail);
    expect(details[0]).toContain('API keys and service accounts are judged by privileges');
    expect(details[1]).toBe(details[0]);
    expect(warnings.map(({ code }) => code)).toEqual(['ESAUTH_NO_ROLES']);
  });

  test('can meet a requirement that asks for privileges instead', async () => {
    grantor.instead('authenticate', apiKey);
    grantor.granted.add('index:docs:read');
    expect(await status(anyOf(roles('admin'), allOf(authenticationType('token'), read)))).toBeUndefined();
    expect((await check(anyOf(roles('admin'), write)))?.body.detail).toBe(
      'The identity does not meet the requirements of this route.',
    );
  });
});
