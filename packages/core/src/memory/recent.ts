// Headers that were good lately, so that one that comes again is compared and not hashed (`cache.recent`). It gives the
// name under which the cache remembers the credential, and nothing else: whether that still counts, how old it is and
// whether it was revoked is looked up there as ever.
//
// The only place where a credential outlives its lookup. So there are few, of callers who were let in, for a minute at
// most, and nowhere but in this process; nothing lists them.

import type { Clock } from '../time/clock.js';
import type { Fingerprint } from './fingerprint.js';

export interface Recent {
  /** The name of exactly this header, if it was kept. */
  find(header: string): Fingerprint | undefined;
  /** Keeps the header of a verified identity, unless it is a password's or too long; in the place of another one. */
  keep(header: string, fingerprint: Fingerprint): void;
  wipe(): void;
}

const longest = 4_096;
const wipeAfterMs = 60_000;

/** @param slots how many headers there is room for. */
export function createRecent(slots: number, clock: Pick<Clock, 'after'>): Recent {
  const headers = new Array<string>(slots).fill('');
  const fingerprints = new Array<Fingerprint | undefined>(slots).fill(undefined);
  let stopTimer: (() => void) | undefined;

  return {
    find(header) {
      const slot = slotOf(header);
      // Compared as a whole: a header that only falls into the same slot is not taken for it.
      return headers[slot] === header ? fingerprints[slot] : undefined;
    },

    keep(header, fingerprint) {
      // What a password is verified by never leaves the digest.
      if (header.length > longest || header.startsWith('Basic ')) return;
      const slot = slotOf(header);
      headers[slot] = header;
      fingerprints[slot] = fingerprint;
      stopTimer ??= clock.after(wipeAfterMs, wipe);
    },

    wipe,
  };

  function wipe(): void {
    // Revocations of others may come in floods, and then nothing is left to wipe.
    if (stopTimer === undefined) return;
    stopTimer();
    stopTimer = undefined;
    headers.fill('');
    fingerprints.fill(undefined);
  }

  /** By the last eight characters and the length: V8 takes a dozen instructions a character to hash a text, */
  function slotOf(header: string): number {
    const end = header.length;
    let mixed = end;
    // and these are random in every credential.
    for (let at = Math.max(0, end - 8); at < end; at += 1)
      mixed = Math.imul(mixed, 31) + header.charCodeAt(at);
    return (Math.imul(mixed, 0x9e3779b1) >>> 0) % slots;
  }
}
