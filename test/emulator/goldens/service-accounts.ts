/** Golden exchanges about service accounts. */

import { expect } from 'vitest';
import { bearer } from '../../support/http-client.js';
import { type Cluster, errorBody, expectAnswer, isSince } from '../cluster.js';
import { type Golden, number } from './golden.js';

const token = '/_security/service/elastic/fleet-server/credential/token';

/** A token of the fleet server, whether or not there was one of that name. */
async function createToken(cluster: Cluster, account: string, name: string): Promise<string> {
  const path = `/_security/service/elastic/${account}/credential/token/${name}`;
  await cluster.ask(`DELETE ${path}`);
  const response = await cluster.ask(`POST ${path}`);
  expectAnswer(response, {
    status: 200,
    body: {
      created: true,
      token: { name, value: expect.stringMatching(/^AAEAAWVsYXN0aWMv[A-Za-z0-9+/]+$/) },
    },
  });
  return response.json.token.value;
}

/** The exchanges of this chapter. */
export const serviceAccountGoldens: readonly Golden[] = [
  {
    id: 'G41',
    about: 'a service token is its account',
    async play(cluster) {
      const value = await createToken(cluster, 'fleet-server', 'token1');
      const realm = { name: '_service_account', type: '_service_account' };
      const managed = isSince(cluster.version, [9, 4]) ? { managed_by: 'elasticsearch' } : {};
      expectAnswer(await cluster.ask('GET /_security/_authenticate', { headers: bearer(value) }), {
        status: 200,
        body: {
          username: 'elastic/fleet-server',
          roles: [],
          full_name: 'Service account - elastic/fleet-server',
          email: null,
          metadata: { _elastic_service_account: true },
          enabled: true,
          authentication_realm: realm,
          lookup_realm: realm,
          authentication_type: 'token',
          token: { type: '_service_account_index', name: 'token1', ...managed },
        },
      });
    },
  },
  {
    id: 'G42',
    about: 'a service account that lacks a privilege',
    async play(cluster) {
      const headers = bearer(await createToken(cluster, 'fleet-server', 'token1'));
      const who = expect.stringMatching(
        /^action \[cluster:admin\/xpack\/security\/user\/delete\] is unauthorized for (service account|user) \[elastic\/fleet-server\], this action is granted by the cluster privileges \[manage_security,all\]$/,
      );
      expectAnswer(await cluster.ask('DELETE /_security/user/foo', { headers }), {
        status: 403,
        body: errorBody(403, 'security_exception', who),
      });
    },
  },
  {
    id: 'G43',
    about: 'the credentials of a service account',
    async play(cluster) {
      await createToken(cluster, 'fleet-server', 'token1');
      await createToken(cluster, 'fleet-server', 'token42');
      const response = await cluster.ask('GET /_security/service/elastic/fleet-server/credential');
      expect(response.status).toBe(200);
      expect(response.json).toEqual({
        service_account: 'elastic/fleet-server',
        count: number,
        tokens: expect.objectContaining({ token1: {}, token42: {} }),
        nodes_credentials: {
          _nodes: { total: number, successful: number, failed: 0 },
          file_tokens: expect.any(Object),
        },
      });
    },
  },
  {
    id: 'G44',
    about: 'a service token can be deleted once',
    async play(cluster) {
      const value = await createToken(cluster, 'fleet-server', 'token42');
      expectAnswer(await cluster.ask(`DELETE ${token}/token42`), { status: 200, body: { found: true } });
      expect((await cluster.ask('GET /_security/_authenticate', { headers: bearer(value) })).status).toBe(
        401,
      );
      expectAnswer(await cluster.ask(`DELETE ${token}/token42`), { status: 404, body: { found: false } });
    },
  },
  {
    id: 'G49',
    about: 'a service account gets no tokens',
    async play(cluster) {
      const headers = bearer(await createToken(cluster, 'kibana', 'token1'));
      const body = { grant_type: 'client_credentials' };
      const reason = 'OAuth2 token creation is not supported for service accounts';
      expectAnswer(await cluster.ask('POST /_security/oauth2/token', { headers, body }), {
        status: 500,
        body: errorBody(500, 'exception', reason),
      });
    },
  },
];
