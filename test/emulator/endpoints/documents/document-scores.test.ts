/** How well what a search finds fits its query. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, emulated } from '../../cluster.js';

describe('a score', () => {
  let ranked: Cluster;
  beforeAll(async () => {
    ranked = await emulated();
    for (const [id, document] of Object.entries({
      1: { country: 'China', n: 1, secret: 'a' },
      2: { country: 'USA', n: 2, secret: 'b' },
      3: { country: 'Russia', n: 3 },
    })) {
      await ranked.ask(`PUT /docs/_doc/${id}`, { body: document });
    }
    for (const [id, text] of ['one two', 'one one two', 'two', `one ${'three '.repeat(60)}`].entries()) {
      await ranked.ask(`PUT /texts/_doc/${id}`, { body: { text } });
    }
  });
  afterAll(() => ranked.close());
  const hits = async (index: string, body: object): Promise<[string, number][]> => {
    const { json } = await ranked.ask(`POST /${index}/_search`, { body });
    expect(json.hits.max_score).toBe(json.hits.hits[0]._score);
    return json.hits.hits.map((hit: { _id: string; _score: number }) => [hit._id, hit._score]);
  };

  // The numbers of a 9.5.0.
  test.each<[object, string, string]>([
    [{ match: { country: 'china' } }, '1', '0.9808291'],
    [{ match: { secret: 'a' } }, '1', '0.6931471'],
    [{ term: { n: 2 } }, '2', '1.0'],
    [{ bool: { filter: [{ term: { 'country.keyword': 'USA' } }] } }, '2', '0.0'],
  ])('of %j is that of Elasticsearch', async (query, id, score) => {
    const { text } = await ranked.ask('POST /docs/_search', { body: { query } });
    expect(text).toContain(`"max_score":${score},"hits":[{"_index":"docs","_id":"${id}","_score":${score},`);
  });

  test('is the sum of what must and should be found', async () => {
    const china = { match: { country: 'china' } };
    const [[, score] = ['', 0]] = await hits('docs', {
      query: { bool: { must: [china, { term: { n: 1 } }], should: [{ term: { n: 7 } }] } },
    });
    expect(score).toBeCloseTo(1.9808291, 6);
  });

  test('is better for a word that is there often, and in few words', async () => {
    const found = await hits('texts', { query: { match: { text: 'one' } } });
    expect(found.map(([id]) => id)).toEqual(['1', '0', '3']);
    // Computed apart, with a length of 60 for 61 words.
    const idf = Math.log(1 + (4 - 3 + 0.5) / (3 + 0.5));
    const expected = (times: number, length: number): number => {
      const average = (2 + 3 + 1 + 61) / 4;
      return (2.2 * idf * times) / (times + 1.2 * (0.25 + (0.75 * length) / average));
    };
    for (const [at, score] of [expected(2, 3), expected(1, 2), expected(1, 60)].entries()) {
      expect(found[at]?.[1]).toBeCloseTo(score, 5);
    }
  });

  test('can be sorted by, from the best on', async () => {
    const query = { match: { text: 'one' } };
    const order = async (sort: unknown): Promise<string[]> => {
      const { json } = await ranked.ask('POST /texts/_search', { body: { query, sort } });
      return json.hits.hits.map((hit: { _id: string }) => hit._id);
    };
    expect(await order(['_score'])).toEqual(['1', '0', '3']);
    expect(await order([{ _score: 'asc' }])).toEqual(['3', '0', '1']);
  });
});
