/** Documents through the official clients: written, read, searched, and hidden from keys that may not see them. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Conversation, pairs } from './clients.js';

let conversation: Conversation;
afterEach(() => conversation.close());

const writers = [
  { author: 'alice', title: 'How to test', year: 2021 },
  { author: 'bob', title: 'How to wait', year: 2023 },
  { author: 'alice', title: 'How not to wait', year: 2024 },
];

describe.each(pairs)('$name', (pair) => {
  beforeEach(async () => {
    conversation = await pair.open();
  });

  async function write(): Promise<void> {
    const { client } = conversation;
    await client.indices.create({
      index: 'articles',
      mappings: {
        properties: { author: { type: 'keyword' }, title: { type: 'text' }, year: { type: 'long' } },
      },
    });
    const operations = writers.flatMap((document, at) => [
      { index: { _index: 'articles', _id: `${at}` } },
      document,
    ]);
    expect(await client.bulk({ operations, refresh: true })).toMatchObject({ errors: false });
  }

  /** The ids of what is found. */
  async function find(client: Conversation['client'], query?: object): Promise<unknown> {
    const { hits } = await client.search({ index: 'articles', ...(query && { query }) });
    return hits.hits.map(({ _id }) => _id);
  }

  test('one document lives and dies', async () => {
    const { client } = conversation;
    const place = { index: 'notes', id: '1' };
    expect(await client.index({ ...place, document: { text: 'a' } })).toMatchObject({ result: 'created' });
    expect(await client.get(place)).toMatchObject({ found: true, _source: { text: 'a' } });
    expect(await client.update({ ...place, doc: { text: 'b' } })).toMatchObject({ result: 'updated' });
    expect(await client.get(place)).toMatchObject({ _version: 2, _source: { text: 'b' } });
    expect([await client.exists(place), await client.exists({ ...place, id: '2' })]).toEqual([true, false]);
    expect(await client.delete(place)).toMatchObject({ result: 'deleted' });
    await expect(client.get(place)).rejects.toMatchObject({ statusCode: 404, body: { found: false } });
    await expect(client.create({ index: 'notes', id: '2', document: {} })).resolves.toMatchObject({
      _id: '2',
    });
    await expect(client.create({ index: 'notes', id: '2', document: {} })).rejects.toMatchObject({
      statusCode: 409,
      message: expect.stringContaining('version_conflict_engine_exception'),
    });
  });

  test('an index is made, described and removed', async () => {
    await write();
    const { client } = conversation;
    expect(await client.indices.getMapping({ index: 'articles' })).toMatchObject({
      articles: { mappings: { properties: { author: { type: 'keyword' } } } },
    });
    expect(await client.indices.refresh({ index: 'articles' })).toHaveProperty('_shards');
    expect(await client.count({ index: 'articles' })).toMatchObject({ count: 3 });
    expect(await client.indices.exists({ index: 'articles' })).toBe(true);
    expect(await client.indices.delete({ index: 'articles' })).toEqual({ acknowledged: true });
    expect(await client.indices.exists({ index: 'articles' })).toBe(false);
    await expect(find(client)).rejects.toMatchObject({
      statusCode: 404,
      message: expect.stringContaining('index_not_found_exception'),
    });
  });

  test('what is asked for is found', async () => {
    await write();
    const { client } = conversation;
    const until = { range: { year: { lt: 2024 } } };
    expect(await find(client)).toEqual(['0', '1', '2']);
    expect(await find(client, { match: { title: 'wait' } })).toEqual(['1', '2']);
    expect(await find(client, { term: { author: 'alice' } })).toEqual(['0', '2']);
    expect(await find(client, { bool: { must: [{ match: { title: 'wait' } }], filter: [until] } })).toEqual([
      '1',
    ]);
  });

  test('a key sees what it may: some documents, or none but the health of the cluster', async () => {
    await write();
    const { call, signedIn } = conversation;
    const indices = [{ names: ['articles'], privileges: ['read'], query: { term: { author: 'alice' } } }];
    const limited = await call('createApiKey', { name: 'of alice', role_descriptors: { r: { indices } } });
    const reader = signedIn({ apiKey: limited.encoded });
    expect(await find(reader)).toEqual(['0', '2']);
    expect(await reader.count({ index: 'articles' })).toMatchObject({ count: 2 });
    await expect(reader.index({ index: 'articles', document: {} })).rejects.toMatchObject({
      statusCode: 403,
    });

    const blind = await call('createApiKey', {
      name: 'm',
      role_descriptors: { r: { cluster: ['monitor'] } },
    });
    const monitor = signedIn({ apiKey: blind.encoded });
    expect(await monitor.cluster.health()).toHaveProperty('status');
    await expect(find(monitor)).rejects.toMatchObject({
      statusCode: 403,
      message: expect.stringMatching(/action \[indices:data\/read\/search\] is unauthorized for API key id/),
    });
  });

  test('the bulk helper writes a list', async () => {
    const { client } = conversation;
    const result = await client.helpers.bulk({
      datasource: writers,
      onDocument: () => ({ index: { _index: 'articles' } }),
      refreshOnCompletion: true,
    });
    expect(result).toMatchObject({ total: 3, successful: 3, failed: 0 });
    expect(await client.helpers.search({ index: 'articles', query: { match_all: {} } })).toHaveLength(3);
  });
});
