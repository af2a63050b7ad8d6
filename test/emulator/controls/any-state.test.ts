/**
 * Generated histories of a cluster: whatever it was ill with, and in whatever order it was mended, it is well again.
 */

import { type ClusterState, startEmulator } from '@esauth/emulator';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apiKey, basic, bearer, send } from '../../support/http-client.js';

const states: readonly ClusterState[] = [
  'security index closed',
  'security index lost',
  'security index read-blocked',
  'security index write-blocked',
  'tokens index lost',
  'crypto pool full',
  'just started',
  'licence expired',
];
// Those that wait for nothing: what is stored is kept waiting for a minute where an index is lost.
const lines = [
  'GET /_security/_authenticate',
  'GET /_security/user',
  'GET /_security/user/alice',
  'GET /_security/api_key',
  'POST /_security/_query/api_key',
  'GET /_security/role/nosuch',
  'GET /_security/privilege',
  'GET /_security/service/elastic/kibana/credential',
  'GET /_security/user/_privileges',
  'GET /_cluster/health',
  'GET /_cat/health?format=json',
  'GET /_license',
  'GET /docs/_search',
  'GET /docs/_doc/1',
  'DELETE /_security/user/nobody',
];

type Step =
  | { readonly enter: ClusterState }
  | { readonly mend: number }
  | { readonly line: string; readonly as: number };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ enter: fc.constantFrom(...states) }),
    fc.record({ mend: fc.nat(9) }),
    fc.record({ line: fc.constantFrom(...lines), as: fc.nat(4) }),
  ),
  { maxLength: 30 },
);

test('a cluster that has been mended is as it was', { timeout: 120_000 }, async () => {
  const emulator = await startEmulator({ users: { alice: { password: 'password', roles: ['superuser'] } } });
  const admin = basic('elastic', 'changeme');
  const ask = (line: string, headers: Readonly<Record<string, string>>, body?: object) => {
    const [method = '', path = ''] = line.split(' ');
    return send(emulator.url + path, { method, headers, body });
  };
  const make = async (line: string, body: object) => (await ask(line, admin, body)).json;
  const key = await make('PUT /_security/api_key', { name: 'k' });
  const pair = await make('POST /_security/oauth2/token', { grant_type: 'client_credentials' });
  await make('PUT /docs/_doc/1', { a: 1 });
  const callers = [
    admin,
    basic('alice', 'password'),
    apiKey(key.encoded),
    bearer(pair.access_token),
    {} as Record<string, string>,
  ];
  const all = async () => {
    const told: string[] = [];
    for (const headers of callers) {
      for (const line of lines) {
        const { status, text } = await ask(line, headers);
        told.push(`${line}: ${status} ${text.replace(/"(took|timestamp|epoch)":"?[\d:]+"?/g, '')}`);
      }
    }
    return told;
  };
  const well = await all();
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const mends: (() => void)[] = [];
      for (const step of history) {
        if ('enter' in step) mends.push(emulator.cluster(step.enter));
        else if ('mend' in step) mends[step.mend]?.();
        else {
          const { status, json, header } = await ask(step.line, callers[step.as] ?? {});
          expect([200, 400, 401, 403, 404, 429, 503]).toContain(status);
          expect(header('x-elastic-product').length).toBe(status === 401 || status === 403 ? 0 : 1);
          if (json.error !== undefined) expect(json.status).toBe(status);
        }
      }
      for (const mend of mends.toReversed()) mend();
      expect(await all()).toEqual(well);
    }),
    { numRuns: 40 },
  );
  await emulator.close();
});
