// What was revoked, and whether a verdict is from before that. One counter: a lookup notes where it stands
// when it starts, a revocation advances it and notes the new value under its subject. A verdict counts only
// if nothing was noted under any of its own subjects since. Nothing is searched, nothing has to be deleted,
// and a token can be revoked by its user's name although it does not show whose it is.

import type { Clock } from '../time/clock.js';
import { InvalidArgumentError } from '../values/errors.js';
import type { Identity } from '../values/identity.js';
import type { Verdict } from '../values/verdict.js';
import type { Fingerprint } from './fingerprint.js';
import { createNotes, type Notes, type Subject } from './notes.js';

export type { Subject } from './notes.js';

/** Whose verdicts to forget. `credential` is an `Authorization` value, in any spelling that is accepted. */
export type Revocable =
  | { readonly credential: string }
  | { readonly apiKeyIds: readonly string[] }
  | { readonly username: string; readonly realm?: string }
  | { readonly realm: string }
  | 'all';

/** Looks at what is remembered, by notes that will not change any more, up to and including a revision. */
export type Judge = (notes: Notes, revision: number) => void;

export interface Revocations {
  /** Where the counter stands. To be read before a lookup starts, and kept with its verdict. */
  readonly revision: number;
  /**
   * From when this returns, verdicts of this subject with an earlier revision are outdated.
   *
   * @param judge called before notes are summed up: the last time that remembered verdicts can be told apart by them.
   */
  revoke(subject: Subject, judge?: Judge): void;
  /** Whether a verdict reached on a lookup that started at `revision` has been revoked since. */
  outdates(revision: number, fingerprint: Fingerprint, verdict: Verdict): boolean;
  /** The same, of whoever a credential belongs to; of nobody, if it was refused. */
  concern(revision: number, fingerprint: Fingerprint, identity: Identity | undefined): boolean;
}

/**
 * More subjects than this are summed up as "everything": forgetting one would be worse. What is remembered is looked
 * through before, so that only what is under way has to be asked again: whoever may revoke, at an open route for
 * logging out, must not make a process forget everybody.
 */
const maxNotes = 10_000;

/** @param memoryMs how long a note must be kept: longer than any verdict that it could contradict is served. */
export function createRevocations(clock: Pick<Clock, 'monotonic'>, memoryMs: number): Revocations {
  let allRevokedAt = 0;
  let notes = createNotes();

  // The revision is a member, and nothing that is computed: every hit reads it.
  const revocations = {
    revision: 0,

    revoke(subject: Subject, judge?: Judge) {
      revocations.revision += 1;
      const { revision } = revocations;
      const now = clock.monotonic();
      notes.forgetUntil(now);
      if (subject !== 'all') {
        notes.add(subject, revision, now + memoryMs);
        if (notes.size <= maxNotes) return;
        judge?.(notes, revision);
      }
      notes = createNotes();
      allRevokedAt = revision;
    },

    outdates(since: number, fingerprint: Fingerprint, verdict: Verdict) {
      // The common case, and the only cost of a hit when nothing was revoked lately.
      if (since === revocations.revision) return false;
      const identity = verdict.kind === 'authenticated' ? verdict.identity : undefined;
      return revocations.concern(since, fingerprint, identity);
    },

    concern(since: number, fingerprint: Fingerprint, identity: Identity | undefined) {
      return since < allRevokedAt || notes.concern(since, fingerprint, identity);
    },
  };
  return revocations;
}

/** @throws {InvalidArgumentError} `invalid_argument` if `value` is not a subject: a typo must not revoke nothing. */
export function checkSubject(value: unknown): void {
  if (value === 'all') return;
  const subject: Record<string, unknown> = typeof value === 'object' && value !== null ? { ...value } : {};
  const kind = Object.keys(subject)
    // Only this one may be left open: any other that is undefined was meant to narrow down or to name.
    .filter((key) => key !== 'realm' || subject.realm !== undefined)
    .sort()
    .join();
  const { credential, apiKeyIds, username, realm } = subject;
  const isText = (text: unknown) => typeof text === 'string' && text !== '';
  const good =
    (kind === 'credential' && isText(credential)) ||
    (kind === 'apiKeyIds' && Array.isArray(apiKeyIds) && apiKeyIds.length > 0 && apiKeyIds.every(isText)) ||
    (kind === 'username' && isText(username)) ||
    (kind === 'realm,username' && isText(username) && isText(realm)) ||
    (kind === 'realm' && isText(realm));
  if (!good) {
    throw new InvalidArgumentError(
      "revoke: takes one of { credential }, { apiKeyIds }, { username, realm? }, { realm } or 'all'",
    );
  }
}
