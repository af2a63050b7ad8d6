// When the time of a question is up, and who is to blame. By the clock a deadline has passed at an instant; what came
// when cannot be known of a process that stood still then. So what can be read at the first opportunity after it
// counts as in time (it is late by less than one turn of the event loop, or this process is), and nothing that comes
// later does.

import type { Clock } from '../time/clock.js';
import { whenRead } from '../time/when-read.js';

/** The reason with which a question is ended at its deadline: the node has had a fair part of its time, */
export const timeIsUp: unknown = new Error('its time is up');
/** or this process has stood still, and its own silence tells nothing of the node. */
export const stoodStill: unknown = new Error('its time is up, and this process has stood still');

/** The last part of the time, in which this process has to have listened. As in `breaker.ts`. */
const fairPart = 1 / 3;
/** A timer that is late by more than this part of the time, */
const latePart = 1 / 10;
/** and by more than timers of a busy process are, was kept from running. In milliseconds. */
const usuallyLate = 100;

/**
 * @param endsAt on the monotonic clock.
 * @param end is told which of the two reasons it is.
 * @returns what ends the wait.
 */
export function startDeadline(
  clock: Clock,
  endsAt: number,
  timeoutMs: number,
  end: (reason: unknown) => void,
): () => void {
  let stands = false;
  const watch = (due: number) => {
    stands ||= clock.monotonic() - due > Math.max(timeoutMs * latePart, usuallyLate);
  };
  const middle = Math.max(clock.monotonic(), endsAt - timeoutMs * fairPart);
  let stop = clock.after(middle - clock.monotonic(), () => {
    watch(middle);
    // Late, if it has passed by now.
    watch(endsAt);
    stop = whenRead(clock, endsAt - clock.monotonic(), () => {
      watch(endsAt);
      end(stands ? stoodStill : timeIsUp);
    });
  });
  return () => stop();
}
