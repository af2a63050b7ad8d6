// One request to one node: what came of it, and what that says of the node, which is said once. Where those who asked
// have left, the node is asked in nobody's name instead.

import type { Clock } from '../time/clock.js';
import { type Ending, Stop } from '../time/stop.js';
import type { Attempt, Breaker } from './breaker.js';
import { createDeadlines, stoodStill } from './deadline.js';
import { type Answer, isMisdirected, type Outcome } from './exchange.js';
import { askBy, Heard, type NodeWay } from './node-way.js';
import { isGarbled, isUnsent, type NodeRequest } from './transport.js';

/** What came of a question: an answer of the node named, the error that kept it from answering, or nothing. */
export type Reply =
  | Heard
  | { readonly kind: 'error'; readonly node: string; readonly error: unknown }
  /** No node may be asked; the next one in so many milliseconds. */
  | { readonly kind: 'open'; readonly waitMs: number };

export interface Node extends NodeWay {
  readonly breaker: Breaker;
}

/** Who is told what came of a question: once, and also if it was ended meanwhile. */
export interface Asker {
  hear(reply: Reply, question: Question): void;
}

/** A request to one node, which is judged once. */
export interface Question {
  readonly node: Node;
  /** Gives back the place on the wire that was taken for it, if one was. */
  readonly giveBack: (() => void) | undefined;
  /** Ends it, unless it is over, with what that says of the node. */
  end(how: 'failed' | 'late' | 'dropped'): void;
  /** Everybody has left: ends it, and finds out without them how the node is where that is not known. */
  leave(): void;
  /** Ends it; what that says of the node is for `end` to tell. */
  abort(): void;
}

export interface Questions {
  /** Takes leave of the node's breaker, and asks. */
  begin(node: Node, request: NodeRequest, asker: Asker, giveBack?: () => void): Question;
  /** Under way in nobody's name, to find out how a node is. */
  readonly probes: number;
}

/** @param probed what any node has an answer to: asked to find out how one is, with `timeoutMs` to answer. */
export function createQuestions(probed: NodeRequest, timeoutMs: number, clock: Clock): Questions {
  const deadlines = createDeadlines(clock, timeoutMs);
  let probes = 0;
  return {
    begin(node, request, asker, giveBack) {
      const question = new Asked(node, giveBack, probe, asker);
      question.ask(request);
      return question;
    },
    get probes() {
      return probes;
    },
  };

  /** Asks a node in nobody's name, and has as long for it as a question may take. */
  async function probe(node: Node): Promise<Judgement> {
    const stop = new Stop();
    const deadline = deadlines.start(clock.monotonic() + timeoutMs, { end: (reason) => stop.abort(reason) });
    probes += 1;
    const reply = await sendTo(node, probed, stop);
    probes -= 1;
    deadline.over();
    return judgementOf(reply);
  }
}

type Judgement = 'failed' | 'answered' | 'dropped';

/** Hears of its answer without a promise, which saves 2 500 instructions. */
class Asked implements Question, Outcome {
  readonly node: Node;
  readonly giveBack: (() => void) | undefined;
  readonly #probe: (node: Node) => Promise<Judgement>;
  readonly #asker: Asker;
  readonly #attempt: Attempt;
  readonly #stop = new Stop();
  #isSent = false;
  #isTold = false;
  #isJudged = false;

  constructor(
    node: Node,
    giveBack: (() => void) | undefined,
    probe: (node: Node) => Promise<Judgement>,
    asker: Asker,
  ) {
    this.node = node;
    this.giveBack = giveBack;
    this.#probe = probe;
    this.#asker = asker;
    this.#attempt = node.breaker.begin();
  }

  ask(request: NodeRequest): void {
    const { transport, prefix } = this.node;
    transport.ask(request, this.#stop, prefix, this);
    this.#isSent = true;
  }

  resolve(answer: Answer): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const reply = new Heard(this.node, answer);
    // What may have another request sent waits until undici is done with this one; and whoever asks knows which question
    // it is only when it was sent.
    if (this.#isSent && !hasFailed(reply)) this.#tell(reply);
    else void this.#tellSoon(reply);
  }

  reject(error: unknown): void {
    if (this.#isTold) return;
    this.#isTold = true;
    void this.#tellSoon({ kind: 'error', node: this.node.name, error });
  }

  async #tellSoon(reply: Reply): Promise<void> {
    await undefined;
    this.#tell(reply);
  }

  #tell(reply: Reply): void {
    if (!this.#stop.aborted) this.#judge(judgementOf(reply));
    this.#asker.hear(reply, this);
  }

  end(how: 'failed' | 'late' | 'dropped'): void {
    this.#judge(how);
    this.abort();
  }

  leave(): void {
    const isOpen = this.#attempt.left();
    if (!isOpen) this.#judge('dropped');
    this.abort();
    if (isOpen) void this.#probe(this.node).then((judgement) => this.#judge(judgement));
  }

  abort(): void {
    this.#stop.abort(unheard);
  }

  #judge(how: Judgement | 'late'): void {
    if (this.#isJudged) return;
    this.#isJudged = true;
    this.#attempt[how]();
  }
}

const unheard = new Error('nobody hears the answer any more');

/** Asks, whatever the node's breaker says. Never rejects. */
export async function sendTo(node: Node, request: NodeRequest, signal: Ending): Promise<Reply> {
  try {
    return new Heard(node, await askBy(node, request, signal));
  } catch (error) {
    return { kind: 'error', node: node.name, error };
  }
}

/** What a reply says of its node: nothing, where it was us who stood still, or could not ask. */
function judgementOf(reply: Reply): Judgement {
  if (reply.kind === 'error' && (reply.error === stoodStill || isUnsent(reply.error))) return 'dropped';
  return hasFailed(reply) ? 'failed' : 'answered';
}

/** Failures are the network's and the gateways'. What a node itself answers, however useless, is none. */
export function hasFailed(reply: Reply): boolean {
  if (reply.kind === 'error') return !isGarbled(reply.error) && !isMisdirected(reply.error);
  if (reply.kind === 'open') return true;
  const { status } = reply.answer;
  return status === 502 || status === 503 || status === 504;
}
