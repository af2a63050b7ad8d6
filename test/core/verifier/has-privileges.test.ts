// A question about privileges, from a verifier to a scripted Elasticsearch: what is asked, whom it is told, and what
// others can see of it.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { LookupEvent } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jane } from '../../support/callers.js';
import { createGrantor, type Grantor, refusal } from '../../support/grantor.js';
import { has, listed, on, read, said } from '../../support/privilege-questions.js';
import { again, begin, clock, end, verifier } from '../../support/scene.js';
import { mistakeBody, respond } from '../../support/scripted-node.js';

let grantor: Grantor;
beforeEach(async () => {
  grantor = begin(await createGrantor());
});
afterEach(end);

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
    await again({ clientAuthentication: 's3cr3t-of-the-realm' });
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
  const node = `${grantor.url}/`;
  const common = { durationMs: 0, background: false, node, lookup: expect.any(Object), verifier };
  const yes = { ...common, kind: 'authenticated', code: undefined, subject: 'token:default_native:jane' };
  expect(events).toEqual([
    { ...yes, about: 'identity' },
    { ...yes, about: 'privileges' },
    { ...common, about: 'privileges', kind: 'invalid', code: undefined, subject: undefined },
    { ...common, about: 'privileges', kind: 'rejected', code: 'credentials_invalid', subject: undefined },
  ]);
});
