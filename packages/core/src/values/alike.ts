// Equal parts of what is read as JSON are one object: a realm, a list of roles or what metadata says of a team is the
// same for many callers, and is three quarters of what each of them takes. Only what is small and frozen is shared, and
// of that a bounded number is known, because nobody is charged for it.

import { deepFreeze } from './json.js';

/** Longer parts, as JSON, are seldom alike. */
const usualLength = 128;
/** What so many take that are no longer is less than a megabyte. */
const maxParts = 256;

/**
 * @param maxLength of a part as JSON.
 * @returns a function that takes what was parsed as JSON, and freezes it or gives back an equal part that is frozen.
 */
export function createParts(maxLength: number = usualLength): <Part extends object>(part: Part) => Part {
  // The oldest first.
  const parts = new Map<string, object>();
  return <Part extends object>(part: Part) => {
    const text = JSON.stringify(part);
    if (text.length > maxLength || !isAsWritten(part)) return part;
    const known = parts.get(text);
    // The cast holds: what is written alike was read alike.
    if (known !== undefined) return known as Part;
    parts.set(text, deepFreeze(part));
    const [oldest] = parts.keys();
    if (parts.size > maxParts && oldest !== undefined) parts.delete(oldest);
    return part;
  };
}

/** JSON that is read can say -0 and, by too big a number, Infinity; written again they are 0 and null. */
export function isAsWritten(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  // No deeper than what is written is long.
  return typeof value !== 'object' || value === null || Object.values(value).every(isAsWritten);
}
