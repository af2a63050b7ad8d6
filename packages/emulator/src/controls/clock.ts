/**
 * The emulator's time: the machine's time plus whatever a test has added, and the few things that wait for
 * an instant of it. It knows nothing of tokens or faults.
 */

/**
 * The emulator's time, as the result of `startEmulator` shows it. It has what a verifier wants of a clock too, so
 * that twenty minutes later is twenty minutes later for both: `createVerifier({ nodes: emulator.url, clock:
 * emulator.clock })`.
 */
export interface Clock {
  /** The emulator's time in whole milliseconds since 1970. */
  now(): number;
  /** The same, by the name that a verifier knows. */
  wall(): number;
  /**
   * Milliseconds since an arbitrary instant, with all that was ever added. Never goes back, not by `reset()` either.
   */
  monotonic(): number;
  /**
   * Calls back once, when so many milliseconds of this time have passed. It does not keep the process alive, and
   * `reset()` leaves it alone.
   *
   * @returns what calls it off
   */
  after(delayMs: number, callback: () => void): () => void;
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
  /**
   * Runs `task` when `delayMs` of the emulator's time have passed, or when everything begins anew. `Infinity` waits
   * for that.
   *
   * @returns what calls it off
   */
  hold(delayMs: number, task: () => Promise<void>): () => void;
  /** Goes back to the machine's time. Resolves when all that was held is over. */
  reset(): Promise<void>;
  /** Forgets everything that waits. */
  stop(): void;
}

interface Waiting {
  /** On the monotonic clock. */
  readonly dueAt: number;
  readonly task: () => Promise<void> | void;
  /** Whether it is the emulator's own. */
  readonly isHeld: boolean;
  timer: NodeJS.Timeout | undefined;
}

// setTimeout fires at once for anything longer than this.
const longestTimer = 2 ** 31 - 1;

/** Makes a clock that starts at the machine's time. */
export function createClock(): ScheduledClock {
  /** What was added since the last reset, and in all. */
  let offset = 0;
  let added = 0;
  const waiting = new Set<Waiting>();
  const now = (): number => Math.floor(Date.now() + offset);
  const monotonic = (): number => performance.now() + added;

  function forget(entry: Waiting): void {
    waiting.delete(entry);
    clearTimeout(entry.timer);
  }

  async function release(entries: readonly Waiting[]): Promise<void> {
    for (const entry of entries) forget(entry);
    await Promise.all(entries.map(({ task }) => task()));
  }

  function wind(entry: Waiting): void {
    if (entry.dueAt === Number.POSITIVE_INFINITY) return;
    const delay = Math.min(Math.max(entry.dueAt - monotonic(), 0), longestTimer);
    entry.timer = setTimeout(() => {
      if (entry.dueAt <= monotonic()) void release([entry]);
      else wind(entry);
    }, delay);
    // A process whose only business is a delayed answer may end.
    entry.timer.unref();
  }

  function wait(delayMs: number, task: Waiting['task'], isHeld: boolean): () => void {
    const entry: Waiting = { dueAt: monotonic() + delayMs, task, isHeld, timer: undefined };
    waiting.add(entry);
    wind(entry);
    return () => forget(entry);
  }

  return {
    now,
    wall: now,
    monotonic,
    after: (delayMs, callback) => wait(delayMs, callback, false),
    hold: (delayMs, task) => wait(delayMs, task, true),
    async advance(ms) {
      if (!Number.isFinite(ms) || ms < 0) {
        throw new RangeError('clock.advance: the time must be a finite number of milliseconds, 0 or more');
      }
      offset += ms;
      added += ms;
      const due = [...waiting].filter((entry) => entry.dueAt <= monotonic());
      await release(due.sort((a, b) => a.dueAt - b.dueAt));
    },
    reset() {
      offset = 0;
      return release([...waiting].filter((entry) => entry.isHeld));
    },
    stop() {
      for (const entry of waiting) forget(entry);
    },
  };
}
