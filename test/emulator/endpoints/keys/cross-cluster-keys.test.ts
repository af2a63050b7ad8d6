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

  test('loses that name when it is set to null, and keeps it otherwise', async () => {
    const body = { name: 'k', access, certificate_identity: 'CN=other' };
    const { id } = (await cluster.ask('POST /_security/cross_cluster/api_key', { body })).json;
    const update = async (body: object) =>
      (await cluster.ask(`PUT /_security/cross_cluster/api_key/${id}`, { body })).json;
    expect(await update({ metadata: { a: 1 } })).toEqual({ updated: true });
    expect((await read(id)).certificate_identity).toBe('CN=other');
    expect(await update({ certificate_identity: null })).toEqual({ updated: true });
    expect(await read(id)).not.toHaveProperty('certificate_identity');
    expect(await update({ certificate_identity: null })).toEqual({ updated: false });
    expect((await update({ certificate_identity: '[' })).error.caused_by.reason).toBe(
      'Invalid certificate_identity format: [[]. Must be a valid regex.',
    );
  });

  test('may look up what enriches documents from 8.15 on', async () => {
    for (const [version, cluster] of [
      ['8.14', ['cross_cluster_search']],
      ['8.15', ['cross_cluster_search', 'monitor_enrich']],
    ] as const) {
      const other = await emulated({ version });
      const { id } = (
        await other.ask('POST /_security/cross_cluster/api_key', { body: { name: 'k', access } })
      ).json;
      const shown = (await other.ask(`GET /_security/api_key?id=${id}`)).json.api_keys[0];
      expect(shown.role_descriptors.cross_cluster.cluster).toEqual(cluster);
      await other.close();
    }
  });

  test('can not be for replication too if it hides something from searches, from 8.14 on', async () => {
    const hiding = { search: [{ names: ['a'], query: '{"match_all":{}}' }], replication: [{ names: ['a'] }] };
    for (const [version, status] of [
      ['8.13', 200],
      ['8.14', 400],
    ] as const) {
      const other = await emulated({ version });
      const body = { name: 'k', access: hiding };
      expect((await other.ask('POST /_security/cross_cluster/api_key', { body })).status).toBe(status);
      await other.close();
    }
  });
});
