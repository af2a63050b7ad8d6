import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { NodeEvent } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Call, nobodyWaits } from '../../../packages/core/src/upstream/conversation.js';
import { createNodes, type Nodes } from '../../../packages/core/src/upstream/nodes.js';
import type { Reply } from '../../../packages/core/src/upstream/question.js';
import { createTransports } from '../../../packages/core/src/upstream/transport.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { respond, type Script, type ScriptedNode, startScriptedNode } from '../../support/scripted-node.js';

const path = '/_security/_authenticate';
const fine = respond({ body: '{}' });
const reset: Script = (socket) => void socket.destroy();
const silent: Script = () => {};
const status = (code: number) => respond({ status: code });

let clock: FakeClock;
let servers: ScriptedNode[];
let nodes: Nodes;
let events: NodeEvent[];
let warned: string[];
const note = (event: unknown) => void events.push(event as NodeEvent);

beforeEach(() => {
  clock = createFakeClock();
  servers = [];
  events = [];
  warned = [];
  subscribe('esauth:node', note);
});
afterEach(async () => {
  unsubscribe('esauth:node', note);
  await nodes.close();
  for (const server of servers) await server.close();
});

/** One node for each script. */
async function start(scripts: readonly Script[], settings = {}): Promise<void> {
  for (const script of scripts) servers.push(await startScriptedNode(script));
  create(
    servers.map(({ url }) => url),
    settings,
  );
}

const timeoutMs = 3_000;
const probe = { path: '/_security/_authenticate', headers: {} };

function create(
  urls: readonly string[],
  { retries = 1, failures = 5, openMs = 2_000, hedgeAfterMs = 0 } = {},
): void {
  const breaker = { failures, openMs };
  const addresses = urls.map((url) => new URL(url));
  const settings = { urls: addresses, timeoutMs, retries, hedgeAfterMs, maxConcurrent: 32, probe, breaker };
  const transport = { tls: {}, connectTimeoutMs: 60_000, maxConnections: 32, dispatcher: undefined };
  nodes = createNodes(settings, clock, createTransports(transport).connect, (key) => void warned.push(key));
}

const unfired = new AbortController().signal;
/** A reply that can be read settles it; there is always a place for another request. */
const call = (signal = unfired): Call => ({
  signal,
  hedge: { spent: false },
  isFinal: (reply) => reply.kind === 'answer' && reply.answer.status < 429,
  besides: () => () => {},
});

/** What came of a question: the status of an answer, or the kind of reply. */
async function ask(signal = unfired): Promise<number | string> {
  const reply = await nodes.send({ path, headers: {} }, call(signal));
  return reply.kind === 'answer' ? reply.answer.status : reply.kind;
}

async function askTimes(times: number): Promise<(number | string)[]> {
  const results: (number | string)[] = [];
  for (let time = 0; time < times; time += 1) results.push(await ask());
  return results;
}

const counts = () => servers.map(({ requests }) => requests.length);
const states = () => nodes.states.map(({ breaker }) => breaker);

describe('turns', () => {
  test('each node has its turn', async () => {
    await start([fine, fine, fine]);
    await askTimes(6);
    expect(counts()).toEqual([2, 2, 2]);
  });

  test('a path prefix goes before the path, with or without a slash at its end', async () => {
    servers = [await startScriptedNode(fine)];
    create(['/es', '/es/', '/a/b', ''].map((prefix) => `${servers[0]?.url}${prefix}`));
    await askTimes(4);
    const paths = servers[0]?.requests.map((head) => head.split(' ')[1]);
    expect(paths).toEqual([`/es${path}`, `/es${path}`, `/a/b${path}`, path]);
  });

  test('one that failed rests for openMs: only the others are asked', async () => {
    await start([fine, reset, fine]);
    expect(await askTimes(8)).toEqual(Array(8).fill(200));
    expect(counts()[1]).toBe(1);
    await clock.advance(2_000);
    expect(await askTimes(8)).toEqual(Array(8).fill(200));
    expect(counts()[1]).toBe(2);
  });

  test('one that rests is asked all the same where there is no other', async () => {
    await start([reset], { retries: 0 });
    await ask();
    servers[0]?.answer(fine);
    expect(await ask()).toBe(200);
  });
});

describe('asked again', () => {
  const failing: readonly (readonly [string, Script])[] = [
    ['a connection that is reset', reset],
    [
      'one that is reset in the middle of the body',
      respond({ headers: { 'content-length': '9' }, body: '{' }),
    ],
    ['502', status(502)],
    ['503', status(503)],
    ['504', status(504)],
  ];
  const cut =
    (script: Script): Script =>
    (socket, head) => {
      script(socket, head);
      socket.end();
    };
  test.each(failing)('after %s, on another node', async (_name, script) => {
    await start([cut(script), fine, fine]);
    expect(await ask()).toBe(200);
    expect(counts()).toEqual([1, 1, 0]);
    expect(nodes.states[0]).toMatchObject({ failures: 1 });
  });

  test('after a refused connection, on another node', async () => {
    const gone = await startScriptedNode();
    await gone.close();
    servers = [await startScriptedNode(fine)];
    create([gone.url, ...servers.map(({ url }) => url)]);
    expect(await ask()).toBe(200);
  });

  const final: readonly (readonly [string, Script, number | string])[] = [
    ['429', status(429), 429],
    ['500', status(500), 500],
    ['501', status(501), 501],
    ['400', status(400), 400],
    ['401', status(401), 401],
    ['403', status(403), 403],
    ['404', status(404), 404],
    ['a redirect', respond({ status: 302, headers: { location: '/' } }), 302],
    ['what is not HTTP', (socket) => void socket.end('SSH-2.0-OpenSSH_9.2p1\r\n'), 'error'],
    [
      'headers without end',
      (socket) => void socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(40_000)}`),
      'error',
    ],
    ['a body over one MiB', respond({ body: 'x'.repeat(1_500_000) }), 200],
  ];
  test.each(final)('never after %s, and it is no failure (P57)', async (_name, script, expected) => {
    await start([script, fine]);
    expect(await ask()).toBe(expected);
    expect(counts()).toEqual([1, 0]);
    expect(nodes.states[0]).toMatchObject({ failures: 0, breaker: 'closed' });
  });

  test('as often as retries says: 0 is never', async () => {
    await start([reset, fine], { retries: 0 });
    expect(await ask()).toBe('error');
    expect(counts()).toEqual([1, 0]);
  });

  test('every node once before any of them twice', async () => {
    await start([reset, status(503), reset], { retries: 3 });
    await ask();
    expect(counts().toSorted()).toEqual([1, 1, 2]);
  });

  test('not on the same one while there is another, also if all that is left rests', async () => {
    await start([reset, fine, fine], { failures: 2 });
    await ask();
    await clock.advance(2_000);
    // The first one's breaker is open now.
    await askTimes(2);
    servers[2]?.answer(reset);
    await askTimes(3);
    servers[1]?.answer(reset);
    const before = counts();
    expect(await ask()).toBe('error');
    expect(counts().map((count, n) => count - (before[n] ?? 0))).toEqual([0, 1, 1]);
  });

  test('on the same node where there is only one', async () => {
    await start([reset], { retries: 2 });
    expect(await ask()).toBe('error');
    expect(counts()).toEqual([3]);
  });

  test('never past the deadline', async () => {
    await start([silent, fine], { retries: 5 });
    const deadline = new AbortController();
    const pending = ask(deadline.signal);
    await servers[0]?.arrived(1);
    deadline.abort();
    expect(await pending).toBe('error');
    expect(counts()).toEqual([1, 0]);
  });

  test('the last reply counts', async () => {
    await start([reset, status(503)]);
    expect(await ask()).toBe(503);
  });
});

describe('breaker', () => {
  test('P27: after so many failures in a row a node is not asked any more, until openMs has passed', async () => {
    await start([status(503)], { retries: 0, failures: 3 });
    expect(await askTimes(5)).toEqual([503, 503, 503, 'open', 'open']);
    expect(counts()).toEqual([3]);
    await clock.advance(1_999);
    expect(await ask()).toBe('open');
    await clock.advance(1);
    expect(await askTimes(2)).toEqual([503, 'open']);
    servers[0]?.answer(fine);
    await clock.advance(2_000);
    expect(await askTimes(2)).toEqual([200, 200]);
    const node = `${servers[0]?.url}/`;
    const said = ['open', 'half_open', 'open', 'half_open', 'closed'];
    expect(events).toEqual(said.map((state) => ({ node, state })));
  });

  test('of each node its own: the others go on', async () => {
    await start([status(502), fine], { failures: 1 });
    expect(await askTimes(6)).toEqual(Array(6).fill(200));
    expect(counts()).toEqual([1, 6]);
    expect(states()).toEqual(['open', 'closed']);
  });

  test('half open lets one lookup through, however many come', async () => {
    await start([status(503)], { retries: 1, failures: 1 });
    await ask();
    servers[0]?.answer(silent);
    await clock.advance(2_000);
    const deadline = new AbortController();
    const trial = ask(deadline.signal);
    await servers[0]?.arrived(2);
    expect(await askTimes(20)).toEqual(Array(20).fill('open'));
    expect(states()).toEqual(['half_open']);
    await clock.advance(timeoutMs);
    deadline.abort();
    await trial;
    expect(counts()).toEqual([2]);
    expect(states()).toEqual(['open']);
  });

  test('if everybody leaves the one that tries it, it is asked in nobody’s name, and that decides', async () => {
    await start([status(503)], { retries: 1, failures: 1 });
    await ask();
    const heads: string[] = [];
    servers[0]?.answer((socket, head) => {
      heads.push(head);
      if (heads.length === 2) fine(socket, head);
    });
    await clock.advance(2_000);
    const left = new AbortController();
    const trial = nodes.send({ path, headers: { authorization: 'Bearer secret' } }, call(left.signal));
    await servers[0]?.arrived(2);
    left.abort(nobodyWaits);
    expect((await trial).kind).toBe('error');
    expect(nodes.probes).toBe(1);
    while (nodes.probes > 0) await clock.advance(0);
    expect(heads.map((head) => /^authorization: /im.test(head))).toEqual([true, false]);
    expect(states()).toEqual(['closed']);
    expect(clock.timers).toBe(0);
  });

  test('a node that says nothing to that either stays open', async () => {
    await start([status(503)], { retries: 1, failures: 1 });
    await ask();
    servers[0]?.answer(silent);
    await clock.advance(2_000);
    const left = new AbortController();
    const trial = ask(left.signal);
    await servers[0]?.arrived(2);
    left.abort(nobodyWaits);
    await trial;
    await servers[0]?.arrived(3);
    await clock.advance(timeoutMs);
    expect(states()).toEqual(['open']);
    expect([nodes.probes, clock.timers]).toEqual([0, 0]);
  });

  test('where all are open, the reply says when the first may be asked', async () => {
    await start([reset, reset], { retries: 0, failures: 1 });
    await ask();
    await clock.advance(500);
    await ask();
    expect(await nodes.send({ path, headers: {} }, call())).toEqual({
      kind: 'open',
      waitMs: 1_500,
    });
  });

  test('no reply within the deadline is a failure; one that nobody waited for is none', async () => {
    await start([silent], { retries: 0, failures: 2 });
    for (const [waitedMs, reason] of [
      [100, nobodyWaits],
      [timeoutMs, 'deadline'],
      [100, nobodyWaits],
    ] as const) {
      const over = new AbortController();
      const pending = ask(over.signal);
      await servers[0]?.arrived((counts()[0] ?? 0) + 1);
      await clock.advance(waitedMs);
      over.abort(reason);
      expect(await pending).toBe('error');
    }
    expect(nodes.states).toEqual([{ node: `${servers[0]?.url}/`, breaker: 'closed', failures: 1 }]);
  });

  test('P57: useless answers between failures end the row', async () => {
    await start([reset], { retries: 0, failures: 2 });
    for (const script of [reset, status(500), reset, status(429), reset]) {
      servers[0]?.answer(script);
      await ask();
    }
    expect(states()).toEqual(['closed']);
  });

  test('a node that answers again in the middle of a retry is as good as any', async () => {
    let times = 0;
    await start([(socket, head) => (times++ === 0 ? reset : fine)(socket, head)], { failures: 2 });
    expect(await ask()).toBe(200);
    expect(nodes.states[0]).toMatchObject({ failures: 0 });
  });
});

test('that an answer lacks its id is counted once, however often it is read', async () => {
  await start([fine]);
  await askTimes(16);
  servers[0]?.answer(respond({ body: '{}', headers: { 'x-opaque-id': undefined } }));
  const reply = await nodes.send({ path, headers: {} }, call());
  for (let time = 0; time < 10; time += 1) expect(reply.kind === 'answer' && reply.isOurs()).toBe(false);
});

describe('getAll', () => {
  test('asks every node, whatever its breaker says, and does not move it', async () => {
    await start([reset, fine], { retries: 0, failures: 1 });
    await ask();
    const kinds = (replies: readonly Reply[]) => replies.map(({ kind }) => kind);
    expect(kinds(await nodes.sendAll({ path, headers: {} }, unfired))).toEqual(['error', 'answer']);
    servers[0]?.answer(fine);
    expect(kinds(await nodes.sendAll({ path, headers: {} }, unfired))).toEqual(['answer', 'answer']);
    expect(states()).toEqual(['open', 'closed']);
  });
});
