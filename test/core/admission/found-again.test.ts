// What a gate has found, a guard of the same request finds without the header: a second digest would be the dearest
// thing about it. What has ended meanwhile it does not find.

import {
  allOf,
  createGate,
  createGuard,
  type Host,
  type PrivilegesQuestion,
  privileges,
  type RequestLike,
  roles,
} from '@esauth/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jane } from '../../support/callers.js';
import { createGrantor, type Grantor } from '../../support/grantor.js';
import { begin, clock, end, verifier } from '../../support/scene.js';
import { settled } from '../../support/settled.js';

const question: PrivilegesQuestion = { index: [{ names: 'docs', privileges: ['read'] }] };
const host: Host<RequestLike> = { node: (request) => request, address: () => undefined };

let grantor: Grantor;
beforeEach(async () => {
  grantor = begin(await createGrantor());
  grantor.granted.add('index:docs:read');
});
afterEach(end);

/** A request that was let in; what it presented can be taken away from it. */
async function admitted() {
  const request = { rawHeaders: ['Authorization', jane], headers: {} };
  await settled(createGate(verifier, {}, host).admit(request));
  return request;
}

test.each([
  ['the same for every request', privileges(question)],
  ['that depend on the request', privileges(() => question)],
  ['beside roles', allOf(roles('editor'), privileges(question))],
])('privileges %s', async (_which, requirement) => {
  const guard = createGuard<RequestLike>(requirement);
  const first = await admitted();
  expect(await settled(guard(first, first))).toBeUndefined();
  const again = await admitted();
  again.rawHeaders.length = 0;
  const { hits } = verifier.stats();
  expect(guard(again, again)).toBeUndefined();
  expect(verifier.stats().hits).toBe(hits + 1);
});

test.each([
  ['revoked', () => verifier.revoke({ credential: jane })],
  ['revoked by name', () => verifier.revoke({ username: 'jane' })],
  ['past its lifetime', () => clock.advance(60_000)],
  ['closed', () => void verifier.close()],
])('what has ended is not found: %s', async (_how, endIt) => {
  const guard = createGuard<RequestLike>(privileges(question));
  const first = await admitted();
  expect(await settled(guard(first, first))).toBeUndefined();
  const again = await admitted();
  await endIt();
  expect(guard(again, again)).not.toBeUndefined();
});

test('somebody who puts a peekPrivileges of his own on a verifier is asked', async () => {
  const guard = createGuard<RequestLike>(privileges(question));
  const first = await admitted();
  expect(await settled(guard(first, first))).toBeUndefined();
  const asked: unknown[] = [];
  const { peekPrivileges } = verifier;
  verifier.peekPrivileges = (...given) => {
    asked.push(given[1]);
    return peekPrivileges(...given);
  };
  const again = await admitted();
  expect(guard(again, again)).toBeUndefined();
  expect(asked).toHaveLength(1);
});
