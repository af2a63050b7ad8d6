/**
 * The emulator's time: the machine's time plus whatever a test has added, and the few things that wait for
 * an instant of it. It knows nothing of tokens or faults.
 */

/** The emulator's time, as the result of `startEmulator` shows it. */
export interface Clock {
  /** The emulator's time in whole milliseconds since 1970. */
  now(): number;
  /**
   * Moves the emulator's time forward. Tokens and keys whose time has come are expired when it returns.
   *
   * @param ms milliseconds, finite and not negative
   * @returns a promise that resolves when every answer that fell due has been handed to its socket
   * @throws RangeError if `ms` is not such a number
   */
  advance(ms: number): Promise<void>;
}

/** A clock with which the emulator itself can make things wait. */
export interface ScheduledClock extends Clock {
  /** Runs `task` when `delayMs` of the emulator's time have passed. `Infinity` waits for ever. */
  after(delayMs: number, task: () => Promise<void>): void;
  /** Forgets everything that waits. */
  stop(): void;
}

interface Waiting {
  readonly dueAt: number;
  readonly task: () => Promise<void>;
  readonly timer: NodeJS.Timeout;
}

// setTimeout fires at once for anything longer than this.
const longestTimer = 2 ** 31 - 1;

/** Makes a clock that starts at the machine's time. */
export function createClock(): ScheduledClock {
  let offset = 0;
  const waiting = new Set<Waiting>();
  const now = (): number => Math.floor(Date.now() + offset);

  function release(entry: Waiting): Promise<void> {
    waiting.delete(entry);
    clearTimeout(entry.timer);
    return entry.task();
  }

  function schedule(dueAt: number, task: () => Promise<void>): void {
    const delay = Math.min(Math.max(dueAt - now(), 0), longestTimer);
    const timer = setTimeout(() => {
      if (entry.dueAt <= now()) return void release(entry);
      waiting.delete(entry);
      schedule(dueAt, task);
    }, delay);
    // A process whose only business is a delayed answer may end.
    timer.unref();
    const entry: Waiting = { dueAt, task, timer };
    waiting.add(entry);
  }

  return {
    now,
    async advance(ms) {
      if (!Number.isFinite(ms) || ms < 0) {
        throw new RangeError('clock.advance: the time must be a finite number of milliseconds, 0 or more');
      }
      offset += ms;
      const due = [...waiting].filter((entry) => entry.dueAt <= now()).sort((a, b) => a.dueAt - b.dueAt);
      await Promise.all(due.map(release));
    },
    after(delayMs, task) {
      if (delayMs !== Number.POSITIVE_INFINITY) schedule(now() + delayMs, task);
    },
    stop() {
      for (const entry of waiting) clearTimeout(entry.timer);
      waiting.clear();
    },
  };
}
