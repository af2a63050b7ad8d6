// Who waits for a lookup: callers at the same time share one, and each may leave.

import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accepted, codeOf, jane } from '../../support/callers.js';
import { again, begin, end, verifier } from '../../support/scene.js';
import { holdAnswers, type ScriptedNode, startScriptedNode } from '../../support/scripted-node.js';
import { warningsDuring } from '../../support/warnings.js';

let node: ScriptedNode;
beforeEach(async () => {
  node = begin(await startScriptedNode(accepted));
});
afterEach(end);

describe('single flight', () => {
  test('P16: callers at the same time share one lookup, also without a cache', async () => {
    await again({ cache: false });
    const answers = holdAnswers(node);
    const callers = Array.from({ length: 100 }, () => verifier.verify(jane));
    await node.arrived(1);
    expect(verifier.stats()).toMatchObject({ misses: 1, shared: 99, inFlight: 1, waiting: 100 });
    answers.release(accepted);
    expect(new Set((await Promise.all(callers)).map(codeOf))).toEqual(new Set(['jane']));
    expect(node.requests).toHaveLength(1);
    expect(verifier.stats()).toMatchObject({ inFlight: 0, waiting: 0 });
  });

  test('one signal may end any number of calls: Node 20 warns of none of them', async () => {
    const answers = holdAnswers(node);
    const shared = new AbortController();
    const { signal } = shared;
    const warnings = await warningsDuring(async () => {
      const callers = Array.from({ length: 50 }, (_, n) => verifier.verify(`${jane}${n % 25}`, { signal }));
      const asked = Array.from({ length: 50 }, () =>
        verifier.hasPrivileges(jane, { cluster: ['all'] }, { signal }),
      );
      await node.arrived(26);
      shared.abort(new Error('gone'));
      const outcomes = await Promise.allSettled([...callers, ...asked]);
      expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
      answers.release(accepted);
    });
    expect(warnings).toEqual([]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('P17: a caller that gives up gets its own reason and harms nobody', async () => {
    const answers = holdAnswers(node);
    const impatient = new AbortController();
    const first = verifier.verify(jane, { signal: impatient.signal });
    const second = verifier.verify(jane);
    await node.arrived(1);
    impatient.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    answers.release(accepted);
    expect(codeOf(await second)).toBe('jane');
  });

  test('P17: when all callers leave, the lookup is cancelled', async () => {
    let closed = false;
    const hungUp = new Promise<void>((resolve) => {
      node.answer((socket) =>
        socket.once('close', () => {
          closed = true;
          resolve();
        }),
      );
    });
    const leaving = new AbortController();
    const caller = verifier.verify(jane, { signal: leaving.signal });
    await node.arrived(1);
    expect(closed).toBe(false);
    leaving.abort();
    await expect(caller).rejects.toMatchObject({ name: 'AbortError' });
    await hungUp;
    expect(verifier.stats()).toMatchObject({ inFlight: 0, waiting: 0, entries: 0 });
  });

  test('an already aborted signal rejects even on a hit', async () => {
    await verifier.verify(jane);
    await expect(verifier.verify(jane, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
