/** Reads a new password, or the hash of one, from a body. */

import { refuseType } from '../privileges/privileges-parser.js';
import { illegalArgument, Refusal, validationFailure } from '../wire/envelope.js';
import type { JsonMember } from '../wire/json-parser.js';
import { bcryptCost } from './bcrypt.js';
import type { NewPassword } from './users.js';

const shortestPassword = 6;
// The hashing that Elasticsearch is configured with by default. Another cost counts as another algorithm.
const configuredCost = 10;

/**
 * Reads `password` or `password_hash`.
 *
 * @param before the password that another field of the same body gave
 * @returns `undefined` if the member is something else
 * @throws Refusal if it is no password
 */
export function readPassword(member: JsonMember, before: NewPassword | undefined): NewPassword | undefined {
  if (member.name !== 'password' && member.name !== 'password_hash') return undefined;
  if (member.value.kind !== 'string') return refuseType(member, 'string');
  const text = member.value.value;
  const password = member.name === 'password' ? plain(text) : hashed(text);
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

function hashed(text: string): NewPassword {
  const cost = bcryptCost(text);
  if (cost === configuredCost) return { bcrypt: text };
  const named = /^\{(\w+)\}/.exec(text)?.[1]?.toUpperCase() ?? 'NOOP';
  const algorithm = cost === undefined ? named : `BCRYPT${cost}`;
  const reason = `Provided password hash uses [${algorithm}] but the configured hashing algorithm is [BCRYPT]`;
  throw new Refusal(illegalArgument(reason));
}
