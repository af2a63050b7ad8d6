// Revocations on their way to the others: in order, one message at a time, which takes all that has come meanwhile.
// What could not be told waits until it can. An outbox that is full becomes one revocation of everything: rather too
// much than one too few. What was told is kept until it has come back through the log, because a log may lose what it
// had taken (a replica in its place), or not be the one that is read (an old master that still answers): then it is told
// again.

import type { Clock } from '../time/clock.js';
import type { Message, SharedSubject } from './port.js';

/** Waiting subjects at most, and those told that have not come back. */
const maxWaiting = 1_000;
const maxUnheard = 1_000;
/** Subjects in one message. */
const maxInMessage = 100;
/** Between attempts, growing from one to the other. */
const shortestPauseMs = 100;
const longestPauseMs = 1_000;
/** An engine that has not said for so long whether it took a message is asked once more. */
const patienceMs = 10_000;

/** Whether the others can know: it stands in the log. */
export type Reach = 'shared' | 'local';

export interface Outbox {
  /**
   * Puts a revocation in line.
   *
   * @returns `'shared'` as soon as it stands in the log, `'local'` if that is not within `timeoutMs`; it goes out all
   *   the same when it can. Never rejects.
   */
  add(subject: SharedSubject, names: readonly string[] | 'all'): Promise<Reach>;
  /** One's own message has come back. */
  hear(serial: number): void;
  /** Begins again with the attempts, because there is news that they may succeed. */
  wake(): void;
  /** The log is another one: what was told and has not come back is told again. To be called when it was read. */
  tellAgain(): void;
  /** The log was read up to an instant of `now`: what it had taken before and has not shown is told again. */
  readUntil(instant: number): void;
  /** Tries at once, and waits until all is told, `timeoutMs` at most, and then for nothing. */
  close(): Promise<void>;
  /** Revocations that wait. */
  readonly waiting: number;
}

export interface OutboxParts {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly from: string;
  /** By what it is known what was read before what was told. */
  now(): number;
  tell(message: Message): Promise<void>;
  /** Values about these do not count until the message has come back. */
  expect(serial: number, names: readonly string[] | 'all'): void;
  arrive(serial: number): void;
  failed(error: unknown): void;
}

interface Waiting {
  readonly serial: number;
  readonly subject: SharedSubject;
  settle(reach: Reach): void;
}

interface Sending {
  readonly serial: number;
  readonly batch: readonly Waiting[];
  takenAt: number;
}

export function createOutbox(parts: OutboxParts): Outbox {
  const { clock, timeoutMs, from, now, tell, expect, arrive, failed } = parts;
  let waiting: Waiting[] = [];
  /** By the message's serial: what has been told, or is being told. */
  const unheard = new Map<number, Sending>();
  let serials = 0;
  let messages = 0;
  let sending: Sending | undefined;
  let pauseMs = shortestPauseMs;
  let stopPause: (() => void) | undefined;
  let closed = false;
  let emptied: (() => void) | undefined;

  return {
    add(subject, names) {
      if (closed) return Promise.resolve('local');
      if (waiting.length >= maxWaiting) everything();
      const added = put(subject, names);
      send();
      return added;
    },
    hear(serial) {
      const heard = unheard.get(serial);
      if (heard === undefined) return;
      unheard.delete(serial);
      for (const each of heard.batch) arrive(each.serial);
      if (sending?.serial === serial) sent(serial);
    },
    wake,
    tellAgain: () => tellLost(Infinity),
    // Not at once, so that a log that shows nothing is not told again and again.
    readUntil: (instant) => tellLost(instant - longestPauseMs),
    async close() {
      closed = true;
      wake();
      if (waiting.length > 0 || sending !== undefined) {
        await new Promise<void>((resolve) => {
          const stop = clock.after(timeoutMs, resolve);
          emptied = () => {
            stop();
            resolve();
          };
        });
      }
      stopPause?.();
      waiting = [];
      sending = undefined;
    },
    get waiting() {
      return waiting.length + (sending?.batch.length ?? 0);
    },
  };

  function wake(): void {
    pauseMs = shortestPauseMs;
    stopPause?.();
    stopPause = undefined;
    send();
  }

  /** What was taken until an instant. */
  function tellLost(instant: number): void {
    const lost = [...unheard.values()].filter((each) => each !== sending && each.takenAt <= instant);
    if (lost.length === 0) return;
    for (const { serial } of lost) unheard.delete(serial);
    waiting = [...lost.flatMap(({ batch }) => batch), ...waiting];
    send();
  }

  function put(subject: SharedSubject, names: readonly string[] | 'all'): Promise<Reach> {
    serials += 1;
    const serial = serials;
    expect(serial, names);
    return new Promise((resolve) => {
      const stop = clock.after(timeoutMs, () => resolve('local'));
      const settle = (reach: Reach) => {
        stop();
        resolve(reach);
      };
      waiting.push({ serial, subject, settle });
    });
  }

  /** Puts one revocation of everything in the place of all that waits. */
  function everything(): void {
    const replaced = waiting;
    waiting = [];
    void put('all', 'all');
    for (const each of replaced) {
      each.settle('local');
      arrive(each.serial);
    }
  }

  function send(): void {
    if (sending !== undefined || stopPause !== undefined) return;
    if (waiting.length === 0) {
      emptied?.();
      return;
    }
    // A log that takes everything and shows nothing: what it has been told cannot be told again.
    if (unheard.size >= maxUnheard) forgetUnheard();
    const batch = waiting.slice(0, maxInMessage);
    waiting = waiting.slice(batch.length);
    messages += 1;
    const serial = messages;
    sending = { serial, batch, takenAt: Infinity };
    unheard.set(serial, sending);
    const message = { from, serial, subjects: batch.map(({ subject }) => subject) };
    const stop = clock.after(patienceMs, () => notSent(serial, `it has taken nothing for ${patienceMs} ms`));
    tell(message)
      .finally(stop)
      .then(
        () => sent(serial),
        (error: unknown) => notSent(serial, error),
      );
  }

  function sent(serial: number): void {
    if (sending?.serial !== serial) return;
    const { batch } = sending;
    sending.takenAt = now();
    sending = undefined;
    pauseMs = shortestPauseMs;
    for (const each of batch) each.settle('shared');
    send();
  }

  function notSent(serial: number, error: unknown): void {
    if (sending?.serial !== serial) return;
    failed(error);
    unheard.delete(serial);
    waiting = [...sending.batch, ...waiting];
    sending = undefined;
    stopPause = clock.after(pauseMs, () => {
      stopPause = undefined;
      send();
    });
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  }

  /** Everything is told in their place, and expected until it comes back. */
  function forgetUnheard(): void {
    const forgotten = [...unheard.values()].flatMap(({ batch }) => batch);
    unheard.clear();
    everything();
    for (const each of forgotten) arrive(each.serial);
  }
}
