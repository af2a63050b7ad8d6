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
  /** Ends it at once, with its reason as the error: `nobodyWaits`, or anything else for its deadline. */
  readonly signal: AbortSignal;
  /** Another node than this one goes first, by its name. */
  readonly after?: string | undefined;
  /** Whether nothing better can come than this reply: if a second node was asked, the first such reply counts. */
  readonly isFinal: (reply: Reply) => boolean;
  /** One for all questions of a lookup: whether a second node was asked for any of them. */
  readonly hedge: { spent: boolean };
  /** A place for one more request on the wire, to be given back; `undefined` if there is none now. */
  readonly besides: () => (() => void) | undefined;
}

/** The reason with which a question is ended when those who waited for its answer have left. */
export const nobodyWaits: unknown = new Error('nobody waits for the answer any more');

export interface Nodes {
  /** Never rejects. */
  send(request: NodeRequest, call: Call): Promise<Reply>;
  /** Asks every node, whatever its breaker says. A signal that fires ends it, with its reason as the error. */
  sendAll(request: NodeRequest, signal: AbortSignal): Promise<Reply[]>;
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

interface Node {
  readonly name: string;
  readonly prefix: string;
  readonly transport: Transport;
  readonly breaker: Breaker;
}

/** A request to one node, which is judged once. */
interface Question {
  readonly node: Node;
  readonly reply: Promise<Reply>;
  /** Ends it, unless it is over, with what that says of the node. */
  end(how: 'failed' | 'late' | 'dropped'): void;
  /** Everybody has left: ends it, and finds out without them how the node is where that is not known. */
  leave(): void;
  /** Ends it; what that says of the node is for `end` to tell. */
  abort(): void;
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
    name: url.href,
    prefix: url.pathname.replace(/\/+$/, ''),
    transport: connect(url.origin),
    breaker: createBreaker(breaker, clock, (state) => publishNode({ node: url.href, state })),
  }));
  const hedging = hedgeAfterMs > 0 && nodes.length > 1;
  const budget = createHedgeBudget(settings.maxConcurrent);
  let turn = 0;
  let probes = 0;

  return {
    send(request, call) {
      budget.earn();
      const tried = new Set(nodes.filter(({ name }) => name === call.after));
      const first = nextNode(tried);
      if (first !== undefined) return converse(first, request, call, tried);
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
      return probes;
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
    const awake = openFrom(turn).filter((node) => !tried.has(node) && !node.breaker.resting);
    return awake.find(({ breaker }) => breaker.failures === 0) ?? awake[0];
  }

  /**
   * Asks a node, another one after a failure, and another one besides after a silence; if there is no place for one more
   * request, in its stead.
   */
  function converse(first: Node, request: NodeRequest, call: Call, tried: Set<Node>): Promise<Reply> {
    const { signal } = call;
    return new Promise((resolve) => {
      /** With what gives back a place that was taken for one. */
      const open = new Map<Question, () => void>();
      let retriesLeft = retries;
      /** Asked first; since then another one was. */
      let silent: Question | undefined;
      /** The same, if there was no room for both. */
      let replaced: Question | undefined;
      /** The best so far that is no verdict. */
      let useless: Reply | undefined;
      let last = first;
      let stopTimer = () => {};

      const ask = (node: Node, leave = () => {}) => {
        last = node;
        tried.add(node);
        const question = begin(node, request);
        open.set(question, leave);
        if (hedging && silent === undefined && !call.hedge.spent) {
          stopTimer();
          stopTimer = clock.after(hedgeAfterMs, () => askBesides(question));
        }
        void question.reply.then((reply) => {
          if (open.delete(question)) hear(reply, leave);
        });
      };

      const hear = (reply: Reply, leave: () => void) => {
        const next = hasFailed(reply) && retriesLeft > 0 ? nextNode(tried) : undefined;
        // While another one is still asked, not the same again.
        if (next !== undefined && (open.size === 0 || !tried.has(next))) {
          retriesLeft -= 1;
          ask(next, leave);
          return;
        }
        leave();
        if (open.size > 0 && !call.isFinal(reply)) useless ??= reply;
        else finish(reply.kind === 'error' ? (useless ?? reply) : reply);
      };

      const askBesides = (question: Question) => {
        const node = budget.left && !call.hedge.spent ? spareNode(tried) : undefined;
        if (node === undefined || !open.has(question)) return;
        const leave = call.besides();
        call.hedge.spent = true;
        budget.spend();
        silent = question;
        if (leave === undefined) {
          replaced = question;
          open.delete(question);
          question.abort();
        }
        ask(node, leave);
      };

      const giveUp = (how: (question: Question) => void) => {
        const asked = [...open];
        open.clear();
        for (const [question, leave] of asked) {
          how(question);
          leave();
        }
      };

      const finish = (reply: Reply) => {
        stopTimer();
        signal.removeEventListener('abort', stop);
        if (silent !== undefined && reply.kind === 'answer' && reply.node !== silent.node.name) {
          if (call.isFinal(reply)) outdone(silent);
        }
        replaced?.end('dropped');
        giveUp((each) => each.end('dropped'));
        resolve(reply);
      };

      const stop = () => {
        giveUp((each) => {
          if (signal.reason === nobodyWaits) each.leave();
          else each.end('late');
        });
        finish(useless ?? { kind: 'error', node: last.name, error: signal.reason });
      };

      signal.addEventListener('abort', stop, { once: true });
      ask(first);
      if (signal.aborted) stop();
    });
  }

  function outdone({ node, end }: Question): void {
    end('failed');
    const silence = `${node.name}: no answer within ${hedgeAfterMs} ms (upstream.hedgeAfterMs)`;
    warn(`ESAUTH_SILENT ${node.name}`, `${silence}; another node has answered in its place`);
  }

  /** Asks a node in nobody's name, and has as long for it as a question may take. */
  async function probe(node: Node): Promise<'failed' | 'answered'> {
    const deadline = new AbortController();
    const stopTimer = clock.after(timeoutMs, () => deadline.abort());
    probes += 1;
    const reply = await sendTo(node, settings.probe, deadline.signal);
    probes -= 1;
    stopTimer();
    return hasFailed(reply) ? 'failed' : 'answered';
  }

  function begin(node: Node, request: NodeRequest): Question {
    const attempt = node.breaker.begin();
    const own = new AbortController();
    let judged = false;
    const judge = (how: 'failed' | 'answered' | 'late' | 'dropped') => {
      if (!judged) attempt[how]();
      judged = true;
    };
    const reply = sendTo(node, request, own.signal).then((reply) => {
      if (!own.signal.aborted) judge(hasFailed(reply) ? 'failed' : 'answered');
      return reply;
    });
    const abort = () => own.abort(unheard);
    const end: Question['end'] = (how) => {
      judge(how);
      abort();
    };
    const leave = () => {
      if (!attempt.left()) return end('dropped');
      abort();
      void probe(node).then(judge);
    };
    return { node, reply, end, leave, abort };
  }
}

const unheard = new Error('nobody hears the answer any more');

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
