// What a deadline ends, and whom it blames: on stepped time, and with a process that really stands still.

import { createVerifier, type Verdict, type Verifier } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { begin, clock, end, verifier } from '../../support/scene.js';
import {
  holdAnswers,
  identityBody,
  respond,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

// Seconds of work, or of real time, which become more beside other work.
vi.setConfig({ testTimeout: 60_000 });

const timeoutMs = 3_000;
const ttlMs = 60_000;
const accepted = respond({ body: identityBody() });
const stranger = (n: number) => `Bearer ${'stranger'.repeat(3)}${n}`;
const codeOf = (verdict: Verdict) => (verdict.kind === 'authenticated' ? 'yes' : verdict.code);

describe('on stepped time', () => {
  let node: ScriptedNode;
  let held: ReturnType<typeof holdAnswers>;
  beforeEach(async () => {
    node = begin(await startScriptedNode(), { upstream: { timeoutMs, retries: 0 } });
    held = holdAnswers(node);
  });
  afterEach(end);

  /** Asks for as many strangers, and waits until their requests are there. */
  async function ask(count = 1): Promise<Promise<Verdict>[]> {
    const before = node.requests.length;
    const asked = Array.from({ length: count }, (_, n) => verifier.verify(stranger(before + n)));
    await node.arrived(before + count);
    return asked;
  }
  const failures = () => verifier.health().nodes[0]?.failures;

  test('an answer after it is none, and what it says is not remembered', async () => {
    const [verdict] = await ask();
    await clock.advance(timeoutMs);
    expect(codeOf((await verdict) as Verdict)).toBe('timeout');
    held.release(accepted);
    for (let turn = 0; turn < 20; turn += 1) await clock.advance(0);
    expect(verifier.peek(stranger(0))).toBeUndefined();
    expect(failures()).toBe(1);
  });

  test('one that came in time is read, though this process stood still until long after it', async () => {
    const [verdict] = await ask();
    held.release(accepted);
    clock.standStill(10 * timeoutMs);
    await clock.advance(0);
    expect(codeOf((await verdict) as Verdict)).toBe('yes');
    expect(failures()).toBe(0);
  });

  test('what is not there then will not be waited for, and that is nobody’s failure', async () => {
    const asked = await ask(6);
    clock.standStill(2 * timeoutMs);
    await clock.advance(0);
    for (const verdict of await Promise.all(asked)) {
      expect(verdict).toMatchObject({ kind: 'unavailable', code: 'timeout' });
      if (verdict.kind === 'unavailable') {
        expect(verdict.cause.message).toContain('this process stood still meanwhile');
      }
    }
    expect(verifier.health()).toMatchObject({ state: 'up', nodes: [{ breaker: 'closed', failures: 0 }] });
  });

  test.each([
    ['until shortly before it', [0.95], 0],
    ['from before its last third until into it', [0, 0.6, 0.3], 0],
    ['across its end', [0, 0.7, 0.5], 0],
    ['until a third of it is left', [0.6], 1],
    ['at its beginning', [0.3], 1],
    ['for a moment, now and then', [0.05, 0.2, 0.05, 0.2, 0.05], 1],
    ['never', [], 1],
  ])('standing still %s', async (_when, parts, expected) => {
    const [verdict] = await ask();
    let gone = 0;
    // First it stands still, then it goes on, and so forth.
    for (const [n, part] of parts.entries()) {
      const ms = part * timeoutMs;
      gone += ms;
      if (n % 2 === 0) clock.standStill(ms);
      else await clock.advance(ms);
    }
    await clock.advance(Math.max(0, timeoutMs - gone));
    expect(codeOf((await verdict) as Verdict)).toBe('timeout');
    expect(failures()).toBe(expected);
  });

  test('a caller whose lookup had to wait is not late either, if his answer is there', async () => {
    await end();
    node = begin(await startScriptedNode(), { upstream: { timeoutMs, maxConcurrent: 1 } });
    held = holdAnswers(node);
    const first = verifier.verify(stranger(1));
    const second = verifier.verify(stranger(2));
    await node.arrived(1);
    await clock.advance(1_000);
    held.release(accepted);
    await first;
    await node.arrived(2);
    // His time ends before that of his lookup, which has only begun.
    held.release(accepted);
    clock.standStill(timeoutMs);
    await clock.advance(0);
    expect(codeOf(await second)).toBe('yes');
  });

  test('an answer to a question that a machine slept over for as long as one is remembered counts', async () => {
    const [verdict] = await ask();
    clock.setWall(clock.wall() + ttlMs);
    held.release(accepted);
    expect(codeOf((await verdict) as Verdict)).toBe('yes');
    expect(verifier.peek(stranger(0))).toBeUndefined();
  });

  test('and for longer, the question is asked again', async () => {
    const [verdict] = await ask();
    clock.setWall(clock.wall() + ttlMs + 1);
    held.release(accepted);
    await node.arrived(2);
    held.release(respond({ status: 401, body: unauthenticated }));
    expect(codeOf((await verdict) as Verdict)).toBe('credentials_invalid');
  });
});

describe('on the real clock', () => {
  let node: ScriptedNode;
  let real: Verifier;
  beforeEach(async () => {
    node = await startScriptedNode(accepted);
    real = createVerifier({ nodes: node.url, upstream: { timeoutMs: 200, retries: 0 } });
  });
  afterEach(async () => {
    await real.close();
    await node.close();
  });
  const block = (ms: number) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  };

  test('a process that blocks its loop before it asks, or while it waits, opens no breaker', async () => {
    node.answer(() => {});
    for (const wait of [() => Promise.resolve(), () => node.arrived(8)]) {
      const asked = Array.from({ length: 8 }, (_, n) => real.verify(stranger(n)));
      await wait();
      block(400);
      for (const verdict of await Promise.all(asked)) expect(codeOf(verdict)).toBe('timeout');
      expect(real.health()).toMatchObject({ state: 'up', nodes: [{ breaker: 'closed', failures: 0 }] });
    }
  });

  test('nor in a flood, of which most have to wait; and nobody pays for it who comes after', async () => {
    // What it is asked lies in its sockets meanwhile, as this is its process too.
    node.answer((socket, head) => void setTimeout(() => accepted(socket, head), 20));
    const flood = Array.from({ length: 600 }, (_, n) => real.verify(stranger(n)));
    await node.arrived(40);
    block(400);
    for (const verdict of await Promise.all(flood)) expect(['yes', 'timeout']).toContain(codeOf(verdict));
    expect(real.health()).toMatchObject({ state: 'up', nodes: [{ breaker: 'closed', failures: 0 }] });
    // On a busy machine 200 ms may be too short a while again.
    let next = 'timeout';
    for (let n = 600; n < 650 && next === 'timeout'; n += 1) next = codeOf(await real.verify(stranger(n)));
    expect(next).toBe('yes');
  });

  test('what comes only after that is no answer', async () => {
    node.answer((socket, head) => void setTimeout(() => accepted(socket, head), 2_000).unref());
    const asked = real.verify(stranger(1));
    await node.arrived(1);
    block(250);
    expect(codeOf(await asked)).toBe('timeout');
    expect(real.peek(stranger(1))).toBeUndefined();
  });

  test('check() reads what came in while it stood still, as applications do when they start', async () => {
    node.answer(respond({ status: 401, body: unauthenticated }));
    await real.check();
    const checked = real.check();
    await node.arrived(2);
    block(400);
    await checked;
  });
});

const reason = 'missing authentication credentials for REST request [/_security/_authenticate]';
const unauthenticated = { error: { type: 'security_exception', reason }, status: 401 };
