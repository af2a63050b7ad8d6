// Reading the log for as long as a verifier lives, and knowing how far one has heard. Who has heard nothing for
// `blindAfterMs` is blind: what is remembered may have been revoked. That is looked at when somebody wants to be
// served, by the same instants that ages are measured with, so that no timer that is late and no machine that slept
// hides it.

import type { Clock } from '../time/clock.js';
import type { Timeline } from '../time/timeline.js';
import type { Heard, Position, SharedMemory, SharedStart } from './port.js';

/** After a reading that failed, growing from one to the other. */
const shortestPauseMs = 50;
const longestPauseMs = 1_000;
/** What clocks may run apart between two readings. */
const toleranceMs = 100;

export interface Listening {
  /** Where the log was heard up to, and the engine's clock; `undefined` before the first reading, and when blind. */
  start(): SharedStart | undefined;
  /** Where it stands, blind or not. */
  readonly position: Position | undefined;
  /** At least what the engine's clock says, at an instant of the timeline. */
  engineTime(now: number): number;
  /** What started until then on the engine's clock may be older than it seems: that was set back. */
  readonly setBackFrom: number;
  isBlind(now: number): boolean;
  /** How long ago nothing was missing, in milliseconds. */
  lagMs(now: number): number;
  close(): void;
}

export interface ListeningParts {
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly blindAfterMs: number;
  readonly memory: Pick<SharedMemory, 'read'>;
  /** Acts on what was heard, before anybody else can. */
  act(heard: Heard): void;
  failed(error: unknown): void;
  /** Told whenever that changes. */
  blinded(blind: boolean): void;
}

export function listen(parts: ListeningParts): Listening {
  const { clock, timeline, blindAfterMs, memory, act, failed, blinded } = parts;
  // Nothing is remembered that is older, and the first reading tells what was revoked from here on.
  let knownUntil = timeline.now();
  let position: Position | undefined;
  let clockThere: { readonly time: number; readonly askedAt: number; readonly received: number } | undefined;
  let setBackFrom = -Infinity;
  let wasBlind = false;
  let closed = false;
  let stopTimer: (() => void) | undefined;
  // Often enough that one reading may fail without anybody going blind.
  const waitMs = Math.max(1, Math.floor(Math.min(blindAfterMs / 4, 1_000)));

  watch();
  void readOn();

  return {
    start() {
      if (position === undefined || clockThere === undefined || look(timeline.now())) return undefined;
      const { time, received } = clockThere;
      // By the monotonic clock, which no one can set forward: a lookup that starts now is rather older than it is.
      return { ...position, time: time + Math.max(0, clock.monotonic() - received) };
    },
    engineTime,
    get position() {
      return position;
    },
    get setBackFrom() {
      return setBackFrom;
    },
    isBlind: look,
    lagMs: (now) => Math.max(0, now - knownUntil),
    close() {
      closed = true;
      stopTimer?.();
    },
  };

  async function readOn(): Promise<void> {
    let pauseMs = shortestPauseMs;
    while (!closed) {
      try {
        const began = clock.monotonic();
        const heard = await memory.read(waitMs);
        if (closed) return;
        hear(heard, began);
        pauseMs = shortestPauseMs;
      } catch (error) {
        if (closed) return;
        failed(error);
        await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      }
    }
  }

  function engineTime(now: number): number {
    // From when it was asked, and by whichever clock has gone further: what it says now is rather later than it is.
    return clockThere === undefined ? Infinity : clockThere.time + Math.max(0, now - clockThere.askedAt);
  }

  /** @param began when the reading did, on the monotonic clock. */
  function hear(heard: Heard, began: number): void {
    if (position?.epoch !== heard.position.epoch) setBackFrom = -Infinity;
    else if (heard.checked !== undefined && clockThere !== undefined) {
      const earliest = clockThere.time + Math.max(0, began - clockThere.received);
      if (heard.checked.time < earliest - toleranceMs)
        setBackFrom = Math.max(setBackFrom, engineTime(timeline.now()));
    }
    position = heard.position;
    if (heard.checked !== undefined) clockThere = { ...heard.checked, received: clock.monotonic() };
    else if (heard.since !== undefined) clockThere = undefined;
    act(heard);
    if (heard.checked === undefined) return;
    knownUntil = Math.max(knownUntil, heard.checked.askedAt);
    look(timeline.now());
    watch();
  }

  function look(now: number): boolean {
    const blind = now - knownUntil > blindAfterMs;
    if (blind !== wasBlind && !closed) {
      wasBlind = blind;
      blinded(blind);
    }
    return blind;
  }

  /** So that it is told also while nobody comes. */
  function watch(): void {
    stopTimer?.();
    stopTimer = clock.after(blindAfterMs + 1, () => look(timeline.now()));
  }
}
