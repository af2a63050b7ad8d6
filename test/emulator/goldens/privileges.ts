/** Golden exchanges about privilege checks. */

import { apiKey, basic } from '../../support/http-client.js';
import { expectAnswer } from '../cluster.js';
import { createApiKey, type Golden, putUser } from './golden.js';

/** The exchanges of this chapter. */
export const privilegeGoldens: readonly Golden[] = [
  {
    id: 'G38',
    about: 'a privilege check by an API key',
    async play(cluster) {
      await cluster.ask('PUT /_security/privilege', {
        body: { myapp: { read: { actions: ['data:read/*'] }, write: { actions: ['data:write/*'] } } },
      });
      await cluster.ask('PUT /_security/role/admin_role', {
        body: {
          cluster: ['all'],
          index: [{ names: '*', privileges: ['all'] }],
          applications: [{ application: 'myapp', resources: ['*'], privileges: ['*'] }],
        },
      });
      await putUser(cluster, 'api_key_user', { password: 'x-pack-test-password', roles: ['admin_role'] });
      const role = {
        index: [
          { names: ['index-a'], privileges: ['read'] },
          { names: ['index-b'], privileges: ['manage', 'read', 'write'] },
        ],
        applications: [{ application: 'myapp', resources: ['*'], privileges: ['read'] }],
      };
      const owner = basic('api_key_user', 'x-pack-test-password');
      const { encoded } = await createApiKey(cluster, { name: 'k', role_descriptors: { role } }, owner);
      const body = {
        index: [
          { names: ['*', 'index-a'], privileges: ['read', 'index', 'write'] },
          { names: ['index-a', 'index-b'], privileges: ['read', 'write'] },
        ],
        application: [
          {
            application: 'myapp',
            resources: ['*', 'some-other-res'],
            privileges: ['data:read/me', 'data:write/me'],
          },
        ],
      };
      expectAnswer(
        await cluster.ask('POST /_security/user/_has_privileges', { headers: apiKey(encoded), body }),
        {
          status: 200,
          body: {
            username: 'api_key_user',
            has_all_requested: false,
            cluster: {},
            index: {
              '*': { read: false, index: false, write: false },
              'index-a': { read: true, index: false, write: false },
              'index-b': { read: true, write: true },
            },
            application: {
              myapp: {
                '*': { 'data:read/me': true, 'data:write/me': false },
                'some-other-res': { 'data:read/me': true, 'data:write/me': false },
              },
            },
          },
        },
      );
    },
  },
  {
    id: 'G40',
    about: 'the privileges of a superuser',
    until: [8, 0],
    async play(cluster) {
      expectAnswer(await cluster.ask('GET /_security/user/_privileges'), {
        status: 200,
        body: {
          cluster: ['all'],
          global: [],
          indices: [{ names: ['*'], privileges: ['all'], allow_restricted_indices: true }],
          applications: [{ application: '*', privileges: ['*'], resources: ['*'] }],
          run_as: ['*'],
        },
      });
    },
  },
  {
    id: 'G39',
    about: 'a privilege check by a user',
    async play(cluster) {
      await cluster.ask('PUT /_security/role/buyer', {
        body: {
          cluster: ['monitor'],
          indices: [{ names: ['suppliers', 'products', 'inventory'], privileges: ['read'] }],
          applications: [
            {
              application: 'inventory_manager',
              privileges: ['data:read/*'],
              resources: ['product/*'],
            },
          ],
        },
      });
      await putUser(cluster, 'rdeniro', { password: 's3krit-password', roles: ['buyer'] });
      const body = {
        cluster: ['monitor', 'manage'],
        index: [
          { names: ['suppliers', 'products'], privileges: ['read'] },
          { names: ['inventory'], privileges: ['read', 'write'] },
        ],
        application: [
          {
            application: 'inventory_manager',
            privileges: ['read', 'data:write/inventory'],
            resources: ['product/1852563'],
          },
        ],
      };
      const headers = basic('rdeniro', 's3krit-password');
      expectAnswer(await cluster.ask('GET /_security/user/_has_privileges', { headers, body }), {
        status: 200,
        body: {
          username: 'rdeniro',
          has_all_requested: false,
          cluster: { monitor: true, manage: false },
          index: {
            suppliers: { read: true },
            products: { read: true },
            inventory: { read: true, write: false },
          },
          application: {
            inventory_manager: { 'product/1852563': { read: false, 'data:write/inventory': false } },
          },
        },
      });
    },
  },
];
