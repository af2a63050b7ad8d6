/**
 * What is kept of users beyond what signs them in: a profile for each that was activated, with labels and data of
 * applications. Who may see or change one is decided in the endpoints.
 */

import { createHash } from 'node:crypto';
import type { Clock } from '../controls/clock.js';
import { isMap, type JsonMap, type JsonValue, sameJson } from '../wire/json-value.js';
import type { Realm, User } from './user.js';

/** A profile. It is never changed; a newer one takes its place. */
export interface Profile {
  readonly uid: string;
  readonly enabled: boolean;
  /** When it was last activated. */
  readonly synchronizedAt: number;
  /** The user as it was then. */
  readonly user: User;
  readonly realm: Realm;
  readonly labels: JsonMap;
  readonly data: JsonMap;
  /** The number of the operation that stored it. */
  readonly seqNo: number;
}

/** The profiles of an emulator. */
export interface Profiles {
  find(uid: string): Profile | undefined;
  /** Of a user of a realm. */
  of(username: string, realm: Realm): Profile | undefined;
  all(): Iterable<Profile>;
  /** Whether there ever was one. */
  exist(): boolean;
  /** Makes the profile of a user, or brings it up to date. */
  activate(user: User, realm: Realm): Profile;
  /** Puts labels and data among those that are there. */
  merge(profile: Profile, labels: JsonMap, data: JsonMap): void;
  setEnabled(profile: Profile, enabled: boolean): void;
}

// Who comes back within this time, and is the same, has been here already (`shouldSkipUpdateForActivate`).
const graceMs = 30_000;

/** Makes the store. */
export function createProfiles(clock: Clock): Profiles {
  const profiles = new Map<string, Profile>();
  let operations = 0;

  function store(profile: Omit<Profile, 'seqNo'>): Profile {
    const stored = { ...profile, seqNo: operations++ };
    profiles.set(profile.uid, stored);
    return stored;
  }

  function of(username: string, realm: Realm): Profile | undefined {
    return [...profiles.values()].find(
      ({ user, realm: own }) => user.username === username && own.name === realm.name,
    );
  }

  /**
   * Users of the same name in different realms are told apart by a number
   * (`ProfileDocument.computeBaseUidForSubject`).
   */
  function newUid({ username }: User): string {
    const base = `u_${createHash('sha256').update(username).digest('base64url')}`;
    let number = 0;
    while (profiles.has(`${base}_${number}`)) number++;
    return `${base}_${number}`;
  }

  return {
    of,
    find: (uid) => profiles.get(uid),
    all: () => profiles.values(),
    exist: () => operations > 0,
    activate(user, realm) {
      const old = of(user.username, realm);
      const now = clock.now();
      if (old === undefined) {
        const none = { labels: new Map(), data: new Map() };
        return store({ uid: newUid(user), enabled: true, synchronizedAt: now, user, realm, ...none });
      }
      const isSame = old.enabled && sameJson(shown(old.user), shown(user));
      if (isSame && now - old.synchronizedAt < graceMs) return old;
      return store({ ...old, enabled: true, synchronizedAt: now, user, realm });
    },
    merge(profile, labels, data) {
      const merged = { labels: mergeMaps(profile.labels, labels), data: mergeMaps(profile.data, data) };
      const isSame = sameJson(profile.labels, merged.labels) && sameJson(profile.data, merged.data);
      if (!isSame) store({ ...profile, ...merged });
    },
    setEnabled(profile, enabled) {
      if (profile.enabled !== enabled) store({ ...profile, enabled });
    },
  };
}

/** What of a user is in his profile. */
function shown({ username, roles, email, fullName }: User): JsonValue {
  return { username, roles, email, fullName };
}

/** Objects are put together, everything else is replaced, as in an update of a document. */
function mergeMaps(old: JsonMap, changes: JsonMap): JsonMap {
  const merged = new Map(old);
  for (const [name, value] of changes) {
    const before = old.get(name);
    merged.set(name, isMap(before) && isMap(value) ? mergeMaps(before, value) : value);
  }
  return merged;
}
