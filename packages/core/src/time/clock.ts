// The clock port: two readings and one timer. Everything in this package that depends on time takes a
// `Clock`, so that tests step it and nothing has to wait.

// Not the global, which is looked up at each hit: 200 instructions.
import { performance } from 'node:perf_hooks';

/** The two times that a verifier needs, and a timer. Pass your own to step time in tests. */
export interface Clock {
  /**
   * Milliseconds since the Unix epoch. May jump: forward, and everything remembered is older by that; back, and
   * nothing is.
   */
  wall(): number;
  /**
   * Milliseconds since an arbitrary start, never going back. Deadlines are measured with it, and ages while the wall
   * clock is not ahead.
   */
  monotonic(): number;
  /**
   * Calls `callback` once, `delayMs` from now, unless the returned function is called before. The timer
   * does not keep the process alive.
   */
  after(delayMs: number, callback: () => void): () => void;
}

/** The real clock. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
