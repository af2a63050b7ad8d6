// Nodes that break every rule of HTTP and TLS, at random, while many callers with several credentials ask through one
// verifier. What must hold: nobody is taken for somebody else or let in with what is refused, everybody is told
// something
// in time, what was no verdict is forgotten, and nothing is left over: no socket, no lookup, no memory.

import { createVerifier, type Verdict, type Verifier } from '@esauth/core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { key, keyBody } from '../support/callers.js';
import { type Certificates, makeCertificates } from '../support/certificates.js';
import { createFindings } from '../support/findings.js';
import { collectGarbage } from '../support/garbage.js';
import { errorBody, identityBody } from '../support/scripted-node.js';
import { attack, patienceMs, tell, tellAttempts, watchProcess } from './campaign.js';
import { type Answers, connectionFaults, faults, startFaultyNode } from './faulty-nodes.js';

const timeoutMs = 150;
/** For what takes no time of its own, on a machine that is busy. */
const generousMs = 30_000;

interface Holder {
  readonly authorization: string;
  /** Whom Elasticsearch takes it for; nobody if it refuses it. */
  readonly username: string | undefined;
}

/** Half of them are keys and half are tokens, and two of each are refused. */
const holders: readonly Holder[] = Array.from({ length: 14 }, (_, n) => ({
  authorization: n % 2 === 0 ? key(`key-${n}`, 'the-secret-of-a-key') : `Bearer ${btoa(`the-token-of-${n}`)}`,
  username: n < 10 ? `user-${n}` : undefined,
}));

const round = fc.record({
  /** Which nodes there are; `true` speaks TLS. */
  nodes: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
  faultsOf100: fc.integer({ min: 40, max: 100 }),
  connectionFaultsOf100: fc.constantFrom(10, 30),
  /** Looked up in turn by whatever has to be chosen while it runs. */
  chances: fc.array(fc.nat(99_999), { minLength: 100, maxLength: 200 }),
  calls: fc.array(
    fc.record({
      holder: fc.nat(holders.length - 1),
      asks: fc.constantFrom('verify', 'verify', 'privileges', 'peek'),
      pauses: fc.boolean(),
      leavesAfterMs: fc.option(fc.integer({ min: 1, max: 100 }), { freq: 8 }),
      maxAgeMs: fc.constantFrom(undefined, undefined, 0, 20),
    }),
    { minLength: 80, maxLength: 160, size: 'max' },
  ),
  cache: fc.constantFrom(
    false as const,
    { ttlMs: 40 },
    { ttlMs: 60_000 },
    { ttlMs: 40, staleIfErrorMs: 200 },
  ),
  upstream: fc.record({
    retries: fc.constantFrom(0, 1, 3),
    hedgeAfterMs: fc.constantFrom(0, 30),
    maxConcurrent: fc.constantFrom(2, 8, 32),
    maxQueue: fc.constantFrom(5, 1_000),
  }),
  breaker: fc.record({ failures: fc.constantFrom(3, 1_000, 1_000) }),
  revokes: fc.boolean(),
});
type Round = typeof round extends fc.Arbitrary<infer Value> ? Value : never;

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates();
});

const process_ = watchProcess();
afterAll(() => process_.stop());

test('faults of nodes make nobody somebody else, keep nobody waiting, and leave nothing', {
  timeout: patienceMs,
}, async (context) => {
  const runs = 12;
  let findings = createFindings();
  const seen: Record<string, number> = {};
  const figures = { rounds: 0, calls: 0, lookups: 0, questions: 0, faults: 0, 'most sockets': 0 };
  const heap: number[] = [];
  /** How many faults there were, of connections and of questions. */
  const turns = new Map<number, number>();
  await attack(round, { runs, shrinks: false }, async (drawn) => {
    findings = createFindings();
    await play(drawn);
    for (const [what, count] of Object.entries(findings.seen)) seen[what] = (seen[what] ?? 0) + count;
    findings.report();
    expect(process_.broken).toEqual([]);
    collectGarbage();
    heap.push(process.memoryUsage().heapUsed);
  });
  tell('nodes', { ...figures, 'wrong identities': 0, 'left waiting': 0, 'unhandled rejections': 0 });
  tell('nodes, by fault and outcome', seen);
  for (const name of [...Object.keys(faults), ...Object.keys(connectionFaults), 'let in', 'refused']) {
    expect([name, seen[name] ?? 0]).toEqual([name, expect.toSatisfy((count) => count > 0)]);
  }
  // What is compiled and kept alive by the runner is within this; a body that was kept is 8 kB a write.
  const half = Math.floor(heap.length / 2);
  expect(Math.max(...heap.slice(half)) - Math.max(...heap.slice(0, half))).toBeLessThan(30e6);
  tellAttempts(context, 'nodes', runs);

  async function play(drawn: Round): Promise<void> {
    let at = 0;
    const chance = (below: number) => (drawn.chances[at++ % drawn.chances.length] ?? 0) % below;
    let healthy = false;
    const draw = (names: readonly string[], of100: number) => {
      if (healthy || chance(100) >= of100) return undefined;
      // In turn through all rounds, so that none is left out.
      const turn = turns.get(names.length) ?? 0;
      turns.set(names.length, turn + 1);
      const name = names[turn % names.length] ?? '';
      findings.count(name);
      figures.faults += 1;
      return name;
    };
    const nodes = await Promise.all(
      drawn.nodes.map((secured) =>
        startFaultyNode(
          {
            connection: () => draw(Object.keys(connectionFaults), drawn.connectionFaultsOf100),
            question: () => draw(Object.keys(faults), drawn.faultsOf100),
            answersTo: (head) => answersTo(head, chance),
          },
          secured ? certificates.server : undefined,
        ),
      ),
    );
    const verifier = createVerifier({
      nodes: nodes.map(({ url }) => url),
      tls: { ca: certificates.ca },
      // What a stranger's answer has caused must not be waited out.
      cache: drawn.cache && { rejectedTtlMs: 0, ...drawn.cache },
      upstream: { timeoutMs, ...drawn.upstream, breaker: { openMs: 30, ...drawn.breaker } },
    });
    try {
      const waiting = drawn.calls.map(async (call, n) => {
        if (call.pauses) await new Promise((resolve) => setTimeout(resolve, n));
        await ask(verifier, call);
        if (drawn.revokes && n % 20 === 0)
          void verifier.revoke({ credential: holders[call.holder]?.authorization ?? '' });
      });
      findings.check(await inTime(Promise.all(waiting)), 'everybody is told something');
      healthy = true;
      for (const holder of holders) await recover(verifier, holder);
      await eventually(() => {
        const { inFlight, waiting: callers, queued } = verifier.stats();
        return inFlight + callers + queued === 0;
      }, 'nothing is under way when nobody asks');
    } finally {
      figures.lookups += verifier.stats().lookups;
      await verifier.close();
    }
    await eventually(() => nodes.every(({ open }) => open === 0), 'no socket is left after close');
    for (const node of nodes) {
      figures.questions += node.requests;
      figures['most sockets'] = Math.max(figures['most sockets'], node.most);
      // One for each place on the wire, and one for each that a node does not know yet that we have left it.
      findings.check(node.most <= 2 * drawn.upstream.maxConcurrent + 20, 'sockets are bounded', node.most);
      await node.close();
    }
    figures.rounds += 1;
  }

  async function ask(
    verifier: Verifier,
    { holder, asks, leavesAfterMs, maxAgeMs }: Round['calls'][number],
  ): Promise<void> {
    const { authorization, username } = holders[holder] as Holder;
    figures.calls += 1;
    const signal = leavesAfterMs === null ? undefined : AbortSignal.timeout(leavesAfterMs);
    const options = { ...(signal && { signal }), ...(maxAgeMs !== undefined && { maxAgeMs }) };
    try {
      if (asks === 'peek') judge(verifier.peek(authorization, options), username);
      else if (asks === 'verify') judge(await verifier.verify(authorization, options), username);
      else {
        const verdict = await verifier.hasPrivileges(authorization, { cluster: ['monitor'] }, options);
        if (verdict.kind !== 'answered') return judge(verdict, username);
        judge(
          { kind: 'authenticated', identity: verdict.identity, verifiedAt: verdict.verifiedAt },
          username,
        );
        const granted = verdict.privileges.cluster.monitor;
        findings.check(
          granted === mayMonitor(username),
          'privileges are those of who asks',
          username,
          granted,
        );
      }
    } catch (error) {
      findings.check(signal?.aborted, 'nothing is thrown but to who has left', String(error));
    }
  }

  function judge(verdict: Verdict | undefined, username: string | undefined): void {
    if (verdict?.kind === 'authenticated') {
      findings.count('let in');
      findings.check(
        verdict.identity.username === username,
        'nobody is somebody else',
        verdict.identity.username,
        username,
      );
    } else if (verdict?.kind === 'rejected') findings.count('refused');
    else if (verdict !== undefined) findings.count(verdict.code);
  }

  /** When nodes are as they should be, everybody is who he is: nothing else was remembered. */
  async function recover(verifier: Verifier, { authorization, username }: Holder): Promise<void> {
    await eventually(async () => {
      const verdict = await verifier.verify(authorization);
      judge(verdict, username);
      return verdict.kind === (username ? 'authenticated' : 'rejected');
    }, 'no fault is remembered');
  }

  async function eventually(condition: () => boolean | Promise<boolean>, sentence: string): Promise<void> {
    const until = performance.now() + generousMs;
    while (!(await condition())) {
      if (performance.now() > until) return findings.check(false, sentence);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
});

async function inTime(settled: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, generousMs, false);
  });
  const done = await Promise.race([settled.then(() => true), late]);
  clearTimeout(timer);
  return done;
}

function mayMonitor(username = ''): boolean {
  return Number(username.slice('user-'.length)) % 3 === 0;
}

function answersTo(head: string, chance: (below: number) => number): Answers {
  const presented = /\r\nauthorization: ([^\r]+)/i.exec(head)?.[1];
  const holder = holders.find(({ authorization }) => authorization === presented);
  const opaque = /\r\nx-opaque-id: ([^\r]+)/i.exec(head)?.[1];
  const strangers = holders.filter((other) => other !== holder && other.username);
  const stranger = strangers[chance(strangers.length)];
  const path = head.split(' ', 2)[1] ?? '';
  return {
    right: answerOf(path, holder, opaque),
    others: answerOf(path, stranger, `other-${opaque}`),
  };
}

function isKey({ authorization }: Holder): boolean {
  return authorization.startsWith('ApiKey');
}

function answerOf(path: string, holder: Holder | undefined, opaque: string | undefined): string {
  const username = holder?.username;
  const body =
    username === undefined
      ? errorBody(401, 'unable to authenticate')
      : bodyOf(path, holder as Holder, username);
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${username === undefined ? 401 : 200} Scripted`,
    ...(username === undefined ? [] : ['X-elastic-product: Elasticsearch']),
    ...(opaque === undefined ? [] : [`X-Opaque-Id: ${opaque}`]),
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${text}`;
}

function bodyOf(path: string, holder: Holder, username: string): unknown {
  if (path.includes('_has_privileges')) {
    const monitor = mayMonitor(username);
    return { username, has_all_requested: monitor, cluster: { monitor }, index: {}, application: {} };
  }
  if (!isKey(holder)) return identityBody({ username });
  const id =
    Buffer.from(holder.authorization.slice('ApiKey '.length), 'base64').toString().split(':', 1)[0] ?? '';
  return { ...keyBody(id), username };
}
