/** What the tests of API keys share: a cluster with people who may have keys, and questions about keys. */

import { afterEach, beforeEach, expect } from 'vitest';
import { basic } from '../../../support/http-client.js';
import { type Cluster, emulated } from '../../cluster.js';

/** The cluster of the test that is running. */
export let cluster: Cluster;

/** Starts one before each test of a file. */
export function startCluster(): void {
  beforeEach(async () => {
    cluster = await emulated({
      roles: {
        owner: { cluster: ['manage_own_api_key', 'monitor'], metadata: { a: 1 } },
        granter: { cluster: ['grant_api_key'] },
      },
      users: {
        alice: { password: 'password', roles: ['owner'], full_name: 'Alice' },
        bob: { password: 'password', roles: ['owner'] },
        gina: { password: 'password', roles: ['granter'] },
      },
    });
  });
  afterEach(() => cluster.close());
}

export const alice = basic('alice', 'password');
export const bob = basic('bob', 'password');

/** Makes a key. */
export async function create(
  headers: object,
  body: object,
): Promise<{ id: string; encoded: string; expiration?: number }> {
  const response = await cluster.ask('PUT /_security/api_key', { headers: { ...headers }, body });
  expect(response.status).toBe(200);
  return response.json;
}

/** The ids of the keys that are listed. */
export const idsOf = async (query: string, headers: object = cluster.admin): Promise<string[]> =>
  (await cluster.ask(`GET /_security/api_key?${query}`, { headers: { ...headers } })).json.api_keys.map(
    (key: { id: string }) => key.id,
  );
/** The status of an answer. */
export const status = async (line: string, headers: object) =>
  (await cluster.ask(line, { headers: { ...headers } })).status;
/** All that is shown of a key. */
export const read = async (id: string) =>
  (await cluster.ask(`GET /_security/api_key?id=${id}&with_limited_by`)).json.api_keys[0];
