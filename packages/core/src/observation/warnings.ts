// Process warnings for whoever runs the application: something works against it that only an operator can
// mend. The same thing is said once, and then at most once a minute. Never contains a credential.

import type { Clock } from '../time/clock.js';
import type { WarningCode } from '../values/codes.js';
import { withoutStacks } from '../values/errors.js';
import { worded } from '../values/messages.js';

/** The warning's code, and what it is about. */
export type WarningKey = WarningCode | `${WarningCode} ${string}`;

/** @param key is not repeated within a minute. @param text cause and cure, to be worded. */
export type Warn = (key: WarningKey, text: string) => void;

const quietMs = 60_000;

export function createWarner(clock: Clock): Warn {
  const saidAt = new Map<string, number>();
  return (key, text) => {
    const now = clock.monotonic();
    const last = saidAt.get(key);
    if (last !== undefined && now - last < quietMs) return;
    saidAt.set(key, now);
    emit(key, text);
  };
}

const said = new Set<string>();

/** For mistakes in a program, which are the same however often it runs into them. */
export function warnOnce(key: WarningKey, text: string): void {
  if (said.has(key)) return;
  said.add(key);
  emit(key, text);
}

/** For what counts by itself how often it is said. */
export function emit(key: WarningKey, text: string): void {
  // By its type, a key begins with a code.
  const code = key.split(' ', 1)[0] as WarningCode;
  // It is an error of Node's, made where a credential may be at hand.
  withoutStacks(() => process.emitWarning(worded(code, text), { type: 'EsauthWarning', code }));
}
