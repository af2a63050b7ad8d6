/** Golden exchanges about users. */

import { expect } from 'vitest';
import { basic } from '../../support/http-client.js';
import { errorBody, expectAnswer } from '../cluster.js';
import { type Golden, putUser } from './golden.js';

/** The exchanges of this chapter. */
export const userGoldens: readonly Golden[] = [
  {
    id: 'G47',
    about: 'a new user needs a password',
    async play(cluster) {
      const body = { roles: ['superuser'] };
      const reason =
        'Validation Failed: 1: password must be specified unless you are updating an existing user;';
      expectAnswer(await cluster.ask('PUT /_security/user/no_password_user', { body }), {
        status: 400,
        body: errorBody(400, 'validation_exception', reason),
      });
    },
  },
  {
    id: 'G48',
    about: 'a user that is not there',
    async play(cluster) {
      expectAnswer(await cluster.ask('GET /_security/user/foo'), { status: 404, body: {} });
    },
  },
  {
    id: 'G28',
    about: 'a disabled user can be enabled again',
    async play(cluster) {
      await putUser(cluster, 'juan', { password: 's3krit-password', roles: ['superuser'] });
      const headers = { authorization: 'Basic anVhbjpzM2tyaXQtcGFzc3dvcmQ=' };
      for (const [path, status] of [
        ['_disable', 401],
        ['_enable', 200],
      ] as const) {
        expectAnswer(await cluster.ask(`PUT /_security/user/juan/${path}`), { status: 200, body: {} });
        expect((await cluster.ask('GET /_cluster/health', { headers })).status).toBe(status);
      }
    },
  },
  {
    id: 'G29',
    about: 'a changed password is the only one that counts',
    async play(cluster) {
      await putUser(cluster, 'joe', { password: 's3krit-password', roles: ['superuser'] });
      const body = { password: 's3krit-password2' };
      expectAnswer(await cluster.ask('PUT /_security/user/joe/_password', { body }), {
        status: 200,
        body: {},
      });
      const old = await cluster.ask('GET /_cluster/health', { headers: basic('joe', 's3krit-password') });
      expect(old.status).toBe(401);
      const headers = { authorization: 'Basic am9lOnMza3JpdC1wYXNzd29yZDI=' };
      expect((await cluster.ask('GET /_cluster/health', { headers })).status).toBe(200);
    },
  },
];
