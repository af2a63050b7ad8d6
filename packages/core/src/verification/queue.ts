// How many lookups are on the wire at once, and who waits for a place. Fair between sources, in order and in
// room: one that sends garbage delays itself and nobody else. Being turned away is a value, not an exception:
// it is attacker-paced and must cost nothing.

import type { Ending } from '../time/stop.js';
import { networkOf } from '../values/source.js';

/** Gives the place back. To be called once. */
export type Leave = () => void;

export type Entrance = Leave | 'full' | 'left';

export interface Queue {
  /**
   * Waits for a place on the wire.
   *
   * @param source where the question comes from; unknown ones share one place in the order.
   * @param abandoned ends the wait; the result is then `'left'`.
   * @returns `'full'` if there is no room, or if somebody whose source waits less often needs it more. No
   *   promise where nobody has to wait.
   */
  enter(source: string | undefined, abandoned: Ending): Entrance | Promise<Entrance>;
  /**
   * Whether `enter` would say `'full'`. To be asked before anything is made for who would enter: it is attacker-paced.
   * Where somebody comes from is read only when the queue is full.
   */
  turnsAway(who: { readonly source?: string | undefined }): boolean;
  /** A place, if one is free and nobody waits for it. */
  enterNow(): Leave | undefined;
  /** Places taken. */
  readonly onWire: number;
  /** Lookups that wait for one. */
  readonly waiting: number;
}

/** A class that hears itself when it is given up: fifty thousand may wait, and each would hold a function for that. */
class Ticket {
  readonly source: string;
  readonly line: Line;
  readonly answer: (result: Entrance) => void;
  waiting = true;
  readonly #dismiss: (ticket: Ticket, result: Entrance) => void;

  constructor(
    source: string,
    line: Line,
    answer: (result: Entrance) => void,
    dismiss: (ticket: Ticket, result: Entrance) => void,
  ) {
    this.source = source;
    this.line = line;
    this.answer = answer;
    this.#dismiss = dismiss;
  }

  /** Nobody waits any more. */
  handleEvent(): void {
    if (this.waiting) this.#dismiss(this, 'left');
  }
}

/** The tickets of one source, oldest first. Those that left in between are skipped when their turn comes. */
interface Line {
  readonly tickets: Ticket[];
  /** Where the oldest stands: taking one must not move all the others. */
  head: number;
  /** How many of them still wait. */
  waiting: number;
}

/**
 * Does something in its turn, on a place that is given back in the end.
 *
 * @param work hears whether it had to wait for its turn.
 * @param turnedAway what comes of it when there is no room, or when nobody waits any more.
 */
export async function inTurn<Result>(
  queue: Queue,
  { source, abandoned }: { readonly source: string | undefined; readonly abandoned: Ending },
  work: (waited: boolean) => Promise<Result>,
  turnedAway: (why: 'full' | 'left') => Result,
): Promise<Result> {
  const entered = queue.enter(source, abandoned);
  const waited = entered instanceof Promise;
  const place = waited ? await entered : entered;
  if (typeof place === 'string') return turnedAway(place);
  try {
    return await work(waited);
  } finally {
    place();
  }
}

export function createQueue(maxConcurrent: number, maxQueue: number): Queue {
  // Sources that wait, in the order of their turns: who had one goes to the end.
  const lines = new Map<string, Line>();
  let onWire = 0;
  let waiting = 0;
  // How many lines are so long, and how long the longest is: who is to make room is asked as often as somebody sends.
  const ofLength: number[] = [0];
  let most = 0;
  const networkIn = rememberingLast(networkOf);

  return {
    enter(givenSource, abandoned) {
      if (onWire < maxConcurrent) return takePlace();
      const source = networkIn(givenSource ?? '');
      if (waiting >= maxQueue) {
        if (isFullFor(source)) return 'full';
        makeRoom();
      }
      return new Promise((answer) => wait(source, answer, abandoned));
    },
    turnsAway(who) {
      return onWire >= maxConcurrent && waiting >= maxQueue && isFullFor(networkIn(who.source ?? ''));
    },
    enterNow: () => (onWire < maxConcurrent ? takePlace() : undefined),
    get onWire() {
      return onWire;
    },
    get waiting() {
      return waiting;
    },
  };

  function takePlace(): Leave {
    onWire += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      onWire -= 1;
      admitNext();
    };
  }

  function wait(source: string, answer: (result: Entrance) => void, abandoned: Ending): void {
    const line = lines.get(source) ?? { tickets: [], head: 0, waiting: 0 };
    lines.set(source, line);
    const ticket = new Ticket(source, line, answer, dismiss);
    line.tickets.push(ticket);
    grow(line, 1);
    abandoned.addEventListener('abort', ticket);
  }

  function dismiss(ticket: Ticket, result: Entrance): void {
    const { source, line } = ticket;
    ticket.waiting = false;
    grow(line, -1);
    if (line.waiting === 0) lines.delete(source);
    ticket.answer(result);
  }

  function admitNext(): void {
    const turn = lines.entries().next().value;
    if (turn === undefined) return;
    const [source, line] = turn;
    // To the end of the order, before its line may end.
    lines.delete(source);
    lines.set(source, line);
    const ticket = oldestOf(line);
    if (ticket !== undefined) dismiss(ticket, takePlace());
  }

  /** Nobody makes room for a source that waits as often as any. */
  function isFullFor(source: string): boolean {
    return (lines.get(source)?.waiting ?? 0) >= most;
  }

  /** Turns away the newest of the source that waits most often, of several the one whose turn comes first. */
  function makeRoom(): void {
    for (const line of lines.values()) {
      if (line.waiting < most) continue;
      const ticket = newestOf(line);
      if (ticket !== undefined) dismiss(ticket, 'full');
      return;
    }
  }

  function grow(line: Line, by: 1 | -1): void {
    const longer = line.waiting + by;
    ofLength[line.waiting] = (ofLength[line.waiting] ?? 0) - 1;
    ofLength[longer] = (ofLength[longer] ?? 0) + 1;
    line.waiting = longer;
    waiting += by;
    if (longer > most) most = longer;
    // By one line that grew shorter by one: the longest is never looked for.
    else if (ofLength[most] === 0) most = longer;
  }
}

/** Floods come from one source: what it is called is found out once. */
function rememberingLast(nameOf: (source: string) => string): (source: string) => string {
  let last: readonly [string, string] | undefined;
  return (source) => {
    if (last?.[0] !== source) last = [source, nameOf(source)];
    return last[1];
  };
}

function oldestOf(line: Line): Ticket | undefined {
  const { tickets } = line;
  while (tickets[line.head]?.waiting === false) line.head += 1;
  const ticket = tickets[line.head];
  line.head += 1;
  if (line.head > 64 && line.head * 2 > tickets.length) {
    tickets.splice(0, line.head);
    line.head = 0;
  }
  return ticket;
}

function newestOf({ tickets, head }: Line): Ticket | undefined {
  while (tickets.length > head) {
    const ticket = tickets.pop();
    if (ticket?.waiting === true) return ticket;
  }
  return undefined;
}
