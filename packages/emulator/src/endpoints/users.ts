/** Native users: `/_security/user`. */

import { type Answer, answer, documentOf, type Route, refuse, route, segment } from '../endpoint.js';
import { validationFailure } from '../envelope.js';
import type { User } from '../identity.js';
import type { JsonValue } from '../json-value.js';
import type { Security } from '../security.js';
import { parseUser, type UserRequest, userProblems } from '../user-parser.js';

const actions = 'cluster:admin/xpack/security/user';

function put(security: Security, { user, password }: UserRequest): Answer {
  const stored = security.users.put(user, password);
  if (stored === 'password missing') {
    const problem = 'password must be specified unless you are updating an existing user';
    return refuse(validationFailure([problem], 'validation_exception'));
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

function get(security: Security, names: readonly string[] | undefined): Answer {
  const accounts =
    names === undefined ? security.users.all() : names.map((name) => security.users.find(name));
  const found = new Map<string, JsonValue>();
  for (const account of accounts) {
    if (account !== undefined) found.set(account.user.username, showUser(account.user));
  }
  return answer(found, names !== undefined && found.size === 0 ? 404 : 200);
}

/** The names in a path: separated by commas; none means all. */
export function namesIn(text: string): string[] | undefined {
  return text === '' ? undefined : text.split(',').map((name) => name.trim());
}

/** The routes of this chapter. */
export const userRoutes: readonly Route[] = [
  route<UserRequest>({
    methods: ['PUT', 'POST'],
    paths: ['/_security/user/{username}'],
    query: ['refresh'],
    body: 'required',
    read: (call) => parseUser(segment(call, 'username'), documentOf(call)),
    validate: userProblems,
    action: () => `${actions}/put`,
    run: put,
  }),
  route<string[] | undefined>({
    methods: ['GET'],
    paths: ['/_security/user', '/_security/user/{username}'],
    query: ['with_profile_uid'],
    read: (call) => namesIn(segment(call, 'username')),
    action: () => `${actions}/get`,
    run: get,
  }),
  route<string>({
    methods: ['DELETE'],
    paths: ['/_security/user/{username}'],
    query: ['refresh'],
    read: (call) => segment(call, 'username'),
    action: () => `${actions}/delete`,
    run(security, username) {
      const found = security.users.remove(username);
      return answer({ found }, found ? 200 : 404);
    },
  }),
];
