// Process warnings for whoever runs the application: something works against it that only an operator can
// mend. The same thing is said once, and then at most once a minute. Never contains a credential.

import type { Clock } from '../time/clock.js';

/** @param key the warning's code, then what it is about; the same key is not repeated within a minute. */
export type Warn = (key: string, message: string) => void;

const quietMs = 60_000;
/** Keys and messages may hold what an upstream wrote: so many different ones within a minute, then one for each code, */
const mostKeys = 100;
/** and so many characters of each. */
const longestKey = 200;
const longestMessage = 1_000;

export function createWarner(clock: Clock): Warn {
  // Oldest first.
  const saidAt = new Map<string, number>();
  return (key, message) => {
    const now = clock.monotonic();
    for (const [each, at] of saidAt) {
      if (now - at < quietMs) break;
      saidAt.delete(each);
    }
    const [code = key] = key.split(' ', 1);
    const clipped = key.slice(0, longestKey);
    if (saidAt.has(clipped)) return;
    const about = saidAt.size < mostKeys ? clipped : code;
    if (saidAt.has(about)) return;
    saidAt.set(about, now);
    emit(code, message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message);
  };
}

const said = new Set<string>();

/** For mistakes in a program, which are the same however often it runs into them. */
export function warnOnce(code: string, message: string): void {
  if (said.has(code)) return;
  said.add(code);
  emit(code, message);
}

function emit(code: string, message: string): void {
  process.emitWarning(message, { type: 'EsauthWarning', code });
}
