/** Golden exchanges about who is calling, and about refused credentials. */

import { expect } from 'vitest';
import { apiKey, basic } from '../../support/http-client.js';
import { expectAnswer, isSince, notAccepted, unauthorized } from '../cluster.js';
import { createApiKey, createCrossClusterKey, type Golden, putUser } from './golden.js';

/** The exchanges of this chapter. */
export const credentialGoldens: readonly Golden[] = [
  {
    id: 'G02',
    about: 'a native user asks who it is',
    async play(cluster) {
      const body = { password: 'x-pack-test-password', roles: ['superuser'], full_name: 'Authenticate User' };
      await putUser(cluster, 'authenticate_user', body);
      const headers = { authorization: 'Basic YXV0aGVudGljYXRlX3VzZXI6eC1wYWNrLXRlc3QtcGFzc3dvcmQ=' };
      const realm = { name: 'default_native', type: 'native' };
      expectAnswer(await cluster.ask('GET /_security/_authenticate', { headers }), {
        status: 200,
        body: {
          username: 'authenticate_user',
          roles: ['superuser'],
          full_name: 'Authenticate User',
          email: null,
          metadata: {},
          enabled: true,
          authentication_realm: realm,
          lookup_realm: realm,
          authentication_type: 'realm',
        },
      });
    },
  },
  {
    id: 'G25',
    about: 'an unknown API key',
    async play(cluster) {
      // Where nothing was ever stored, there is nothing to look for it in.
      await createApiKey(cluster, { name: 'known' });
      const encoded = Buffer.from('ZW6nPIcBf-4jny-WMBds:0000000000000000000000').toString('base64');
      expectAnswer(
        await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) }),
        notAccepted(cluster.version, 'API key: unable to find apikey with id ZW6nPIcBf-4jny-WMBds'),
      );
    },
  },
  {
    id: 'G26',
    about: 'an API key with a wrong secret',
    async play(cluster) {
      const { id } = await createApiKey(cluster, { name: 'wrong' });
      const encoded = Buffer.from(`${id}:0000000000000000000000`).toString('base64');
      const which = isSince(cluster.version, [8, 8]) ? ` for API key [${id}]` : '';
      expectAnswer(
        await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) }),
        notAccepted(cluster.version, `API key: invalid credentials${which}`),
      );
    },
  },
  {
    id: 'G26',
    about: 'an invalidated API key, also with a wrong secret',
    async play(cluster) {
      const { id, encoded } = await createApiKey(cluster, { name: 'gone' });
      await cluster.ask('DELETE /_security/api_key', { body: { ids: [id] } });
      for (const value of [encoded, Buffer.from(`${id}:wrong`).toString('base64')]) {
        expectAnswer(
          await cluster.ask('GET /_security/_authenticate', { headers: apiKey(value) }),
          notAccepted(cluster.version, `API key: api key [${id}] has been invalidated`),
        );
      }
    },
  },
  {
    id: 'G26',
    about: 'an expired API key, from its last millisecond on',
    emulator: {},
    async play(cluster) {
      const { encoded } = await createApiKey(cluster, { name: 'short', expiration: '20s' });
      await cluster.advance(19_000);
      expect((await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) })).status).toBe(
        200,
      );
      await cluster.advance(1_000);
      expectAnswer(
        await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) }),
        notAccepted(cluster.version, 'API key: api key is expired'),
      );
    },
  },
  ...(
    [
      ['dG9v_bad=', 'Illegal base64 character 5f'],
      ['dG9v', 'invalid ApiKey value'],
      [Buffer.from(':secret').toString('base64'), 'invalid ApiKey value'],
    ] as const
  ).map(
    ([value, problem]): Golden => ({
      id: 'G26',
      about: `an API key that can not be read: ${problem}`,
      async play(cluster) {
        expectAnswer(
          await cluster.ask('GET /_security/_authenticate', { headers: apiKey(value) }),
          notAccepted(cluster.version, `API key: ${problem}`),
        );
      },
    }),
  ),
  {
    id: 'G27',
    about: 'no credentials',
    async play(cluster) {
      expectAnswer(
        await cluster.ask('GET /_cluster/health?pretty', { headers: {} }),
        unauthorized(
          cluster.version,
          'missing authentication credentials for REST request [/_cluster/health?pretty]',
        ),
      );
    },
  },
  {
    id: 'G28',
    about: 'a wrong password',
    async play(cluster) {
      expectAnswer(
        await cluster.ask('GET /_cluster/health', { headers: basic(cluster.username, 'not the password') }),
        unauthorized(
          cluster.version,
          'unable to authenticate user [elastic] for REST request [/_cluster/health]',
        ),
      );
    },
  },
  {
    id: 'G28',
    about: 'a disabled user',
    async play(cluster) {
      const user = { password: 's3krit-password', roles: ['superuser'], enabled: false };
      await putUser(cluster, 'juan', user);
      const headers = { authorization: 'Basic anVhbjpzM2tyaXQtcGFzc3dvcmQ=' };
      expectAnswer(
        await cluster.ask('GET /_cluster/health', { headers }),
        unauthorized(
          cluster.version,
          'unable to authenticate user [juan] for REST request [/_cluster/health]',
        ),
      );
    },
  },
  {
    id: 'G30',
    about: 'a cross-cluster key is not for REST',
    since: [8, 10],
    async play(cluster) {
      const { id, encoded } = await createCrossClusterKey(cluster);
      const reason = `authentication expected API key type of [rest], but API key [${id}] has type [cross_cluster]`;
      // Recorded for 9.5: with every challenge, not with that for Basic alone.
      const response = await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) });
      expectAnswer(response, unauthorized(cluster.version, reason));
    },
  },
];
