/** What is different about searches of keys, users and roles. */

import { expect } from 'vitest';
import { type Differences, reasonOf, start } from './difference.js';

async function searching(): Promise<(body: object) => Promise<string>> {
  const { ask } = await start();
  await ask('PUT /_security/api_key', { name: 'k' });
  return async (body) => {
    const response = await ask('POST /_security/_query/api_key', body);
    const { error } = response.json;
    return error?.root_cause[0].reason ?? reasonOf(response);
  };
}

export const searchDifferences: Differences = {
  Analyzers: async () => {
    const reason = await searching();
    const query = { match: { name: { query: 'k', analyzer: 'english' } } };
    expect(await reason({ query })).toBe('analyzer [english] is not supported by the emulator');
  },

  'Time zones': async () => {
    const reason = await searching();
    const words = '[time_zone] is not supported by the emulator, but for UTC';
    expect(await reason({ query: { range: { creation: { gte: 'now/d', time_zone: '+01:00' } } } })).toContain(
      'failed to parse field [query]',
    );
    const { ask } = await start();
    const range = { field: 'creation', time_zone: 'Europe/Paris', ranges: [{ to: 'now' }] };
    const { json } = await ask('POST /_security/_query/api_key', { aggs: { x: { date_range: range } } });
    expect(json.error.caused_by.caused_by.reason).toBe(words);
  },

  'Aggregations of keys': async () => {
    const reason = await searching();
    const day = { date_histogram: { field: 'creation', fixed_interval: '1d' } };
    expect(await reason({ aggs: { x: { composite: { sources: [{ day }] } } } })).toBe(
      '[date_histogram] sources of [composite] are not supported by the emulator',
    );
    for (const terms of [
      { field: 'name', min_doc_count: 0 },
      { field: 'name', include: '[a-z]+' },
      { field: 'creation', format: 'EEEE' },
    ]) {
      const { ask } = await start();
      await ask('PUT /_security/api_key', { name: 'k' });
      expect((await ask('POST /_security/_query/api_key', { aggs: { x: { terms } } })).status).toBe(400);
    }
    const { ask } = await start();
    await ask('PUT /_security/api_key', { name: 'k' });
    const range = { field: 'invalidated', ranges: [{ to: 'true' }] };
    const response = await ask('POST /_security/_query/api_key', { aggs: { x: { date_range: range } } });
    expect([response.status, response.header('warning')]).toEqual([200, []]);
  },

  'Queries and aggregations that are not allowed': async () => {
    const reason = await searching();
    expect(await reason({ query: { match_phrase: { nothing: { of: 'the kind' } } } })).toBe(
      'Query type [match_phrase] is not currently supported in this context',
    );
    expect(await reason({ aggs: { x: { avg: { nothing: 'of the kind' } } } })).toBe(
      'Unsupported API Keys agg [x] of type [avg]',
    );
  },
};
