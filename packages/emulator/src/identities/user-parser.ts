/**
 * Reads a user from the body of a request to store one, with the complaints of the older parser that
 * Elasticsearch uses for it.
 */

import { nameProblem } from '../names/names.js';
import { refuseType } from '../privileges/privileges-parser.js';
import { illegalArgument, parseFailure, Refusal } from '../wire/envelope.js';
import { type JsonDocument, type JsonMember, mapOf } from '../wire/json-parser.js';
import { emptyMap } from '../wire/json-value.js';
import { refuseBroken, tokenName } from '../wire/object-parser.js';
import type { Version } from '../wire/version.js';
import { readPassword } from './password-parser.js';
import type { User } from './user.js';
import type { NewPassword } from './users.js';

/** A user that is to be stored. */
export interface UserRequest {
  readonly user: User;
  readonly password: NewPassword | undefined;
  /** Whether the body said which roles; without, the request is refused later. */
  readonly hasRoles: boolean;
}

/**
 * @param username the name from the path
 * @throws Refusal if the body is not a user
 */
export function parseUser(username: string, document: JsonDocument, version: Version): UserRequest {
  const { root } = document;
  if (root.kind === 'broken') refuseBroken(document);
  if (root.kind !== 'object')
    throw new Refusal(parseFailure(`expected an object but found [${tokenName(root)}] instead`));
  let user: User = { username, roles: [], fullName: null, email: null, metadata: emptyMap, enabled: true };
  let password: NewPassword | undefined;
  let hasRoles = false;
  for (const member of root.members) {
    if (member.value.kind === 'broken') refuseBroken(document);
    switch (member.name) {
      case 'password':
      case 'password_hash':
        password = readPassword(member, password, version);
        break;
      case 'roles':
        user = { ...user, roles: readRoles(member, document) };
        hasRoles = true;
        break;
      case 'full_name':
        user = { ...user, fullName: readOptional(member) };
        break;
      case 'email':
        user = { ...user, email: readOptional(member) };
        break;
      case 'metadata':
        if (member.value.kind !== 'object') return refuseType(member, 'object');
        user = { ...user, metadata: mapOf(member.value, () => refuseBroken(document)) };
        break;
      case 'enabled':
        if (member.value.kind !== 'boolean') return refuseType(member, 'boolean');
        user = { ...user, enabled: member.value.value };
        break;
      case 'username':
        if (member.value.kind !== 'string') return refuseType(member, 'string');
        if (member.value.value !== username) {
          const reason = `[username] in source does not match the username provided [${username}]`;
          throw new Refusal(illegalArgument(reason));
        }
        break;
      default:
        throw new Refusal(
          parseFailure(`failed to parse add user request. unexpected field [${member.name}]`),
        );
    }
  }
  if (root.end === undefined) refuseBroken(document);
  return { user, password, hasRoles };
}

function readOptional(member: JsonMember): string | null {
  if (member.value.kind === 'null') return null;
  return member.value.kind === 'string' ? member.value.value : refuseType(member, 'string');
}

function readRoles(member: JsonMember, document: JsonDocument): string[] {
  const { value } = member;
  if (value.kind === 'string') return value.value === '' ? [] : value.value.split(',');
  const complain = (problem: string, field = 'roles'): never => {
    throw new Refusal(
      parseFailure(`could not parse [${field}] field. expected a string array but ${problem}`),
    );
  };
  if (value.kind === 'null') return complain('found null value instead');
  if (value.kind !== 'array') return complain(`found [${tokenName(value)}] value instead`);
  const roles = value.items.map((item) =>
    // Inside of an array the parser has no name of a field.
    item.kind === 'string'
      ? item.value
      : complain(`one of the value in the array is [${tokenName(item)}]`, 'null'),
  );
  return value.end === undefined ? refuseBroken(document) : roles;
}

/** What is wrong with a user that could be read. */
export function userProblems({ user, hasRoles }: UserRequest, version: Version): string[] {
  const problems: (string | undefined)[] = [];
  if (!hasRoles) problems.push('roles are missing');
  if ([...user.metadata.keys()].some((key) => key.startsWith('_'))) {
    problems.push('metadata keys may not start with [_]');
  }
  problems.push(
    nameProblem('User', user.username, version),
    ...user.roles.map((role) => nameProblem('Role', role, version)),
  );
  return problems.filter((problem) => problem !== undefined);
}
