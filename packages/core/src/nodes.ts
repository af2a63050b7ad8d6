// Which node is asked: each in turn, but those that failed lately only if there is no other, and those whose
// breaker is open not at all. A question that a node did not get to see or a gateway answered in its place is
// asked once more elsewhere, inside the same deadline.

import { type Breaker, type BreakerSettings, type BreakerState, createBreaker } from './breaker.js';
import type { Clock } from './clock.js';
import { publishNode } from './events.js';
import { type Answer, isGarbled, type NodeRequest, type Transport } from './transport.js';

/** What came of a question: an answer of the node named, the error that kept it from answering, or nothing. */
export type Reply =
  | { readonly kind: 'answer'; readonly node: string; readonly answer: Answer }
  | { readonly kind: 'error'; readonly node: string; readonly error: unknown }
  /** No node may be asked; the next one in so many milliseconds. */
  | { readonly kind: 'open'; readonly waitMs: number };

export interface NodeState {
  /** Base URL. */
  readonly node: string;
  readonly breaker: BreakerState;
  /** Failures in a row. */
  readonly failures: number;
}

export interface Nodes {
  /**
   * Never rejects. A signal that fires ends it at once, with its reason as the error.
   *
   * @param blameless whether a signal that fires says nothing about the node: nobody waited any more.
   */
  send(request: NodeRequest, signal: AbortSignal, blameless: () => boolean): Promise<Reply>;
  /** Asks every node, whatever its breaker says. */
  sendAll(request: NodeRequest, signal: AbortSignal): Promise<Reply[]>;
  readonly states: readonly NodeState[];
  close(): Promise<void>;
}

export interface NodesSettings {
  readonly urls: readonly URL[];
  /** How often a question is asked again at most. */
  readonly retries: number;
  readonly breaker: BreakerSettings;
}

interface Node {
  readonly name: string;
  readonly prefix: string;
  readonly transport: Transport;
  readonly breaker: Breaker;
}

/** @param connect opens the way to an origin. */
export function createNodes(
  settings: NodesSettings,
  clock: Clock,
  connect: (origin: string) => Transport,
): Nodes {
  const nodes: Node[] = settings.urls.map((url) => ({
    name: url.href,
    prefix: url.pathname.replace(/\/+$/, ''),
    transport: connect(url.origin),
    breaker: createBreaker(settings.breaker, clock, (state) => publishNode({ node: url.href, state })),
  }));
  let turn = 0;

  return {
    async send(request, signal, blameless) {
      let last: Reply | undefined;
      const tried = new Set<Node>();
      for (let attempt = 0; attempt <= settings.retries; attempt += 1) {
        const node = nextNode(tried);
        if (node === undefined) break;
        tried.add(node);
        const attempt = node.breaker.begin();
        last = await sendTo(node, request, signal);
        if (signal.aborted && last.kind === 'error' && blameless()) attempt.abandoned();
        else if (hasFailed(last)) attempt.failed();
        else attempt.answered();
        if (!hasFailed(last) || signal.aborted) break;
      }
      return last ?? { kind: 'open', waitMs: Math.min(...nodes.map(({ breaker }) => breaker.waitMs)) };
    },

    sendAll: (request, signal) => Promise.all(nodes.map((node) => sendTo(node, request, signal))),

    get states() {
      return nodes.map(({ name, breaker }) => ({
        node: name,
        breaker: breaker.state,
        failures: breaker.failures,
      }));
    },

    async close() {
      await Promise.all(nodes.map(({ transport }) => transport.close()));
    },
  };

  /** In turn; the ones not tried yet before the others, and the ones at rest after all that are not. */
  function nextNode(tried: ReadonlySet<Node>): Node | undefined {
    const start = turn++ % nodes.length;
    const inTurn = [...nodes.slice(start), ...nodes.slice(0, start)];
    const open = inTurn.filter(({ breaker }) => breaker.waitMs === 0);
    const fresh = open.filter((node) => !tried.has(node));
    return fresh.find(({ breaker }) => !breaker.resting) ?? fresh[0] ?? open[0];
  }
}

async function sendTo(
  { name, prefix, transport }: Node,
  request: NodeRequest,
  signal: AbortSignal,
): Promise<Reply> {
  try {
    const answer = await transport.send({ ...request, path: prefix + request.path }, signal);
    return { kind: 'answer', node: name, answer };
  } catch (error) {
    return { kind: 'error', node: name, error };
  }
}

/** Failures are the network's and the gateways'. What a node itself answers, however useless, is none. */
function hasFailed(reply: Reply): boolean {
  if (reply.kind === 'error') return !isGarbled(reply.error);
  if (reply.kind === 'open') return true;
  return reply.answer.status === 502 || reply.answer.status === 503 || reply.answer.status === 504;
}
