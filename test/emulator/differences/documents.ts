/** What is different about indices and what is in them. */

import { expect } from 'vitest';
import { basic } from '../../support/http-client.js';
import { type Ask, type Differences, reasonOf, start } from './difference.js';

async function stocked(): Promise<Ask> {
  const { ask } = await start();
  await ask('PUT /docs/_doc/1', { title: 'a quick fox', n: 1 });
  return ask;
}

const search = (ask: Ask, body: object) => ask('POST /docs/_search', body);

export const documentDifferences: Differences = {
  'Names of indices': async () => {
    const ask = await stocked();
    const today = encodeURIComponent('<docs-{now/d}>');
    expect(reasonOf(await ask(`GET /${today}/_count`))).toBe('no such index [<docs-{now/d}>]');
    expect(reasonOf(await ask('GET /other:docs/_count'))).toBe('no such index [other:docs]');
  },

  Queries: async () => {
    const ask = await stocked();
    for (const query of [{ fuzzy: { title: 'fux' } }, { match_phrase: { title: 'quick fox' } }]) {
      expect((await search(ask, { query })).status).toBe(400);
    }
    // Elasticsearch has this one for documents too.
    const words = { simple_query_string: { query: 'fox' } };
    expect((await search(ask, { query: words })).status).toBe(400);
    expect((await search(ask, { aggs: { a: { terms: { field: 'n' } } } })).status).toBe(400);
  },

  Searches: async () => {
    const ask = await stocked();
    expect((await ask('POST /docs/_search?scroll=1m', {})).status).toBe(400);
    expect((await ask('POST /docs/_pit?keep_alive=1m')).status).not.toBe(200);
    for (const member of ['highlight', 'collapse', 'suggest']) {
      expect((await search(ask, { [member]: {} })).status).toBe(400);
    }
  },

  Writes: async () => {
    const ask = await stocked();
    for (const query of ['routing=a', 'if_seq_no=0&if_primary_term=1', 'version=5&version_type=external']) {
      expect((await ask(`PUT /docs/_doc/2?${query}`, { n: 2 })).status).toBe(400);
    }
    const update = await ask('POST /docs/_update/1', { script: { source: 'ctx._source.n++' } });
    expect(update.status).toBe(400);
  },

  Indices: async () => {
    const ask = await stocked();
    for (const line of ['PUT /docs/_alias/other', 'PUT /_data_stream/logs-a-b', 'PUT /_index_template/t']) {
      expect(reasonOf(await ask(line, {}))).toMatch(/^no handler found|^Incorrect HTTP method/);
    }
    expect((await ask('POST /docs/_close')).status).not.toBe(200);
    expect((await ask('PUT /_ingest/pipeline/p', { processors: [] })).status).not.toBe(200);
    const settings = { index: { refresh_interval: '1s' } };
    expect((await ask('PUT /other', { settings })).status).toBe(400);
  },

  Fields: async () => {
    const ask = await stocked();
    let made = 0;
    const takes = async (field: object) => {
      made += 1;
      return (await ask(`PUT /fields-${made}`, { mappings: { properties: { field } } })).status === 200;
    };
    expect(await takes({ type: 'keyword', ignore_above: 10 })).toBe(true);
    for (const field of [
      { type: 'ip' },
      { type: 'geo_point' },
      { type: 'text', analyzer: 'english' },
      { type: 'keyword', doc_values: false },
      { type: 'date', format: 'yyyy' },
    ]) {
      expect([field, await takes(field)]).toEqual([field, false]);
    }
  },

  'Stored scripts': async () => {
    const { ask } = await start({ users: { alice: { password: 'alice-password', roles: ['own'] } } });
    await ask('PUT /docs/_doc/1', {});
    const script = { lang: 'mustache', source: '{"match_all":{}}' };
    expect((await ask('PUT /_scripts/all', { script })).status).not.toBe(200);
    const indices = [{ names: ['docs'], privileges: ['read'], query: { template: { id: 'all' } } }];
    await ask('PUT /_security/role/own', { indices });
    const hidden = await ask('GET /docs/_doc/1', undefined, basic('alice', 'alice-password'));
    expect(reasonOf(hidden)).toContain('unable to find script [all] in cluster state');
    const mapping = { role_templates: [{ template: { id: 'all' } }], enabled: true, rules: { any: [] } };
    const refused = await ask('PUT /_security/role_mapping/m', mapping);
    expect(reasonOf(refused)).toContain('unable to find script [all] in cluster state');
  },

  'Writes to a cluster that has just started': async () => {
    const { ask, cluster } = await start();
    cluster('just started');
    expect((await ask('PUT /docs/_doc/1', {})).status).toBe(503);
  },

  Disks: async () => {
    const { ask, close } = await start({ seed: 'the same' });
    await ask('PUT /docs/_doc/1', {});
    await close();
    const again = await start({ seed: 'the same' });
    expect((await again.ask('GET /docs/_count')).status).toBe(404);
  },
};
