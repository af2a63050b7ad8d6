// A node that says nothing is left for another inside the caller's deadline: when, for which price, and what becomes
// of the two requests. Real connections, stepped time; `silent-node.test.ts` has the same on the real clock.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Call } from '../../../packages/core/src/upstream/conversation.js';
import { createNodes, type Nodes } from '../../../packages/core/src/upstream/nodes.js';
import type { Reply } from '../../../packages/core/src/upstream/question.js';
import { createTransports } from '../../../packages/core/src/upstream/transport.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import {
  holdAnswers,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

const fine = respond({ body: '{}' });
const silent: Script = () => {};
const timeoutMs = 3_000;
const probe = { path: '/_security/_authenticate', headers: {} };
const hedgeAfterMs = 1_000;

let clock: FakeClock;
let servers: ScriptedNode[];
let nodes: Nodes;
let warned: string[];
let places: number;

beforeEach(() => {
  clock = createFakeClock();
  servers = [];
  warned = [];
  places = 1_000;
});
afterEach(async () => {
  await nodes.close();
  for (const server of servers) await server.close();
});

async function start(scripts: readonly Script[], settings = {}): Promise<void> {
  for (const script of scripts) servers.push(await startScriptedNode(script));
  const urls = servers.map(({ url }) => new URL(url));
  const breaker = { failures: 5, openMs: 2_000 };
  const transport = { tls: {}, connectTimeoutMs: 60_000, maxConnections: 32, dispatcher: undefined };
  nodes = createNodes(
    { urls, timeoutMs, retries: 0, hedgeAfterMs, maxConcurrent: 10, probe, breaker, ...settings },
    clock,
    createTransports(transport).connect,
    (warning, message) => void warned.push(`${warning}: ${message}`),
  );
}

const server = (at: number): ScriptedNode => {
  const found = servers[at];
  if (found === undefined) throw new Error('no such server');
  return found;
};

const unfired = new AbortController().signal;

function send(changes: Partial<Call> = {}): Promise<Reply> {
  return nodes.send(
    { path: '/_security/_authenticate', headers: {} },
    {
      signal: unfired,
      hedge: { spent: false },
      isFinal: (reply) => reply.kind === 'answer' && reply.answer.status < 429,
      besides() {
        if (places === 0) return undefined;
        places -= 1;
        return () => {
          places += 1;
        };
      },
      ...changes,
    },
  );
}

/** From which node an answer is, and its status. */
async function heard(pending: Promise<Reply>): Promise<[number, number | string]> {
  const reply = await pending;
  if (reply.kind === 'open') return [-1, 'open'];
  const from = servers.findIndex(({ url }) => reply.node === `${url}/`);
  return [from, reply.kind === 'answer' ? reply.answer.status : 'error'];
}

const counts = () => servers.map(({ requests }) => requests.length);
const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
const failures = () => nodes.states.map((state) => state.failures);

describe('a node that keeps silent for hedgeAfterMs', () => {
  test('is left: another is asked besides, its answer counts, and the silent one has failed', async () => {
    await start([silent, fine, fine]);
    const pending = heard(send());
    await server(0).arrived(1);
    await clock.advance(hedgeAfterMs - 1);
    expect(counts()).toEqual([1, 0, 0]);
    await clock.advance(1);
    expect(await pending).toEqual([1, 200]);
    expect(counts()).toEqual([1, 1, 0]);
    expect(failures()).toEqual([1, 0, 0]);
    expect(nodes.hedges).toBe(1);
    expect(warned).toEqual([
      `ESAUTH_SILENT ${server(0).url}/: ${server(0).url}/: no answer within 1000 ms (upstream.hedgeAfterMs); ` +
        'another node has answered in its place',
    ]);
    expect([clock.timers, places]).toEqual([0, 1_000]);
    // It rests, so nobody has to wait for it again at once.
    expect(await heard(send())).toEqual([1, 200]);
    expect(await heard(send())).toEqual([2, 200]);
    expect(await heard(send())).toEqual([1, 200]);
    expect(counts()[0]).toBe(1);
  });

  test.each([
    ['when it is over', [1.5]],
    ['until shortly before', [0.9]],
    ['from the middle of it on', [0, 0.5, 0.8]],
  ])('has not failed if this process stood still %s, whoever answers first then', async (_when, parts) => {
    await start([silent, fine]);
    const pending = heard(send());
    await server(0).arrived(1);
    for (const [n, part] of parts.entries()) {
      if (n % 2 === 0) clock.standStill(part * hedgeAfterMs);
      else await clock.advance(part * hedgeAfterMs);
    }
    await clock.advance(hedgeAfterMs);
    expect(await pending).toEqual([1, 200]);
    expect([failures(), warned, clock.timers]).toEqual([[0, 0], [], 0]);
  });

  test('is not left if its answer came while this process stood still', async () => {
    await start([silent, fine]);
    const held = holdAnswers(server(0));
    const pending = heard(send());
    await server(0).arrived(1);
    held.release(fine);
    clock.standStill(hedgeAfterMs);
    await clock.advance(0);
    expect(await pending).toEqual([0, 200]);
    expect([nodes.hedges, failures(), clock.timers]).toEqual([0, [0, 0], 0]);
  });

  test('may still be the first to answer; then the other one is given up and has not failed', async () => {
    await start([silent, silent]);
    const held = holdAnswers(server(0));
    const pending = heard(send());
    await server(0).arrived(1);
    await clock.advance(hedgeAfterMs);
    await server(1).arrived(1);
    held.release(fine);
    expect(await pending).toEqual([0, 200]);
    expect(failures()).toEqual([0, 0]);
    expect([warned, places, clock.timers]).toEqual([[], 1_000, 0]);
  });

  test('answers too late for a request that was given up: nobody else gets it', async () => {
    await start([silent, fine], { breaker: { failures: 50, openMs: 1 } });
    const held = holdAnswers(server(0));
    const first = heard(send());
    await server(0).arrived(1);
    await clock.advance(hedgeAfterMs);
    expect(await first).toEqual([1, 200]);
    await clock.advance(10);
    // The answer of a stranger, and on the connection that was given up.
    held.release(respond({ status: 203 }));
    server(0).answer(respond({ status: 202 }));
    expect(await heard(send())).toEqual([1, 200]);
    expect(await heard(send())).toEqual([0, 202]);
    expect(server(0).connections).toBe(2);
  });

  test('a deadline ends both', async () => {
    await start([silent, silent]);
    const over = new AbortController();
    const pending = heard(send({ signal: over.signal }));
    await server(0).arrived(1);
    await clock.advance(hedgeAfterMs);
    await server(1).arrived(1);
    expect(places).toBe(999);
    await clock.advance(timeoutMs - hedgeAfterMs);
    over.abort();
    expect((await pending)[1]).toBe('error');
    // The second has had two thirds of a question's time.
    expect(failures()).toEqual([1, 1]);
    expect([places, clock.timers]).toEqual([1_000, 0]);
  });

  test('a question that is over before it is asked asks nobody besides', async () => {
    await start([silent, fine]);
    const over = new AbortController();
    over.abort();
    expect((await heard(send({ signal: over.signal })))[1]).toBe('error');
    await clock.advance(timeoutMs);
    expect(counts()[1]).toBe(0);
  });
});

describe('while every place on the wire is taken', () => {
  test('the silent one is left, and the other one asked in its place', async () => {
    await start([silent, fine]);
    places = 0;
    const pending = heard(send());
    await server(0).arrived(1);
    await clock.advance(hedgeAfterMs);
    expect(await pending).toEqual([1, 200]);
    expect([failures(), nodes.hedges, places]).toEqual([[1, 0], 1, 0]);
    expect(warned).toHaveLength(1);
  });

  test('and if that says nothing either, nobody knows which of them is at fault', async () => {
    await start([silent, silent]);
    places = 0;
    const over = new AbortController();
    const pending = heard(send({ signal: over.signal }));
    await server(0).arrived(1);
    await clock.advance(hedgeAfterMs);
    await server(1).arrived(1);
    await clock.advance(timeoutMs - hedgeAfterMs);
    over.abort('deadline');
    expect((await pending)[1]).toBe('error');
    expect([failures(), nodes.hedges, warned]).toEqual([[0, 1], 1, []]);
  });
});

describe('a second node that fails', () => {
  test.each([
    ['503', respond({ status: 503 })],
    ['a reset', ((socket) => void socket.destroy()) as Script],
  ])('(%s) is not the last word while a third is there', async (_how, script) => {
    await start([silent, script, fine], { retries: 1 });
    const pending = heard(send());
    await server(0).arrived(1);
    await clock.advance(hedgeAfterMs);
    expect(await pending).toEqual([2, 200]);
    expect([counts(), failures()]).toEqual([
      [1, 1, 1],
      [1, 1, 0],
    ]);
    expect(places).toBe(1_000);
  });
});

describe('one second node for a question, whatever becomes of it:', () => {
  test('not for each of its retries', async () => {
    const slow: Script = (socket, head) =>
      void clock.after(1_500, () => respond({ status: 503 })(socket, head));
    await start([slow, slow, slow, slow], { retries: 3 });
    const over = new AbortController();
    const pending = heard(send({ signal: over.signal }));
    for (let n = 0; n < 12; n += 1) {
      await clock.advance(500);
      for (let turn = 0; turn < 20; turn += 1) await clock.advance(0);
    }
    over.abort();
    await pending;
    expect(nodes.hedges).toBe(1);
  });

  test('not for the second opinion of the same lookup', async () => {
    await start([silent, fine]);
    const hedge = { spent: true };
    const over = new AbortController();
    const pending = heard(send({ hedge, signal: over.signal }));
    await server(0).arrived(1);
    await clock.advance(timeoutMs);
    over.abort();
    await pending;
    expect(counts()).toEqual([1, 0]);
  });
});

describe('what is no verdict', () => {
  test.each([429, 500, 503])(
    'of the second node (%d) is not preferred to what the first may say',
    async (status) => {
      await start([silent, respond({ status })]);
      const held = holdAnswers(server(0));
      const pending = heard(send());
      await server(0).arrived(1);
      await clock.advance(hedgeAfterMs);
      await server(1).arrived(1);
      held.release(fine);
      expect(await pending).toEqual([0, 200]);
    },
  );

  test('of the second node is better than nothing', async () => {
    await start([silent, respond({ status: 429 })]);
    const over = new AbortController();
    const pending = heard(send({ signal: over.signal }));
    await server(0).arrived(1);
    await clock.advance(hedgeAfterMs);
    await server(1).arrived(1);
    await clock.advance(timeoutMs);
    over.abort();
    expect(await pending).toEqual([1, 429]);
  });

  test('of the first node, said in time, asks nobody besides: that is what retries are for', async () => {
    await start([respond({ status: 500 }), fine]);
    expect(await heard(send())).toEqual([0, 500]);
    await clock.advance(timeoutMs);
    expect(counts()).toEqual([1, 0]);
  });
});

describe('nobody is asked besides', () => {
  const wait = async () => {
    const over = new AbortController();
    const pending = heard(send({ signal: over.signal }));
    await server(0).arrived(1);
    await clock.advance(timeoutMs);
    over.abort();
    await pending;
  };

  test('where there is only one node', async () => {
    await start([silent]);
    await wait();
    expect([counts(), nodes.hedges]).toEqual([[1], 0]);
  });

  test('if hedgeAfterMs is 0', async () => {
    await start([silent, fine], { hedgeAfterMs: 0 });
    await wait();
    expect([counts(), nodes.hedges]).toEqual([[1, 0], 0]);
  });

  test('while the other one is left alone', async () => {
    await start([silent, () => {}], { breaker: { failures: 1, openMs: 60_000 } });
    server(1).answer((socket) => void socket.destroy());
    server(0).answer(fine);
    await send();
    await send();
    server(0).answer(silent);
    const before = counts();
    const over = new AbortController();
    const pending = heard(send({ signal: over.signal }));
    await server(0).arrived((before[0] ?? 0) + 1);
    await clock.advance(timeoutMs);
    over.abort();
    await pending;
    expect(counts()[1]).toBe(before[1]);
  });
});

describe('the budget', () => {
  test('a cluster that is slow as a whole is not asked twice as much: a tenth more over time', async () => {
    await start([silent, silent, silent]);
    for (let n = 0; n < 300; n += 1) {
      const held = servers.map(holdAnswers);
      const before = counts();
      const pending = heard(send());
      const first = () => counts().findIndex((count, at) => count > (before[at] ?? 0));
      while (first() < 0) await clock.advance(0);
      const asked = first();
      const { hedges } = nodes;
      // Slower than a hedge, faster than a deadline.
      await clock.advance(hedgeAfterMs + 500);
      // One that arrives only in the next round would be taken for its first.
      const arrived = () => sum(counts()) - sum(before);
      while (arrived() < 1 + nodes.hedges - hedges) await clock.advance(0);
      held[asked]?.release(fine);
      expect(await pending).toEqual([asked, 200]);
    }
    expect(nodes.hedges).toBeLessThanOrEqual(10 + 30);
    expect(nodes.hedges).toBeGreaterThan(30);
    expect(failures()).toEqual([0, 0, 0]);
  });

  test('a node that failed last time is not tried again while nobody could be asked besides', async () => {
    await start([silent, fine], { breaker: { failures: 100, openMs: 1 } });
    let waits = 0;
    for (let n = 0; n < 400; n += 1) {
      const pending = heard(send());
      const before = counts()[0] ?? 0;
      for (let turn = 0; turn < 5; turn += 1) await clock.advance(0);
      if (clock.timers > 0 && (counts()[0] ?? 0) >= before) {
        await clock.advance(hedgeAfterMs);
        waits += 1;
      }
      expect(await pending).toEqual([1, 200]);
      await clock.advance(10);
    }
    expect(waits).toBeGreaterThan(30);
    expect(nodes.hedges).toBeLessThanOrEqual(10 + 40);
  });
});
