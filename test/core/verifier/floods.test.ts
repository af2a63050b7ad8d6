// Callers that are not calm: garbage by the thousand from one source, while others come in. Nothing here is
// timed; who is served and what reaches Elasticsearch is counted.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createVerifier, type Verdict, type Verifier, type VerifierOptions } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { collectGarbage } from '../../support/garbage.js';
import {
  errorBody,
  identityBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

// Seconds of work, or of real time, which become more beside other work.
vi.setConfig({ testTimeout: 60_000 });

const refused = respond({ status: 401, body: errorBody(401, 'unable to authenticate') });
const accepted = respond({ body: identityBody() });
const known = (n: number) => `Bearer ${'known'.repeat(4)}${n}`;
const garbage = (n: number) => `Bearer ${'garbage'.repeat(3)}${n}`;

let node: ScriptedNode;
let clock: FakeClock;
let verifier: Verifier;
/** Requests that lie with the node, unanswered; and the most there ever were. */
let held: Parameters<Script>[];
let most: number;

beforeEach(async () => {
  held = [];
  most = 0;
  node = await startScriptedNode(byCredential);
  clock = createFakeClock();
});
afterEach(async () => {
  await verifier.close();
  await node.close();
});

function create(options: Partial<VerifierOptions> = {}): void {
  verifier = createVerifier({ nodes: node.url, clock, cache: { jitter: 0 }, ...options });
}

const byCredential: Script = (socket, head) => (head.includes('garbage') ? refused : accepted)(socket, head);

/** From now on the node answers only when it is told to. */
function hold(): void {
  node.answer((socket, head) => {
    held.push([socket, head]);
    most = Math.max(most, held.length);
  });
}

/** Answers what lies there, and what comes then, until nobody waits. */
async function releaseAll(): Promise<void> {
  while (verifier.stats().inFlight > 0) {
    for (const request of held.splice(0)) byCredential(...request);
    await new Promise(setImmediate);
  }
}

const codeOf = (verdict: Verdict) =>
  verdict.kind === 'authenticated' ? verdict.identity.username : verdict.code;

describe('10 000 distinct garbage credentials from one source', () => {
  test('P22, P23, P56: known callers do not wait, newcomers are served, Elasticsearch sees 32 at a time', async () => {
    create();
    for (let n = 0; n < 100; n += 1) await verifier.verify(known(n));
    hold();
    const before = node.requests.length;

    const outcomes = new Map<string, number>();
    const shed = new Set<Verdict>();
    const flood = Array.from({ length: 10_000 }, async (_, n) => {
      const verdict = await verifier.verify(garbage(n), { source: '192.0.2.66' });
      outcomes.set(codeOf(verdict), (outcomes.get(codeOf(verdict)) ?? 0) + 1);
      if (verdict.kind === 'unavailable') shed.add(verdict);
    });
    await node.arrived(before + 32);
    expect(verifier.stats()).toMatchObject({ inFlight: 1_032, queued: 1_000, shed: 8_968 });

    // Whoever is known is answered within the same turn: nothing waits for anything.
    for (let n = 0; n < 100; n += 1) expect(verifier.peek(known(n))).toMatchObject({ kind: 'authenticated' });
    // Newcomers from elsewhere get room although there is none, and a turn each.
    const newcomers = Array.from({ length: 50 }, (_, n) =>
      verifier.verify(known(1_000 + n), { source: `198.51.100.${n}` }),
    );
    expect(verifier.stats()).toMatchObject({ queued: 1_000, shed: 8_968 });
    await new Promise(setImmediate);
    expect(verifier.stats()).toMatchObject({ queued: 1_000, shed: 9_018 });

    let answered = 0;
    const all = Promise.all(newcomers).then((verdicts) => {
      answered = node.requests.length - before;
      return verdicts;
    });
    await releaseAll();
    expect((await all).map(codeOf)).toEqual(Array(50).fill('jane'));
    // 32 that were on the wire, then in turns: one of the flood, one of each newcomer, and what filled the
    // places meanwhile.
    expect(answered).toBeLessThanOrEqual(32 + 51 + 64);
    await Promise.all(flood);

    expect(most).toBe(32);
    expect(Object.fromEntries(outcomes)).toEqual({ credentials_invalid: 982, queue_full: 9_018 });
    // One shared value: being turned away costs nothing.
    expect(shed.size).toBe(1);
    expect(node.requests.length - before).toBe(32 + 1_000);
    expect(verifier.stats()).toMatchObject({ entries: 150, inFlight: 0, queued: 0, waiting: 0 });
    expect(clock.timers).toBe(0);
  });

  test('P23: they fill only the store of refusals, and that to its limit', async () => {
    create({ cache: { maxEntries: 10, maxRejectedEntries: 20, jitter: 0 }, upstream: { maxQueue: 10_000 } });
    for (let n = 0; n < 10; n += 1) await verifier.verify(known(n));
    await Promise.all(Array.from({ length: 3_000 }, (_, n) => verifier.verify(garbage(n))));
    expect(verifier.stats()).toMatchObject({ entries: 10, rejectedEntries: 20, evictions: 2_980 });
    for (let n = 0; n < 10; n += 1) expect(verifier.peek(known(n))).toMatchObject({ kind: 'authenticated' });
  });

  test('P56: with room for 100, 2 000 from one source do not keep another from being served', async () => {
    create({ upstream: { maxConcurrent: 4, maxQueue: 100 } });
    hold();
    const flood = Array.from({ length: 2_000 }, (_, n) =>
      verifier.verify(garbage(n), { source: '2001:db8::1' }),
    );
    await node.arrived(4);
    // Neighbours of the flood's /64 count as the flood, whatever their address.
    const neighbour = verifier.verify(known(1), { source: '2001:db8::ffff' });
    const elsewhere = verifier.verify(known(2), { source: '2001:db8:0:1::1' });
    expect(codeOf(await neighbour)).toBe('queue_full');
    await releaseAll();
    expect(codeOf(await elsewhere)).toBe('jane');
    await Promise.all(flood);
    expect(most).toBe(4);
  });

  test('callers that hang up make room at once, on the wire and in the queue', async () => {
    create({ upstream: { maxConcurrent: 4, maxQueue: 100 } });
    hold();
    const gone = new AbortController();
    const flood = Array.from({ length: 104 }, (_, n) => verifier.verify(garbage(n), { signal: gone.signal }));
    await node.arrived(4);
    const newcomer = verifier.verify(known(1));
    expect(codeOf(await newcomer)).toBe('queue_full');
    gone.abort();
    expect((await Promise.allSettled(flood)).every(({ status }) => status === 'rejected')).toBe(true);
    expect(verifier.stats()).toMatchObject({ inFlight: 0, queued: 0, waiting: 0 });
    node.answer(byCredential);
    expect(codeOf(await verifier.verify(known(1)))).toBe('jane');
    // Hanging up says nothing about the node.
    expect(verifier.stats().nodes).toMatchObject([{ failures: 0, breaker: 'closed' }]);
  });

  test('one that is turned away hears so without waiting, and starts nothing', async () => {
    create({ upstream: { maxConcurrent: 1, maxQueue: 1 } });
    hold();
    const waiting = [verifier.verify(garbage(-1)), verifier.verify(garbage(-2))];
    const before = verifier.stats();
    expect(verifier.peek(garbage(1))).toMatchObject({ kind: 'unavailable', code: 'queue_full' });
    expect(await verifier.verify(garbage(1))).toBe(verifier.peek(garbage(1)));
    const { shed, misses, ...others } = verifier.stats();
    expect([shed - before.shed, misses - before.misses]).toEqual([3, 3]);
    expect(others).toEqual({ ...before, shed: undefined, misses: undefined });
    // What is under way already can be joined, and another source has room.
    expect(verifier.peek(garbage(-1))).toBeUndefined();
    expect(verifier.peek(garbage(1), { source: '192.0.2.1' })).toBeUndefined();
    await releaseAll();
    await Promise.all(waiting);
    expect(verifier.peek(garbage(1))).toBeUndefined();
  });

  test('a hundred thousand that are turned away leave nothing behind', async () => {
    create({ upstream: { maxConcurrent: 1, maxQueue: 1 } });
    hold();
    const waiting = [verifier.verify(garbage(-1)), verifier.verify(garbage(-2))];
    const histogram = monitorEventLoopDelay({ resolution: 5 });
    histogram.enable();
    const flood = async (rounds: number) => {
      for (let round = 0; round < rounds; round += 1) {
        await Promise.all(
          Array.from({ length: 1_000 }, (_, n) => verifier.verify(garbage(round * 1_000 + n))),
        );
        await new Promise(setImmediate);
      }
    };
    await flood(10);
    collectGarbage();
    const { heapUsed } = process.memoryUsage();
    await flood(90);
    histogram.disable();
    collectGarbage();
    // Were anything kept for each, be it only its name, it would be ten times as much.
    expect(process.memoryUsage().heapUsed - heapUsed).toBeLessThan(1_000_000);
    // Generous: a thousand at a time take some milliseconds.
    expect(histogram.percentile(99) / 1e6).toBeLessThan(500);
    // Of the lookup on the wire, and of the caller whose lookup waits.
    expect(clock.timers).toBe(2);
    expect(verifier.stats()).toMatchObject({ inFlight: 2, waiting: 2, shed: 100_000 });
    await releaseAll();
    await Promise.all(waiting);
    expect(clock.timers).toBe(0);
  });
});

describe('P58: stale is never served because the caller caused the failure', () => {
  const options = { cache: { ttlMs: 10_000, refreshAfterMs: 0, staleIfErrorMs: 50_000, jitter: 0 } };

  test('not when his own flood filled the queue', async () => {
    create({ ...options, upstream: { maxConcurrent: 1, maxQueue: 5 } });
    await verifier.verify(known(1));
    await clock.advance(10_000);
    hold();
    const flood = Array.from({ length: 10 }, (_, n) => verifier.verify(garbage(n)));
    await node.arrived(2);
    expect(codeOf(await verifier.verify(known(1)))).toBe('queue_full');
    await releaseAll();
    await Promise.all(flood);
  });

  test('not when his own flood made him wait in the queue until his time was up', async () => {
    create({ ...options, upstream: { maxConcurrent: 1, maxQueue: 5 } });
    await verifier.verify(known(1));
    await clock.advance(10_000);
    hold();
    const flood = Array.from({ length: 4 }, (_, n) => verifier.verify(garbage(n)));
    await node.arrived(2);
    const revoked = verifier.verify(known(1));
    // Elasticsearch is there, only not fast: each answer takes a second.
    for (let second = 0; second < 3; second += 1) {
      await clock.advance(1_000);
      for (const request of held.splice(0)) byCredential(...request);
      if (second < 2) await node.arrived(3 + second);
    }
    expect(codeOf(await revoked)).toBe('timeout');
    await releaseAll();
    await Promise.all(flood);
  });

  test('but when Elasticsearch does not answer the question itself, it is', async () => {
    create(options);
    await verifier.verify(known(1));
    await clock.advance(10_000);
    hold();
    const pending = verifier.verify(known(1));
    await node.arrived(2);
    await clock.advance(3_000);
    expect(await pending).toMatchObject({ kind: 'authenticated', stale: true });
  });
});

describe('P57: no caller opens the breaker', () => {
  const useless: readonly (readonly [string, Script, string])[] = [
    ['500', respond({ status: 500, body: errorBody(500, 'boom') }), 'server_error'],
    ['429', respond({ status: 429, body: errorBody(429, 'busy') }), 'overloaded'],
    ['2 MB bodies', respond({ body: 'x'.repeat(2_000_000) }), 'bad_response'],
    ['431', respond({ status: 431, headers: { 'x-elastic-product': undefined } }), 'not_elasticsearch'],
  ];
  test.each(useless)(
    'ten %s for bad credentials, and the next good one is served',
    async (_name, script, code) => {
      create();
      node.answer((socket, head) => (head.includes('garbage') ? script : accepted)(socket, head));
      const verdicts = await Promise.all(Array.from({ length: 10 }, (_, n) => verifier.verify(garbage(n))));
      expect(verdicts.map(codeOf)).toEqual(Array(10).fill(code));
      expect(codeOf(await verifier.verify(known(1)))).toBe('jane');
      expect(node.requests).toHaveLength(11);
    },
  );
});

test('P27: however many callers, an open breaker lets one question through at a time', async () => {
  create();
  node.answer(respond({ status: 503 }));
  await Promise.all(Array.from({ length: 100 }, (_, n) => verifier.verify(known(n))));
  // Those on the wire when it opened, each with one more try at most.
  const before = node.requests.length;
  expect(before).toBeLessThanOrEqual(64);
  for (let round = 1; round <= 5; round += 1) {
    await clock.advance(2_000);
    const verdicts = await Promise.all(Array.from({ length: 100 }, (_, n) => verifier.verify(known(n))));
    expect(new Set(verdicts.map(codeOf))).toEqual(new Set(['server_error', 'circuit_open']));
    expect(node.requests.length - before).toBe(round);
  }
});

test('P38, P39: of all that a node may say, nothing makes us connect to another', async () => {
  const elsewhere = await startScriptedNode(accepted);
  const address = elsewhere.url.replace('http://', '');
  const said: Script[] = [301, 302, 303, 307, 308].map((status) =>
    respond({ status, headers: { location: `${elsewhere.url}/_security/_authenticate` }, body: '{}' }),
  );
  said.push(
    respond({
      headers: { 'alt-svc': `h2="${address}"`, link: `<${elsewhere.url}>; rel=preload` },
      body: '{}',
    }),
    // What a client that discovers nodes would read.
    respond({ body: { nodes: { a: { http: { publish_address: address }, roles: ['data'] } } } }),
    respond({ status: 305, headers: { location: elsewhere.url } }),
  );
  create();
  for (const [n, script] of said.entries()) {
    node.answer(script);
    expect(codeOf(await verifier.verify(known(n)))).toBe('bad_response');
  }
  expect(elsewhere.connections).toBe(0);
  expect(node.requests).toHaveLength(said.length);
  await elsewhere.close();
});
