/** Profiles of users. */

import { expect } from 'vitest';
import type { Conversation } from './clients.js';
import { type MethodCase, someNumber } from './method.js';

const someUid: unknown = expect.stringMatching(/^u_[\w-]{43}_0$/);
const password = { grant_type: 'password', username: 'alice', password: 'secret' };
const found = {
  uid: someUid,
  user: { username: 'alice', roles: ['superuser'], realm_name: 'default_native' },
  labels: {},
  data: {},
};
const alice = {
  ...found,
  enabled: true,
  last_synchronized: someNumber,
  _doc: { _primary_term: 1, _seq_no: 0 },
};
const done = { acknowledged: true };

async function activated({ call }: Conversation): Promise<{ uid: string }> {
  const { uid } = await call('activateUserProfile', password);
  return { uid };
}

export const profileCases: readonly MethodCase[] = [
  { method: 'activateUserProfile', about: 'for a password', given: () => password, answers: alice },
  { method: 'getUserProfile', about: 'one', given: activated, answers: { profiles: [alice] } },
  {
    method: 'getUserProfile',
    about: 'none',
    given: () => ({ uid: 'x' }),
    answers: {
      profiles: [],
      errors: { count: 1, details: { x: { type: 'exception', reason: 'profile index does not exist' } } },
    },
  },
  { method: 'enableUserProfile', about: 'one', given: activated, answers: done },
  { method: 'disableUserProfile', about: 'one', given: activated, answers: done },
  {
    method: 'updateUserProfileData',
    about: 'a label and some data',
    given: async (conversation) => ({
      ...(await activated(conversation)),
      labels: { app: 'a' },
      data: { app: { theme: 'dark' } },
    }),
    answers: done,
  },
  {
    method: 'suggestUserProfiles',
    about: 'by the beginning of a name',
    given: async (conversation) => {
      await activated(conversation);
      return { name: 'ali' };
    },
    answers: { took: someNumber, total: { value: 1, relation: 'eq' }, profiles: [found] },
  },
  {
    method: 'hasPrivilegesUserProfile',
    about: 'of one that is there and one that is not',
    given: async (conversation) => {
      const { uid } = await activated(conversation);
      return { uids: [uid, 'x'], privileges: { cluster: ['monitor'] } };
    },
    answers: {
      has_privilege_uids: [someUid],
      errors: {
        count: 1,
        details: { x: { type: 'resource_not_found_exception', reason: 'profile document not found' } },
      },
    },
  },
];
