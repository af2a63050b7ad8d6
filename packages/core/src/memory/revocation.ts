// What was revoked, and whether a verdict is from before that. One counter: a lookup notes where it stands
// when it starts, a revocation advances it and notes the new value under its subject. A verdict counts only
// if nothing was noted under any of its own subjects since. Nothing is searched, nothing has to be deleted,
// and a token can be revoked by its user's name although it does not show whose it is.

import { hash } from 'node:crypto';
import type { Clock } from '../time/clock.js';
import { InvalidArgumentError } from '../values/errors.js';
import type { Identity } from '../values/identity.js';
import type { Verdict } from '../values/verdict.js';
import type { Fingerprint } from './fingerprint.js';

/** Whose verdicts to forget. `credential` is an `Authorization` value, in any spelling that is accepted. */
export type Revocable =
  | { readonly credential: string }
  | { readonly apiKeyIds: readonly string[] }
  | { readonly username: string; readonly realm?: string }
  | { readonly realm: string }
  | 'all';

/** The same, with the credential's name in its place. */
export type Subject =
  | { readonly fingerprint: Fingerprint }
  | { readonly apiKeyIds: readonly string[] }
  | { readonly username: string; readonly realm?: string | undefined }
  | { readonly realm: string }
  | 'all';

export interface Revocations {
  /** Where the counter stands. To be read before a lookup starts, and kept with its verdict. */
  readonly revision: number;
  /**
   * From when this returns, verdicts of this subject with an earlier revision are outdated.
   *
   * @param judge called before notes are summed up: the last time that remembered verdicts can be told apart by them.
   */
  revoke(subject: Subject, judge?: () => void): void;
  /** Whether a verdict reached on a lookup that started at `revision` has been revoked since. */
  outdates(revision: number, fingerprint: Fingerprint, verdict: Verdict): boolean;
}

/**
 * More notes than this are summed up as "everything": forgetting one would be worse. What is remembered is looked
 * through before, at 6 µs an entry, so that only what is under way has to be asked again: whoever may revoke, at an
 * open route for logging out, must not make a process forget everybody.
 */
const maxNotes = 10_000;

/** @param memoryMs how long a note must be kept: longer than any verdict that it could contradict is served. */
export function createRevocations(clock: Pick<Clock, 'monotonic'>, memoryMs: number): Revocations {
  let revision = 0;
  let allRevokedAt = 0;
  // Oldest first: noting a subject again moves it to the end.
  const notes = new Map<string, { readonly revision: number; readonly until: number }>();

  return {
    get revision() {
      return revision;
    },

    revoke(subject, judge) {
      const names = namesOf(subject);
      revision += 1;
      const now = clock.monotonic();
      forgetBefore(now);
      for (const name of names) {
        notes.delete(name);
        notes.set(name, { revision, until: now + memoryMs });
      }
      if (subject === 'all' || notes.size > maxNotes) {
        if (subject !== 'all') judge?.();
        notes.clear();
        allRevokedAt = revision;
      }
    },

    outdates(since, fingerprint, verdict) {
      // The common case, and the only cost of a hit when nothing was revoked lately.
      if (since === revision) return false;
      if (since < allRevokedAt || notedSince(since, credentialName(fingerprint))) return true;
      return (
        verdict.kind === 'authenticated' &&
        identityNames(verdict.identity).some((name) => notedSince(since, name))
      );
    },
  };

  function notedSince(since: number, name: string): boolean {
    const note = notes.get(name);
    return note !== undefined && note.revision > since;
  }

  function forgetBefore(now: number): void {
    for (const [name, note] of notes) {
      if (note.until > now) return;
      notes.delete(name);
    }
  }
}

// Names of subjects. The kind comes first and JSON keeps the parts apart, so that no user can have a name
// that reads as somebody else's.
export const credentialName = (fingerprint: Fingerprint) => `credential ${fingerprint}`;
const apiKeyName = (id: string) => nameOf('api key', id);
const userName = (username: string) => nameOf('user', username);
const realmUserName = (username: string, realm: string) => nameOf('user', username, realm);
const ownerName = (username: string) => nameOf('owner', username);
const realmName = (realm: string) => nameOf('realm', realm);
const anyApiKey = 'any api key';
const anyOwner = 'any owner';

/** Longer names are kept by a digest: whom to revoke may come from whoever calls. */
const maxNameLength = 256;

function nameOf(...parts: readonly string[]): string {
  const name = JSON.stringify(parts);
  return name.length > maxNameLength ? hash('sha256', name) : name;
}

/** Under which names a revocation of a subject is noted; under none, and then of all, for `'all'`. */
export function namesOf(subject: Subject): readonly string[] {
  if (subject === 'all') return [];
  if ('fingerprint' in subject) return [credentialName(subject.fingerprint)];
  if ('apiKeyIds' in subject) return [...subject.apiKeyIds.map(apiKeyName), anyApiKey];
  if (!('username' in subject)) return [realmName(subject.realm), anyOwner];
  const { username, realm } = subject;
  // Their keys have the user's name too.
  if (realm === undefined) return [userName(username)];
  return [realmUserName(username, realm), ownerName(username)];
}

// An identity of an API key shows its owner's name but never the owner's realm, and before 7.16, or when it
// acts as a user, not even the key's id. Then it is outdated by whatever could have meant it: more than was
// asked for, never less.
export function identityNames(identity: Identity): readonly string[] {
  const { username, realm, lookupRealm, apiKey } = identity;
  const realms = [realm, lookupRealm];
  const names = [
    userName(username),
    ...realms.flatMap(({ name }) => [realmName(name), realmUserName(username, name)]),
  ];
  if (apiKey !== undefined) names.push(apiKeyName(apiKey.id));
  const madeByApiKey = apiKey !== undefined || realms.some(({ type }) => type.endsWith('_api_key'));
  if (madeByApiKey) names.push(ownerName(username), anyOwner);
  if (madeByApiKey && apiKey === undefined) names.push(anyApiKey);
  return names;
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
