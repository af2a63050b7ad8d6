// Which node is asked: each in turn, but those that failed lately only if there is no other, and those whose
// breaker is open not at all. A question that a node did not get to see or a gateway answered in its place is
// asked once more elsewhere, inside the same deadline; one that a node says nothing about is asked elsewhere besides.

import { publishNode } from '../observation/events.js';
import type { NodeState } from '../observation/stats.js';
import type { Warn } from '../observation/warnings.js';
import type { Clock } from '../time/clock.js';
import { type Breaker, type BreakerSettings, createBreaker } from './breaker.js';
import { createHedgeBudget } from './hedge-budget.js';
import { type Answer, isGarbled, type NodeRequest, type Transport } from './transport.js';

/** What came of a question: an answer of the node named, the error that kept it from answering, or nothing. */
export type Reply =
  | { readonly kind: 'answer'; readonly node: string; readonly answer: Answer }
  | { readonly kind: 'error'; readonly node: string; readonly error: unknown }
  /** No node may be asked; the next one in so many milliseconds. */
  | { readonly kind: 'open'; readonly waitMs: number };

/** How a question is asked. */
export interface Call {
  /** Ends it at once, with its reason as the error. */
  readonly signal: AbortSignal;
  /** Another node than this one goes first, by its name. */
  readonly after?: string | undefined;
  /** Whether nothing better can come than this reply: if a second node was asked, the first such reply counts. */
  readonly isFinal: (reply: Reply) => boolean;
  /** A place for one more request on the wire, to be given back; `undefined` if there is none now. */
  readonly besides: () => (() => void) | undefined;
}

export interface Nodes {
  /** Never rejects. */
  send(request: NodeRequest, call: Call): Promise<Reply>;
  /** Asks every node, whatever its breaker says. A signal that fires ends it, with its reason as the error. */
  sendAll(request: NodeRequest, signal: AbortSignal): Promise<Reply[]>;
  readonly states: readonly NodeState[];
  /** How often a second node was asked because the first kept silent. */
  readonly hedges: number;
  close(): Promise<void>;
}

export interface NodesSettings {
  readonly urls: readonly URL[];
  readonly timeoutMs: number;
  /** How often a question is asked again at most. */
  readonly retries: number;
  /** After so long without a word another node is asked besides; 0: never. */
  readonly hedgeAfterMs: number;
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
  warn: Warn,
): Nodes {
  const { retries, hedgeAfterMs, timeoutMs } = settings;
  const patience = { ...settings.breaker, silenceMs: timeoutMs };
  const nodes: Node[] = settings.urls.map((url) => ({
    name: url.href,
    prefix: url.pathname.replace(/\/+$/, ''),
    transport: connect(url.origin),
    breaker: createBreaker(patience, clock, (state) => publishNode({ node: url.href, state })),
  }));
  const hedging = hedgeAfterMs > 0 && nodes.length > 1;
  const budget = createHedgeBudget();
  let turn = 0;

  return {
    async send(request, call) {
      budget.earn();
      let last: Reply | undefined;
      const tried = new Set(nodes.filter(({ name }) => name === call.after));
      for (let attempt = 0; attempt <= retries; attempt += 1) {
        const node = nextNode(tried);
        if (node === undefined) break;
        tried.add(node);
        last = await (hedging ? askBesides(node, request, call, tried) : askOne(node, request, call.signal));
        if (!hasFailed(last) || call.signal.aborted) break;
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
    get hedges() {
      return budget.spent;
    },

    async close() {
      await Promise.all(nodes.map(({ transport }) => transport.close()));
    },
  };

  /** Those that may be asked, each first in its turn. */
  function inTurn(): Node[] {
    const start = turn++ % nodes.length;
    return [...nodes.slice(start), ...nodes.slice(0, start)].filter(({ breaker }) => breaker.waitMs === 0);
  }

  /** The ones not tried yet before the others, and the ones at rest after all that are not. */
  function nextNode(tried: ReadonlySet<Node>): Node | undefined {
    const open = inTurn();
    const fresh = open.filter((node) => !tried.has(node));
    const awake = fresh.filter(({ breaker }) => !breaker.resting);
    // One that failed last time may be silent again: it is tried when another could be asked besides.
    const mayDoubt = !hedging || budget.left;
    return awake.find(({ breaker }) => mayDoubt || breaker.failures === 0) ?? awake[0] ?? fresh[0] ?? open[0];
  }

  /** One that may answer in a silent node's place. */
  function spareNode(tried: ReadonlySet<Node>): Node | undefined {
    const awake = inTurn().filter((node) => !tried.has(node) && !node.breaker.resting);
    return awake.find(({ breaker }) => breaker.failures === 0) ?? awake[0];
  }

  /** Asks a node and, if it keeps silent, another one besides: at most one more request for each question. */
  function askBesides(first: Node, request: NodeRequest, call: Call, tried: Set<Node>): Promise<Reply> {
    return new Promise((resolve) => {
      const open = new Map<AbortController, Node>();
      let useless: Reply | undefined;

      const ask = (node: Node, leave?: () => void) => {
        const own = new AbortController();
        open.set(own, node);
        void askOne(node, request, own.signal).then((reply) => {
          leave?.();
          // Not if it was given up because the other one has answered.
          if (open.delete(own)) hear(reply);
        });
      };
      const hear = (reply: Reply) => {
        if (open.size > 0 && !call.isFinal(reply)) {
          useless = reply;
          return;
        }
        stopTimer();
        call.signal.removeEventListener('abort', stop);
        const losers = [...open];
        open.clear();
        for (const [own, node] of losers) own.abort(node === first ? outdone : unneeded);
        resolve(reply.kind === 'error' && useless !== undefined ? useless : reply);
      };
      const stop = () => {
        for (const own of open.keys()) own.abort(call.signal.reason);
      };
      const stopTimer = clock.after(hedgeAfterMs, () => {
        const node = budget.left ? spareNode(tried) : undefined;
        const leave = node === undefined ? undefined : call.besides();
        if (node === undefined || leave === undefined) return;
        budget.spend();
        tried.add(node);
        ask(node, leave);
      });

      call.signal.addEventListener('abort', stop, { once: true });
      ask(first);
      if (call.signal.aborted) stop();
    });
  }

  async function askOne(node: Node, request: NodeRequest, signal: AbortSignal): Promise<Reply> {
    const attempt = node.breaker.begin();
    const reply = await sendTo(node, request, signal);
    if (reply.kind === 'error' && reply.error === outdone) {
      attempt.failed();
      const silence = `${node.name}: no answer within ${hedgeAfterMs} ms (upstream.hedgeAfterMs)`;
      warn(`ESAUTH_TIMEOUT ${node.name}`, `${silence}; another node has answered in its place`);
    } else if (reply.kind === 'error' && signal.aborted && reply.error === signal.reason) {
      attempt.unanswered();
    } else if (hasFailed(reply)) {
      attempt.failed();
    } else {
      attempt.answered();
    }
    return reply;
  }
}

// Reasons to give a request up, when another node was faster: the one asked first has kept silent, the other has not
// had its time.
const outdone = new Error('another node has answered');
const unneeded = new Error('the first node has answered');

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
