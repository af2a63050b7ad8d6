/** What is different about who somebody is: realms, tokens of others, roles and profiles. */

import { type EmulatorOptions, type JwtRealmOptions, startEmulator } from '@esauth/emulator';
import { expect } from 'vitest';
import { apiKey, bearer } from '../../support/http-client.js';
import { forgedJwt, rsaKey, signJwt } from '../../support/jwt.js';
import { type Differences, reasonOf, start } from './difference.js';

const key = rsaKey();
const realm: JwtRealmOptions = {
  allowedIssuer: 'https://issuer.example',
  allowedAudiences: ['es'],
  pkcJwkset: { keys: [key.jwk] },
  claims: { principal: 'sub', dn: 'dn' },
  clientAuthentication: { type: 'none' },
};
const claims = { iss: 'https://issuer.example', aud: 'es', sub: 'jane' };
const me = 'GET /_security/_authenticate';

export const identityDifferences: Differences = {
  'Other realms': async () => {
    for (const option of ['ldapRealms', 'domains']) {
      await expect(startEmulator({ [option]: [] } as EmulatorOptions)).rejects.toThrow(option);
    }
    const { ask } = await start();
    for (const path of ['saml/prepare', 'oidc/prepare']) {
      expect(reasonOf(await ask(`POST /_security/${path}`, {}))).toMatch(/^no handler found/);
    }
  },

  'Settings of JWT realms': async () => {
    for (const setting of [
      'allowedSubjectPatterns',
      'requiredClaims',
      'fallbackClaims',
      'claimPatterns',
      'authorizationRealms',
    ]) {
      const jwtRealms = [{ ...realm, [setting]: {} }];
      await expect(startEmulator({ jwtRealms })).rejects.toThrow(setting);
    }
  },

  'Keys of JWT realms': async () => {
    const keys = [key.jwk];
    const { ask, clock } = await start({ jwtRealms: [{ ...realm, pkcJwkset: { keys } }] });
    const newer = rsaKey();
    keys.push(newer.jwk);
    const statusOf = async ({ privateKey }: typeof key) =>
      (await ask(me, undefined, bearer(await signJwt(privateKey, claims, clock.now())))).status;
    expect([await statusOf(key), await statusOf(newer)]).toEqual([200, 401]);
  },

  'JWTs that can not be read': async () => {
    const { ask } = await start({ jwtRealms: [realm], version: '8.10' });
    const token = forgedJwt({ alg: 'RS256' }, 'no claims');
    const { status, json } = await ask(me, undefined, bearer(token));
    expect([status, json.error.caused_by.reason]).toEqual([401, 'Failed to parse JWT bearer token']);
    expect(json.error.caused_by.caused_by).toBe(undefined);
  },

  'Distinguished names': async () => {
    const { ask, clock } = await start({ jwtRealms: [realm] });
    const rules = { field: { dn: 'cn=jane,dc=example' } };
    await ask('PUT /_security/role_mapping/m', { roles: ['viewer'], enabled: true, rules });
    const rolesOf = async (dn: string) => {
      const token = await signJwt(key.privateKey, { ...claims, dn }, clock.now());
      return (await ask(me, undefined, bearer(token))).json.roles;
    };
    expect(await rolesOf('cn=jane,dc=example')).toEqual(['viewer']);
    // The same name, in another spelling.
    expect(await rolesOf('CN=jane, DC=example')).toEqual([]);
  },

  'Reserved roles': async () => {
    const rolesIn = async (version: string) =>
      (await (await start({ version })).ask('GET /_security/role')).json as Record<
        string,
        { description?: string; indices: object[] }
      >;
    const latest = await rolesIn('9.5.0');
    // Since 8.15 each has one.
    expect(Object.values(latest).some(({ description }) => description === undefined)).toBe(true);
    // That of 8.14 has more than sixty groups (`KibanaOwnedReservedRoleDescriptors`), and so has its account.
    expect((await rolesIn('8.14')).kibana_system?.indices.length).toBeLessThan(20);
    const { ask } = await start({ version: '8.14' });
    const { role_descriptor } = (await ask('GET /_security/service')).json['elastic/kibana'];
    expect(role_descriptor.indices.length).toBeLessThan(20);
  },

  'Search applications': async () => {
    const { ask } = await start();
    const restriction = { workflows: ['search_application_query'] };
    const role_descriptors = { r: { indices: [{ names: ['docs'], privileges: ['read'] }], restriction } };
    const { encoded } = (await ask('PUT /_security/api_key', { name: 'k', role_descriptors })).json;
    const line = 'POST /_application/search_application/a/_search';
    const { status } = await ask(line, {}, apiKey(encoded));
    expect(status).not.toBe(200);
    expect((await ask('GET /docs/_search', undefined, apiKey(encoded))).status).toBe(403);
  },

  "The order of a caller's roles": async () => {
    const guest = { indices: [{ names: ['public'], privileges: ['read'] }] };
    const { ask } = await start({ roles: { guest }, anonymousRoles: ['monitoring_user', 'guest'] });
    const { indices } = (await ask('GET /_security/user/_privileges', undefined, {})).json;
    const names: string[] = indices.flatMap((group: { names: string[] }) => group.names);
    // Recorded (`anonymous-on` 32) is the other order; both fall into the same place of the map that they come out of.
    expect(names.indexOf('public')).toBe(names.indexOf('.monitoring-*') - 1);
  },

  Profiles: async () => {
    const { ask } = await start({ users: { alice: { password: 'alice-password', roles: [] } } });
    await ask('POST /_security/profile/_activate', {
      grant_type: 'password',
      username: 'alice',
      password: 'alice-password',
    });
    const found = async (name: string) =>
      (await ask('POST /_security/profile/_suggest', { name })).json.profiles.length;
    // Elasticsearch looks for what is spelled nearly so, too (`fuzziness: AUTO`).
    expect([await found('alice'), await found('alcie')]).toEqual([1, 0]);
  },

  'Stored roles and application privileges': async () => {
    const { ask, cluster } = await start({
      files: { users: { filip: { password: 'filip-password', roles: ['stored'] } } },
      roles: { stored: { cluster: ['monitor'] } },
    });
    const filip = { authorization: `Basic ${btoa('filip:filip-password')}` };
    cluster('security index closed');
    expect((await ask('GET /', undefined, filip)).status).toBe(200);
  },
};
