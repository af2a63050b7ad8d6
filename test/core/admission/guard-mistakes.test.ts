// What functions that make a question can do wrong, and parts of a requirement that cannot be asked together while
// Elasticsearch answers only some of them. The mistake is told to the author; nobody is let in by it.

import {
  allOf,
  anyOf,
  createGate,
  createGuard,
  createVerifier,
  InvalidPrivilegesError,
  type PrivilegesQuestion,
  privileges,
  type RequestLike,
  type Requirement,
  type Verifier,
} from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGrantor, type Grantor } from '../../support/grantor.js';
import { respond } from '../../support/scripted-node.js';
import { settled } from '../../support/settled.js';

const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';

interface Framework extends RequestLike {
  readonly id: string;
}

let grantor: Grantor;
let verifier: Verifier;
beforeEach(async () => {
  grantor = await createGrantor();
  verifier = createVerifier({ nodes: grantor.url });
});
afterEach(async () => {
  await verifier.close();
  await grantor.close();
});

async function requestFor(id: string): Promise<Framework> {
  const request = { rawHeaders: ['Authorization', jane], headers: {}, id };
  const host = { node: (own: Framework) => own, address: () => undefined };
  await settled(createGate(verifier, {}, host).admit(request));
  return request;
}

async function guarded(requirement: Requirement<Framework>, id = 'docs') {
  const request = await requestFor(id);
  return settled(createGuard(requirement)(request, request));
}

describe('a function that makes a question', () => {
  test('may return one object for all requests: each is asked what it was at its turn', async () => {
    grantor.granted.add('index:theirs:read');
    const names: string[] = [];
    const guard = createGuard(
      privileges(({ id }: Framework) => {
        names[0] = id;
        return { index: [{ names, privileges: ['read'] }] };
      }),
    );
    const [mine, theirs] = [await requestFor('mine'), await requestFor('theirs')];
    const outcomes = [guard(mine, mine), guard(theirs, theirs)];
    expect(await Promise.all(outcomes.map((outcome) => settled(outcome)))).toMatchObject([
      { status: 403 },
      undefined,
    ]);
  });

  test('may change it while Elasticsearch is asked', async () => {
    const wanted = ['read'];
    const release = grantor.hold();
    const outcome = guarded(privileges(() => ({ index: [{ names: 'docs', privileges: wanted }] })));
    await grantor.asked(1);
    wanted.length = 0;
    release();
    expect(await outcome).toMatchObject({ status: 403 });
  });

  test.each<[string, () => unknown, RegExp]>([
    ['is async', async () => ({ cluster: ['monitor'] }), /must return its question, not a promise/],
    ['is async and fails', () => Promise.reject(new Error('no such document')), /not a promise/],
    ['returns a list', () => [{ cluster: ['monitor'] }], /must be an object/],
    ['returns a text', () => 'monitor', /must be an object/],
    ['returns a map', () => new Map([['cluster', ['monitor']]]), /at least one privilege/],
    [
      'leaves a gap in a list',
      () => ({ cluster: Object.assign(['monitor'], { 2: 'manage' }) }),
      /cluster must be given, as texts/,
    ],
    [
      'repeats a name without end',
      () => ({ index: [{ names: new Array(100_000).fill('docs'), privileges: ['read'] }] }),
      /at most 1000 privileges, in 100000 characters/,
    ],
  ])('that %s is a mistake, and nothing is asked', async (_what, make, message) => {
    const outcome = guarded(privileges(make as () => PrivilegesQuestion));
    await expect(outcome).rejects.toThrow(InvalidPrivilegesError);
    await expect(outcome).rejects.toThrow(message);
    expect(grantor.questions).toEqual([]);
  });
});

describe('parts that cannot be asked together, of which Elasticsearch answers one', () => {
  const docs = (restricted: boolean) =>
    privileges({
      index: [{ names: 'docs', privileges: ['read'], allow_restricted_indices: restricted }],
    });
  const answerOnly = (granted: boolean) => {
    const body = { username: 'jane', index: { docs: { read: granted } } };
    grantor.instead('privileges', (socket, head, asked = '') => {
      const script = asked.includes('restricted') ? respond({ status: 500 }) : respond({ body });
      script(socket, head);
    });
  };

  test.each<[string, Requirement<Framework>, boolean, object | undefined]>([
    ['anyOf is met by it', anyOf(docs(true), docs(false)), true, undefined],
    ['anyOf without it is an outage', anyOf(docs(true), docs(false)), false, { status: 503 }],
    ['allOf is refused by it', allOf(docs(true), docs(false)), false, { status: 403 }],
    ['allOf with it is an outage', allOf(docs(true), docs(false)), true, { status: 503 }],
  ])('%s', async (_what, requirement, granted, outcome) => {
    answerOnly(granted);
    const told = await guarded(requirement);
    if (outcome === undefined) expect(told).toBeUndefined();
    else expect(told).toMatchObject(outcome);
  });
});
