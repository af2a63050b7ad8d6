/** Credentials of somebody else in the body of a request, in whose name something is to be done. */

import type { AuthenticationResult } from '../authentication/credentials.js';
import type { Signatures } from '../authentication/jwt-realms.js';
import { Refusal } from '../wire/envelope.js';
import { type Field, objectParser, requiredText, text } from '../wire/object-parser.js';
import type { Security } from './security.js';

/** The members of such a body. */
export interface Grant {
  readonly grant_type?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly access_token?: string | undefined;
  readonly client_authentication?: ClientAuthentication | undefined;
}

/** What the client of a JWT realm would send in a header. */
interface ClientAuthentication {
  readonly scheme: string;
  readonly value: string;
}

const clientAuthentication: Field<ClientAuthentication | undefined> = {
  tokens: ['object'],
  required: false,
  read: (node, document) =>
    objectParser<ClientAuthentication>('client_authentication', {
      scheme: requiredText,
      value: requiredText,
    }).parse(document, node),
};

/** How they are read. */
export const grantFields: { readonly [K in keyof Required<Grant>]: Field<Grant[K]> } = {
  grant_type: text,
  username: text,
  password: text,
  access_token: text,
  client_authentication: clientAuthentication,
};

type GrantField = 'username' | 'password' | 'access_token';

const ofGrants: readonly GrantField[] = ['username', 'password', 'access_token'];
const needed: ReadonlyMap<string, readonly GrantField[]> = new Map([
  ['password', ['username', 'password']],
  ['access_token', ['access_token']],
]);

/** What is wrong with them. */
export function grantProblems(grant: Grant): string[] {
  const type = grant.grant_type;
  if (type === undefined) return ['[grant_type] is required'];
  const fields = needed.get(type);
  if (fields === undefined) return [`grant_type [${type}] is not supported`];
  const { client_authentication: client } = grant;
  const isEmpty = (field: GrantField): boolean => (grant[field] ?? '') === '';
  return [
    ...fields.filter(isEmpty).map((field) => `[${field}] is required for grant_type [${type}]`),
    ...ofGrants
      .filter((field) => !fields.includes(field) && !isEmpty(field))
      .map((field) => `[${field}] is not supported for grant_type [${type}]`),
    ...(client === undefined ? [] : clientProblems(type, client)),
  ];
}

function clientProblems(type: string, { scheme }: ClientAuthentication): string[] {
  if (type === 'password') return [`[client_authentication] is not supported for grant_type [${type}]`];
  return scheme.trim() === 'SharedSecret'
    ? []
    : ['[client_authentication.scheme] must be set to [SharedSecret]'];
}

/** @param where ends the sentence of a refusal */
export function readGrant(
  { credentials, version }: Security,
  grant: Grant,
  where: string,
  signatures?: Signatures,
): AuthenticationResult {
  const { username = '', password = '', access_token: token = '', client_authentication: client } = grant;
  if (grant.grant_type === 'password') return credentials.readUser(username, password, where);
  const context = { clientAuthentication: client && `SharedSecret ${client.value}`, signatures };
  const jwt = version.namesJwtsByClaims ? credentials.readJwt(token, where, context) : undefined;
  if (jwt !== undefined) return jwt;
  if (client === undefined) return credentials.readAccessToken(token, where);
  const reason = '[client_authentication] not supported with the supplied access_token type';
  throw new Refusal({ status: 400, type: 'security_exception', reason });
}
