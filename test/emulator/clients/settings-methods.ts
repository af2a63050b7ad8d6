/**
 * Settings of the indices of security, and statistics; what is asked is what `elasticsearch-clients-tests` asks
 * (120, 150).
 */

import { expect } from 'vitest';
import type { Conversation } from './clients.js';
import { type MethodCase, someNumber, someText } from './method.js';

const index = {
  auto_expand_replicas: '0-1',
  number_of_replicas: '0',
  routing: { allocation: { include: { _tier_preference: 'data_content' } } },
};

/** Makes an index for tokens. */
async function withTokens({ call }: Conversation): Promise<object> {
  await call('getToken', { grant_type: 'client_credentials' });
  return {};
}

/** The calls of this chapter. */
export const settingsCases: readonly MethodCase[] = [
  {
    method: 'getSettings',
    about: 'of the indices that there are',
    given: withTokens,
    answers: { security: { index }, 'security-tokens': { index }, 'security-profile': {} },
  },
  {
    method: 'updateSettings',
    about: 'of several at once',
    given: async (conversation) => ({
      ...(await withTokens(conversation)),
      security: { 'index.auto_expand_replicas': '0-all' },
      'security-tokens': { 'index.auto_expand_replicas': '0-all' },
      master_timeout: '30s',
      timeout: '30s',
    }),
    answers: { acknowledged: true },
  },
  {
    method: 'updateSettings',
    about: 'nothing',
    given: () => ({ security: {} }),
    status: 400,
    answers: {
      error: expect.objectContaining({ reason: 'Validation Failed: 1: No settings given to update;' }),
      status: 400,
    },
  },
  {
    method: 'getStats',
    about: 'of the one node',
    since: [9, 2],
    answers: {
      nodes: expect.toSatisfy((nodes: object) => {
        const cache = expect.objectContaining({ count: someNumber, memory: someText });
        expect(Object.values(nodes)).toEqual([{ roles: { dls: { bit_set_cache: cache } } }]);
        return true;
      }),
    },
  },
];
