// What was revoked, by kind and name, and as of which revision; and whom that concerns. A subject's own name is its
// key: a hit after a revocation makes no names, and looks only where something was noted since it was looked up.

import { hash } from 'node:crypto';
import type { Identity } from '../values/identity.js';
import type { Fingerprint } from './fingerprint.js';

/** Whose verdicts are revoked. */
export type Subject =
  | { readonly fingerprint: Fingerprint }
  | { readonly apiKeyIds: readonly string[] }
  | { readonly username: string; readonly realm?: string | undefined }
  | { readonly realm: string }
  | 'all';

export interface Notes {
  /** @param until on the monotonic clock: no verdict that it could contradict is served from then on. */
  add(subject: Exclude<Subject, 'all'>, revision: number, until: number): void;
  /**
   * Whether something was noted since a revision that concerns a credential, or whoever it belongs to.
   *
   * @param identity of nobody, if it was refused.
   */
  concern(since: number, fingerprint: Fingerprint, identity: Identity | undefined): boolean;
  forgetUntil(now: number): void;
  /** How many subjects there are. */
  readonly size: number;
}

export function createNotes(): Notes {
  const credentials = new Names();
  const apiKeys = new Names();
  /** In any realm, and their keys. */
  const users = new Names();
  const usersOfRealms = new Names();
  /** Those of some realm, whichever: for keys, of whose owners the realm is not known. */
  const owners = new Names();
  const realms = new Names();
  const all = [credentials, apiKeys, users, usersOfRealms, owners, realms];
  /** As of when any API key may have been meant, and the owner of any. */
  let anyApiKey = 0;
  let anyOwner = 0;

  return {
    add(subject, revision, until) {
      if ('fingerprint' in subject) {
        credentials.add(subject.fingerprint, revision, until);
      } else if ('apiKeyIds' in subject) {
        for (const id of subject.apiKeyIds) apiKeys.add(id, revision, until);
        anyApiKey = revision;
      } else if (!('username' in subject)) {
        realms.add(subject.realm, revision, until);
        anyOwner = revision;
      } else if (subject.realm === undefined) {
        users.add(subject.username, revision, until);
      } else {
        usersOfRealms.add(userOfRealm(subject.username, subject.realm), revision, until);
        owners.add(subject.username, revision, until);
      }
    },

    concern(since, fingerprint, identity) {
      if (credentials.has(fingerprint, since)) return true;
      if (identity === undefined) return false;
      const { username, realm, lookupRealm, apiKey } = identity;
      if (users.has(username, since)) return true;
      if (realms.has(realm.name, since) || realms.has(lookupRealm.name, since)) return true;
      if (apiKey !== undefined && apiKeys.has(apiKey.id, since)) return true;
      // Who is not noted as an owner is not noted as a user of any realm either.
      const mayBeOwner = owners.has(username, since);
      const isNoted = ({ name }: Identity['realm']) => usersOfRealms.has(userOfRealm(username, name), since);
      if (mayBeOwner && (isNoted(realm) || isNoted(lookupRealm))) return true;
      // An identity of an API key shows its owner's name but never the owner's realm, and before 7.16, or when it
      // acts as a user, not even the key's id. Then it is outdated by whatever could have meant it: more than was
      // asked for, never less.
      const mayBeMeant = mayBeOwner || anyOwner > since || (apiKey === undefined && anyApiKey > since);
      return mayBeMeant && isMadeByApiKey(identity);
    },

    forgetUntil(now) {
      for (const names of all) names.forgetUntil(now);
    },

    get size() {
      // Owners are there for users of realms.
      return all.reduce((sum, names) => sum + names.size, -owners.size);
    },
  };
}

/** Names of one kind. A class, so that what every hit after a revocation asks of each kind is inlined. */
class Names {
  /** Oldest first: noting a name again moves it to the end. */
  private readonly noted = new Map<string, { readonly revision: number; readonly until: number }>();
  private latest = 0;

  add(name: string, revision: number, until: number): void {
    const key = keyOf(name);
    this.noted.delete(key);
    this.noted.set(key, { revision, until });
    this.latest = revision;
  }

  has(name: string, since: number): boolean {
    if (this.latest <= since) return false;
    const note = this.noted.get(keyOf(name));
    return note !== undefined && note.revision > since;
  }

  forgetUntil(now: number): void {
    for (const [key, note] of this.noted) {
      if (note.until > now) return;
      this.noted.delete(key);
    }
  }

  get size(): number {
    return this.noted.size;
  }
}

/** Longer names are kept by a digest: whom to revoke may come from whoever calls. */
export const maxNameLength = 256;

/** Who is called as such a digest is looked up again with whoever has that name: once more than need be. */
function keyOf(name: string): string {
  // As JSON, so that lone surrogates stay apart.
  return name.length > maxNameLength ? hash('sha256', JSON.stringify(name)) : name;
}

/** The length keeps the parts apart: no user can have a name that reads as somebody else's of another realm. */
function userOfRealm(username: string, realm: string): string {
  return `${realm.length} ${realm} ${username}`;
}

export function isMadeByApiKey({ apiKey, realm, lookupRealm }: Identity): boolean {
  return apiKey !== undefined || realm.type.endsWith('_api_key') || lookupRealm.type.endsWith('_api_key');
}
