/** The indices that Elasticsearch keeps its own things in count for the health of a cluster once they are there. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, emulated } from '../../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated();
});
afterAll(() => cluster.close());

const shards = async (): Promise<number> =>
  (await cluster.ask('GET /_cluster/health')).json.active_primary_shards;

test('there is none at first, and what was made stays when nothing is in it any more', async () => {
  expect(await shards()).toBe(0);
  await cluster.ask('PUT /_security/user/alice', { body: { password: 'password', roles: [] } });
  expect(await shards()).toBe(1);
  await cluster.ask('DELETE /_security/user/alice');
  expect(await shards()).toBe(1);
  await cluster.ask('POST /_security/oauth2/token', { body: { grant_type: 'client_credentials' } });
  expect(await shards()).toBe(2);
});
