/** Requests without credentials, where they are allowed: by which name, with which roles, and what they may not. */

import { describe, expect, test } from 'vitest';
import { basic, bearer } from '../../support/http-client.js';
import { type Cluster, emulated, errorBody, expectAnswer, unauthorized } from '../cluster.js';

const roles = { guest: { cluster: ['monitor', 'manage_token'], run_as: ['alice'] } };
const users = { alice: { password: 'password', roles: ['superuser'] } };

async function withCluster(
  options: Parameters<typeof emulated>[0],
  work: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const cluster = await emulated({ anonymousRoles: ['guest'], roles, users, ...options });
  await work(cluster);
  await cluster.close();
}

async function tokenOf(cluster: Cluster, headers: object): Promise<{ authorization: string }> {
  const body = { grant_type: 'client_credentials' };
  const { json } = await cluster.ask('POST /_security/oauth2/token', { headers: { ...headers }, body });
  return bearer(json.access_token);
}

describe('running as somebody else', () => {
  const other = { 'es-security-runas-user': 'alice' };

  // `Authentication.supportsRunAs`; the role would allow it.
  test('is nothing that nobody in particular can, nor a token of his', () =>
    withCluster({}, async (cluster) => {
      const token = await tokenOf(cluster, {});
      for (const headers of [other, { ...token, ...other }]) {
        const { json } = await cluster.ask('GET /_security/_authenticate', { headers });
        expect(json.username).toBe('_anonymous');
      }
    }));

  test('is refused where a key is to be granted with such a token', () =>
    withCluster({}, async (cluster) => {
      const { authorization } = await tokenOf(cluster, {});
      const access_token = authorization.slice('Bearer '.length);
      for (const run_as of ['alice', '_anonymous']) {
        const body = { grant_type: 'access_token', access_token, run_as, api_key: { name: 'k' } };
        expectAnswer(await cluster.ask('POST /_security/api_key/grant', { body }), {
          status: 400,
          body: errorBody(400, 'status_exception', 'the provided grant credentials do not support run-as'),
        });
      }
    }));
});

describe('with another name', () => {
  test('he is called by it', () =>
    withCluster({ anonymousUsername: 'visitor' }, async (cluster) => {
      const me = await cluster.ask('GET /_security/_authenticate', { headers: {} });
      expect(me.json.username).toBe('visitor');
      const denied = await cluster.ask('GET /_security/user', { headers: {} });
      expect(denied.json.error.reason).toContain(
        'is unauthorized for user [visitor] with effective roles [guest]',
      );
    }));

  // `AnonymousUser.isAnonymousUsername`
  test('nobody else can be called so, nor as he would be otherwise', () =>
    withCluster({ anonymousUsername: 'visitor' }, async (cluster) => {
      const body = { password: 'password', roles: [] };
      for (const name of ['visitor', '_anonymous']) {
        const { status, json } = await cluster.ask(`PUT /_security/user/${name}`, { body });
        expect([status, json.error.reason]).toEqual([
          400,
          `Validation Failed: 1: user [${name}] is anonymous and cannot be modified via the API;`,
        ]);
      }
    }));
});

describe('where he is asked to authenticate', () => {
  test('he is, and so is a token of his, but nobody else', () =>
    withCluster({ anonymousAuthzException: false }, async (cluster) => {
      const reason = 'action [cluster:admin/xpack/security/user/get] requires authentication';
      const token = await tokenOf(cluster, {});
      for (const headers of [{}, token]) {
        const response = await cluster.ask('GET /_security/user', { headers });
        expectAnswer(response, unauthorized(cluster.version, reason));
      }
      await cluster.ask('PUT /_security/user/bob', { body: { password: 'password', roles: [] } });
      const bob = await cluster.ask('GET /_security/user', { headers: basic('bob', 'password') });
      expect(bob.status).toBe(403);
    }));
});

test('his roles decide for everybody, and are shown to those who ask who they are', () =>
  withCluster({ users: { carol: { password: 'password', roles: ['gone'] } } }, async (cluster) => {
    const carol = basic('carol', 'password');
    expect((await cluster.ask('GET /_security/_authenticate', { headers: carol })).json.roles).toEqual([
      'gone',
      'guest',
    ]);
    expect((await cluster.ask('GET /_cluster/health', { headers: carol })).status).toBe(200);
    const denied = await cluster.ask('GET /_security/user', { headers: carol });
    expect(denied.json.error.reason).toContain(
      'for user [carol] with effective roles [guest] (assigned roles [gone] were not found)',
    );
  }));
