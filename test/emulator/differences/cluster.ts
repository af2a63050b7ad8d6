/** What is different about the node and the cluster, and what happens to them by itself. */

import { startEmulator } from '@esauth/emulator';
import { expect, onTestFinished } from 'vitest';
import { apiKey, basic, send } from '../../support/http-client.js';
import { admin, type Differences, start } from './difference.js';

const day = 86_400_000;

export const clusterDifferences: Differences = {
  Overload: async () => {
    const { ask } = await start();
    const keys: string[] = [];
    while (keys.length < 1_500) {
      const body = { name: 'k', role_descriptors: {} };
      const some = await Promise.all(Array.from({ length: 100 }, () => ask('PUT /_security/api_key', body)));
      keys.push(...some.map(({ json }) => json.encoded));
    }
    // Of keys that are new to it, a node of Elasticsearch lets a thousand wait, and refuses the next (429).
    const answers = await Promise.all(keys.map((encoded) => ask('GET /', undefined, apiKey(encoded))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  },

  '`_nodes`': async () => {
    const { ask } = await start();
    const { nodes } = (await ask('GET /_nodes')).json;
    const [node = {}] = Object.values(nodes) as object[];
    for (const section of ['os', 'process', 'jvm', 'thread_pool', 'transport', 'plugins', 'ingest']) {
      expect(node).not.toHaveProperty(section);
    }
    const settings = JSON.stringify((await ask('GET /_nodes/settings')).json);
    expect(settings).not.toContain('"path"');
  },

  '`_ssl/certificates`': async () => {
    const emulator = await startEmulator({ tls: true });
    onTestFinished(() => emulator.close());
    const options = { headers: admin, ca: emulator.ca };
    expect((await send(`${emulator.url}/_ssl/certificates`, options)).json).toEqual([]);
  },

  '`_cat/health`': async () => {
    const { ask } = await start();
    const { header } = await ask('GET /_cat/health', undefined, { ...admin, accept: 'application/json' });
    expect(header('content-type')[0]).toMatch(/^text\/plain/);
  },

  '`_security/stats`': async () => {
    const { ask } = await start({ users: { alice: { password: 'alice-password', roles: ['some'] } } });
    await ask('PUT /docs/_doc/1', { n: 1 });
    const query = '{"term":{"n":1}}';
    const indices = [{ names: ['docs'], privileges: ['read'], query }];
    await ask('PUT /_security/role/some', { indices });
    const found = await ask('GET /docs/_count', undefined, basic('alice', 'alice-password'));
    expect(found.json.count).toBe(1);
    const { nodes } = (await ask('GET /_security/stats')).json;
    // Elasticsearch has looked for what the role hides, and keeps it.
    const [node] = Object.values(nodes);
    expect(node).toMatchObject({ roles: { dls: { bit_set_cache: { count: 0, misses: 0 } } } });
  },

  'Trial licences': async () => {
    const { ask, clock } = await start();
    const grant = { grant_type: 'client_credentials' };
    // In the last week of thirty days, and when they are over.
    for (const days of [25, 10]) {
      await clock.advance(days * day);
      const { status, header } = await ask('POST /_security/oauth2/token', grant);
      expect([status, header('warning')]).toEqual([200, []]);
    }
    expect((await ask('GET /_license')).json.license.status).toBe('active');
  },

  'Jobs that clean up': async () => {
    const { ask, clock } = await start();
    const { id } = (await ask('PUT /_security/api_key', { name: 'k', expiration: '1d' })).json;
    const isThere = async () => (await ask(`GET /_security/api_key?id=${id}`)).status === 200;
    await clock.advance(8 * day - 60_000);
    expect(await isThere()).toBe(true);
    await clock.advance(120_000);
    // Nobody has come to remove it.
    expect(await isThere()).toBe(false);
  },
};
