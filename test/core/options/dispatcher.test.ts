// Dispatchers of real undici majors: those that can be spoken to are taken and reach the node, the others are refused
// before any request.

import { createRequire } from 'node:module';
import { createVerifier, type VerifierOptions } from '@esauth/core';
import {
  Agent,
  Client,
  type Dispatcher,
  interceptors,
  MockAgent,
  Pool,
  ProxyAgent,
  RetryAgent,
} from 'undici';
import * as undici6 from 'undici6';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { identityBody, respond, type ScriptedNode, startScriptedNode } from '../../support/scripted-node.js';

// Node makes its own at the first use of `fetch`, unless a copy of undici came first: so before the imports.
const own = await vi.hoisted(async () => {
  await fetch('data:,');
  return Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1'));
});

const bearer = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const requireHere = createRequire(import.meta.url);

let node: ScriptedNode;
beforeAll(async () => {
  node = await startScriptedNode(respond({ body: identityBody() }));
});
afterAll(() => node.close());

/** Never the dispatcher of another major: the types say so too. */
const create = (dispatcher: unknown) =>
  createVerifier({ nodes: node.url, dispatcher } as unknown as VerifierOptions);

const refusal = expect.objectContaining({
  name: 'ConfigurationError',
  option: 'dispatcher',
  message: expect.stringContaining(
    "dispatcher: must be one of undici 7: this one is of another major version, or Node's own",
  ),
});

describe('undici 7', () => {
  class Derived extends Agent {}
  const composed = () =>
    new Agent().compose(interceptors.retry(), interceptors.redirect({ maxRedirections: 1 }));
  const table: readonly (readonly [string, () => Dispatcher])[] = [
    ['an agent', () => new Agent()],
    ['a pool', () => new Pool(node.url)],
    ['a client', () => new Client(node.url)],
    ['one that retries', () => new RetryAgent(new Agent())],
    ['one that was composed', composed],
    ['one that was composed of that', () => composed().compose((dispatch) => dispatch)],
    ['one that was derived', () => new Derived()],
  ];
  test.each(table)('%s is taken and reaches the node', async (_name, make) => {
    const dispatcher = make();
    const verifier = create(dispatcher);
    expect(await verifier.verify(bearer)).toMatchObject({ kind: 'authenticated' });
    await verifier.close();
    await dispatcher.close();
  });

  test('a mock is taken and answers', async () => {
    const mock = new MockAgent();
    mock.disableNetConnect();
    const headers = { 'x-elastic-product': 'Elasticsearch' };
    const { data, path } = { data: JSON.stringify(identityBody()), path: '/_security/_authenticate' };
    mock.get('http://es.internal').intercept({ path }).reply(200, data, { headers });
    const verifier = createVerifier({ nodes: 'http://es.internal', dispatcher: mock });
    expect(await verifier.verify(bearer)).toMatchObject({ kind: 'authenticated' });
    await verifier.close();
  });

  test('one that goes through a proxy is taken', () => {
    expect(() => create(new ProxyAgent('http://127.0.0.1:1'))).not.toThrow();
  });
});

describe('another major is refused before any request', () => {
  const Pool8 = requireHere('undici8/lib/dispatcher/pool.js');
  const table: readonly (readonly [string, () => unknown])[] = [
    ['6: an agent', () => new undici6.Agent()],
    ['6: a client', () => new undici6.Client('http://127.0.0.1:1')],
    ['6: a mock', () => new undici6.MockAgent()],
    ['6: one that goes through a proxy', () => new undici6.ProxyAgent('http://127.0.0.1:1')],
    ['6: one that was composed', () => new undici6.Agent().compose(undici6.interceptors.retry())],
    // Its index needs Node 22.19; its dispatchers do not.
    ['8: a pool', () => new Pool8('http://127.0.0.1:1')],
    ['8: one that was composed', () => new Pool8('http://127.0.0.1:1').compose((next: unknown) => next)],
  ];
  test.each(table)('%s', (_name, make) => {
    const before = node.connections;
    expect(() => create(make())).toThrow(refusal);
    expect(node.connections).toBe(before);
  });
});

test("Node's own is taken if it is of undici 7, and refused if it is not", () => {
  const [major] = (process.versions.undici ?? '').split('.');
  if (major === '7') expect(() => create(own)).not.toThrow();
  else expect(() => create(own)).toThrow(refusal);
});

test('what only has the method is believed', async () => {
  const agent = new Agent();
  const dispatch: Dispatcher['dispatch'] = (options, handler) => agent.dispatch(options, handler);
  const verifier = create({ dispatch });
  expect(await verifier.verify(bearer)).toMatchObject({ kind: 'authenticated' });
  await verifier.close();
  await agent.close();
});
