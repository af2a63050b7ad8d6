// Asking again in the background for what is remembered, ahead of its end: when it is time, and what becomes of a
// question that nobody waits for. What it brings is remembered like any other answer.

import type { Warn } from '../observation/warnings.js';
import type { Timeline } from '../time/timeline.js';

/** Something remembered that is asked again when somebody wants to know it. */
export interface Refreshable {
  /** From here on, on the timeline; 0: never. */
  refreshAt: number;
}

/** After a question that brought nothing the next comes no sooner. */
const pauseMs = 1_000;

export function isDue({ refreshAt }: Refreshable, now: number): boolean {
  return refreshAt > 0 && refreshAt <= now;
}

/** @param inVain whether an outcome leaves it as it was. */
export function inBackground<Outcome>(
  question: Promise<Outcome>,
  inVain: (outcome: Outcome) => boolean,
  remembered: readonly Refreshable[],
  { timeline, warn }: { readonly timeline: Timeline; readonly warn: Warn },
): void {
  const pause = () => {
    const until = Math.ceil(timeline.now() + pauseMs);
    for (const each of remembered) each.refreshAt = until;
  };
  question.then(
    (outcome) => inVain(outcome) && pause(),
    (error: unknown) => {
      // Only a clock or a dispatcher that somebody brought can have thrown; there is no caller to tell.
      pause();
      warn('ESAUTH_REFRESH', `a background refresh failed: ${error}`);
    },
  );
}
