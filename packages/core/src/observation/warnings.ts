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
/** Keys and texts may hold what an upstream wrote: so many different ones within a minute, then one for each code, */
const mostKeys = 100;
/** and so many characters of each. */
const longestKey = 200;
const longestText = 1_000;

export function createWarner(clock: Clock): Warn {
  // Oldest first.
  const saidAt = new Map<string, number>();
  return (key, text) => {
    const now = clock.monotonic();
    for (const [each, at] of saidAt) {
      if (now - at < quietMs) break;
      saidAt.delete(each);
    }
    const clipped = key.slice(0, longestKey) as WarningKey;
    if (saidAt.has(clipped)) return;
    const about = saidAt.size < mostKeys ? clipped : codeOf(key);
    if (saidAt.has(about)) return;
    saidAt.set(about, now);
    emit(key, text.length > longestText ? `${text.slice(0, longestText)}…` : text);
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
  const code = codeOf(key);
  // It is an error of Node's, made where a credential may be at hand.
  withoutStacks(() => process.emitWarning(worded(code, text), { type: 'EsauthWarning', code }));
}

/** By its type, a key begins with a code. */
function codeOf(key: WarningKey): WarningCode {
  return key.split(' ', 1)[0] as WarningCode;
}
