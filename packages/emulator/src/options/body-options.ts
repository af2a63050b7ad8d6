/** Options that are bodies of requests: users and roles. */

import { isReservedRole } from '../authorization/reserved-roles.js';
import { parseUser, type UserRequest, userProblems } from '../identities/user-parser.js';
import { isReservedUser } from '../identities/users.js';
import { nameProblem } from '../names/names.js';
import type { RoleDescriptor } from '../privileges/role-descriptor.js';
import { parseRole } from '../privileges/role-descriptor-parser.js';
import { checkRoleQueries } from '../privileges/role-queries.js';
import { descriptorProblems } from '../privileges/role-validation.js';
import { Refusal } from '../wire/envelope.js';
import { parseJson } from '../wire/json-parser.js';
import type { Version } from '../wire/version.js';
import { isObject, refuse } from './option-checks.js';

/** A user as the body that stores one. */
export function readUser(option: string, name: string, body: unknown, version: Version): UserRequest {
  if (!isObject(body)) refuse(option, 'an object');
  const request = inWords(option, () => parseUser(name, parseJson(JSON.stringify(body)), version));
  const problems = userProblems(request, version);
  if (isReservedUser(name)) problems.push(`Username [${name}] is reserved and may not be used.`);
  if (request.password === undefined) problems.push('password is missing');
  if (problems.length > 0) throw new TypeError(`startEmulator: option "${option}": ${problems.join('; ')}`);
  return request;
}

/** A role as the body that stores one. */
export function readRole(option: string, name: string, body: unknown, version: Version): RoleDescriptor {
  if (!isObject(body)) refuse(option, 'an object');
  const document = parseJson(JSON.stringify(body));
  const role = inWords(option, () =>
    parseRole(name, document.root, document, { restriction: false, description: true }),
  );
  const nameIssue = isReservedRole(name, version)
    ? `Role [${name}] is reserved and may not be used.`
    : nameProblem('Role', name, version);
  const problems = [...(nameIssue === undefined ? [] : [nameIssue]), ...descriptorProblems(role, version)];
  if (problems.length > 0) throw new TypeError(`startEmulator: option "${option}": ${problems.join('; ')}`);
  inWords(option, () => checkRoleQueries(role));
  return role;
}

/** Elasticsearch's own complaint about the body of a request, as a complaint about an option. */
function inWords<T>(option: string, parse: () => T): T {
  try {
    return parse();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    throw new TypeError(`startEmulator: option "${option}": ${refusal.message}`);
  }
}
