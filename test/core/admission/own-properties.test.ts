// Prototype pollution: a library elsewhere in the process lets a caller put properties on all objects. None of them
// opens anything here.

import {
  type AdmissionOptions,
  callerHeaders,
  createGate,
  createGuard,
  createVerifier,
  type Host,
  own,
  type RequestLike,
  type Requirement,
  type Verifier,
} from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identityBody, respond, type ScriptedNode, startScriptedNode } from '../../support/scripted-node.js';
import { settled } from '../../support/settled.js';

const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const host: Host<RequestLike> = { node: (request) => request, address: () => undefined };

let node: ScriptedNode;
let verifier: Verifier;
beforeEach(async () => {
  node = await startScriptedNode(respond({ body: identityBody() }));
  verifier = createVerifier({ nodes: node.url });
});
afterEach(async () => {
  await verifier.close();
  await node.close();
});

/** Every object has this, as after `JSON.parse` and a careless merge, while something is done. */
async function polluted<Result>(properties: object, action: () => Result): Promise<Awaited<Result>> {
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(Object.prototype, name, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  try {
    return await action();
  } finally {
    for (const name of Object.keys(properties)) Reflect.deleteProperty(Object.prototype, name);
  }
}

const statusOf = async (request: RequestLike, options?: AdmissionOptions) =>
  (await settled(createGate(verifier, options, host).admit(request))).refusal?.status;

test.each<[string, AdmissionOptions | undefined]>([
  ['without options', undefined],
  ['with other options', { onDenied: 'respond' }],
])('optional is what the middleware was told: %s', async (_what, options) => {
  const nobody = { rawHeaders: ['host', 'a'], headers: {} };
  expect(await polluted({ optional: true }, () => statusOf(nobody, options))).toBe(401);
  expect(await statusOf(nobody, { optional: true })).toBeUndefined();
});

test('so it is in a route, and so is maxAgeMs', async () => {
  const nobody = { rawHeaders: ['host', 'a'], headers: {} };
  const gate = createGate(verifier, {}, host);
  const admit = () => settled(gate.forRoute({}).admit(nobody));
  expect((await polluted({ optional: true }, admit)).refusal?.status).toBe(401);
  const caller = { rawHeaders: ['Authorization', jane], headers: {} };
  await settled(gate.admit(caller));
  await polluted({ maxAgeMs: 0, source: 7 }, () => settled(gate.forRoute({}).admit(caller)));
  expect(verifier.stats().lookups).toBe(1);
});

test('a setting of a route is its own', async () => {
  const config: { esauth?: false } = {};
  expect(await polluted({ esauth: false }, () => own(config, 'esauth'))).toBeUndefined();
  expect([own({ esauth: false }, 'esauth'), own(undefined, 'esauth' as never)]).toEqual([false, undefined]);
});

test('a host without raw headers has those that it has, and nobody lends it a credential', async () => {
  await settled(createGate(verifier, {}, host).admit({ headers: { authorization: jane } }));
  for (const rawHeaders of [undefined, []]) {
    const nobody = { ...(rawHeaders && { rawHeaders }), headers: {} };
    expect(await polluted({ authorization: jane }, () => statusOf(nobody))).toBe(401);
    const caller = { ...(rawHeaders && { rawHeaders }), headers: { authorization: jane } };
    expect(await statusOf(caller)).toBeUndefined();
    expect(callerHeaders(caller)).toEqual({ authorization: jane });
  }
});

test('the option credential returns a header of its own', async () => {
  const options = { optional: true, credential: () => ({}) as { authorization?: string } };
  const nobody = { rawHeaders: ['host', 'a'], headers: {} };
  await expect(polluted({ authorization: jane }, () => statusOf(nobody, options))).rejects.toThrow(
    "credential: must return an Authorization header's value",
  );
});

test('no object is a requirement for what it inherits', async () => {
  const empty = Object.freeze({}) as Requirement;
  const make = () => createGuard(empty);
  await expect(polluted({ kind: 'allOf', requirements: [] }, make)).rejects.toThrow(
    'requirement: must be made by',
  );
});

describe('an option of a verifier is its own', () => {
  const groups = { tls: {}, cache: {}, challenge: {}, upstream: { breaker: {} } };
  test.each([
    ...[
      'cloudId',
      'proxy',
      'schemes',
      'clientAuthentication',
      'apiKeyDetails',
      'maxHeaderLength',
      'clock',
      'dispatcher',
    ],
    ...['ca', 'caFingerprint', 'cert', 'key', 'passphrase', 'servername', 'rejectUnauthorized'],
    ...[
      'ttlMs',
      'refreshAfterMs',
      'staleIfErrorMs',
      'rejectedTtlMs',
      'maxEntries',
      'maxRejectedEntries',
      'jitter',
    ],
    ...['timeoutMs', 'hedgeAfterMs', 'retries', 'maxConcurrent', 'maxQueue', 'failures', 'openMs'],
    ...['realm', 'resourceMetadata', 'tls', 'cache', 'challenge', 'upstream', 'breaker'],
  ])('%s', async (name) => {
    // Each is wrong for whoever looks at it.
    for (const options of [{}, groups]) {
      const made = await polluted({ [name]: Symbol('wrong') }, () =>
        createVerifier({ nodes: node.url, ...options }),
      );
      await made.close();
    }
  });
});
