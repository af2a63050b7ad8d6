/** A cluster without security: nobody is asked who he is, and everybody may do everything. */

import { describe, expect, test } from 'vitest';
import { basic } from '../../support/http-client.js';
import { type Cluster, emulated } from '../cluster.js';

describe.each(['7.17', '9.5'])('in %s', (version) => {
  const open = (): Promise<Cluster> => emulated({ version, security: false });

  test('documents are for everybody, whatever he presents', async () => {
    const cluster = await open();
    const put = await cluster.ask('PUT /docs/_doc/1', { headers: {}, body: { a: 1 } });
    expect(put.status).toBe(201);
    for (const headers of [{}, basic('nobody', 'wrong'), { authorization: 'ApiKey abc' }]) {
      const found = await cluster.ask('GET /docs/_doc/1', { headers });
      expect(found.json._source).toEqual({ a: 1 });
    }
    await cluster.close();
  });

  test('there is nothing to manage', async () => {
    const cluster = await open();
    const paths = ['/_security/_authenticate', '/_security/realm/*/_clear_cache', '/_xpack/security/user'];
    for (const path of paths) {
      const { status, json } = await cluster.ask(`POST ${path}`, { headers: {} });
      const error = `no handler found for uri [${path}] and method [POST]`;
      expect({ status, json }).toEqual({ status: 400, json: { error } });
    }
    const { features } = (await cluster.ask('GET /_xpack', { headers: {} })).json;
    expect(features.security).toEqual({ available: true, enabled: false });
    await cluster.close();
  });
});
