/** Golden exchanges about documents: the recorded session with 8.10.4, in an index of another name. */

import { expect } from 'vitest';
import { apiKey } from '../../support/http-client.js';
import { type Cluster, errorBody, expectAnswer, isSince } from '../cluster.js';
import { createApiKey, type Golden, number, text } from './golden.js';

const index = 'esauth-golden-documents';

/** Three documents of an index that is gone afterwards. */
async function withDocuments(cluster: Cluster, play: () => Promise<void>): Promise<void> {
  try {
    for (const country of ['China', 'USA', 'Russia']) {
      const body = { country, data: '*********' };
      expectAnswer(await cluster.ask(`POST /${index}/_doc?refresh=true`, { body }), {
        status: 201,
        body: {
          _index: index,
          ...typeOf(cluster),
          _id: text,
          _version: 1,
          result: 'created',
          forced_refresh: true,
          _shards: { total: 2, successful: 1, failed: 0 },
          _seq_no: number,
          _primary_term: 1,
        },
      });
    }
    await play();
  } finally {
    await cluster.ask(`DELETE /${index}`);
  }
}

const typeOf = (cluster: Cluster): object => (isSince(cluster.version, [8, 0]) ? {} : { _type: '_doc' });

/** The exchanges of this chapter. */
export const documentGoldens: readonly Golden[] = [
  {
    id: 'seed:004',
    about: 'a key that sees only some documents',
    play: (cluster) =>
      withDocuments(cluster, async () => {
        const query = '{"match":{"country": {"query": "China"}}}';
        const { encoded } = await createApiKey(cluster, {
          name: 'china-docs',
          expiration: '1h',
          role_descriptors: { china: { indices: [{ names: [index], privileges: ['read'], query }] } },
          metadata: { intention: 'Only to view China docs' },
        });
        const headers = apiKey(encoded);
        const found = await cluster.ask('GET /_search', { headers });
        expectAnswer(found, {
          status: 200,
          body: {
            took: number,
            timed_out: false,
            _shards: { total: 1, successful: 1, skipped: 0, failed: 0 },
            hits: {
              total: { value: 1, relation: 'eq' },
              max_score: 1,
              hits: [
                {
                  _index: index,
                  ...typeOf(cluster),
                  _id: text,
                  _score: 1,
                  _source: { country: 'China', data: '*********' },
                },
              ],
            },
          },
        });
        const [{ _id: id }] = found.json.hits.hits;
        const { json: all } = await cluster.ask(`GET /${index}/_search`);
        for (const hit of all.hits.hits) {
          const { status } = await cluster.ask(`GET /${index}/_doc/${hit._id}`, { headers });
          expect(status).toBe(hit._id === id ? 200 : 404);
        }
      }),
  },
  {
    id: 'seed:004',
    about: 'a key that sees the health of the cluster and no document',
    since: [8, 0],
    play: (cluster) =>
      withDocuments(cluster, async () => {
        const { id, encoded } = await createApiKey(cluster, {
          name: 'healthcheck',
          role_descriptors: { 'for-monitoring': { cluster: ['monitor'] } },
        });
        const headers = apiKey(encoded);
        expect((await cluster.ask('GET /_cluster/health', { headers })).status).toBe(200);
        const refused = (where: string) => {
          const reason = `action [indices:data/read/search] is unauthorized for API key id [${id}] of user [${cluster.username}]${where}, this action is granted by the index privileges [read,all]`;
          return { status: 403, body: errorBody(403, 'security_exception', reason) };
        };
        expectAnswer(await cluster.ask('GET /_search', { headers }), refused(''));
        expectAnswer(
          await cluster.ask(`GET /${index}/_search`, { headers }),
          refused(` on indices [${index}]`),
        );
      }),
  },
];
