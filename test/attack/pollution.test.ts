// Somebody has managed to put a property on all objects, whichever of those that our code names. What must hold: nobody
// who is refused otherwise is let in for it. What throws lets nobody in either.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  anyOf,
  authenticationType,
  createGate,
  createGuard,
  createVerifier,
  type Host,
  privileges,
  type RequestLike,
  roles,
  type Verifier,
} from '@esauth/core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accepted, jane, refused } from '../support/callers.js';
import { respond, type ScriptedNode, startScriptedNode } from '../support/scripted-node.js';
import { settled } from '../support/settled.js';
import { attack, patienceMs, tell, tellAttempts } from './campaign.js';

const source = fileURLToPath(new URL('../../packages/core/src', import.meta.url));
/** What reads bytes of sockets cannot decide about anybody, and may break. */
const files =
  /^(?:admission|values|options|verification|memory)\/|^verifier|^upstream\/(?:fit|answers|elasticsearch)\.ts/;
/** Those with which the language itself, or the runtime, does not work any more. */
const vital = new Set(['then', 'get', 'set', 'value', 'writable', 'enumerable', 'configurable', 'toJSON']);
const names = [
  ...new Set(
    readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((file) => files.test(file))
      .flatMap(
        (file) =>
          readFileSync(`${source}/${file}`, 'utf8').match(/(?<=[.{,?'] ?)[a-z][A-Za-z_-]{2,30}\b/g) ?? [],
      ),
  ),
].filter((name) => !vital.has(name) && !Object.hasOwn(Object.prototype, name));
const values: readonly unknown[] = [
  ...[
    true,
    false,
    0,
    1,
    Number.POSITIVE_INFINITY,
    '',
    'Elasticsearch',
    'api_key',
    'superuser',
    'allOf',
    'authenticated',
  ],
  ...[
    [],
    ['superuser'],
    ['Bearer', 'ApiKey', 'Basic'],
    {},
    () => true,
    () => 'met',
    jane,
    { name: 'x', type: 'file' },
  ],
];
const host: Host<RequestLike> = { node: (request) => request, address: () => undefined };
const nobody = 'Bearer bm9ib2R5';

let node: ScriptedNode;
let verifier: Verifier;
beforeAll(async () => {
  const granted = respond({
    body: { username: 'jane', has_all_requested: false, cluster: { all: false }, index: {}, application: {} },
  });
  node = await startScriptedNode((socket, head) => {
    if (head.includes(nobody)) refused(socket, head);
    else if (head.includes('_has_privileges')) granted(socket, head);
    else accepted(socket, head);
  });
  verifier = createVerifier({ nodes: node.url, upstream: { timeoutMs: 500 } });
});
afterAll(async () => {
  await verifier.close();
  await node.close();
});

const gate = () => createGate(verifier, {}, host);
const guarded = (requirement: Parameters<typeof createGuard>[0], authorization?: string) => async () => {
  const request = requestOf(authorization);
  await settled(gate().admit(request));
  return (await settled(createGuard(requirement)(request, request))) === undefined;
};
const admitted =
  (authorization?: string, route = {}) =>
  async () =>
    (await settled(gate().forRoute(route).admit(requestOf(authorization)))).refusal === undefined;

/** What lets nobody in: each says whether it did. */
const doors: Readonly<Record<string, () => Promise<boolean>>> = {
  'nobody at the entrance': admitted(),
  'a bad credential at the entrance': admitted(nobody),
  'a password where none are taken': admitted('Basic amFuZTpqYW5l'),
  'jane without the role': guarded(roles('superuser'), jane),
  'jane without the privilege': guarded(privileges({ cluster: ['all'] }), jane),
  'jane with neither': guarded(anyOf(authenticationType('api_key'), privileges({ cluster: ['all'] })), jane),
  'nobody at a guard': guarded(roles('superuser')),
};

function requestOf(authorization?: string): RequestLike {
  return {
    rawHeaders: ['host', 'a', ...(authorization === undefined ? [] : ['authorization', authorization])],
    headers: {},
  };
}

test('what all objects inherit lets nobody in', { timeout: patienceMs }, async (context) => {
  const runs = 50;
  const figures = { polluted: 0, doors: 0, 'shut by an error': 0 };
  for (const [name, door] of Object.entries(doors)) expect([name, await door()]).toEqual([name, false]);
  // What opens a door most often is `true`.
  for (const name of names) await pollute(name, true);
  const any = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...values));
  await attack(any, { runs }, ([name, value]) => pollute(name, value));
  tell('pollution', { names: names.length, ...figures, opened: 0 });
  tellAttempts(context, 'pollution', names.length + runs);

  async function pollute(name: string, value: unknown): Promise<void> {
    figures.polluted += 1;
    void verifier.revoke('all');
    const opened: string[] = [];
    Object.defineProperty(Object.prototype, name, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
    try {
      for (const [where, door] of Object.entries(doors)) {
        figures.doors += 1;
        try {
          if (await door()) opened.push(where);
        } catch {
          figures['shut by an error'] += 1;
        }
      }
    } finally {
      Reflect.deleteProperty(Object.prototype, name);
    }
    expect([name, opened]).toEqual([name, []]);
  }
});
