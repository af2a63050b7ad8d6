/** What shows that a cluster has never stored anything, and what else is where API keys are looked for. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiKey, bearer } from '../../support/http-client.js';
import { type Cluster, emulated, expectAnswer, notAccepted, unauthorized } from '../cluster.js';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await emulated();
});
afterEach(() => cluster.close());

const keyOf = (id: string) => apiKey(Buffer.from(`${id}:some secret`).toString('base64'));
const ask = (headers: object) => cluster.ask('GET /_security/_authenticate', { headers: { ...headers } });
const failed = (id: string) =>
  notAccepted(cluster.version, `API key: apikey authentication for id ${id} encountered a failure`);
const unknown = (id: string) => notAccepted(cluster.version, `API key: unable to find apikey with id ${id}`);

describe('before anything was stored', () => {
  test.each<[string, object]>([
    ['user/alice', { password: 'password', roles: [] }],
    ['user/elastic/_password', { password: 'changeme' }],
    ['role/r', {}],
    ['role_mapping/m', { roles: ['r'], enabled: true, rules: { field: { username: 'a' } } }],
    ['privilege', { myapp: { read: { actions: ['data:read/*'] } } }],
    ['api_key', { name: 'k' }],
    ['service/elastic/kibana/credential/token/t', {}],
  ])('an unknown key fails until there is %s', async (path, body) => {
    expectAnswer(await ask(keyOf('nobody')), failed('nobody'));
    const isEmpty = Object.keys(body).length === 0 && path.startsWith('service');
    await cluster.ask(`PUT /_security/${path}`, isEmpty ? {} : { body });
    expectAnswer(await ask(keyOf('nobody')), unknown('nobody'));
  });

  test('tokens are none of that', async () => {
    await cluster.ask('POST /_security/oauth2/token', { body: { grant_type: 'client_credentials' } });
    expectAnswer(await ask(keyOf('nobody')), failed('nobody'));
  });

  test('a service token fails too, if there could be such a one', async () => {
    const token = (content: string) =>
      bearer(Buffer.concat([Buffer.from([0, 1, 0, 1]), Buffer.from(content)]).toString('base64url'));
    const response = await ask(token('elastic/kibana/t:a secret that is long'));
    expect([response.status, response.json.error.reason, response.json.error.caused_by.reason]).toEqual([
      401,
      'error attempting to authenticate request',
      'no such index [.security]',
    ]);
    for (const content of ['elastic/kibana/t:short', 'elastic/nobody/t:a secret that is long']) {
      const [account] = content.split('/t:');
      const reason = `failed to authenticate service account [${account}] with token name [t]`;
      expectAnswer(await ask(token(content)), unauthorized(cluster.version, reason));
    }
  });
});

test('what has the id of something else fails', async () => {
  const body = { password: 'password', roles: [] };
  await cluster.ask('PUT /_security/user/alice', { body });
  await cluster.ask('PUT /_security/role/r', { body: {} });
  await cluster.ask('PUT /_security/user/elastic/_password', { body: { password: cluster.password } });
  const rules = { field: { username: 'a' } };
  await cluster.ask('PUT /_security/role_mapping/m', { body: { roles: ['r'], enabled: true, rules } });
  await cluster.ask('POST /_security/service/elastic/kibana/credential/token/t');
  const ids = [
    'user-alice',
    'reserved-user-elastic',
    'role-r',
    'role-superuser',
    'role-mapping_m',
    'service_account_token-elastic/kibana/t',
  ];
  for (const id of ids) expectAnswer(await ask(keyOf(id)), failed(id));
  for (const id of ['user-bob', 'reserved-user-kibana', 'role-nothing', 'role-mapping_r', 'alice']) {
    expectAnswer(await ask(keyOf(id)), unknown(id));
  }
});
