/** Reads a new password, or the hash of one, from a body. */

import { refuseType } from '../privileges/privileges-parser.js';
import { Refusal, validationFailure } from '../wire/envelope.js';
import type { JsonMember } from '../wire/json-parser.js';
import type { Version } from '../wire/version.js';
import { checkPasswordHash } from './password-hash.js';
import type { NewPassword } from './users.js';

const shortestPassword = 6;

/**
 * Reads `password` or `password_hash`.
 *
 * @param before the password that another field of the same body gave
 * @returns `undefined` if the member is something else
 * @throws Refusal if it is no password
 */
export function readPassword(
  member: JsonMember,
  before: NewPassword | undefined,
  version: Version,
): NewPassword | undefined {
  if (member.name !== 'password' && member.name !== 'password_hash') return undefined;
  if (member.value.kind !== 'string') return refuseType(member, 'string');
  const text = member.value.value;
  const password = member.name === 'password' ? plain(text) : hashed(text, version);
  if (before !== undefined) refuse('password_hash has already been set');
  return password;
}

function refuse(problem: string): never {
  throw new Refusal(validationFailure([problem], 'validation_exception'));
}

function plain(text: string): NewPassword {
  if (text.length < shortestPassword)
    refuse(`passwords must be at least [${shortestPassword}] characters long`);
  return { plain: text };
}

function hashed(hash: string, version: Version): NewPassword {
  checkPasswordHash(hash, version);
  return { hash };
}
