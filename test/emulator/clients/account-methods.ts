/** Users, roles, mappings and service accounts. */

import { expect } from 'vitest';
import { cacheCleared, type MethodCase, someText } from './method.js';

const fleet = { namespace: 'elastic', service: 'fleet-server' };
const alice = {
  username: 'alice',
  roles: ['superuser'],
  full_name: null,
  email: null,
  metadata: {},
  enabled: true,
};
const role = {
  cluster: ['monitor'],
  indices: [{ names: ['logs-*'], privileges: ['read'] }],
  applications: [],
  run_as: [],
  metadata: { a: 1 },
};
const mapping = { roles: ['viewer'], enabled: true, rules: { field: { username: '*' } }, metadata: {} };

const userCases: readonly MethodCase[] = [
  {
    method: 'putUser',
    about: 'a new one',
    given: () => ({
      username: 'bob',
      password: 'secret',
      roles: ['viewer'],
      full_name: 'Bob',
      email: 'bob@example.org',
      metadata: { a: 1 },
      enabled: true,
      refresh: true,
    }),
    answers: { created: true },
  },
  {
    method: 'putUser',
    about: 'one that is there',
    given: () => ({ username: 'alice', roles: ['viewer'] }),
    answers: { created: false },
  },
  {
    method: 'putUser',
    about: 'a new one without a password',
    given: () => ({ username: 'bob', roles: ['viewer'] }),
    status: 400,
    answers: {
      error: expect.objectContaining({
        reason: 'Validation Failed: 1: password must be specified unless you are updating an existing user;',
      }),
      status: 400,
    },
  },
  { method: 'getUser', about: 'one', given: () => ({ username: 'alice' }), answers: { alice } },
  {
    method: 'getUser',
    about: 'several',
    given: () => ({ username: ['alice', 'elastic', 'nobody'] }),
    answers: { alice, elastic: expect.objectContaining({ metadata: { _reserved: true } }) },
  },
  {
    method: 'getUser',
    about: 'everybody',
    answers: expect.objectContaining({ alice, elastic: expect.any(Object) }),
  },
  { method: 'getUser', about: 'nobody', given: () => ({ username: 'nobody' }), status: 404, answers: {} },
  {
    method: 'queryUser',
    about: 'with a query',
    given: () => ({ query: { prefix: { username: 'al' } }, size: 5 }),
    answers: { total: 1, count: 1, users: [alice] },
  },
  {
    method: 'queryUser',
    about: 'with words in any field',
    given: () => ({
      query: { simple_query_string: { query: '+superuser +ali*', fields: ['username^2', 'rol*'] } },
      sort: [{ username: { order: 'asc' } }],
    }),
    answers: { total: 1, count: 1, users: [{ ...alice, _sort: ['alice'] }] },
  },
  {
    method: 'changePassword',
    about: 'of another',
    given: () => ({ username: 'alice', password: 'secret-2' }),
    answers: {},
  },
  { method: 'changePassword', about: 'one’s own', given: () => ({ password: 'changeme' }), answers: {} },
  { method: 'disableUser', about: 'one', given: () => ({ username: 'alice' }), answers: {} },
  { method: 'enableUser', about: 'one', given: () => ({ username: 'alice' }), answers: {} },
  {
    method: 'enableUser',
    about: 'nobody',
    given: () => ({ username: 'nobody' }),
    status: 400,
    answers: {
      error: expect.objectContaining({ reason: 'Validation Failed: 1: only existing users can be enabled;' }),
      status: 400,
    },
  },
  { method: 'deleteUser', about: 'one', given: () => ({ username: 'alice' }), answers: { found: true } },
  {
    method: 'deleteUser',
    about: 'nobody',
    given: () => ({ username: 'nobody' }),
    status: 404,
    answers: { found: false },
  },
  {
    method: 'clearCachedRealms',
    about: 'for a user',
    given: () => ({ realms: 'default_native', usernames: ['alice'] }),
    answers: cacheCleared,
  },
];

const roleCases: readonly MethodCase[] = [
  {
    method: 'putRole',
    about: 'a new one',
    given: () => ({ name: 'reader', ...role }),
    answers: { role: { created: true } },
  },
  {
    method: 'getRole',
    about: 'one',
    given: async ({ call }) => {
      await call('putRole', { name: 'reader', ...role });
      return { name: 'reader' };
    },
    answers: {
      reader: {
        ...role,
        indices: [{ ...role.indices[0], allow_restricted_indices: false }],
        transient_metadata: { enabled: true },
      },
    },
  },
  { method: 'getRole', about: 'none', given: () => ({ name: 'nothing' }), status: 404, answers: {} },
  {
    method: 'deleteRole',
    about: 'one',
    given: async ({ call }) => {
      await call('putRole', { name: 'reader', ...role });
      return { name: 'reader' };
    },
    answers: { found: true },
  },
  {
    method: 'bulkPutRole',
    about: 'a new one',
    since: [8, 15],
    given: () => ({ roles: { reader: role } }),
    answers: { created: ['reader'] },
  },
  {
    method: 'bulkDeleteRole',
    about: 'one that is not there',
    since: [8, 15],
    given: () => ({ names: ['nothing'] }),
    answers: { not_found: ['nothing'] },
  },
  {
    method: 'queryRole',
    about: 'with a query',
    since: [8, 15],
    given: async ({ call }) => {
      await call('putRole', { name: 'reader', ...role });
      return { query: { term: { name: 'reader' } } };
    },
    answers: {
      total: 1,
      count: 1,
      roles: [expect.objectContaining({ name: 'reader', cluster: role.cluster })],
    },
  },
  {
    method: 'queryRole',
    about: 'with words of its description',
    since: [8, 15],
    given: async ({ call }) => {
      await call('putRole', { name: 'reader', ...role, description: 'Reads what the logs say' });
      const match = { description: { query: 'the LOGS', operator: 'and', analyzer: 'stop' } };
      return { query: { bool: { must: { match }, filter: { term: { 'metadata.a': 1 } } } }, sort: ['name'] };
    },
    answers: {
      total: 1,
      count: 1,
      roles: [expect.objectContaining({ name: 'reader', _sort: ['reader'] })],
    },
  },
  {
    method: 'clearCachedRoles',
    about: 'one',
    given: () => ({ name: 'reader' }),
    answers: cacheCleared,
  },
  {
    method: 'putRoleMapping',
    about: 'a new one',
    given: () => ({ name: 'all', ...mapping }),
    answers: { role_mapping: { created: true } },
  },
  {
    method: 'getRoleMapping',
    about: 'one',
    given: async ({ call }) => {
      await call('putRoleMapping', { name: 'all', ...mapping });
      return { name: 'all' };
    },
    answers: { all: expect.objectContaining(mapping) },
  },
  {
    method: 'deleteRoleMapping',
    about: 'one',
    given: async ({ call }) => {
      await call('putRoleMapping', { name: 'all', ...mapping });
      return { name: 'all' };
    },
    answers: { found: true },
  },
];

const serviceCases: readonly MethodCase[] = [
  {
    method: 'getServiceAccounts',
    about: 'one',
    given: () => fleet,
    answers: { 'elastic/fleet-server': { role_descriptor: expect.objectContaining({ run_as: [] }) } },
  },
  {
    method: 'createServiceToken',
    about: 'with a name',
    given: () => ({ ...fleet, name: 'token1' }),
    answers: { created: true, token: { name: 'token1', value: expect.stringMatching(/^AAEAA/) } },
  },
  {
    method: 'createServiceToken',
    about: 'without a name',
    given: () => fleet,
    answers: { created: true, token: { name: expect.stringMatching(/^token_/), value: someText } },
  },
  {
    method: 'createServiceToken',
    about: 'with a name that is taken',
    given: async ({ call }) => {
      await call('createServiceToken', { ...fleet, name: 'token1' });
      return { ...fleet, name: 'token1' };
    },
    status: 409,
    answers: { error: expect.objectContaining({ type: 'version_conflict_engine_exception' }), status: 409 },
  },
  {
    method: 'getServiceCredentials',
    about: 'of one',
    given: async ({ call }) => {
      await call('createServiceToken', { ...fleet, name: 'token1' });
      return fleet;
    },
    answers: {
      service_account: 'elastic/fleet-server',
      count: 1,
      tokens: { token1: {} },
      nodes_credentials: { _nodes: { total: 1, successful: 1, failed: 0 }, file_tokens: {} },
    },
  },
  {
    method: 'deleteServiceToken',
    about: 'one',
    given: async ({ call }) => {
      await call('createServiceToken', { ...fleet, name: 'token1' });
      return { ...fleet, name: 'token1' };
    },
    answers: { found: true },
  },
  {
    method: 'deleteServiceToken',
    about: 'none',
    given: () => ({ ...fleet, name: 'nothing' }),
    status: 404,
    answers: { found: false },
  },
  {
    method: 'clearCachedServiceTokens',
    about: 'of one',
    given: () => ({ ...fleet, name: 'token1' }),
    answers: cacheCleared,
  },
];

/** The calls of this chapter. */
export const accountCases: readonly MethodCase[] = [...userCases, ...roleCases, ...serviceCases];
