// Process warnings for whoever runs the application: something works against it that only an operator can
// mend. The same thing is said once, and then at most once a minute. Never contains a credential.

import type { Clock } from '../time/clock.js';
import { withoutStacks } from '../values/errors.js';

/** @param key the warning's code, then what it is about; the same key is not repeated within a minute. */
export type Warn = (key: string, message: string) => void;

const quietMs = 60_000;

export function createWarner(clock: Clock): Warn {
  const saidAt = new Map<string, number>();
  return (key, message) => {
    const now = clock.monotonic();
    const last = saidAt.get(key);
    if (last !== undefined && now - last < quietMs) return;
    saidAt.set(key, now);
    emit(key.split(' ', 1)[0] ?? key, message);
  };
}

const said = new Set<string>();

/** For mistakes in a program, which are the same however often it runs into them. */
export function warnOnce(code: string, message: string): void {
  if (said.has(code)) return;
  said.add(code);
  emit(code, message);
}

/** For what counts by itself how often it is said. */
export function emit(code: string, message: string): void {
  // It is an error of Node's, made where a credential may be at hand.
  withoutStacks(() => process.emitWarning(message, { type: 'EsauthWarning', code }));
}
