// A node that accepts and says nothing, on the real clock and with real timers. How long the long one takes is set by
// ESAUTH_SECONDS (30 is what is promised; a fifth of it, with everything else a fifth too, unless it is set).

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createVerifier, type Verifier, type VerifierOptions } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { identityBody, respond, type ScriptedNode, startScriptedNode } from '../../support/scripted-node.js';

// Seconds of work, or of real time, which become more beside other work.
vi.setConfig({ testTimeout: 60_000 });

const accepted = respond({ body: identityBody() });
const stranger = (n: number) => `Bearer ${'stranger'.repeat(3)}${n}`;

let nodes: ScriptedNode[];
let verifier: Verifier;
beforeEach(() => {
  nodes = [];
});
afterEach(async () => {
  await verifier.close();
  for (const node of nodes) await node.close();
});

async function start(count: number, upstream: VerifierOptions['upstream']): Promise<void> {
  for (let n = 0; n < count; n += 1) nodes.push(await startScriptedNode(accepted));
  nodes[0]?.answer(() => {});
  verifier = createVerifier({ nodes: nodes.map(({ url }) => url), upstream });
}

const seconds = Number(process.env.ESAUTH_SECONDS ?? 6);

test(`one of three: of 150 callers in ${seconds} s none is refused, and none waits for half of timeoutMs`, async () => {
  const scale = seconds / 30;
  const timeoutMs = 3_000 * scale;
  await start(3, { timeoutMs, breaker: { openMs: 2_000 * scale } });
  // How late this process is itself: more than once what a caller waits for, on a busy machine.
  const lateness = monitorEventLoopDelay({ resolution: 1 });
  lateness.enable();
  const waits: number[] = [];
  const outcomes: string[] = [];
  const callers = Array.from({ length: 150 }, async (_, n) => {
    await sleep((n * seconds * 1_000) / 150);
    const from = performance.now();
    const verdict = await verifier.verify(stranger(n));
    waits.push(performance.now() - from);
    outcomes.push(verdict.kind);
  });
  await Promise.all(callers);
  expect(outcomes.filter((kind) => kind !== 'authenticated')).toEqual([]);
  lateness.disable();
  expect(Math.max(...waits) - (2 * lateness.max) / 1e6).toBeLessThan(timeoutMs / 2);
  // A tenth, and ten on credit.
  expect(verifier.stats().hedges).toBeLessThanOrEqual(15 + 10);
  expect(verifier.health().state).toBe('degraded');
});

describe('the only one:', () => {
  const leave = async (n: number, afterMs: number) => {
    const signal = AbortSignal.timeout(afterMs);
    await verifier.verify(stranger(n), { signal }).catch(() => {});
  };

  test('callers who leave early, as a gateway makes them, do not keep its breaker closed', async () => {
    await start(1, { timeoutMs: 600, breaker: { openMs: 60_000 } });
    // A third of the deadline each, four at a time.
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([0, 1, 2, 3].map((n) => leave(10 * round + n, 200)));
    }
    // Some of those who leave are waited for, and these are to come.
    for (let n = 0; verifier.health().state !== 'down' && n < 40; n += 1) await leave(100 + n, 50);
    expect(verifier.health().state).toBe('down');
    expect(await verifier.verify(stranger(99))).toMatchObject({ code: 'circuit_open' });
    expect(nodes[0]?.requests.length).toBeLessThanOrEqual(60);
  });

  test('P57: callers who leave a slow node early do not open its breaker', async () => {
    await start(1, { timeoutMs: 600 });
    nodes[0]?.answer((socket, head) => void setTimeout(() => accepted(socket, head), 100));
    for (let round = 0; round < 20; round += 1) {
      await Promise.all([0, 1, 2, 3].map((n) => leave(10 * round + n, 20)));
    }
    expect(await verifier.verify(stranger(999))).toMatchObject({ kind: 'authenticated' });
    expect(verifier.health()).toMatchObject({ state: 'up', nodes: [{ failures: 0 }] });
  });

  test('P57: after an outage, who leaves early does not keep a node shut that answers', async () => {
    await start(1, { timeoutMs: 1_000, breaker: { openMs: 300 } });
    nodes[0]?.answer((socket) => void socket.destroy());
    for (let n = 0; n < 6; n += 1) await verifier.verify(stranger(n));
    expect(verifier.health().state).toBe('down');
    nodes[0]?.answer((socket, head) => void setTimeout(() => accepted(socket, head), 150));
    const until = performance.now() + 2_000;
    const attack = (async () => {
      for (let n = 0; performance.now() < until; n += 1) {
        await leave(1_000 + n, 112);
        await sleep(1);
      }
    })();
    const kinds: string[] = [];
    for (let n = 0; performance.now() < until; n += 1) {
      kinds.push((await verifier.verify(stranger(5_000 + n))).kind);
      await sleep(50);
    }
    await attack;
    expect(kinds.slice(-5)).toEqual(Array(5).fill('authenticated'));
  });

  test('answers that lie in the socket when this process comes back from a stall are read', async () => {
    await start(1, { timeoutMs: 100 });
    nodes[0]?.answer(accepted);
    await verifier.verify(stranger(0));
    const asked = Array.from({ length: 6 }, (_, n) => verifier.verify(stranger(1 + n)));
    // The requests are on their way, and so will the answers be.
    await nodes[0]?.arrived(7);
    const until = performance.now() + 150;
    while (performance.now() < until);
    const verdicts = await Promise.all(asked);
    expect(verdicts.map(({ kind }) => kind)).toEqual(Array(6).fill('authenticated'));
    expect(verifier.health().state).toBe('up');
  });

  test('who shares a lookup with others that leave gets what it brings, and the node its failure', async () => {
    await start(1, { timeoutMs: 200 });
    const [patient] = await Promise.all([
      verifier.verify(stranger(1)),
      verifier.verify(stranger(1), { signal: AbortSignal.timeout(20) }).catch(() => {}),
    ]);
    expect(patient).toMatchObject({ kind: 'unavailable', code: 'timeout' });
    expect(verifier.stats()).toMatchObject({ unavailable: 1, nodes: [{ failures: 1 }] });
    expect(verifier.health().state).toBe('degraded');
  });
});
