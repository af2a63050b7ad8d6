/**
 * Every message with which a role or a role mapping is refused that could be read but makes no sense. Tried at
 * every target.
 */

import type { Expected } from '../../cluster.js';
import { type Case, illegal, invalid, tryCases, unreadable } from '../../validation.js';

const inRole = (problem: string): Expected => {
  const cause = { type: 'parse_exception', reason: problem };
  const error = { type: 'parse_exception', reason: 'failed to parse role [r]' };
  return {
    status: 400,
    body: { error: { root_cause: [cause], ...error, caused_by: cause }, status: 400 },
  };
};

const ofIndices = (problem: string): Expected =>
  unreadable(`failed to parse indices privileges for role [r]. ${problem}`);
const ofApplications = (problem: string): Expected =>
  unreadable(`failed to parse application privileges for role [r]. ${problem}`);
const roles: readonly Case[] = [
  [{ foo: 1 }, unreadable('failed to parse role [r]. unexpected field [foo]')] as const,
  [[], unreadable('failed to parse role [r]. expected an object but found [START_ARRAY] instead')] as const,
  [
    { cluster: 'all' },
    inRole('could not parse [cluster] field. expected a string array but found [VALUE_STRING] value instead'),
  ] as const,
  [
    { run_as: [1] },
    inRole(
      'could not parse [null] field. expected a string array but one of the value in the array is [VALUE_NUMBER]',
    ),
  ] as const,
  [
    { metadata: 1 },
    unreadable('expected field [metadata] to be of type object, but found [VALUE_NUMBER] instead'),
  ] as const,
  [{ metadata: { _a: 1 } }, invalid('role descriptor metadata keys may not start with [_]')] as const,
  [
    { indices: {} },
    ofIndices('expected field [indices] value to be an array, but found [START_OBJECT] instead'),
  ] as const,
  [
    { indices: [1] },
    ofIndices(
      'expected field [indices] value to be an array of objects, but found an array element of type [VALUE_NUMBER]',
    ),
  ] as const,
  [{ indices: [{ privileges: ['read'] }] }, ofIndices('missing required [names] field')] as const,
  [{ indices: [{ names: ['a'] }] }, ofIndices('missing required [privileges] field')] as const,
  [{ indices: [{ names: [], privileges: [] }] }, ofIndices('[names] cannot be an empty array')] as const,
  [{ indices: [{ names: 'a', privileges: [], foo: 1 }] }, ofIndices('unexpected field [foo]')] as const,
  [
    { indices: [{ names: 'a', privileges: [], field_security: {} }] },
    ofIndices('"field_security" must not be empty.'),
  ] as const,
  [
    { indices: [{ names: 'a', privileges: [], field_security: { except: ['b'] } }] },
    ofIndices('field_security requires grant if except is given'),
  ] as const,
  [
    { indices: [{ names: 'a', privileges: [], allow_restricted_indices: 'x' }] },
    ofIndices(
      'expected field [allow_restricted_indices] value to be a boolean, but found [VALUE_STRING] instead',
    ),
  ] as const,
  [
    { applications: [{ privileges: ['a'], resources: ['a'] }] },
    illegal('application privileges must have an application name'),
  ] as const,
  [
    { applications: [{ application: 'a', resources: [] }] },
    ofApplications('missing required [privileges] field'),
  ] as const,
  [
    { applications: [{ application: 'a', privileges: [] }] },
    ofApplications('missing required [resources] field'),
  ] as const,
  [
    { applications: [{ application: 'a', privileges: [], resources: ['a'] }] },
    illegal('application privileges must define at least one privilege'),
  ] as const,
  [
    { applications: [{ application: 'a', privileges: ['a'], resources: [] }] },
    illegal('application privileges must refer to at least one resource'),
  ] as const,
  [
    { indices: [{ names: 'a', privileges: [] }] },
    illegal('indices privileges must define at least one privilege'),
  ] as const,
  [
    { applications: [{ application: 'A', privileges: ['a b'], resources: ['a'] }] },
    invalid(
      "An application name prefix must match the pattern ^[a-z][A-Za-z0-9]*$ (found 'A')",
      "Application privilege names and actions must match the pattern ^\\p{Graph}*$ (found 'a b')",
    ),
  ] as const,
].map(([body, expected]) => ({ request: 'PUT /_security/role/r', body, expected }));

const roleNames: readonly Case[] = [
  {
    request: 'PUT /_security/role/superuser',
    body: {},
    expected: invalid('Role [superuser] is reserved and may not be used.'),
  },
  {
    request: 'DELETE /_security/role/superuser',
    expected: illegal('role [superuser] is reserved and cannot be deleted'),
  },
  {
    request: 'POST /_security/api_key',
    body: { name: 'k', role_descriptors: { r: { cluster: 1 } } },
    expected: rootedInRole(),
  },
];

/** A descriptor in a key: the reason is three levels down. */
function rootedInRole(): Expected {
  const root = {
    type: 'parse_exception',
    reason: 'could not parse [cluster] field. expected a string array but found [VALUE_NUMBER] value instead',
  };
  const place = '[1:48]';
  const inner = {
    type: 'x_content_parse_exception',
    reason: `${place} [role_descriptors] failed to parse field [r]`,
    caused_by: { type: 'parse_exception', reason: 'failed to parse role [r]', caused_by: root },
  };
  const reason = `${place} [api_key_request] failed to parse field [role_descriptors]`;
  const error = { type: 'x_content_parse_exception', reason, caused_by: inner };
  return { status: 400, body: { error: { root_cause: [root], ...error }, status: 400 } };
}

/** What would look at other documents has no place in a role. */
const queries: readonly Case[] = [
  [{ has_child: { type: 't', query: {} } }, 'has_child query'] as const,
  [{ bool: { must_not: [{ has_parent: {} }] } }, 'has_parent query'] as const,
  [{ constant_score: { filter: { percolate: {} } } }, 'percolate query'] as const,
  [{ terms: { a: { index: 'i', id: '1', path: 'p' } } }, 'terms query with terms lookup'] as const,
  [
    { geo_shape: { a: { indexed_shape: { id: '1' } } } },
    'geoshape query referring to indexed shapes',
  ] as const,
].map(([query, what]) => {
  const error = {
    type: 'parse_exception',
    reason: "failed to parse field 'query' for indices [i] at index privilege [0] of role descriptor",
  };
  const caused_by = {
    type: 'illegal_argument_exception',
    reason: `${what} isn't supported as part of a role query`,
  };
  return {
    request: 'PUT /_security/role/r',
    body: { indices: [{ names: 'i', privileges: ['read'], query }] },
    expected: { status: 400, body: { error: { root_cause: [error], ...error, caused_by }, status: 400 } },
  };
});

const anybody = { field: { username: 'a' } };
const mapping = { roles: ['a'], enabled: true, rules: anybody };
/** Complained about at the end of the body: a 9.5 was seen to, and the source of all releases does. */
function missingField(body: object, field: string): Expected {
  const reason = `failed to parse role-mapping [m]. missing field [${field}]`;
  const error = { type: 'parsing_exception', reason, line: 1, col: JSON.stringify(body).length };
  const caused_by = { type: 'illegal_state_exception', reason };
  return { status: 400, body: { error: { root_cause: [error], ...error, caused_by }, status: 400 } };
}
const incomplete: readonly Case[] = [
  [{ enabled: true, rules: anybody }, 'roles'] as const,
  [{ enabled: true, roles: ['a'] }, 'rules'] as const,
  [{ roles: ['a'], rules: anybody }, 'enabled'] as const,
].map(([body, field]) => ({
  request: 'PUT /_security/role_mapping/m',
  body,
  expected: missingField(body, field),
}));
const mappings: readonly Case[] = [
  ...incomplete,
  {
    request: 'PUT /_security/role_mapping/m',
    body: { ...mapping, roles: [] },
    expected: invalid('role-mapping roles or role-templates are missing'),
  },
  {
    request: 'PUT /_security/role_mapping/m',
    body: { ...mapping, metadata: { _a: 1 } },
    expected: invalid('metadata keys may not start with [_]'),
  },
  {
    request: 'PUT /_security/role_mapping/m',
    body: { ...mapping, metadata: { _read_only: true } },
    expected: invalid(
      'metadata contains [_read_only] flag. You cannot create or update role-mappings with a read-only flag',
    ),
    since: [8, 18],
  },
  {
    request: 'PUT /_security/role_mapping/m-read-only-operator-mapping',
    body: mapping,
    expected: illegal(
      'Invalid mapping name [m-read-only-operator-mapping]. [-read-only-operator-mapping] is not an allowed suffix',
    ),
    since: [8, 18],
  },
];

tryCases({
  roles: [...roles, ...roleNames],
  'queries of roles': queries,
  'role mappings': mappings,
});
