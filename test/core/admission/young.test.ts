// What a gate remembers of a request does not keep the request alive: if V8's young collections found it needed, it
// would grow old, with all that hangs on it, and each would wait for a full collection.

import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createGate, createGuard, createVerifier, type Host, privileges } from '@esauth/core';
import { expect, test } from 'vitest';
import { jane } from '../../support/callers.js';
import { createGrantor } from '../../support/grantor.js';
import { settled } from '../../support/settled.js';

setFlagsFromString('--expose-gc');
const collect: (how: { type: 'minor' }) => void = runInNewContext('gc');

interface Context {
  readonly req: {
    readonly rawHeaders: string[];
    readonly headers: Record<string, never>;
    readonly body: number[];
  };
}

const oldBytes = () =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0;

test.each([
  ['beside it', false],
  ['in it', true],
])('a request that is through does not grow old, whose memory hangs %s', async (_where, uniform) => {
  const grantor = await createGrantor();
  grantor.granted.add('index:docs:read');
  const verifier = createVerifier({ nodes: grantor.url });
  const host: Host<Context> = { node: ({ req }) => req, address: () => undefined, uniform };
  const gate = createGate(verifier, {}, host);
  const guard = createGuard<Context>(privileges({ index: [{ names: 'docs', privileges: ['read'] }] }));
  const made = (): Context => ({
    req: { rawHeaders: ['Authorization', jane], headers: {}, body: Array(1_000).fill(0.5) },
  });
  const pass = (context: Context) => [gate.admit(context), guard(context.req, context)];

  const first = made();
  await settled(gate.admit(first));
  await settled(guard(first.req, first));
  expect(pass(made())).toEqual([{ identity: expect.anything() }, undefined]);

  // Young objects are looked at twice before they are old.
  const round = () => {
    for (let at = 0; at < 100; at += 1) pass(made());
    collect({ type: 'minor' });
  };
  for (let warm = 0; warm < 10; warm += 1) round();
  const before = oldBytes();
  for (let at = 0; at < 50; at += 1) round();
  // 5 000 requests with 8 kB each would be 40 MB.
  expect(oldBytes() - before).toBeLessThan(8_000_000);
  await verifier.close();
  await grantor.close();
});
