// What guards ask first: whether a verifier remembers at once that all of it is granted, without a promise or a verdict.

import type { Fact } from '../values/privileges.js';
import type { Wanted } from './wanted.js';

type AreGranted = (facts: readonly Fact[], wanted: Wanted) => boolean;

/** What of a verifier this is about; the rest of it is not known here. */
interface Asked {
  readonly peekPrivileges: unknown;
}

const shortcuts = new WeakMap<Asked, Asked & { readonly areGranted: AreGranted }>();

export function keepShortcut(verifier: Asked, areGranted: AreGranted): void {
  shortcuts.set(verifier, { peekPrivileges: verifier.peekPrivileges, areGranted });
}

/** Whether all of this is granted to whom a gate has let in; not if somebody has put on a `peekPrivileges` of his own. */
export function areGranted(verifier: Asked, facts: readonly Fact[], wanted: Wanted): boolean {
  const shortcut = shortcuts.get(verifier);
  if (shortcut === undefined || shortcut.peekPrivileges !== verifier.peekPrivileges) return false;
  return shortcut.areGranted(facts, wanted);
}
