/** Native users: `/_security/user`. */

import type { Need } from '../../cluster/ailments.js';
import {
  type Answer,
  answer,
  type Call,
  documentOf,
  queryFlag,
  type Route,
  refuse,
  route,
  segment,
} from '../../cluster/endpoint.js';
import type { Security } from '../../cluster/security.js';
import { type Authentication, nativeRealm, reservedRealm } from '../../identities/identity.js';
import { readPassword } from '../../identities/password-parser.js';
import type { User } from '../../identities/user.js';
import { parseUser, type UserRequest, userProblems } from '../../identities/user-parser.js';
import { type Account, isReservedUser, type NewPassword } from '../../identities/users.js';
import { illegalArgument, parseFailure, validationFailure } from '../../wire/envelope.js';
import type { JsonValue } from '../../wire/json-value.js';
import { refuseBroken, tokenName } from '../../wire/object-parser.js';

const actions = 'cluster:admin/xpack/security/user';

/** Passwords and the enabled flag can be changed of users of these realms only. */
function isManaged({ name }: { readonly name: string }): boolean {
  return name === nativeRealm.name || name === reservedRealm.name;
}

function invalid(problem: string): never {
  return refuse(validationFailure([problem], 'validation_exception'));
}

function put(security: Security, { user, password }: UserRequest): Answer {
  const { username } = user;
  if (isAnonymous(security, username)) {
    refuse(validationFailure([anonymous(username, 'modified via the API')]));
  }
  if (isReservedUser(username)) {
    refuse(validationFailure([`user [${username}] is reserved and only the password can be changed`]));
  }
  const stored = security.users.put(user, password);
  if (stored === 'password missing') {
    return invalid('password must be specified unless you are updating an existing user');
  }
  return answer({ created: stored === 'created' });
}

/** A user as it is listed. */
export function showUser(user: User): Record<string, JsonValue> {
  return {
    username: user.username,
    roles: user.roles,
    full_name: user.fullName,
    email: user.email,
    metadata: user.metadata,
    enabled: user.enabled,
  };
}

/** Reserved users are shown without the index if nobody else is asked for. */
function needsOf(names: readonly string[] | undefined): Need[] {
  if (names === undefined) return ['users'];
  if (names.every(isReservedUser)) return [];
  return names.length === 1 ? ['user'] : ['documents'];
}

function get({ users, index, profiles }: Security, names: readonly string[] | undefined, call: Call): Answer {
  // One that can not be read does not exist (`NativeUsersStore.getUserAndPassword`).
  const find = (name: string): Account | undefined =>
    index.ailment()?.reading(`user-${name}`) === undefined || isReservedUser(name)
      ? users.find(name)
      : undefined;
  const accounts = names === undefined ? users.all() : names.map(find);
  const found = new Map<string, JsonValue>();
  for (const account of accounts) {
    if (account === undefined) continue;
    const { username } = account.user;
    const profile = queryFlag(call, 'with_profile_uid') ? profiles.of(username, account.realm) : undefined;
    found.set(username, { ...showUser(account.user), profile_uid: profile?.uid });
  }
  return answer(found, names !== undefined && found.size === 0 ? 404 : 200);
}

/** The names in a path: separated by commas; none means all. */
export function namesIn(text: string): string[] | undefined {
  return text === '' ? undefined : text.split(',').map((name) => name.trim());
}

/**
 * Whether requests without credentials are from a user of this name: `_anonymous` is kept free for that in any case.
 */
function isAnonymous({ settings }: Security, username: string): boolean {
  return username === '_anonymous' || username === settings.anonymous.username;
}

function anonymous(username: string, deed: string): string {
  return `user [${username}] is anonymous and cannot be ${deed}`;
}

function refuseAnonymous(security: Security, username: string, deed: string): void {
  if (isAnonymous(security, username)) refuse(illegalArgument(anonymous(username, deed)));
}

function remove(security: Security, username: string): Answer {
  refuseAnonymous(security, username, 'deleted');
  if (isReservedUser(username)) {
    refuse(illegalArgument(`user [${username}] is reserved and cannot be deleted`));
  }
  const found = security.users.remove(username);
  return answer({ found }, found ? 200 : 404);
}

interface PasswordRequest {
  readonly username: string;
  readonly password: NewPassword | undefined;
}

function readPasswordRequest(call: Call): PasswordRequest {
  // Without a name in the path it is one's own.
  const username = call.segments.get('username') ?? call.authentication.user.username;
  const document = documentOf(call);
  const { root } = document;
  if (root.kind === 'broken') refuseBroken(document);
  if (root.kind !== 'object')
    return refuse(parseFailure(`expected an object but found [${tokenName(root)}] instead`));
  let password: NewPassword | undefined;
  for (const member of root.members) {
    if (member.value.kind === 'broken') refuseBroken(document);
    password =
      readPassword(member, password, call.version) ??
      refuse(parseFailure(`failed to parse change password request. unexpected field [${member.name}]`));
  }
  if (root.end === undefined) refuseBroken(document);
  return { username, password };
}

function isOwnPassword({ username }: PasswordRequest, { user, lookupRealm, type }: Authentication): boolean {
  return type === 'realm' && user.username === username && isManaged(lookupRealm);
}

function changePassword(security: Security, { username, password }: PasswordRequest): Answer {
  refuseAnonymous(security, username, 'modified via the API');
  if (password === undefined || !security.users.setPassword(username, password)) {
    return invalid('user must exist in order to change password');
  }
  return answer({});
}

function setEnabled(
  security: Security,
  username: string,
  { authentication }: Call,
  enabled: boolean,
): Answer {
  const { user, lookupRealm } = authentication;
  if (user.username === username && isManaged(lookupRealm)) {
    refuse(illegalArgument('users may not update the enabled status of their own account'));
  }
  refuseAnonymous(security, username, 'modified using the api');
  if (!security.users.setEnabled(username, enabled)) {
    return invalid(`only existing users can be ${enabled ? 'enabled' : 'disabled'}`);
  }
  return answer({});
}

function enabling(path: string, enabled: boolean): Route {
  return route<string>({
    methods: ['PUT', 'POST'],
    paths: [`/_security/user/{username}/${path}`],
    query: ['refresh'],
    read: (call) => segment(call, 'username'),
    action: () => `${actions}/set_enabled`,
    needs: ['changes'],
    run: (security, username, call) => setEnabled(security, username, call, enabled),
  });
}

/** The routes of this chapter. */
export const userRoutes: readonly Route[] = [
  route<UserRequest>({
    methods: ['PUT', 'POST'],
    paths: ['/_security/user/{username}'],
    query: ['refresh'],
    body: 'required',
    read: (call) => parseUser(segment(call, 'username'), documentOf(call), call.version),
    validate: userProblems,
    action: () => `${actions}/put`,
    needs: ['changes'],
    run: put,
  }),
  route<string[] | undefined>({
    methods: ['GET'],
    paths: ['/_security/user', '/_security/user/{username}'],
    query: ['with_profile_uid'],
    read: (call) => namesIn(segment(call, 'username')),
    action: () => `${actions}/get`,
    needs: needsOf,
    run: get,
  }),
  route<string>({
    methods: ['DELETE'],
    paths: ['/_security/user/{username}'],
    query: ['refresh'],
    read: (call) => segment(call, 'username'),
    action: () => `${actions}/delete`,
    needs: ['removal'],
    run: remove,
  }),
  route<PasswordRequest>({
    methods: ['PUT', 'POST'],
    paths: ['/_security/user/_password', '/_security/user/{username}/_password'],
    query: ['refresh'],
    body: 'required',
    read: readPasswordRequest,
    validate: ({ password }) => (password === undefined ? ['password is missing'] : []),
    action: () => `${actions}/change_password`,
    needs: ['changes'],
    free: isOwnPassword,
    run: changePassword,
  }),
  enabling('_enable', true),
  enabling('_disable', false),
];
