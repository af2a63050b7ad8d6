// `check()`, `health()`, what the process is warned of, and the event of a node: what operators have.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  createVerifier,
  LookupError,
  type NodeEvent,
  type Verifier,
  type VerifierOptions,
} from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import {
  errorBody,
  identityBody,
  respond,
  type ScriptedAnswer,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';
import { textOf } from '../../support/text-of.js';
import { warningsDuring } from '../../support/warnings.js';

const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const product = { 'x-elastic-product': undefined };
const missing = respond({ status: 401, body: errorBody(401, 'missing authentication credentials') });
const accepted = respond({ body: identityBody() });

let node: ScriptedNode;
let clock: FakeClock;
let verifier: Verifier;

beforeEach(async () => {
  node = await startScriptedNode(missing);
  clock = createFakeClock();
  verifier = create();
});
afterEach(async () => {
  await verifier.close();
  await node.close();
});

function create(options: Partial<VerifierOptions> = {}): Verifier {
  return createVerifier({ nodes: node.url, clock, cache: false, ...options });
}

/** The error of a check. */
async function problem(): Promise<LookupError> {
  const error = await verifier.check().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof LookupError) return error;
  throw new Error(`no LookupError: ${error}`);
}

describe('check', () => {
  test('a 401 of Elasticsearch is good; it is asked once, without any credential', async () => {
    await expect(verifier.check()).resolves.toBeUndefined();
    expect(node.requests).toHaveLength(1);
    expect(node.requests[0]).toMatch(/^GET \/_security\/_authenticate HTTP\/1.1\r\n/);
    expect(node.requests[0]).not.toMatch(/authorization/i);
    expect(verifier.stats()).toMatchObject({ lookups: 0, misses: 0 });
    expect(clock.timers).toBe(0);
  });

  test("the shared secret of a JWT realm is not sent either: there is no caller's token to go with it", async () => {
    await verifier.close();
    verifier = create({ clientAuthentication: 'hunter2' });
    await verifier.check();
    expect(node.requests[0]).not.toContain('hunter2');
  });

  const off = /security is off in this cluster; set xpack\.security\.enabled: true$/;
  const bad: readonly (readonly [string, ScriptedAnswer, string, RegExp])[] = [
    [
      'security off',
      {
        status: 400,
        body: { error: 'no handler found for uri [/_security/_authenticate] and method [GET]' },
      },
      'bad_response',
      off,
    ],
    [
      'security off in 7.x',
      {
        status: 405,
        body: {
          error: 'Incorrect HTTP method for uri [/_security/_authenticate] and method [GET], allowed: [POST]',
          status: 405,
        },
      },
      'bad_response',
      off,
    ],
    [
      'security off on a basic licence of 7.x',
      {
        status: 500,
        body: errorBody(500, 'Security must be explicitly enabled. Set [xpack.security.enabled] to [true].', {
          type: 'exception',
        }),
      },
      'server_error',
      off,
    ],
    [
      'somebody let in without',
      { body: identityBody() },
      'bad_response',
      /without a credential was accepted/,
    ],
    [
      'another product',
      { status: 200, headers: product, body: '<html>' },
      'not_elasticsearch',
      /host and port in nodes right\?$/,
    ],
    [
      'a proxy that wants https',
      { status: 400, headers: product, body: '<html>The plain HTTP request was sent to HTTPS port' },
      'not_elasticsearch',
      /host and port in nodes right, and should it be https\?$/,
    ],
    ['its 401', { status: 401, headers: product }, 'not_elasticsearch', /7\.14 or later/],
    ['429', { status: 429 }, 'overloaded', /429; lower upstream\.maxConcurrent/],
    ['503', { status: 503, headers: product }, 'server_error', /503; its own log says why$/],
    ['a wrong path', { status: 404, body: {} }, 'bad_response', /check the path in nodes$/],
    ['a redirect', { status: 302, headers: { location: '/' } }, 'bad_response', /status 302/],
  ];
  test.each(bad)('%s', async (_name, answer, code, cure) => {
    node.answer(respond(answer));
    const error = await problem();
    expect(error).toMatchObject({ code, node: `${node.url}/`, upstreamStatus: answer.status ?? 200 });
    expect(textOf(error.message)).toMatch(cure);
    expect(textOf(error.message).startsWith(`${node.url}/: `)).toBe(true);
  });

  describe('of several nodes, one of which is down', () => {
    let down: ScriptedNode;
    beforeEach(async () => {
      down = await startScriptedNode(respond({ status: 503, headers: product }));
      await verifier.close();
      verifier = create({ nodes: [down.url, node.url] });
    });
    afterEach(() => down.close());

    test('it throws, unless fewer good ones suffice: then it warns', async () => {
      await expect(problem()).resolves.toMatchObject({ code: 'server_error', node: `${down.url}/` });
      const warnings = await warningsDuring(() => verifier.check({ atLeast: 1 }));
      expect(warnings.map(({ code }) => code)).toEqual(['ESAUTH_SERVER_ERROR']);
      expect(textOf(warnings[0]?.message ?? '')).toContain(`check: ${down.url}/: `);
    });

    test('it throws where none is good', async () => {
      node.answer(respond({ status: 503, headers: product }));
      await expect(verifier.check({ atLeast: 1 })).rejects.toMatchObject({ code: 'server_error' });
      await verifier.close();
      await expect(verifier.check({ atLeast: 1 })).rejects.toMatchObject({ code: 'closed' });
    });

    test.each([0, 3, 1.5, '1'])('atLeast: %s is no count of them', async (atLeast) => {
      const checked = verifier.check({ atLeast: atLeast as number });
      await expect(checked).rejects.toMatchObject({ code: 'invalid_argument' });
    });
  });

  test('a node that says nothing: timeout, after timeoutMs', async () => {
    node.answer(() => {});
    const pending = problem();
    await node.arrived(1);
    await clock.advance(3_000);
    expect(await pending).toMatchObject({ code: 'timeout' });
    expect(clock.timers).toBe(0);
  });

  test('every node is asked, and each is blamed for its own fault only', async () => {
    const silent = await startScriptedNode();
    const dead = await startScriptedNode();
    await dead.close();
    await verifier.close();
    verifier = create({ nodes: [dead.url, silent.url] });
    const pending = problem();
    // A refusal comes with the first turn of the event loop, a request with a later one.
    await silent.arrived(1);
    await clock.advance(3_000);
    const error = await pending;
    expect(error).toMatchObject({ code: 'unreachable', node: `${dead.url}/` });
    expect(textOf(error.message)).toMatch(/nothing listens there; check host and port in nodes$/);
    await silent.close();
  });

  test('when closed: closed', async () => {
    await verifier.close();
    expect(await problem()).toMatchObject({ code: 'closed' });
    expect(node.requests).toHaveLength(0);
  });
});

describe('health', () => {
  test('up before anything is known, and after an answer; no request is made for it', async () => {
    const nodes = [{ node: `${node.url}/`, breaker: 'closed', failures: 0 }];
    expect(verifier.health()).toEqual({ state: 'up', nodes });
    await verifier.verify(jane);
    expect(verifier.health()).toEqual({ state: 'up', nodes });
    expect(node.requests).toHaveLength(1);
  });

  test('degraded when the last lookup gave no verdict, up again after one that did', async () => {
    node.answer(respond({ status: 500 }));
    await verifier.verify(jane);
    expect(verifier.health()).toMatchObject({ state: 'degraded', nodes: [{ breaker: 'closed' }] });
    node.answer(accepted);
    await verifier.verify(jane);
    expect(verifier.health().state).toBe('up');
  });

  test('a caller that hung up says nothing about Elasticsearch', async () => {
    node.answer(() => {});
    const leaving = new AbortController();
    const pending = verifier.verify(jane, { signal: leaving.signal });
    await node.arrived(1);
    leaving.abort();
    await expect(pending).rejects.toThrow();
    while (verifier.stats().inFlight > 0) await new Promise(setImmediate);
    expect(verifier.health().state).toBe('up');
  });

  test('degraded when one of several breakers is open, down when all are', async () => {
    const other = await startScriptedNode(accepted);
    await verifier.close();
    verifier = create({ nodes: [node.url, other.url], upstream: { breaker: { failures: 1 } } });
    node.answer(respond({ status: 503 }));
    await verifier.verify(jane);
    expect(verifier.health()).toMatchObject({ state: 'degraded', nodes: [{ breaker: 'open' }, {}] });
    other.answer(respond({ status: 503 }));
    await verifier.verify(jane);
    expect(verifier.health()).toMatchObject({
      state: 'down',
      nodes: [{ breaker: 'open' }, { breaker: 'open' }],
    });
    await other.close();
  });

  test('down is not for ever: when a node may be asked again, it is degraded, or no traffic would ever come', async () => {
    node.answer(respond({ status: 503 }));
    for (let n = 0; n < 5; n += 1) await verifier.verify(jane);
    await clock.advance(1_999);
    expect(verifier.health().state).toBe('down');
    await clock.advance(1);
    expect(verifier.health().state).toBe('degraded');
  });

  test('down when closed', async () => {
    await verifier.close();
    expect(verifier.health().state).toBe('down');
  });
});

describe('process warnings', () => {
  test('once for each node and code, then at most once a minute; with the option that cures it', async () => {
    const gone = await startScriptedNode();
    await gone.close();
    await verifier.close();
    verifier = create({ nodes: gone.url, upstream: { breaker: { failures: 100 } } });
    const fail = (times: number) => async () => {
      for (let n = 0; n < times; n += 1) await verifier.verify(jane);
    };
    const warnings = await warningsDuring(fail(3));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ name: 'EsauthWarning', code: 'ESAUTH_UNREACHABLE' });
    expect(textOf(warnings[0]?.message ?? '')).toMatch(
      /^no verdict: http.*; nothing listens there; check host and port in nodes$/,
    );
    await clock.advance(59_999);
    expect(await warningsDuring(fail(1))).toEqual([]);
    await clock.advance(1);
    expect(await warningsDuring(fail(2))).toEqual(warnings);
  });

  test('each code and each node on its own', async () => {
    const other = await startScriptedNode(respond({ status: 500 }));
    await verifier.close();
    verifier = create({ nodes: [node.url, other.url] });
    const warnings = await warningsDuring(async () => {
      for (const status of [500, 429, 500, 400]) {
        node.answer(respond({ status }));
        for (let n = 0; n < 4; n += 1) await verifier.verify(jane);
      }
    });
    const heard = warnings.map(
      ({ code, message }) => `${code} ${message.includes(node.url) ? 'node' : 'other'}`,
    );
    expect(heard.toSorted()).toEqual([
      'ESAUTH_BAD_RESPONSE node',
      'ESAUTH_OVERLOADED node',
      'ESAUTH_SERVER_ERROR node',
      'ESAUTH_SERVER_ERROR other',
    ]);
    await other.close();
  });

  test('P47: never with a credential, whatever the node says', async () => {
    const value = jane.slice('Bearer '.length);
    const warnings = await warningsDuring(async () => {
      for (const status of [500, 429, 400, 404]) {
        node.answer(respond({ status, body: errorBody(status, `${jane} ${value}`) }));
        await verifier.verify(jane);
      }
      node.answer((socket) => void socket.end(`${jane}\r\n\r\n`));
      await verifier.verify(jane);
    });
    expect(warnings).toHaveLength(3);
    const text = JSON.stringify(warnings);
    for (let at = 0; at + 8 <= value.length; at += 1) expect(text).not.toContain(value.slice(at, at + 8));
  });
});

test('esauth:node says when a breaker changes, and of which node', async () => {
  const events: NodeEvent[] = [];
  const note = (event: unknown) => void events.push(event as NodeEvent);
  subscribe('esauth:node', note);
  node.answer(respond({ status: 503 }));
  for (let n = 0; n < 6; n += 1) await verifier.verify(jane);
  node.answer(accepted);
  await clock.advance(2_000);
  await verifier.verify(jane);
  unsubscribe('esauth:node', note);
  expect(events).toEqual(['open', 'half_open', 'closed'].map((state) => ({ node: `${node.url}/`, state })));
});
