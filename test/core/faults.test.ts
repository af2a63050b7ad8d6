// Each fault of the table, met by a credential in each state: not known, known, past its lifetime with
// `staleIfErrorMs` set, and due for a refresh. Real connections, stepped time. `vitest -u` writes the table
// into the readme.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createVerifier, type Verdict, type Verifier } from '@esauth/core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Issued, issue, makeAuthority } from '../support/certificates.js';
import { createFakeClock, type FakeClock } from '../support/fake-clock.js';
import { faultTable, type Row, toMarkdown } from '../support/fault-table.js';
import {
  errorBody,
  identityBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../support/scripted-node.js';

const accepted = respond({ body: identityBody() });
const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
/** Somebody who has not been here before. */
const stranger = (n: number) => `Bearer ${'stranger'.repeat(3)}${n}`;

let clock: FakeClock;
let nodes: ScriptedNode[];
let verifier: Verifier;
let authority: Issued;
let genuine: Issued;
beforeAll(async () => {
  authority = await makeAuthority();
  genuine = await issue(authority);
});
afterEach(async () => {
  await verifier.close();
  for (const node of nodes) await node.close();
});

interface Fault {
  /** How many nodes there are; default one. */
  readonly nodes?: number;
  readonly tls?: boolean;
  /** In front of the nodes that there are: one that never was. */
  readonly unresolvable?: boolean;
  begin(): unknown;
  end(): unknown;
}

const product = { 'x-elastic-product': undefined };
const bomb = gzipSync(Buffer.alloc(20_000_000));
const endless = Buffer.alloc(50_000_000, 0x20);
const head = (length: number, more = '') =>
  `HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\n${more}content-length: ${length}\r\n\r\n`;

/** The first node answers like this. */
const answering = (script: Script, count = 1): Fault => ({
  nodes: count,
  begin: () => nodes[0]?.answer(script),
  end: () => nodes[0]?.answer(accepted),
});
const dying = (count: number, dead: number): Fault => ({
  nodes: count,
  begin: () => Promise.all(nodes.slice(0, dead).map((node) => node.stop())),
  end: () => Promise.all(nodes.slice(0, dead).map((node) => node.restart())),
});
const presenting = (other: () => Promise<Issued>): Fault => ({
  tls: true,
  begin: async () => nodes[0]?.present(await other()),
  end: () => nodes[0]?.present(genuine),
});

const faults: Readonly<Record<string, Fault>> = {
  'refuses connections': dying(1, 1),
  'resets the connection before it answers': answering((socket) => void socket.resetAndDestroy()),
  'resets the connection within the body': answering((socket) => {
    socket.write(`${head(400)}{"username":`, () => socket.resetAndDestroy());
  }),
  'accepts the request and says nothing': answering(() => {}),
  'stops within the body': answering((socket) => void socket.write(`${head(400)}{"username":`)),
  'sends a byte a second': answering((socket) => {
    const drip = () => {
      if (socket.destroyed) return;
      socket.write('{');
      clock.after(1_000, drip);
    };
    socket.write(head(400), drip);
  }),
  'answers 400 (security is off)': answering(respond({ status: 400, body: { error: 'no handler found' } })),
  'answers 429': answering(respond({ status: 429, body: errorBody(429, 'busy') })),
  'answers 500': answering(respond({ status: 500, body: errorBody(500, 'boom') })),
  'answers 502': answering(respond({ status: 502, headers: product, body: '<html>' })),
  'answers 503': answering(respond({ status: 503, headers: product, body: '<html>' })),
  'answers 504': answering(respond({ status: 504, headers: product, body: '<html>' })),
  'answers 401 because its own check failed': answering(
    respond({ status: 401, body: errorBody(401, 'error attempting to authenticate request') }),
  ),
  'answers 200 with HTML': answering(respond({ headers: product, body: '<html>' })),
  'answers 200 with nothing': answering(respond({ body: '' })),
  'answers 200 with `{}`': answering(respond({ body: '{}' })),
  'is another product': answering(
    respond({ headers: { 'x-elastic-product': 'Kibana' }, body: identityBody() }),
  ),
  'sends a body of 50 MB': answering((socket) => {
    socket.write(head(endless.length));
    socket.write(endless);
  }),
  'sends a gzip bomb': answering((socket) => {
    socket.write(head(bomb.length, 'content-encoding: gzip\r\n'));
    socket.write(bomb);
  }),
  'speaks something else than HTTP': answering((socket) => void socket.end('SSH-2.0-OpenSSH_9.2p1\r\n')),
  redirects: answering(respond({ status: 307, headers: { location: 'https://elsewhere.invalid/' } })),
  'presents a certificate of somebody else': presenting(async () => issue(await makeAuthority('another'))),
  'presents a certificate that has expired': presenting(() =>
    issue(authority, { from: new Date(Date.now() - 2e9), until: new Date(Date.now() - 1e9) }),
  ),
  'has a name that does not resolve, its twin is down': { ...dying(1, 1), unresolvable: true },
  'has three nodes, one of them dead': dying(3, 1),
  'has three nodes, one answers 503': answering(respond({ status: 503, headers: product }), 3),
  'has three nodes, all of them dead': dying(3, 3),
};

const ttlMs = 10_000;

async function start(
  { nodes: count = 1, tls = false, unresolvable = false }: Fault,
  state: State,
): Promise<void> {
  clock = createFakeClock();
  nodes = [];
  for (let n = 0; n < count; n += 1) nodes.push(await startScriptedNode(accepted, tls ? genuine : undefined));
  const urls = nodes.map(({ url }) => url);
  verifier = createVerifier({
    // A label of more than 63 characters is refused by every resolver, at once and without a network.
    nodes: unresolvable ? [`https://${'x'.repeat(64)}.invalid`, ...urls] : urls,
    ...(tls && { tls: { ca: authority.cert } }),
    cache: {
      ttlMs,
      refreshAfterMs: state === 'refresh due' ? 5_000 : 0,
      staleIfErrorMs: state === 'stale allowed' ? 100_000 : 0,
      jitter: 0,
    },
    clock,
  });
}

/** What a caller gets, however long it has to wait: nodes that keep silent are waited for on stepped time. */
async function ask(credential: string): Promise<string> {
  let verdict: Verdict | undefined;
  const pending = verifier.verify(credential).then((reached) => {
    verdict = reached;
  });
  await patience(pending);
  if (verdict === undefined) throw new Error('no verdict');
  if (verdict.kind !== 'authenticated') return verdict.code;
  return verdict.stale === true ? 'stale' : 'authenticated';
}

/** Lets time pass only while a request lies with a node that will not answer it. */
async function patience(pending: Promise<unknown>): Promise<void> {
  let over = false;
  const done = pending.then(() => {
    over = true;
  });
  const silent = ['accepts the request and says nothing', 'stops within the body', 'sends a byte a second'];
  if (silent.includes(current) && nodes[0] !== undefined) {
    await Promise.race([done, nodes[0].arrived(nodes[0].requests.length + 1)]);
    for (let second = 0; second < 3 && !over; second += 1) await clock.advance(1_000);
  }
  await done;
}

const idle = async () => {
  while (verifier.stats().inFlight > 0) await new Promise(setImmediate);
};

/** Requests since `before`, at each node. */
const counts = () => nodes.map(({ requests }) => requests.length);
const since = (before: readonly number[]) => counts().map((count, n) => count - (before[n] ?? 0));
const written = (numbers: readonly number[], { unresolvable = false }: Fault) =>
  [...(unresolvable ? [0] : []), ...numbers].join(' + ');

const states = ['cold', 'cached', 'stale allowed', 'refresh due'] as const;
type State = (typeof states)[number];
const ageOf: Readonly<Record<State, number>> = {
  cold: 0,
  cached: 1_000,
  'stale allowed': ttlMs,
  'refresh due': 5_000,
};

let current = '';

describe.each(faultTable)('Elasticsearch $fault', (row: Row) => {
  const fault = faults[row.fault];
  if (fault === undefined) throw new Error(`no such fault: ${row.fault}`);

  test.each(states)('%s', async (state) => {
    current = '';
    await start(fault, state);
    if (state !== 'cold') {
      // Each node once, so that the turns are where they were.
      expect(await ask(jane)).toBe('authenticated');
      for (let n = 1; n < nodes.length; n += 1) await ask(stranger(-n));
      await clock.advance(ageOf[state]);
    }
    current = row.fault;
    await fault.begin();

    let before = counts();
    const outcome = await ask(jane);
    if (state === 'refresh due') {
      expect(verifier.stats().refreshes).toBe(1);
      await patience(idle());
    }
    const expected = {
      cold: row.cold,
      cached: 'authenticated',
      'stale allowed': row.stale,
      'refresh due': 'authenticated',
    };
    expect(outcome).toBe(expected[state]);
    const none = nodes.map(() => 0);
    expect(written(since(before), fault)).toBe(state === 'cached' ? written(none, fault) : row.requests);
    // A refresh that fails takes nothing away.
    if (state === 'refresh due') expect(verifier.peek(jane)?.kind).toBe('authenticated');

    if (state === 'cached') before = counts();
    const rest = state === 'cached' ? 11 : 10;
    for (let n = 1; n <= rest; n += 1) await ask(stranger(n));
    expect(written(since(before), fault)).toBe(row.ofEleven);

    await fault.end();
    current = '';
    let waitedMs = 0;
    for (; (await ask(stranger(100))) !== 'authenticated'; waitedMs += 100) {
      if (waitedMs > 20_000) break;
      await clock.advance(100);
    }
    expect(waitedMs).toBe(row.rightAfterMs);
    if (nodes.length === 1 && !fault.unresolvable) expect(verifier.health().state).toBe('up');
  });
});

test('every fault is a row of the table, and the readme shows them all', async () => {
  expect(faultTable.map(({ fault }) => fault)).toEqual(Object.keys(faults));
  const readme = fileURLToPath(new URL('../../packages/core/README.md', import.meta.url));
  const text = readFileSync(readme, 'utf8');
  const start = '<!-- faults: written by `vitest -u core/faults` -->\n';
  const end = '\n<!-- /faults -->';
  const [before = '', rest = ''] = text.split(start);
  const after = rest.slice(rest.indexOf(end));
  await expect(`${before}${start}${toMarkdown(faultTable)}${after}`).toMatchFileSnapshot(readme);
});
