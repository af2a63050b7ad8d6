// How a call ends early: by its deadline, by whoever made it, or with its client. One signal for all three, of which
// nothing is left when the call is over.

/** A call is late: the reason of its signal. */
export const late: unique symbol = Symbol('late');
/** Its client was closed, likewise. */
export const closed: unique symbol = Symbol('closed');

/** How one call may end. */
export interface Ending {
  /** Fires with `late`, `closed`, or the reason of the caller's own. */
  readonly signal: AbortSignal;
  /** Rejects as soon as the signal fires; what was begun goes on unheard. */
  unless<T>(work: T | Promise<T>): Promise<T>;
  /** To be called when the call is over. */
  over(): void;
}

/** Those of one client. */
export interface Endings {
  begin(timeoutMs: number, signal: AbortSignal | undefined): Ending;
  /** Ends all calls, also those that are still to be made. */
  close(): void;
}

export function createEndings(): Endings {
  const underWay = new Set<AbortController>();
  let isClosed = false;

  return {
    begin(timeoutMs, signal) {
      const ending = new AbortController();
      const leave = () => ending.abort(signal?.reason);
      const timer = setTimeout(() => ending.abort(late), timeoutMs);
      underWay.add(ending);
      signal?.addEventListener('abort', leave, { once: true });
      if (signal?.aborted === true) leave();
      if (isClosed) ending.abort(closed);
      return {
        signal: ending.signal,
        unless: (work) =>
          new Promise((resolve, reject) => {
            const fail = () => reject(ending.signal.reason);
            ending.signal.addEventListener('abort', fail, { once: true });
            Promise.resolve(work).then(resolve, reject);
            if (ending.signal.aborted) fail();
          }),
        over() {
          clearTimeout(timer);
          underWay.delete(ending);
          signal?.removeEventListener('abort', leave);
        },
      };
    },

    close() {
      isClosed = true;
      for (const ending of underWay) ending.abort(closed);
    },
  };
}
