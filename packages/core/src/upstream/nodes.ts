// Which node is asked: each in turn, but those that failed lately only if there is no other, and those whose
// breaker is open not at all. How a question goes on from there is `conversation.ts`'s business.

import { publishNode } from '../observation/events.js';
import type { NodeState } from '../observation/stats.js';
import type { Warn } from '../observation/warnings.js';
import type { Clock } from '../time/clock.js';
import type { Ending } from '../time/stop.js';
import { type BreakerSettings, createBreaker } from './breaker.js';
import { type Call, converse, type Way } from './conversation.js';
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
    ...{ clock, retries, hedgeAfterMs: hedging ? hedgeAfterMs : 0, begin, nextNode, spareNode, outdone },
    spendHedge: budget.spend,
  };
  let turn = 0;

  return {
    send(request, call) {
      budget.earn();
      const tried = new Set(nodes.filter(({ name }) => name === call.after));
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

  /** Those that may be asked, from the one whose turn it is. */
  function openFrom(start: number): Node[] {
    const at = start % nodes.length;
    return [...nodes.slice(at), ...nodes.slice(0, at)].filter(({ breaker }) => breaker.waitMs === 0);
  }

  /** In turn; the ones not tried yet before the others, and the ones at rest after all that are not. */
  function nextNode(tried: ReadonlySet<Node>): Node | undefined {
    const open = openFrom(turn++);
    const fresh = open.filter((node) => !tried.has(node));
    const awake = fresh.filter(({ breaker }) => !breaker.resting);
    // One that failed last time may be silent again: it is tried when another could be asked besides.
    const mayDoubt = !hedging || budget.left;
    return awake.find(({ breaker }) => mayDoubt || breaker.failures === 0) ?? awake[0] ?? fresh[0] ?? open[0];
  }

  /** One that may answer in a silent node's place. */
  function spareNode(tried: ReadonlySet<Node>): Node | undefined {
    if (!budget.left) return undefined;
    const awake = openFrom(turn).filter((node) => !tried.has(node) && !node.breaker.resting);
    return awake.find(({ breaker }) => breaker.failures === 0) ?? awake[0];
  }

  function outdone({ node, end }: Question): void {
    end('failed');
    const silence = `${node.name}: no answer within ${hedgeAfterMs} ms (upstream.hedgeAfterMs)`;
    warn(`ESAUTH_SILENT ${node.name}`, `${silence}; another node has answered in its place`);
  }
}
