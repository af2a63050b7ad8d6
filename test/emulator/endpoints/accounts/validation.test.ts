/**
 * Every message with which a request about tokens, users or service accounts is refused that could be read but
 * makes no sense. Tried at every target.
 */

import type { Expected } from '../../cluster.js';
import {
  because,
  type Case,
  failed,
  illegal,
  invalid,
  tryCases,
  unreadable,
  unstorable,
} from '../../validation.js';

const oauth = (error: string, ...problems: string[]): Expected => ({
  status: 400,
  body: { error, error_description: failed(problems) },
});

const grants = '[password, _kerberos, refresh_token, client_credentials]';
const tokens: readonly Case[] = [
  [{}, oauth('unsupported_grant_type', `grant_type only supports the values: ${grants}`)] as const,
  [
    { grant_type: 'authorization_code' },
    oauth('unsupported_grant_type', `grant_type only supports the values: ${grants}`),
  ] as const,
  [
    { grant_type: 'password' },
    oauth('invalid_request', 'username is missing', 'password is missing'),
  ] as const,
  [
    { grant_type: 'password', username: 'u', password: '' },
    oauth('invalid_request', 'password is missing'),
  ] as const,
  [
    { grant_type: 'password', username: 'u', password: 'p', refresh_token: 'r', kerberos_ticket: 'k' },
    oauth(
      'unsupported_grant_type',
      'kerberos_ticket is not supported with the password grant_type',
      'refresh_token is not supported with the password grant_type',
    ),
  ] as const,
  [{ grant_type: '_kerberos' }, oauth('invalid_request', 'kerberos_ticket is missing')] as const,
  [
    { grant_type: '_kerberos', username: 'u', password: 'p', refresh_token: 'r', kerberos_ticket: 'k' },
    oauth(
      'unsupported_grant_type',
      'username is not supported with the _kerberos grant_type',
      'password is not supported with the _kerberos grant_type',
      'refresh_token is not supported with the _kerberos grant_type',
    ),
  ] as const,
  [{ grant_type: 'refresh_token' }, oauth('invalid_request', 'refresh_token is missing')] as const,
  [
    { grant_type: 'refresh_token', username: 'u', kerberos_ticket: 'k' },
    oauth(
      'unsupported_grant_type',
      'username is not supported with the refresh_token grant_type',
      'kerberos_ticket is not supported with the refresh_token grant_type',
      'refresh_token is missing',
    ),
  ] as const,
  [
    {
      grant_type: 'client_credentials',
      username: 'u',
      password: 'p',
      kerberos_ticket: 'k',
      refresh_token: 'r',
    },
    oauth(
      'unsupported_grant_type',
      'username is not supported with the client_credentials grant_type',
      'password is not supported with the client_credentials grant_type',
      'kerberos_ticket is not supported with the client_credentials grant_type',
      'refresh_token is not supported with the client_credentials grant_type',
    ),
  ] as const,
].map(([body, expected]) => ({ request: 'POST /_security/oauth2/token', body, expected }));

const invalidation: readonly Case[] = [
  [
    { token: 'a', refresh_token: 'b' },
    because(
      'Failed to build [invalidate_token] after last required field arrived',
      'illegal_argument_exception',
      'only one of [token, refresh_token] may be sent per request',
    ),
  ] as const,
  [{}, invalid('token string must be provided when not specifying a realm name or a username')] as const,
  [
    { token: '' },
    invalid('token string must be provided when not specifying a realm name or a username'),
  ] as const,
  [
    { token: 'a', username: 'u' },
    invalid(
      'token string must not be provided when realm name or username is specified',
      'token type must not be provided when realm name or username is specified',
    ),
  ] as const,
  [
    { refresh_token: 'a', realm_name: 'r' },
    invalid(
      'token string must not be provided when realm name or username is specified',
      'token type must not be provided when realm name or username is specified',
    ),
  ] as const,
].map(([body, expected]) => ({ request: 'DELETE /_security/oauth2/token', body, expected }));

const nameRule = (longest: number): string =>
  ` names must be at least 1 and no more than ${longest} characters. They can contain alphanumeric characters (a-z, A-Z, 0-9), spaces, punctuation, and printable symbols in the Basic Latin (ASCII) block. Leading or trailing whitespace is not allowed.`;
const user = { password: 'password', roles: [] };
const users: readonly Case[] = [
  [
    'alice',
    { roles: [] },
    unstorable('password must be specified unless you are updating an existing user'),
  ] as const,
  ['alice', { password: 'password' }, invalid('roles are missing')] as const,
  ['alice', { ...user, metadata: { _a: 1 } }, invalid('metadata keys may not start with [_]')] as const,
  [
    'alice',
    { ...user, password: 'short' },
    unstorable('passwords must be at least [6] characters long'),
  ] as const,
  ['elastic', user, invalid('user [elastic] is reserved and only the password can be changed')] as const,
  ['_anonymous', user, invalid('user [_anonymous] is anonymous and cannot be modified via the API')] as const,
  [
    'alice',
    { ...user, username: 'bob' },
    illegal('[username] in source does not match the username provided [alice]'),
  ] as const,
  [
    'alice',
    { ...user, foo: 1 },
    unreadable('failed to parse add user request. unexpected field [foo]'),
  ] as const,
  [
    'alice',
    { ...user, password: 7 },
    unreadable('expected field [password] to be of type string, but found [VALUE_NUMBER] instead'),
  ] as const,
  [
    'alice',
    { ...user, full_name: [] },
    unreadable('expected field [full_name] to be of type string, but found [START_ARRAY] instead'),
  ] as const,
  [
    'alice',
    { ...user, email: {} },
    unreadable('expected field [email] to be of type string, but found [START_OBJECT] instead'),
  ] as const,
  [
    'alice',
    { ...user, metadata: null },
    unreadable('expected field [metadata] to be of type object, but found [VALUE_NULL] instead'),
  ] as const,
  [
    'alice',
    { ...user, enabled: 'true' },
    unreadable('expected field [enabled] to be of type boolean, but found [VALUE_STRING] instead'),
  ] as const,
  [
    'alice',
    { ...user, roles: null },
    unreadable('could not parse [roles] field. expected a string array but found null value instead'),
  ] as const,
  [
    'alice',
    { ...user, roles: 1 },
    unreadable(
      'could not parse [roles] field. expected a string array but found [VALUE_NUMBER] value instead',
    ),
  ] as const,
  [
    'alice',
    { ...user, roles: [1] },
    unreadable(
      'could not parse [null] field. expected a string array but one of the value in the array is [VALUE_NUMBER]',
    ),
  ] as const,
].map(([name, body, expected]) => ({ request: `PUT /_security/user/${name}`, body, expected }));

/** The names that users and roles may have became shorter. */
function names(longest: number, releases: Pick<Case, 'since' | 'until'>): Case[] {
  return [
    ['%20alice', user, invalid(`User${nameRule(longest)}`)] as const,
    ['%C3%A9', user, invalid(`User${nameRule(longest)}`)] as const,
    ['a'.repeat(longest + 1), user, invalid(`User${nameRule(longest)}`)] as const,
    ['alice', { ...user, roles: ['r '] }, invalid(`Role${nameRule(longest)}`)] as const,
  ].map(([name, body, expected]) => ({
    request: `PUT /_security/user/${name}`,
    body,
    expected,
    ...releases,
  }));
}

const configured = (algorithm: string): Expected =>
  illegal(`Provided password hash uses [${algorithm}] but the configured hashing algorithm is [BCRYPT]`);
// Recorded from a 9.5.0, as are the other complaints about hashes.
const unknownHash = illegal(
  'The provided password hash is not a hash or it could not be resolved to a supported hash algorithm. The supported ' +
    'password hash algorithms are [bcrypt, bcrypt4, bcrypt5, bcrypt6, bcrypt7, bcrypt8, bcrypt9, bcrypt10, bcrypt11, ' +
    'bcrypt12, bcrypt13, bcrypt14, pbkdf2, pbkdf2_1000, pbkdf2_10000, pbkdf2_50000, pbkdf2_100000, pbkdf2_500000, ' +
    'pbkdf2_1000000, pbkdf2_stretch, pbkdf2_stretch_1000, pbkdf2_stretch_10000, pbkdf2_stretch_50000, ' +
    'pbkdf2_stretch_100000, pbkdf2_stretch_500000, pbkdf2_stretch_1000000]',
);
const older = { until: [8, 7] } as const;
const newer = { since: [8, 7] } as const;
const rest = `${'a'.repeat(22)}${'b'.repeat(31)}`;
const hashes: readonly Case[] = [
  ['{PBKDF2}10000$a$b', configured('PBKDF2'), older] as const,
  [`$2a$06$${rest}`, configured('BCRYPT6'), older] as const,
  ['x', configured('NOOP'), older] as const,
  ['x', unknownHash, newer] as const,
  ['{PBKDF2}7$a$b', unknownHash, newer] as const,
  ['{SHA}abc', unknownHash, newer] as const,
  ['$2a$10$abcdefghijklmnopqrstuv', illegal('4 > -25'), newer] as const,
  [`$2a$99$${rest}`, illegal('unknown hash function [bcrypt99]'), newer] as const,
].map(([hash, expected, releases]) => ({
  request: 'PUT /_security/user/alice',
  body: { roles: [], password_hash: hash },
  expected,
  ...releases,
}));

const changes: readonly Case[] = [
  {
    request: 'PUT /_security/user/nobody/_password',
    body: { password: 'password' },
    expected: unstorable('user must exist in order to change password'),
  },
  {
    request: 'PUT /_security/user/nobody/_password',
    body: { password: 'short' },
    expected: unstorable('passwords must be at least [6] characters long'),
  },
  {
    request: 'PUT /_security/user/nobody/_password',
    body: {},
    expected: invalid('password is missing'),
  },
  {
    request: 'PUT /_security/user/nobody/_password',
    body: { foo: 1 },
    expected: unreadable('failed to parse change password request. unexpected field [foo]'),
  },
  {
    request: 'PUT /_security/user/nobody/_enable',
    expected: unstorable('only existing users can be enabled'),
  },
  {
    request: 'POST /_security/user/nobody/_disable',
    expected: unstorable('only existing users can be disabled'),
  },
  {
    request: 'PUT /_security/user/elastic/_disable',
    expected: illegal('users may not update the enabled status of their own account'),
  },
  {
    request: 'DELETE /_security/user/elastic',
    expected: illegal('user [elastic] is reserved and cannot be deleted'),
  },
  // Also where requests without credentials are refused.
  {
    request: 'DELETE /_security/user/_anonymous',
    expected: illegal('user [_anonymous] is anonymous and cannot be deleted'),
  },
  {
    request: 'PUT /_security/user/_anonymous/_disable',
    expected: illegal('user [_anonymous] is anonymous and cannot be modified using the api'),
  },
  {
    request: 'PUT /_security/user/_anonymous/_password',
    body: { password: 'password' },
    expected: illegal('user [_anonymous] is anonymous and cannot be modified via the API'),
  },
];

const tokenNameRule =
  'service account token name must have at least 1 character and at most 256 characters that are alphanumeric (A-Z, a-z, 0-9) or hyphen (-) or underscore (_). It must not begin with an underscore (_).';
const service = '/_security/service/elastic';
const services: readonly Case[] = [
  {
    request: `POST ${service}/nothing/credential/token/t`,
    expected: illegal('service account [elastic/nothing] does not exist'),
  },
  ...['_t', 't.t', 't'.repeat(257)].map((name) => ({
    request: `PUT ${service}/fleet-server/credential/token/${name}`,
    expected: invalid(`invalid service token name [${name}]. ${tokenNameRule}`),
  })),
];

tryCases({
  'token requests': tokens,
  'token invalidations': invalidation,
  users: [...users, ...changes],
  'names of users and roles': [...names(1024, { until: [8, 7] }), ...names(507, { since: [8, 7] })],
  'hashed passwords': hashes,
  'service accounts': services,
});
