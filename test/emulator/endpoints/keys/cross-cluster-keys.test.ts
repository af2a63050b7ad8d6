/** API keys that other clusters sign in with. */

import { describe, expect, test } from 'vitest';
import { apiKey } from '../../../support/http-client.js';
import { emulated, errorBody, expectAnswer } from '../../cluster.js';
import { alice, cluster, create, read, startCluster } from './owners.js';

startCluster();

describe('a cross-cluster key', () => {
  const access = { search: [{ names: ['a'] }] };
  const make = (headers: object = cluster.admin) =>
    cluster.ask('POST /_security/cross_cluster/api_key', {
      headers: { ...headers },
      body: { name: 'k', access },
    });

  test('is not made with a key', async () => {
    const { encoded } = await create(cluster.admin, { name: 'k' });
    const reason =
      'authentication via API key not supported: An API key cannot be used to create a cross-cluster API key';
    expectAnswer(await make(apiKey(encoded)), {
      status: 400,
      body: errorBody(400, 'illegal_argument_exception', reason),
    });
  });

  test('needs the privilege for all of security, and a licence', async () => {
    expect((await make(alice)).json.error.reason).toBe(
      'action [cluster:admin/xpack/security/cross_cluster/api_key/create] is unauthorized for user [alice] with effective roles [owner], this action is granted by the cluster privileges [manage_security,all]',
    );
    const basicLicense = await emulated({ license: 'basic' });
    const body = { name: 'k', access };
    const response = await basicLicense.ask('POST /_security/cross_cluster/api_key', { body });
    expect([response.status, response.json.error.reason]).toEqual([
      403,
      'current license is non-compliant for [advanced-remote-cluster-security]',
    ]);
    await basicLicense.close();
  });

  test('may name the certificate of its user from 9.3 on', async () => {
    const body = { name: 'k', access, certificate_identity: 'CN=other' };
    const { id } = (await cluster.ask('POST /_security/cross_cluster/api_key', { body })).json;
    expect((await read(id)).certificate_identity).toBe('CN=other');
    const older = await emulated({ version: '9.2' });
    const response = await older.ask('POST /_security/cross_cluster/api_key', { body });
    expect(response.json.error.reason).toMatch(/unknown field \[certificate_identity\]$/);
    await older.close();
  });
});
