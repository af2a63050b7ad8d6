/**
 * The users of the reserved, the file and the native realm, and their passwords. What a role allows is not known
 * here.
 */

import type { JsonMap, JsonValue } from '../wire/json-value.js';
import { fileRealm, nativeRealm, reservedMetadata, reservedRealm } from './identity.js';
import { isHashOf } from './password-hash.js';
import { type Digest, digest } from './secrets.js';
import type { Realm, User } from './user.js';

/** A user and the realm it belongs to. */
export interface Account {
  readonly user: User;
  readonly realm: Realm;
  readonly password: StoredPassword | undefined;
}

/** What is kept of a password. A hash from elsewhere is replaced by a digest once it has matched. */
export type StoredPassword = { readonly digest: Digest } | { readonly hash: string };

/** A password as it is set. */
export type NewPassword = { readonly plain: string } | { readonly hash: string };

/** The users of an emulator. */
export interface Users {
  /** Of the users that can be managed: those in a file can not. */
  find(username: string): Account | undefined;
  /** In the order in which the realms are asked. */
  lookUp(username: string): Account | undefined;
  /** Every user that can be managed, the reserved ones first. */
  all(): Account[];
  isNative(username: string): boolean;
  /** Whether something was changed about a reserved user. */
  isChanged(username: string): boolean;
  /** The account, if it is enabled and this is its password: of the first realm in which it is. */
  authenticate(username: string, password: string): Account | undefined;
  /**
   * Stores a native user. Without a password the old one is kept.
   *
   * @returns whether the user is new, or `password missing` if it is and has none
   */
  put(user: User, password: NewPassword | undefined): 'created' | 'updated' | 'password missing';
  /** @returns whether there was such a native user */
  remove(username: string): boolean;
  /** @returns whether there is such a user */
  setEnabled(username: string, enabled: boolean): boolean;
  /** @returns whether there is such a user */
  setPassword(username: string, password: NewPassword): boolean;
}

const reservedRoles: ReadonlyMap<string, readonly string[]> = new Map([
  ['elastic', ['superuser']],
  ['kibana', ['kibana_system']],
  ['kibana_system', ['kibana_system']],
  ['logstash_system', ['logstash_system']],
  ['beats_system', ['beats_system']],
  ['apm_system', ['apm_system']],
  ['remote_monitoring_user', ['remote_monitoring_collector', 'remote_monitoring_agent']],
]);

const deprecatedMetadata: JsonMap = new Map<string, JsonValue>([
  ...reservedMetadata,
  ['_deprecated', true],
  ['_deprecated_reason', 'Please use the [kibana_system] user instead.'],
]);

/** Whether only Elasticsearch itself may define a user of this name. */
export function isReservedUser(username: string): boolean {
  return reservedRoles.has(username);
}

/** A user in a file. */
export interface FileUser {
  readonly user: User;
  readonly password: string;
}

/** @param elasticPassword the password of `elastic`; the other reserved users have none until one is set */
export function createUsers(elasticPassword: string, inFile: readonly FileUser[]): Users {
  const native = new Map<string, Account>();
  const reserved = new Map<string, Account>();
  const changed = new Set<string>();
  const file = new Map(
    inFile.map(({ user, password }): [string, Account] => {
      const { username } = user;
      return [username, { user, realm: fileRealm, password: store(username, { plain: password }) }];
    }),
  );
  for (const [username, roles] of reservedRoles) {
    const metadata = username === 'kibana' ? deprecatedMetadata : reservedMetadata;
    const user = { username, roles, fullName: null, email: null, metadata, enabled: true };
    const password = username === 'elastic' ? store(username, { plain: elasticPassword }) : undefined;
    reserved.set(username, { user, realm: reservedRealm, password });
  }

  const find = (username: string): Account | undefined => reserved.get(username) ?? native.get(username);

  /** One for each realm that knows the name; nobody else is called as a reserved user is. */
  function realmsOf(username: string): Account[] {
    const ofReserved = reserved.get(username);
    const others = [file.get(username), native.get(username)];
    return ofReserved === undefined ? others.filter((account) => account !== undefined) : [ofReserved];
  }

  function change(username: string, changes: Partial<Account>): boolean {
    const account = find(username);
    if (account === undefined) return false;
    (reserved.has(username) ? reserved : native).set(username, { ...account, ...changes });
    changed.add(username);
    return true;
  }

  function isPassword({ user: { username }, password: stored }: Account, password: string): boolean {
    if (stored === undefined) return false;
    if ('digest' in stored) return stored.digest === passwordDigest(username, password);
    if (!isHashOf(stored.hash, password)) return false;
    change(username, { password: store(username, { plain: password }) });
    return true;
  }

  return {
    find,
    all: () => [...reserved.values(), ...native.values()],
    lookUp: (username) => realmsOf(username)[0],
    isNative: (username) => native.has(username),
    isChanged: (username) => reserved.has(username) && changed.has(username),
    authenticate(username, password) {
      const isHis = (account: Account): boolean => account.user.enabled && isPassword(account, password);
      return realmsOf(username).find(isHis);
    },
    put(user, password) {
      const old = native.get(user.username);
      if (old === undefined && password === undefined) return 'password missing';
      const kept = password === undefined ? old?.password : store(user.username, password);
      native.set(user.username, { user, realm: nativeRealm, password: kept });
      return old === undefined ? 'created' : 'updated';
    },
    remove: (username) => native.delete(username),
    setEnabled(username, enabled) {
      const user = find(username)?.user;
      return user !== undefined && change(username, { user: { ...user, enabled } });
    },
    setPassword: (username, password) => change(username, { password: store(username, password) }),
  };
}

function store(username: string, password: NewPassword): StoredPassword {
  return 'plain' in password ? { digest: passwordDigest(username, password.plain) } : password;
}

function passwordDigest(username: string, password: string): Digest {
  return digest(`user:${username}`, password);
}
