// A deadline for what comes through a socket. Node runs timers before it reads: after this process has stood still,
// what came in time lies unread when the timer runs. So it is read once more, and then it is over.

import type { Clock } from './clock.js';

/** @returns what ends the wait. */
export function whenRead(clock: Clock, delayMs: number, callback: () => void): () => void {
  let reading: NodeJS.Immediate | undefined;
  const stopTimer = clock.after(delayMs, () => {
    reading = setImmediate(callback);
  });
  return () => {
    stopTimer();
    clearImmediate(reading);
  };
}
