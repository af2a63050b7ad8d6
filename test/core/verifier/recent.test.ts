// With `cache.recent` everything holds as without it: it only finds the name of a credential in another way.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { begin, clock, end, verifier } from '../../support/scene.js';
import {
  errorBody,
  identityBody,
  respond,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';

let node: ScriptedNode;
let isRefused: boolean;
beforeEach(async () => {
  isRefused = false;
  node = await startScriptedNode((...given) => {
    const refusal = { status: 401, body: errorBody(401, 'unable to authenticate') };
    respond(isRefused ? refusal : { body: identityBody() })(...given);
  });
  begin(node, { cache: { recent: 16 } });
  // Once to ask, once to keep, and from then on it is there.
  await verifier.verify(jane);
  verifier.peek(jane);
  expect(verifier.peek(jane)).toMatchObject({ kind: 'authenticated' });
  expect(verifier.stats()).toMatchObject({ hits: 2, misses: 1 });
});
afterEach(end);

describe('is not found any more', () => {
  test.each([
    ['revoked', () => verifier.revoke({ credential: jane })],
    ['revoked by its user', () => verifier.revoke({ username: 'jane' })],
    ['revoked with all', () => verifier.revoke('all')],
    ['past its lifetime', () => clock.advance(60_000)],
    ['slept over', () => clock.setWall(clock.wall() + 60_000)],
  ])('%s', async (_how, endIt) => {
    await endIt();
    expect(verifier.peek(jane)).toBeUndefined();
    await verifier.verify(jane);
    expect(verifier.stats().lookups).toBe(2);
  });

  test('once it was refused', async () => {
    isRefused = true;
    expect(await verifier.verify(jane, { maxAgeMs: 0 })).toMatchObject({ kind: 'rejected' });
    expect(verifier.peek(jane)).toMatchObject({ kind: 'rejected' });
  });

  test('once the verifier is closed', async () => {
    await verifier.close();
    expect(verifier.peek(jane)).toMatchObject({ kind: 'unavailable', code: 'closed' });
  });
});

test('an age that was asked for holds', async () => {
  await clock.advance(500);
  expect(verifier.peek(jane, { maxAgeMs: 499 })).toBeUndefined();
  expect(verifier.peek(jane, { maxAgeMs: 500 })).toMatchObject({ kind: 'authenticated' });
});

test('another spelling, and another credential, are not taken for it', async () => {
  expect(verifier.peek(jane.replace('Bearer', 'bearer'))).toMatchObject({ kind: 'authenticated' });
  expect(verifier.peek(jane.replace('dGhl', 'xGhl'))).toBeUndefined();
  expect(verifier.peek(`${jane} `)).toMatchObject({ code: 'credentials_malformed' });
});
