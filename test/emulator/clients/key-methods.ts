/** API keys and cross-cluster keys. */

import { expect } from 'vitest';
import type { Conversation } from './clients.js';
import { cacheCleared, type MethodCase, newKey, someNumber, someText } from './method.js';

const readLogs = { logs: { cluster: ['monitor'], indices: [{ names: ['logs-*'], privileges: ['read'] }] } };
const access = { search: [{ names: ['logs-*'] }] };

async function idOf({ call }: Conversation): Promise<string> {
  return (await call('createApiKey', { name: 'reports' })).id;
}

function shown(more: object = {}): object {
  return expect.objectContaining({
    id: someText,
    name: 'reports',
    type: 'rest',
    creation: someNumber,
    invalidated: false,
    username: 'elastic',
    realm: 'reserved',
    realm_type: 'reserved',
    metadata: {},
    role_descriptors: {},
    ...more,
  });
}

/** The calls of this chapter. */
export const keyCases: readonly MethodCase[] = [
  {
    method: 'createApiKey',
    about: 'with everything',
    given: () => ({
      name: 'reports',
      expiration: '1d',
      role_descriptors: readLogs,
      metadata: { team: 'a' },
      refresh: 'wait_for',
    }),
    answers: newKey('reports', someNumber),
  },
  {
    method: 'createApiKey',
    about: 'without a name',
    status: 400,
    given: () => ({ metadata: {} }),
    answers: { error: expect.objectContaining({ reason: 'Required [name]' }), status: 400 },
  },
  {
    method: 'getApiKey',
    about: 'by id, with what limits it',
    given: async (conversation) => ({ id: await idOf(conversation), with_limited_by: true }),
    answers: { api_keys: [shown({ limited_by: [{ superuser: expect.any(Object) }] })] },
  },
  {
    method: 'getApiKey',
    about: 'own and live ones',
    given: async (conversation) => {
      const { call } = conversation;
      await call('invalidateApiKey', { ids: [await idOf(conversation)] });
      await idOf(conversation);
      return { owner: true, active_only: true };
    },
    answers: { api_keys: [shown()] },
  },
  {
    method: 'getApiKey',
    about: 'of a user, by name',
    given: async (conversation) => {
      await idOf(conversation);
      return { username: 'elastic', realm_name: 'reserved' };
    },
    answers: { api_keys: [shown()] },
  },
  {
    method: 'getApiKey',
    about: 'an unknown one',
    given: () => ({ id: 'unknown' }),
    status: 404,
    answers: { api_keys: [] },
  },
  {
    method: 'queryApiKeys',
    about: 'all of them, without a body',
    given: async (conversation) => {
      await idOf(conversation);
      return {};
    },
    answers: { total: 1, count: 1, api_keys: [shown()] },
  },
  {
    method: 'queryApiKeys',
    about: 'how many there are of which',
    given: async ({ call }) => {
      for (const of of ['a', 'b', 'a']) await call('createApiKey', { name: 'reports', metadata: { of } });
      return {
        size: 0,
        query: { simple_query_string: { query: 'rep*', fields: ['name'] } },
        aggs: {
          names: { terms: { field: 'metadata.of' }, aggs: { users: { cardinality: { field: 'username' } } } },
          pages: { composite: { size: 1, sources: [{ of: { terms: { field: 'metadata.of' } } }] } },
        },
        typed_keys: true,
      };
    },
    answers: {
      total: 3,
      count: 0,
      api_keys: [],
      aggregations: {
        'sterms#names': {
          doc_count_error_upper_bound: 0,
          sum_other_doc_count: 0,
          buckets: [
            { key: 'a', doc_count: 2, 'cardinality#users': { value: 1 } },
            { key: 'b', doc_count: 1, 'cardinality#users': { value: 1 } },
          ],
        },
        'composite#pages': { after_key: { of: 'a' }, buckets: [{ key: { of: 'a' }, doc_count: 2 }] },
      },
    },
  },
  {
    method: 'queryApiKeys',
    about: 'some of them, sorted',
    given: async ({ call }) => {
      for (const name of ['reports', 'other', 'reports-2'])
        await call('createApiKey', { name, metadata: { of: name } });
      return {
        query: { prefix: { name: 'reports' } },
        sort: [{ creation: { order: 'desc' } }],
        size: 1,
        with_limited_by: true,
      };
    },
    answers: {
      total: 2,
      count: 1,
      api_keys: [
        shown({
          name: 'reports-2',
          metadata: { of: 'reports-2' },
          limited_by: expect.any(Array),
          _sort: [someNumber],
        }),
      ],
    },
  },
  {
    method: 'updateApiKey',
    about: 'its metadata, roles and expiration',
    given: async (conversation) => ({
      id: await idOf(conversation),
      metadata: { team: 'b' },
      role_descriptors: readLogs,
      expiration: '1h',
    }),
    answers: { updated: true },
  },
  {
    method: 'updateApiKey',
    about: 'an unknown one',
    given: () => ({ id: 'unknown', metadata: {} }),
    status: 404,
    answers: { error: expect.objectContaining({ type: 'resource_not_found_exception' }), status: 404 },
  },
  {
    method: 'bulkUpdateApiKeys',
    about: 'a known and an unknown one',
    given: async (conversation) => ({ ids: [await idOf(conversation), 'unknown'], metadata: { team: 'b' } }),
    answers: {
      updated: [someText],
      noops: [],
      errors: { count: 1, details: { unknown: { type: 'resource_not_found_exception', reason: someText } } },
    },
  },
  {
    method: 'invalidateApiKey',
    about: 'by id',
    given: async (conversation) => ({ ids: [await idOf(conversation), 'unknown'] }),
    answers: { invalidated_api_keys: [someText], previously_invalidated_api_keys: [], error_count: 0 },
  },
  {
    method: 'invalidateApiKey',
    about: 'own ones',
    given: async (conversation) => {
      await idOf(conversation);
      await idOf(conversation);
      return { owner: true };
    },
    answers: {
      invalidated_api_keys: [someText, someText],
      previously_invalidated_api_keys: [],
      error_count: 0,
    },
  },
  {
    method: 'grantApiKey',
    about: 'with a password',
    given: () => ({
      grant_type: 'password',
      username: 'elastic',
      password: 'changeme',
      api_key: { name: 'granted', expiration: '1d', role_descriptors: readLogs, metadata: { a: 1 } },
    }),
    answers: newKey('granted', someNumber),
  },
  {
    method: 'grantApiKey',
    about: 'with an access token, as somebody else',
    given: async ({ call }) => {
      const { access_token } = await call('getToken', { grant_type: 'client_credentials' });
      return { grant_type: 'access_token', access_token, run_as: 'alice', api_key: { name: 'granted' } };
    },
    answers: newKey('granted'),
  },
  {
    method: 'grantApiKey',
    about: 'with a wrong password',
    given: () => ({
      grant_type: 'password',
      username: 'elastic',
      password: 'wrong-password',
      api_key: { name: 'granted' },
    }),
    status: 403,
    answers: {
      error: expect.objectContaining({ reason: 'Failed to authenticate api key grant' }),
      status: 403,
    },
  },
  {
    method: 'cloneApiKey',
    about: 'another with the same rights',
    since: [9, 4],
    given: async ({ call }) => {
      const { encoded } = await call('createApiKey', { name: 'reports' });
      return { api_key: encoded, name: 'copy', expiration: '1d', metadata: { of: 'reports' } };
    },
    answers: newKey('copy', someNumber),
  },
  {
    method: 'createCrossClusterApiKey',
    about: 'for searching',
    given: () => ({ name: 'remote', access, expiration: '1d', metadata: { a: 1 } }),
    answers: newKey('remote', someNumber),
  },
  {
    method: 'updateCrossClusterApiKey',
    about: 'its access',
    given: async ({ call }) => {
      const { id } = await call('createCrossClusterApiKey', { name: 'remote', access });
      return { id, access: { replication: [{ names: ['archive'] }] }, expiration: '2d' };
    },
    answers: { updated: true },
  },
  {
    method: 'clearApiKeyCache',
    about: 'of all',
    given: () => ({ ids: '*' }),
    answers: cacheCleared,
  },
];
