// One request to one node: what came of it, and what that says of the node, which is said once. Where those who asked
// have left, the node is asked in nobody's name instead.

import type { Clock } from '../time/clock.js';
import { type Ending, Stop } from '../time/stop.js';
import type { Breaker } from './breaker.js';
import { startDeadline, stoodStill } from './deadline.js';
import { isMisdirected } from './exchange.js';
import { askBy, type Heard, hear, type NodeWay } from './node-way.js';
import { isGarbled, isUnsent, type NodeRequest } from './transport.js';

/** What came of a question: an answer of the node named, the error that kept it from answering, or nothing. */
export type Reply =
  | (Heard & { readonly kind: 'answer'; readonly node: string })
  | { readonly kind: 'error'; readonly node: string; readonly error: unknown }
  /** No node may be asked; the next one in so many milliseconds. */
  | { readonly kind: 'open'; readonly waitMs: number };

export interface Node extends NodeWay {
  readonly breaker: Breaker;
}

/** A request to one node, which is judged once. */
export interface Question {
  readonly node: Node;
  readonly reply: Promise<Reply>;
  /** Ends it, unless it is over, with what that says of the node. */
  end(how: 'failed' | 'late' | 'dropped'): void;
  /** Everybody has left: ends it, and finds out without them how the node is where that is not known. */
  leave(): void;
  /** Ends it; what that says of the node is for `end` to tell. */
  abort(): void;
}

export interface Questions {
  /** Takes leave of the node's breaker, and asks. */
  begin(node: Node, request: NodeRequest): Question;
  /** Under way in nobody's name, to find out how a node is. */
  readonly probes: number;
}

/** @param probed what any node has an answer to: asked to find out how one is, with `timeoutMs` to answer. */
export function createQuestions(probed: NodeRequest, timeoutMs: number, clock: Clock): Questions {
  let probes = 0;
  return {
    begin,
    get probes() {
      return probes;
    },
  };

  function begin(node: Node, request: NodeRequest): Question {
    const attempt = node.breaker.begin();
    const own = new Stop();
    let judged = false;
    const judge = (how: 'failed' | 'answered' | 'late' | 'dropped') => {
      if (!judged) attempt[how]();
      judged = true;
    };
    const reply = sendTo(node, request, own).then((reply) => {
      if (!own.aborted) judge(outcomeOf(reply));
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

  /** Asks a node in nobody's name, and has as long for it as a question may take. */
  async function probe(node: Node): Promise<'failed' | 'answered' | 'dropped'> {
    const deadline = new Stop();
    const endsAt = clock.monotonic() + timeoutMs;
    const stopTimer = startDeadline(clock, endsAt, timeoutMs, (reason) => deadline.abort(reason));
    probes += 1;
    const reply = await sendTo(node, probed, deadline);
    probes -= 1;
    stopTimer();
    return outcomeOf(reply);
  }
}

const unheard = new Error('nobody hears the answer any more');

/** Asks, whatever the node's breaker says. Never rejects. */
export async function sendTo(node: Node, request: NodeRequest, signal: Ending): Promise<Reply> {
  try {
    const answer = await askBy(node, request, signal);
    return { kind: 'answer', node: node.name, ...hear(node, answer) };
  } catch (error) {
    return { kind: 'error', node: node.name, error };
  }
}

/** What a reply says of its node: nothing, where it was us who stood still, or could not ask. */
function outcomeOf(reply: Reply): 'failed' | 'answered' | 'dropped' {
  if (reply.kind === 'error' && (reply.error === stoodStill || isUnsent(reply.error))) return 'dropped';
  return hasFailed(reply) ? 'failed' : 'answered';
}

/** Failures are the network's and the gateways'. What a node itself answers, however useless, is none. */
export function hasFailed(reply: Reply): boolean {
  if (reply.kind === 'error') return !isGarbled(reply.error) && !isMisdirected(reply.error);
  if (reply.kind === 'open') return true;
  return reply.answer.status === 502 || reply.answer.status === 503 || reply.answer.status === 504;
}
