/** The option `files`: what stands in the files of the node, where requests can use it but not change it. */

import type { NodeFiles } from '../cluster/security.js';
import type { FileUser } from '../identities/users.js';
import { nameProblem } from '../names/names.js';
import { emptyMap } from '../wire/json-value.js';
import type { Version } from '../wire/version.js';
import { readRole } from './body-options.js';
import { areTexts, check, checkNames, isObject, refuse } from './option-checks.js';

/** What stands in the files of the node. Every member is optional. */
export interface FileOptions {
  /** `users` and `users_roles`: users by name. They are in the realm `default_file`. */
  readonly users?: Readonly<
    Record<string, { readonly password: string; readonly roles?: readonly string[] }>
  >;
  /** `roles.yml`: roles by name, each as the body of `PUT /_security/role/{name}`. */
  readonly roles?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** `service_tokens`: secrets of ten characters or more by `‹namespace›/‹service›/‹name of the token›`. */
  readonly serviceTokens?: Readonly<Record<string, string>>;
}

/** @throws TypeError naming the option that is wrong, without a secret */
export function readFiles(files: FileOptions, version: Version): NodeFiles {
  check('files', isObject(files), 'an object with "users", "roles" and "serviceTokens"');
  checkNames(files, ['users', 'roles', 'serviceTokens'], 'files.');
  const { users = {}, roles = {}, serviceTokens = {} } = files;
  check('files.users', isObject(users), 'an object with a user for each name');
  check('files.roles', isObject(roles), 'an object with a role for each name');
  check('files.serviceTokens', isObject(serviceTokens), 'an object with a secret for each token');
  return {
    users: Object.entries(users).map(([name, user]) => readFileUser(name, user, version)),
    roles: new Map(
      Object.entries(roles).map(([name, body]) => [
        name,
        readRole(`files.roles.${name}`, name, body, version),
      ]),
    ),
    serviceTokens: readServiceTokens(serviceTokens),
  };
}

function readFileUser(username: string, user: unknown, version: Version): FileUser {
  const option = `files.users.${username}`;
  if (!isObject(user)) refuse(option, 'an object');
  checkNames(user, ['password', 'roles'], `${option}.`);
  const { password, roles = [] } = user;
  if (typeof password !== 'string' || password.length < 6) {
    return refuse(`${option}.password`, 'a text of six characters or more');
  }
  if (!areTexts(roles)) return refuse(`${option}.roles`, 'a list of names of roles');
  const problem = nameProblem('User', username, version);
  if (problem !== undefined) throw new TypeError(`startEmulator: option "${option}": ${problem}`);
  return {
    user: { username, roles, fullName: null, email: null, metadata: emptyMap, enabled: true },
    password,
  };
}

function readServiceTokens(tokens: Readonly<Record<string, unknown>>): NodeFiles['serviceTokens'] {
  const found = new Map<string, Map<string, string>>();
  for (const [qualified, secret] of Object.entries(tokens)) {
    const option = `files.serviceTokens.${qualified}`;
    const [namespace, service, name, ...rest] = qualified.split('/');
    if (name === undefined || rest.length > 0) refuse(option, 'of a name of three parts: "elastic/kibana/t"');
    if (typeof secret !== 'string' || secret.length < 10) refuse(option, 'a text of ten characters or more');
    const account = `${namespace}/${service}`;
    found.set(account, (found.get(account) ?? new Map<string, string>()).set(name, secret));
  }
  return found;
}
