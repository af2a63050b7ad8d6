// A store that answers in time, or fails: whoever waits for a token, or for a logout, must not wait for ever for a store
// that hangs, such as one whose connection is gone.

import type { Clock } from '@esauth/core';
import { SecurityApiError } from '../calls/errors.js';
import type { TokenStore } from './token-store.js';

/** Longer than a file's lock lasts whose holder has died. */
const storeMs = 10_000;

/** What comes later than that is not heard; the source reads the store again before it changes it. */
export function storeInTime(store: TokenStore, clock: Pick<Clock, 'after'>): TokenStore {
  const inTime = <T>(work: Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      const late = () =>
        reject(
          new SecurityApiError('unavailable', `the token source: no answer of the store in ${storeMs} ms`),
        );
      const stop = clock.after(storeMs, late);
      Promise.resolve(work).then(resolve, reject).finally(stop);
    });
  return {
    get: async () => inTime(store.get()),
    compareAndSet: async (expected, next) => inTime(store.compareAndSet(expected, next)),
  };
}
