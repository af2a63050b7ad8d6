/** What somebody may do, and the privileges of applications. */

import { expect } from 'vitest';
import type { Conversation } from './clients.js';
import { cacheCleared, type MethodCase } from './method.js';

const read = { actions: ['data:read/*'], metadata: { a: 1 } };

/** Stores a privilege of an application; hands out how to ask for it. */
async function stored({ call }: Conversation): Promise<{ application: string; name: string }> {
  await call('putPrivileges', { privileges: { myapp: { read } } });
  return { application: 'myapp', name: 'read' };
}

/** The calls of this chapter. */
export const privilegeCases: readonly MethodCase[] = [
  {
    method: 'hasPrivileges',
    about: 'one’s own, of every kind',
    given: async (conversation) => {
      await stored(conversation);
      return {
        cluster: ['monitor', 'manage'],
        index: [{ names: ['logs-1', 'logs-2'], privileges: ['read'] }],
        application: [{ application: 'myapp', privileges: ['read'], resources: ['*'] }],
      };
    },
    answers: {
      username: 'elastic',
      has_all_requested: true,
      cluster: { monitor: true, manage: true },
      index: { 'logs-1': { read: true }, 'logs-2': { read: true } },
      application: { myapp: { '*': { read: true } } },
    },
  },
  {
    method: 'hasPrivileges',
    about: 'one’s own, by name',
    given: () => ({ user: 'elastic', cluster: ['monitor'] }),
    answers: {
      username: 'elastic',
      has_all_requested: true,
      cluster: { monitor: true },
      index: {},
      application: {},
    },
  },
  {
    method: 'hasPrivileges',
    about: 'without a question',
    status: 400,
    answers: {
      error: expect.objectContaining({ reason: 'request body or source parameter is required' }),
      status: 400,
    },
  },
  {
    method: 'getUserPrivileges',
    about: 'all of one’s own',
    answers: expect.objectContaining({
      cluster: ['all'],
      global: [],
      indices: expect.arrayContaining([
        { names: ['*'], privileges: ['all'], allow_restricted_indices: false },
      ]),
      applications: [{ application: '*', privileges: ['*'], resources: ['*'] }],
      run_as: ['*'],
    }),
  },
  {
    method: 'getBuiltinPrivileges',
    about: 'all',
    answers: expect.objectContaining({
      cluster: expect.arrayContaining(['all', 'monitor']),
      index: expect.arrayContaining(['all', 'read']),
    }),
  },
  {
    method: 'putPrivileges',
    about: 'new ones',
    given: () => ({ privileges: { myapp: { read }, other: { write: { actions: ['data:write/*'] } } } }),
    answers: { myapp: { read: { created: true } }, other: { write: { created: true } } },
  },
  {
    method: 'getPrivileges',
    about: 'one',
    given: stored,
    answers: { myapp: { read: { application: 'myapp', name: 'read', ...read } } },
  },
  {
    method: 'getPrivileges',
    about: 'all of an application',
    given: async (conversation) => ({ application: (await stored(conversation)).application }),
    answers: { myapp: { read: { application: 'myapp', name: 'read', ...read } } },
  },
  {
    method: 'getPrivileges',
    about: 'one that is not there',
    given: () => ({ application: 'myapp', name: 'read' }),
    status: 404,
    answers: {},
  },
  {
    method: 'deletePrivileges',
    about: 'one',
    given: stored,
    answers: { myapp: { read: { found: true } } },
  },
  {
    method: 'deletePrivileges',
    about: 'one that is not there',
    given: () => ({ application: 'myapp', name: 'read' }),
    status: 404,
    answers: { myapp: { read: { found: false } } },
  },
  {
    method: 'clearCachedPrivileges',
    about: 'of an application',
    given: () => ({ application: 'myapp' }),
    answers: cacheCleared,
  },
];
