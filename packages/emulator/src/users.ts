/**
 * The users of the reserved and the native realm, and their passwords. What a role allows is not known here.
 */

import { nativeRealm, type Realm, reservedMetadata, reservedRealm, type User } from './identity.js';
import { emptyMap } from './json-value.js';
import { type Digest, digest } from './secrets.js';

/** A user and the realm it belongs to. */
export interface Account {
  readonly user: User;
  readonly realm: Realm;
  readonly password: Digest | undefined;
}

/** The users of an emulator. */
export interface Users {
  find(username: string): Account | undefined;
  /** Every user, the reserved ones last. */
  all(): Account[];
  /** The account, if it is enabled and this is its password. */
  authenticate(username: string, password: string): Account | undefined;
  /**
   * Stores a native user. Without a password the old one is kept.
   *
   * @returns whether the user is new, or `password missing` if it is and has none
   */
  put(user: User, password: string | undefined): 'created' | 'updated' | 'password missing';
  /** @returns whether there was such a native user */
  remove(username: string): boolean;
  /** @returns whether there is such a user */
  setEnabled(username: string, enabled: boolean): boolean;
  /** @returns whether there is such a user */
  setPassword(username: string, password: string): boolean;
}

const reservedRoles: readonly (readonly [string, string])[] = [
  ['elastic', 'superuser'],
  ['kibana', 'kibana_system'],
  ['kibana_system', 'kibana_system'],
  ['logstash_system', 'logstash_system'],
  ['beats_system', 'beats_system'],
  ['apm_system', 'apm_system'],
  ['remote_monitoring_user', 'remote_monitoring_collector'],
];

/** Whether only Elasticsearch itself may define a user of this name. */
export function isReservedUser(username: string): boolean {
  return reservedRoles.some(([name]) => name === username);
}

/** @param elasticPassword the password of `elastic`; the other reserved users have none until one is set */
export function createUsers(elasticPassword: string): Users {
  const native = new Map<string, Account>();
  const reserved = new Map<string, Account>();
  for (const [username, role] of reservedRoles) {
    const roles = username === 'remote_monitoring_user' ? [role, 'remote_monitoring_agent'] : [role];
    const user = { username, roles, fullName: null, email: null, metadata: reservedMetadata, enabled: true };
    const password = username === 'elastic' ? passwordDigest(username, elasticPassword) : undefined;
    reserved.set(username, { user, realm: reservedRealm, password });
  }

  const find = (username: string): Account | undefined => reserved.get(username) ?? native.get(username);

  function replace(username: string, change: (account: Account) => Account): boolean {
    const account = find(username);
    if (account === undefined) return false;
    (reserved.has(username) ? reserved : native).set(username, change(account));
    return true;
  }

  return {
    find,
    all: () => [...native.values(), ...reserved.values()],
    authenticate(username, password) {
      const account = find(username);
      if (account === undefined || !account.user.enabled) return undefined;
      return account.password === passwordDigest(username, password) ? account : undefined;
    },
    put(user, password) {
      const old = native.get(user.username);
      if (old === undefined && password === undefined) return 'password missing';
      const kept = password === undefined ? old?.password : passwordDigest(user.username, password);
      native.set(user.username, { user, realm: nativeRealm, password: kept });
      return old === undefined ? 'created' : 'updated';
    },
    remove: (username) => native.delete(username),
    setEnabled: (username, enabled) =>
      replace(username, (account) => ({ ...account, user: { ...account.user, enabled } })),
    setPassword: (username, password) =>
      replace(username, (account) => ({ ...account, password: passwordDigest(username, password) })),
  };
}

function passwordDigest(username: string, password: string): Digest {
  return digest(`user:${username}`, password);
}

/** A user about whom nothing but the name is known. */
export function plainUser(username: string, roles: readonly string[]): User {
  return { username, roles, fullName: null, email: null, metadata: emptyMap, enabled: true };
}
