// What guards ask first: whether a verifier remembers at once that all of it is granted, without a promise or a verdict.

import type { Fact } from '../values/privileges.js';
import type { Wanted } from './wanted.js';

type AreGranted = (facts: readonly Fact[], wanted: Wanted) => boolean;

/** What of a verifier this is about; the rest of it is not known here. */
interface Asked {
  readonly peekPrivileges: unknown;
  readonly [kept]?: Shortcut;
}

interface Shortcut {
  readonly peekPrivileges: unknown;
  readonly areGranted: AreGranted;
}

/** Nobody else has it, and it is not enumerable. A WeakMap would be 130 instructions of each guard. */
const kept: unique symbol = Symbol('esauth.areGranted');

export function keepShortcut(verifier: Asked, areGranted: AreGranted): void {
  const shortcut: Shortcut = { peekPrivileges: verifier.peekPrivileges, areGranted };
  Object.defineProperty(verifier, kept, { value: shortcut });
}

/** Whether all of this is granted to whom a gate has let in; not if somebody has put on a `peekPrivileges` of his own. */
export function areGranted(verifier: Asked, facts: readonly Fact[], wanted: Wanted): boolean {
  const shortcut = verifier[kept];
  if (shortcut === undefined || shortcut.peekPrivileges !== verifier.peekPrivileges) return false;
  return shortcut.areGranted(facts, wanted);
}
