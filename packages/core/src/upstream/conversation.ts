// How one question goes on. One that a node did not get to see or a gateway answered in its place is asked once more
// elsewhere, inside the same deadline; one that a node says nothing about is asked elsewhere besides.

import type { Clock } from '../time/clock.js';
import type { Ending } from '../time/stop.js';
import { type Deadline, type Deadlines, stoodStill, type Timed } from './deadline.js';
import { type Asker, hasFailed, type Node, type Question, type Questions, type Reply } from './question.js';
import type { NodeRequest } from './transport.js';

/** How a question is asked. */
export interface Call {
  /** Ends it at once, with its reason as the error: `nobodyWaits`, or anything else for its deadline. */
  readonly signal: Ending;
  /** Another node than this one goes first, by its name. */
  readonly after?: string | undefined;
  /** Whether nothing better can come than this reply: if a second node was asked, the first such reply counts. */
  isFinal(reply: Reply): boolean;
  /** One for all questions of a lookup: whether a second node was asked for any of them. */
  readonly hedge: { spent: boolean };
  /** A place for one more request on the wire, to be given back; `undefined` if there is none now. */
  readonly besides: () => (() => void) | undefined;
}

/** The reason with which a question is ended when those who waited for its answer have left. */
export const nobodyWaits: unknown = new Error('nobody waits for the answer any more');

/** The nodes that a question may go to. */
export interface Way extends Pick<Questions, 'begin'> {
  readonly clock: Clock;
  /** How often a question is asked again at most. */
  readonly retries: number;
  /** After so long without a word another node is asked besides; 0: never. */
  readonly hedgeAfterMs: number;
  /** Keeps an eye on it. */
  readonly silences: Deadlines;
  /** Whose turn it is; `undefined` if none may be asked. */
  nextNode(tried: readonly Node[]): Node | undefined;
  /** One that may answer in a silent node's place, if the budget allows it. */
  spareNode(tried: readonly Node[]): Node | undefined;
  spendHedge(): void;
  /** Another node has answered what this one kept silent about. */
  outdone(silent: Question): void;
}

/**
 * Asks a node, another one after a failure, and another one besides after a silence; if there is no place for one more
 * request, in its stead.
 *
 * @param tried nodes that others go before; those that are asked are added.
 */
export function converse(
  first: Node,
  request: NodeRequest,
  call: Call,
  tried: Node[],
  way: Way,
): Promise<Reply> {
  return new Promise((resolve) => {
    new Conversation(request, call, tried, way, resolve).begin(first);
  });
}

const none: readonly Question[] = [];

/** A class, because most of what it can do is seldom done, and functions would be made for each question. */
class Conversation implements Asker, Timed {
  readonly #request: NodeRequest;
  readonly #call: Call;
  readonly #tried: Node[];
  readonly #way: Way;
  readonly #resolve: (reply: Reply) => void;
  readonly #open: Question[] = [];
  #retriesLeft: number;
  #last: Node | undefined = undefined;
  #silence: Deadline | undefined = undefined;
  /** Whose silence is waited for. */
  #asked: Question | undefined = undefined;
  /** Asked first; since then another one was. */
  #silent: Question | undefined = undefined;
  /** Whether that was this process's silence. */
  #stalled = false;
  /** The same, if there was no room for both. */
  #replaced: Question | undefined = undefined;
  /** The best so far that is no verdict. */
  #useless: Reply | undefined = undefined;

  constructor(request: NodeRequest, call: Call, tried: Node[], way: Way, resolve: (reply: Reply) => void) {
    this.#request = request;
    this.#call = call;
    this.#tried = tried;
    this.#way = way;
    this.#resolve = resolve;
    this.#retriesLeft = way.retries;
  }

  begin(first: Node): void {
    this.#call.signal.addEventListener('abort', this);
    this.#ask(first);
    if (this.#call.signal.aborted) this.handleEvent();
  }

  /** The call's signal has fired. */
  handleEvent(): void {
    const { reason } = this.#call.signal;
    for (const each of this.#giveUp()) {
      if (reason === nobodyWaits) each.leave();
      else each.end(reason === stoodStill ? 'dropped' : 'late');
      each.giveBack?.();
    }
    this.#finish(this.#useless ?? { kind: 'error', node: this.#last?.name ?? '', error: reason });
  }

  hear(reply: Reply, question: Question): void {
    if (!this.#takeOut(question)) return;
    const { giveBack } = question;
    const mayRetry = hasFailed(reply) && this.#retriesLeft > 0;
    const next = mayRetry ? this.#way.nextNode(this.#tried) : undefined;
    // While another one is still asked, not the same again.
    if (next !== undefined && (this.#open.length === 0 || !this.#tried.includes(next))) {
      this.#retriesLeft -= 1;
      this.#ask(next, giveBack);
      return;
    }
    giveBack?.();
    if (this.#open.length > 0 && !this.#call.isFinal(reply)) this.#useless ??= reply;
    else this.#finish(reply.kind === 'error' ? (this.#useless ?? reply) : reply);
  }

  /** The node asked last has kept silent for `hedgeAfterMs`. */
  end(reason: unknown): void {
    const { hedge, besides } = this.#call;
    const question = this.#asked;
    const node = hedge.spent ? undefined : this.#way.spareNode(this.#tried);
    if (node === undefined || question === undefined || !this.#open.includes(question)) return;
    const giveBack = besides();
    hedge.spent = true;
    this.#way.spendHedge();
    this.#silent = question;
    this.#stalled = reason === stoodStill;
    if (giveBack === undefined) {
      this.#replaced = question;
      this.#takeOut(question);
      question.abort();
    }
    this.#ask(node, giveBack);
  }

  /** @param giveBack gives back a place that was taken for it. */
  #ask(node: Node, giveBack?: () => void): void {
    this.#last = node;
    this.#tried.push(node);
    const question = this.#way.begin(node, this.#request, this, giveBack);
    this.#open.push(question);
    const { hedgeAfterMs, clock, silences } = this.#way;
    if (hedgeAfterMs === 0 || this.#silent !== undefined || this.#call.hedge.spent) return;
    this.#silence?.over();
    this.#asked = question;
    this.#silence = silences.start(clock.monotonic() + hedgeAfterMs, this);
  }

  #giveUp(): readonly Question[] {
    return this.#open.length === 0 ? none : this.#open.splice(0);
  }

  /** @returns whether it was asked still. */
  #takeOut(question: Question): boolean {
    const at = this.#open.indexOf(question);
    if (at < 0) return false;
    // Nearly always there is no other.
    if (at === this.#open.length - 1) this.#open.pop();
    else this.#open.splice(at, 1);
    return true;
  }

  #finish(reply: Reply): void {
    this.#silence?.over();
    this.#call.signal.removeEventListener('abort', this);
    const silent = this.#silent;
    if (
      silent !== undefined &&
      !this.#stalled &&
      reply.kind === 'answer' &&
      reply.node !== silent.node.name
    ) {
      if (this.#call.isFinal(reply)) this.#way.outdone(silent);
    }
    this.#replaced?.end('dropped');
    for (const each of this.#giveUp()) {
      each.end('dropped');
      each.giveBack?.();
    }
    this.#resolve(reply);
  }
}
