// How one question goes on. One that a node did not get to see or a gateway answered in its place is asked once more
// elsewhere, inside the same deadline; one that a node says nothing about is asked elsewhere besides.

import type { Clock } from '../time/clock.js';
import type { Ending } from '../time/stop.js';
import { startDeadline, stoodStill } from './deadline.js';
import { hasFailed, type Node, type Question, type Questions, type Reply } from './question.js';
import type { NodeRequest } from './transport.js';

/** How a question is asked. */
export interface Call {
  /** Ends it at once, with its reason as the error: `nobodyWaits`, or anything else for its deadline. */
  readonly signal: Ending;
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

/** The nodes that a question may go to. */
export interface Way extends Pick<Questions, 'begin'> {
  readonly clock: Clock;
  /** How often a question is asked again at most. */
  readonly retries: number;
  /** After so long without a word another node is asked besides; 0: never. */
  readonly hedgeAfterMs: number;
  /** Whose turn it is; `undefined` if none may be asked. */
  nextNode(tried: ReadonlySet<Node>): Node | undefined;
  /** One that may answer in a silent node's place, if the budget allows it. */
  spareNode(tried: ReadonlySet<Node>): Node | undefined;
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
  tried: Set<Node>,
  way: Way,
): Promise<Reply> {
  const { hedgeAfterMs } = way;
  const { signal } = call;
  return new Promise((resolve) => {
    /** With what gives back a place that was taken for one. */
    const open = new Map<Question, () => void>();
    let retriesLeft = way.retries;
    /** Asked first; since then another one was. */
    let silent: Question | undefined;
    /** Whether that was this process's silence. */
    let stalled = false;
    /** The same, if there was no room for both. */
    let replaced: Question | undefined;
    /** The best so far that is no verdict. */
    let useless: Reply | undefined;
    let last = first;
    let stopTimer = () => {};

    const ask = (node: Node, leave = () => {}) => {
      last = node;
      tried.add(node);
      const question = way.begin(node, request);
      open.set(question, leave);
      if (hedgeAfterMs > 0 && silent === undefined && !call.hedge.spent) {
        stopTimer();
        const until = way.clock.monotonic() + hedgeAfterMs;
        stopTimer = startDeadline(way.clock, until, hedgeAfterMs, (reason) => askBesides(question, reason));
      }
      void question.reply.then((reply) => {
        if (open.delete(question)) hear(reply, leave);
      });
    };

    const hear = (reply: Reply, leave: () => void) => {
      const next = hasFailed(reply) && retriesLeft > 0 ? way.nextNode(tried) : undefined;
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

    const askBesides = (question: Question, reason: unknown) => {
      const node = !call.hedge.spent ? way.spareNode(tried) : undefined;
      if (node === undefined || !open.has(question)) return;
      const leave = call.besides();
      call.hedge.spent = true;
      way.spendHedge();
      silent = question;
      stalled = reason === stoodStill;
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
      if (silent !== undefined && !stalled && reply.kind === 'answer' && reply.node !== silent.node.name) {
        if (call.isFinal(reply)) way.outdone(silent);
      }
      replaced?.end('dropped');
      giveUp((each) => each.end('dropped'));
      resolve(reply);
    };

    const stop = () => {
      giveUp((each) => {
        if (signal.reason === nobodyWaits) each.leave();
        else each.end(signal.reason === stoodStill ? 'dropped' : 'late');
      });
      finish(useless ?? { kind: 'error', node: last.name, error: signal.reason });
    };

    signal.addEventListener('abort', stop);
    ask(first);
    if (signal.aborted) stop();
  });
}
