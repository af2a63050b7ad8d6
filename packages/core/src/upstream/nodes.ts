// Which node is asked: each in turn, but those that failed lately only if there is no other, and those whose
// breaker is open not at all. How a question goes on from there is `conversation.ts`'s business.

import { publishNode } from '../observation/events.js';
import type { NodeState } from '../observation/stats.js';
import type { Warn } from '../observation/warnings.js';
import type { Clock } from '../time/clock.js';
import type { Ending } from '../time/stop.js';
import { type BreakerSettings, createBreaker } from './breaker.js';
import { type Call, converse, type Way } from './conversation.js';
import { createDeadlines } from './deadline.js';
import { createHedgeBudget } from './hedge-budget.js';
import { wayTo } from './node-way.js';
import { createQuestions, type Node, type Question, type Reply, sendTo } from './question.js';
import type { NodeRequest, Transport } from './transport.js';

export interface Nodes {
  /** Never rejects. */
  send(request: NodeRequest, call: Call): Promise<Reply>;
  /** Asks every node, whatever its breaker says. A signal that fires ends it, with its reason as the error. */
  sendAll(request: NodeRequest, signal: Ending): Promise<Reply[]>;
  readonly states: readonly NodeState[];
  /** How often a second node was asked because the first kept silent. */
  readonly hedges: number;
  /** Questions under way that nobody asked, to find out how a node is. */
  readonly probes: number;
  close(): Promise<void>;
}

export interface NodesSettings {
  readonly urls: readonly URL[];
  readonly timeoutMs: number;
  /** How often a question is asked again at most. */
  readonly retries: number;
  /** After so long without a word another node is asked besides; 0: never. */
  readonly hedgeAfterMs: number;
  readonly maxConcurrent: number;
  /** What any node has an answer to: asked to find out how one is. */
  readonly probe: NodeRequest;
  readonly breaker: BreakerSettings;
}

/** @param connect opens the way to an origin. */
export function createNodes(
  settings: NodesSettings,
  clock: Clock,
  connect: (origin: string) => Transport,
  warn: Warn,
): Nodes {
  const { retries, hedgeAfterMs, timeoutMs } = settings;
  const breaker = { ...settings.breaker, timeoutMs };
  const nodes: Node[] = settings.urls.map((url) => ({
    ...wayTo(url, connect),
    breaker: createBreaker(breaker, clock, (state) => publishNode({ node: url.href, state })),
  }));
  const hedging = hedgeAfterMs > 0 && nodes.length > 1;
  const budget = createHedgeBudget(settings.maxConcurrent);
  const questions = createQuestions(settings.probe, timeoutMs, clock);
  const { begin } = questions;
  const way: Way = {
    ...{ clock, retries, begin, nextNode, spareNode, outdone, spendHedge: budget.spend },
    hedgeAfterMs: hedging ? hedgeAfterMs : 0,
    silences: createDeadlines(clock, hedgeAfterMs),
  };
  let turn = 0;

  return {
    send(request, call) {
      budget.earn();
      const tried = call.after === undefined ? [] : nodes.filter(({ name }) => name === call.after);
      const first = nextNode(tried);
      if (first !== undefined) return converse(first, request, call, tried, way);
      return Promise.resolve({
        kind: 'open',
        waitMs: Math.min(...nodes.map(({ breaker }) => breaker.waitMs)),
      });
    },

    sendAll: (request, signal) => Promise.all(nodes.map((node) => sendTo(node, request, signal))),

    get states() {
      return nodes.map(({ name, breaker }) => ({
        node: name,
        breaker: breaker.state,
        failures: breaker.failures,
      }));
    },
    get hedges() {
      return budget.spent;
    },
    get probes() {
      return questions.probes;
    },

    async close() {
      await Promise.all(nodes.map(({ transport }) => transport.close()));
    },
  };

  /** In turn; the ones not tried yet before the others, and the ones at rest after all that are not. */
  function nextNode(tried: readonly Node[]): Node | undefined {
    const start = turn++;
    // One that failed last time may be silent again: it is tried when another could be asked besides.
    const mayDoubt = !hedging || budget.left;
    let open: Node | undefined;
    let fresh: Node | undefined;
    let awake: Node | undefined;
    for (let nth = 0; nth < nodes.length; nth += 1) {
      const node = nodeAt(start + nth);
      if (node === undefined || node.breaker.waitMs > 0) continue;
      open ??= node;
      if (tried.includes(node)) continue;
      fresh ??= node;
      if (node.breaker.resting) continue;
      if (mayDoubt || node.breaker.failures === 0) return node;
      awake ??= node;
    }
    return awake ?? fresh ?? open;
  }

  /** One that may answer in a silent node's place. */
  function spareNode(tried: readonly Node[]): Node | undefined {
    if (!budget.left) return undefined;
    let awake: Node | undefined;
    for (let nth = 0; nth < nodes.length; nth += 1) {
      const node = nodeAt(turn + nth);
      if (node === undefined || node.breaker.waitMs > 0) continue;
      if (tried.includes(node) || node.breaker.resting) continue;
      if (node.breaker.failures === 0) return node;
      awake ??= node;
    }
    return awake;
  }

  function nodeAt(nth: number): Node | undefined {
    return nodes[nth % nodes.length];
  }

  function outdone(question: Question): void {
    question.end('failed');
    const { node } = question;
    const silence = `${node.name}: no answer within ${hedgeAfterMs} ms (upstream.hedgeAfterMs)`;
    warn(`ESAUTH_SILENT ${node.name}`, `${silence}; another node has answered in its place`);
  }
}
