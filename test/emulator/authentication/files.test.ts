/** Users, roles and service tokens that stand in the files of the node: they count, and nobody can change them. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic, bearer } from '../../support/http-client.js';
import { type Cluster, emulated } from '../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated({
    files: {
      users: {
        filip: { password: 'filip-password', roles: ['reader'] },
        nora: { password: 'in the file', roles: ['reader'] },
      },
      roles: { reader: { cluster: ['monitor'] } },
      serviceTokens: { 'elastic/kibana/k': 'secret of kibana' },
    },
    users: { nora: { password: 'stored', roles: [] }, admin: { password: 'password', roles: ['superuser'] } },
  });
});
afterAll(() => cluster.close());

const filip = basic('filip', 'filip-password');
const me = async (headers: object) =>
  (await cluster.ask('GET /_security/_authenticate', { headers: { ...headers } })).json;

describe('a user', () => {
  test('is in the realm of the file, with roles of which some may be in a file too', async () => {
    const realm = { name: 'default_file', type: 'file' };
    expect(await me(filip)).toMatchObject({
      username: 'filip',
      roles: ['reader'],
      authentication_realm: realm,
      lookup_realm: realm,
    });
    expect((await cluster.ask('GET /_cluster/health', { headers: filip })).status).toBe(200);
    const denied = await cluster.ask('GET /_security/user', { headers: filip });
    expect(denied.json.error.reason).toContain('for user [filip] with effective roles [reader],');
  });

  test('can be run as', async () => {
    const headers = { ...cluster.admin, 'es-security-runas-user': 'filip' };
    expect((await me(headers)).lookup_realm.name).toBe('default_file');
  });

  test('is looked for in the file first, and in the native realm with another password', async () => {
    expect((await me(basic('nora', 'in the file'))).authentication_realm.type).toBe('file');
    expect((await me(basic('nora', 'stored'))).authentication_realm.type).toBe('native');
    expect((await me(basic('nora', 'neither'))).status).toBe(401);
    const asNora = { ...cluster.admin, 'es-security-runas-user': 'nora' };
    expect((await me(asNora)).lookup_realm.type).toBe('file');
  });

  test('is not shown and can not be changed', async () => {
    expect((await cluster.ask('GET /_security/user/filip')).status).toBe(404);
    expect(Object.keys((await cluster.ask('GET /_security/user')).json)).not.toContain('filip');
    const body = { password: 'another password' };
    for (const headers of [filip, cluster.admin]) {
      const response = await cluster.ask('PUT /_security/user/filip/_password', { headers, body });
      expect(response.status).toBe(headers === filip ? 403 : 400);
    }
    expect((await cluster.ask('PUT /_security/user/filip/_disable')).status).toBe(400);
  });
});

test('a role is not shown', async () => {
  expect((await cluster.ask('GET /_security/role/reader')).status).toBe(404);
  expect(Object.keys((await cluster.ask('GET /_security/role')).json)).not.toContain('reader');
});

test('a service token is accepted, and can not be deleted', async () => {
  const head = Buffer.from([0, 1, 0, 1]);
  const token = (secret: string) =>
    bearer(Buffer.concat([head, Buffer.from(`elastic/kibana/k:${secret}`)]).toString('base64url'));
  expect((await me(token('secret of kibana'))).token).toMatchObject({
    name: 'k',
    type: '_service_account_file',
  });
  expect((await me(token('another one of it'))).status).toBe(401);
  const path = '/_security/service/elastic/kibana/credential';
  expect((await cluster.ask(`DELETE ${path}/token/k`)).status).toBe(404);
  expect((await cluster.ask(`GET ${path}`)).json).toMatchObject({
    count: 1,
    tokens: {},
    nodes_credentials: { file_tokens: { k: { nodes: [expect.any(String)] } } },
  });
});
