// The fourth part of the contract: acting as the caller. A handler searches with the official client; what it finds
// is decided by the caller's own credential, and the client's own is never used in its place.

import { Client } from 'elasticsearch9';
import { describe, expect, test } from 'vitest';
import { basic, send } from '../support/http-client.js';
import { answerIn, type Call, get, type World } from './adapter.js';
import { missing, notAdmitted } from './requests.js';

const books = [
  { title: 'Small Gods', shelf: 'open' },
  { title: 'The Unadulterated Cat', shelf: 'open' },
  { title: 'Necrotelicomnicon', shelf: 'locked' },
];

export function acting<Step>(world: World<Step>): void {
  const { adapter } = world;

  /** A service whose own credential may read everything, and a key of Jane's that may read one shelf only. */
  async function library() {
    const { elasticsearch, issued } = world;
    const { url } = elasticsearch;
    const service = basic('elastic', 'changeme');
    for (const [id, body] of books.entries()) {
      await send(`${url}/docs-books/_doc/${id}`, { method: 'PUT', headers: service, body });
    }
    const limits = {
      indices: [{ names: ['docs-books'], privileges: ['read'], query: { term: { shelf: 'open' } } }],
    };
    const { encoded } = (
      await send(`${url}/_security/api_key`, {
        method: 'PUT',
        headers: { authorization: issued.basic },
        body: { name: 'visitor', role_descriptors: { visitor: limits } },
      })
    ).json;
    const client = new Client({ node: url, auth: { username: 'elastic', password: 'changeme' } });
    world.cleanUp(() => client.close());
    return { client, visitor: `ApiKey ${encoded}` };
  }

  const searchWith = (client: Client) => async (call: Call) => {
    const headers = call.callerHeaders();
    const found = await client.search<{ title: string }>({ index: 'docs-books' }, { headers });
    return found.hits.hits.map(({ _source }) => _source?.title).sort();
  };

  test('document-level security of an API key decides what its search finds', async () => {
    const { verifier, issued } = world;
    const { client, visitor } = await library();
    const served = await world.serve({
      steps: [adapter.esauth(verifier)],
      routes: [{ path: '/books', handler: searchWith(client) }],
    });
    expect((await get(served, '/books', visitor)).json).toEqual(['Small Gods', 'The Unadulterated Cat']);
    expect((await get(served, '/books', issued.token)).json).toHaveLength(3);
    // From memory, who was who is not forgotten.
    expect((await get(served, '/books', visitor)).json).toHaveLength(2);
  });

  describe('a request without credentials does not reach Elasticsearch with the service’s own', () => {
    test.each([
      ['past an optional mount', true, missing, 'credentials_missing'],
      ['where no middleware of ours ran', false, notAdmitted, 'not_admitted'],
    ] as const)('%s', async (_where, mounted, { status, challenges }, code) => {
      const { client } = await library();
      const steps = mounted ? [adapter.esauth(world.verifier, { optional: true })] : [];
      const served = await world.serve({ steps, routes: [{ path: '/books', handler: searchWith(client) }] });
      const before = world.elasticsearch.requests.length;
      const answer = answerIn(await get(served, '/books'));
      expect([answer.status, answer.challenges]).toEqual([status, challenges]);
      expect(world.errors).toMatchObject([{ code }]);
      expect(world.elasticsearch.requests.length).toBe(before);
    });
  });
}
