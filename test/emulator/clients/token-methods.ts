/** Who one is, and tokens. */

import { expect } from 'vitest';
import { type MethodCase, someText } from './method.js';

const elastic = {
  username: 'elastic',
  roles: ['superuser'],
  full_name: null,
  email: null,
  metadata: { _reserved: true },
  enabled: true,
  authentication_realm: { name: 'reserved', type: 'reserved' },
  lookup_realm: { name: 'reserved', type: 'reserved' },
};

const issued = {
  access_token: expect.stringMatching(/^[A-Za-z0-9+/]{39}(?:[A-Za-z0-9+/]{4})?=$/),
  type: 'Bearer',
  expires_in: 1200,
};
const byPassword = { grant_type: 'password', username: 'elastic', password: 'changeme' };

/** The calls of this chapter. */
export const tokenCases: readonly MethodCase[] = [
  {
    method: 'authenticate',
    about: 'by password',
    answers: { ...elastic, authentication_type: 'realm' },
  },
  {
    method: 'getToken',
    about: 'with a password',
    given: () => byPassword,
    answers: {
      ...issued,
      refresh_token: someText,
      authentication: { ...elastic, authentication_type: 'realm' },
    },
  },
  {
    method: 'getToken',
    about: 'for oneself',
    given: () => ({ grant_type: 'client_credentials', scope: 'full' }),
    answers: { ...issued, scope: 'full', authentication: { ...elastic, authentication_type: 'realm' } },
  },
  {
    method: 'getToken',
    about: 'with a refresh token',
    given: async ({ call }) => {
      const { refresh_token } = await call('getToken', byPassword);
      return { grant_type: 'refresh_token', refresh_token };
    },
    answers: {
      ...issued,
      refresh_token: someText,
      authentication: expect.objectContaining({ ...elastic, authentication_type: 'token' }),
    },
  },
  {
    method: 'getToken',
    about: 'with a Kerberos ticket',
    given: () => ({ grant_type: '_kerberos', kerberos_ticket: 'dGlja2V0' }),
    answers: {
      ...issued,
      refresh_token: someText,
      kerberos_authentication_response_token: 'bXV0dWFs',
      authentication: expect.objectContaining({ username: 'alice@EXAMPLE', authentication_type: 'realm' }),
    },
  },
  {
    method: 'getToken',
    about: 'with a wrong password',
    given: () => ({ ...byPassword, password: 'wrong-password' }),
    status: 401,
    answers: {
      error: expect.objectContaining({ type: 'security_exception' }),
      status: 401,
    },
  },
  {
    method: 'getToken',
    about: 'with an unknown refresh token',
    given: () => ({ grant_type: 'refresh_token', refresh_token: 'unknown' }),
    status: 400,
    answers: { error: 'invalid_grant', error_description: 'could not refresh the requested token' },
  },
  {
    method: 'getToken',
    about: 'with a misspelt parameter',
    given: () => ({ grant_type: 'client_credentials', scpoe: 'full' }),
    status: 400,
    // The older client puts it into the query, the newer one into the body.
    answers: {
      error: expect.objectContaining({
        reason: expect.stringMatching(/contains unrecognized parameter: \[scpoe\]|unknown field \[scpoe\]/),
      }),
      status: 400,
    },
  },
  {
    method: 'invalidateToken',
    about: 'an access token',
    given: async ({ call }) => ({ token: (await call('getToken', byPassword)).access_token }),
    answers: { invalidated_tokens: 1, previously_invalidated_tokens: 0, error_count: 0 },
  },
  {
    method: 'invalidateToken',
    about: 'a refresh token',
    given: async ({ call }) => ({ refresh_token: (await call('getToken', byPassword)).refresh_token }),
    answers: { invalidated_tokens: 1, previously_invalidated_tokens: 0, error_count: 0 },
  },
  {
    method: 'invalidateToken',
    about: 'all of a user in a realm',
    given: async ({ call }) => {
      await call('getToken', byPassword);
      return { username: 'elastic', realm_name: 'reserved' };
    },
    answers: { invalidated_tokens: 2, previously_invalidated_tokens: 0, error_count: 0 },
  },
  {
    method: 'invalidateToken',
    about: 'an unknown one',
    given: async ({ call }) => {
      await call('getToken', byPassword);
      return { token: 'unknown' };
    },
    status: 404,
    answers: { invalidated_tokens: 0, previously_invalidated_tokens: 0, error_count: 0 },
  },
];
