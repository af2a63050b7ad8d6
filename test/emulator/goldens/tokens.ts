/** Golden exchanges with the token service. */

import { expect } from 'vitest';
import { bearer } from '../../support/http-client.js';
import { errorBody, expectAnswer, isSince } from '../cluster.js';
import {
  expiredAnswer,
  type Golden,
  healthy,
  nothingInvalidated,
  passwordGrant,
  putUser,
  superuser,
  text,
} from './golden.js';

/** The exchanges of this chapter. */
export const tokenGoldens: readonly Golden[] = [
  {
    id: 'G03',
    about: 'client_credentials gives an access token without a refresh token',
    async play(cluster) {
      const body = { grant_type: 'client_credentials' };
      expectAnswer(await cluster.ask('POST /_security/oauth2/token', { body }), {
        status: 200,
        body: {
          access_token: text,
          type: 'Bearer',
          expires_in: 1200,
          authentication: superuser(cluster, 'realm'),
        },
      });
    },
  },
  {
    id: 'G04',
    about: 'the password grant gives a pair and no scope',
    async play(cluster) {
      const body = { grant_type: 'password', username: cluster.username, password: cluster.password };
      const response = await cluster.ask('POST /_security/oauth2/token', { body });
      expectAnswer(response, {
        status: 200,
        body: {
          access_token: text,
          type: 'Bearer',
          expires_in: 1200,
          refresh_token: text,
          authentication: superuser(cluster, 'realm'),
        },
      });
    },
  },
  {
    id: 'G04',
    about: 'a pair has the form of the release, and shares its last eight bytes',
    since: [8, 10],
    async play(cluster) {
      const pair = await passwordGrant(cluster, cluster.username, cluster.password);
      for (const token of [pair.access_token, pair.refresh_token]) {
        // Recorded: 9.5 has nothing behind the random bytes, 8.10 three empty ones.
        expect(token).toMatch(cluster.version[0] < 9 ? /^[A-Za-z0-9+/]{39}AAAA=$/ : /^[A-Za-z0-9+/]{39}=$/);
      }
      const [access, refresh] = [pair.access_token, pair.refresh_token].map((token) =>
        Buffer.from(token, 'base64'),
      );
      expect(access?.subarray(21, 29)).toEqual(refresh?.subarray(21, 29));
      expect(access?.subarray(5, 21)).not.toEqual(refresh?.subarray(5, 21));
    },
  },
  {
    id: 'G04',
    about: 'before 8.10 a token has 36 characters around a name of 22',
    until: [8, 10],
    async play(cluster) {
      const pair = await passwordGrant(cluster, cluster.username, cluster.password);
      for (const token of [pair.access_token, pair.refresh_token]) {
        expect(token).toMatch(/^[A-Za-z0-9+/]{36}$/);
        expect(Buffer.from(token, 'base64').subarray(5).toString()).toMatch(/^[\w-]{22}$/);
      }
    },
  },
  {
    id: 'G05',
    about: 'a refresh gives another pair, and says that a token was presented',
    async play(cluster) {
      const pair = await passwordGrant(cluster, cluster.username, cluster.password);
      const response = await cluster.ask('POST /_security/oauth2/token', {
        headers: bearer(pair.access_token),
        body: { grant_type: 'refresh_token', refresh_token: pair.refresh_token },
      });
      expectAnswer(response, {
        status: 200,
        body: {
          access_token: text,
          type: 'Bearer',
          expires_in: 1200,
          refresh_token: text,
          authentication: superuser(cluster, 'token'),
        },
      });
      expect(response.json.access_token).not.toBe(pair.access_token);
      expect(response.json.refresh_token).not.toBe(pair.refresh_token);
    },
  },
  {
    id: 'G06',
    about: 'an access token is its user',
    async play(cluster) {
      const user = { password: 'x-pack-test-password', roles: ['superuser'], full_name: 'Token User' };
      await putUser(cluster, 'token_user', user);
      const pair = await passwordGrant(cluster, 'token_user', 'x-pack-test-password');
      const realm = { name: 'default_native', type: 'native' };
      expectAnswer(
        await cluster.ask('GET /_security/_authenticate', { headers: bearer(pair.access_token) }),
        {
          status: 200,
          body: {
            username: 'token_user',
            roles: ['superuser'],
            full_name: 'Token User',
            email: null,
            ...(isSince(cluster.version, [9, 4]) && { token: { managed_by: 'elasticsearch' } }),
            metadata: {},
            enabled: true,
            authentication_realm: realm,
            lookup_realm: realm,
            authentication_type: 'token',
          },
        },
      );
    },
  },
  {
    id: 'G07',
    about: 'a token can invalidate itself',
    async play(cluster) {
      const { access_token: token } = await passwordGrant(cluster, cluster.username, cluster.password);
      const response = await cluster.ask('DELETE /_security/oauth2/token', {
        headers: bearer(token),
        body: { token },
      });
      expectAnswer(response, { status: 200, body: { ...nothingInvalidated, invalidated_tokens: 1 } });
      const again = await cluster.ask('DELETE /_security/oauth2/token', { body: { token } });
      expectAnswer(again, { status: 200, body: { ...nothingInvalidated, previously_invalidated_tokens: 1 } });
    },
  },
  {
    id: 'G08',
    about: 'an invalidated token is called expired',
    async play(cluster) {
      const { access_token: token } = await passwordGrant(cluster, cluster.username, cluster.password);
      await cluster.ask('DELETE /_security/oauth2/token', { body: { token } });
      expectAnswer(
        await cluster.ask('GET /_cluster/health?pretty', { headers: bearer(token) }),
        expiredAnswer,
      );
    },
  },
  {
    id: 'G08',
    about: 'a token expires when its time is over, and not before',
    emulator: {},
    async play(cluster) {
      const { access_token: token } = await passwordGrant(cluster, cluster.username, cluster.password);
      // The clock also runs by itself, so the last second is left out.
      await cluster.advance(1_199_000);
      expect((await cluster.ask('GET /_cluster/health', { headers: bearer(token) })).status).toBe(200);
      await cluster.advance(1_001);
      expectAnswer(await cluster.ask('GET /_cluster/health', { headers: bearer(token) }), expiredAnswer);
    },
  },
  {
    id: 'G09',
    about: 'the access token survives its refresh token',
    async play(cluster) {
      const pair = await passwordGrant(cluster, cluster.username, cluster.password);
      const body = { refresh_token: pair.refresh_token };
      const response = await cluster.ask('DELETE /_security/oauth2/token', { body });
      expectAnswer(response, { status: 200, body: { ...nothingInvalidated, invalidated_tokens: 1 } });
      const health = await cluster.ask('GET /_cluster/health', { headers: bearer(pair.access_token) });
      expectAnswer(health, { status: 200, body: healthy(cluster) });
    },
  },
  {
    id: 'G10',
    about: 'an invalidated refresh token is refused with 400',
    async play(cluster) {
      const { refresh_token } = await passwordGrant(cluster, cluster.username, cluster.password);
      await cluster.ask('DELETE /_security/oauth2/token', { body: { refresh_token } });
      const body = { grant_type: 'refresh_token', refresh_token };
      expectAnswer(await cluster.ask('POST /_security/oauth2/token', { body }), {
        status: 400,
        body: { error: 'invalid_grant', error_description: 'token has been invalidated' },
      });
    },
  },
  ...(['username', 'realm_name'] as const).map(
    (field): Golden => ({
      id: field === 'username' ? 'G11' : 'G12',
      about: `invalidating by ${field} counts both tokens of a pair`,
      // A realm is shared with whoever else uses the cluster.
      ...(field === 'realm_name' && { emulator: {} }),
      async play(cluster) {
        await putUser(cluster, 'token_user', { password: 'x-pack-test-password', roles: ['superuser'] });
        // Another exchange may have left tokens of this user behind.
        await cluster.ask('DELETE /_security/oauth2/token', { body: { username: 'token_user' } });
        const pair = await passwordGrant(cluster, 'token_user', 'x-pack-test-password');
        const body = field === 'username' ? { username: 'token_user' } : { realm_name: 'default_native' };
        const response = await cluster.ask('DELETE /_security/oauth2/token', { body });
        expectAnswer(response, { status: 200, body: { ...nothingInvalidated, invalidated_tokens: 2 } });
        const headers = bearer(pair.access_token);
        expectAnswer(await cluster.ask('GET /_security/_authenticate', { headers }), expiredAnswer);
        expectAnswer(await cluster.ask('DELETE /_security/oauth2/token', { body }), {
          status: 200,
          body: nothingInvalidated,
        });
      },
    }),
  ),
  ...['token', 'refresh_token'].flatMap((field) =>
    [
      '!this_is_not_a_base64_string_and_we_should_fail_decoding_it',
      '10we+might+assume+this+is+valid+old+token',
      '46ToAxYzNUdPZWdYOFRQcWhjeHR3NWpvTmVB',
    ].map(
      (token): Golden => ({
        id: 'G13',
        about: `an unknown ${field} (${token}) is not found`,
        since: [8, 0],
        async play(cluster) {
          await passwordGrant(cluster, cluster.username, cluster.password);
          const response = await cluster.ask('DELETE /_security/oauth2/token', { body: { [field]: token } });
          expectAnswer(response, { status: 404, body: nothingInvalidated });
        },
      }),
    ),
  ),
  {
    id: 'G14',
    about: 'nothing can be invalidated before any token was made',
    emulator: {},
    async play(cluster) {
      const body = { token: '46ToAxYzNUdPZWdYOFRQcWhjeHR3NWpvTmVB' };
      expectAnswer(await cluster.ask('DELETE /_security/oauth2/token', { body }), {
        status: 400,
        body: errorBody(400, 'security_exception', 'failed to invalidate token'),
      });
    },
  },
  {
    id: 'G56',
    about: 'the token service needs a licence',
    emulator: { license: 'basic' },
    async play(cluster) {
      const body = { grant_type: 'client_credentials' };
      const reason = 'current license is non-compliant for [security tokens]';
      expectAnswer(await cluster.ask('POST /_security/oauth2/token', { body }), {
        status: 403,
        body: errorBody(403, 'security_exception', reason, { 'license.expired.feature': 'security tokens' }),
      });
    },
  },
  {
    id: 'G58',
    about: 'an unknown grant',
    async play(cluster) {
      const response = await cluster.ask('POST /_security/oauth2/token', { body: { grant_type: 'foo' } });
      const listed =
        /^Validation Failed: 1: grant_type only supports the values: \[[a-z_]+(, [a-z_]+){3}\];$/;
      expectAnswer(response, {
        status: 400,
        body: { error: 'unsupported_grant_type', error_description: expect.stringMatching(listed) },
      });
    },
  },
  {
    id: 'G58',
    about: 'a grant without its fields',
    async play(cluster) {
      const response = await cluster.ask('POST /_security/oauth2/token', {
        body: { grant_type: 'password', username: 'u' },
      });
      expectAnswer(response, {
        status: 400,
        body: { error: 'invalid_request', error_description: 'Validation Failed: 1: password is missing;' },
      });
    },
  },
  {
    id: 'G60',
    about: 'a refresh token gives the same pair for thirty seconds, and nothing after that',
    emulator: {},
    async play(cluster) {
      const { refresh_token } = await passwordGrant(cluster, cluster.username, cluster.password);
      const refresh = () =>
        cluster.ask('POST /_security/oauth2/token', { body: { grant_type: 'refresh_token', refresh_token } });
      const first = await refresh();
      await cluster.advance(10_000);
      const second = await refresh();
      expect(second.status).toBe(200);
      expect(second.json).toEqual(first.json);
      await cluster.advance(21_000);
      expectAnswer(await refresh(), {
        status: 400,
        body: {
          error: 'invalid_grant',
          error_description: 'token has already been refreshed more than 30 seconds in the past',
        },
      });
    },
  },
];
