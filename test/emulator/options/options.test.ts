/** What an emulator can be started with, and what it refuses to be started with. */

import { type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { describe, expect, test } from 'vitest';
import { basic, send } from '../../support/http-client.js';

describe('a wrong option is refused at once, by its name', () => {
  test.each<[object, string]>([
    [{ prot: 1 }, 'unknown option "prot"'],
    [{ port: -1 }, 'option "port" must be a whole number from 0 to 65535'],
    [{ port: 65_536 }, 'option "port" must be a whole number from 0 to 65535'],
    [{ port: '9200' }, 'option "port" must be a whole number from 0 to 65535'],
    [{ tls: 'yes' }, 'option "tls" must be true or false'],
    [{ host: '' }, 'option "host" must be an address or a host name'],
    [{ version: '6.8' }, 'option "version" must be a release from 7.17 to 9.5, such as "8.10" or "9.5.0"'],
    [{ version: '7.16.3' }, 'option "version" must be a release from 7.17 to 9.5, such as "8.10" or "9.5.0"'],
    [{ version: '9.6' }, 'option "version" must be a release from 7.17 to 9.5, such as "8.10" or "9.5.0"'],
    [{ version: 8 }, 'option "version" must be a release from 7.17 to 9.5, such as "8.10" or "9.5.0"'],
    [{ password: 'short' }, 'option "password" must be a text of six characters or more'],
    [{ license: 'gold' }, 'option "license" must be "trial" or "basic"'],
    [{ apiKeys: 'no' }, 'option "apiKeys" must be true or false'],
    [{ tokenService: 'yes' }, 'option "tokenService" must be true or false'],
    [
      { tokenTimeoutMs: 999 },
      'option "tokenTimeoutMs" must be a number of milliseconds from 1000 to 3600000',
    ],
    [
      { tokenTimeoutMs: Number.NaN },
      'option "tokenTimeoutMs" must be a number of milliseconds from 1000 to 3600000',
    ],
    [{ anonymousRoles: 'guest' }, 'option "anonymousRoles" must be a list of names of roles'],
    [{ anonymousUsername: '' }, 'option "anonymousUsername" must be the name of a user'],
    [{ anonymousAuthzException: 'no' }, 'option "anonymousAuthzException" must be true or false'],
    [{ runAs: 'no' }, 'option "runAs" must be true or false'],
    [{ kerberosTickets: [] }, 'option "kerberosTickets" must be an object with what each ticket leads to'],
    [
      { kerberosTickets: { 'not Base64': { username: 'k' } } },
      'option "kerberosTickets" must be an object by tickets in Base64',
    ],
    [{ kerberosTickets: { YWJj: {} } }, 'option "kerberosTickets.….username" must be a name'],
    [
      { kerberosTickets: { YWJj: { continueWith: '_' } } },
      'option "kerberosTickets.….continueWith" must be a text in Base64',
    ],
    [{ seed: 1 }, 'option "seed" must be a text'],
    [{ users: [] }, 'option "users" must be an object with a user for each name'],
    [{ users: { alice: 1 } }, 'option "users.alice" must be an object'],
    [{ users: { alice: { roles: [] } } }, 'option "users.alice": password is missing'],
    [{ users: { alice: { password: 'secret' } } }, 'option "users.alice": roles are missing'],
    [
      { users: { alice: { password: 'short', roles: [] } } },
      'option "users.alice": Validation Failed: 1: passwords must be at least [6] characters long;',
    ],
    [
      { users: { elastic: { password: 'secret', roles: [] } } },
      'option "users.elastic": Username [elastic] is reserved and may not be used.',
    ],
    [{ files: [] }, 'option "files" must be an object with "users", "roles" and "serviceTokens"'],
    [{ files: { rols: {} } }, 'unknown option "files.rols"'],
    [{ files: { users: [] } }, 'option "files.users" must be an object with a user for each name'],
    [{ files: { users: { f: 1 } } }, 'option "files.users.f" must be an object'],
    [
      { files: { users: { f: { password: 'short' } } } },
      'option "files.users.f.password" must be a text of six characters or more',
    ],
    [
      { files: { users: { f: { password: 'secret', roles: 'r' } } } },
      'option "files.users.f.roles" must be a list of names of roles',
    ],
    [{ files: { users: { f: { password: 'secret', email: 'e' } } } }, 'unknown option "files.users.f.email"'],
    [{ files: { roles: 1 } }, 'option "files.roles" must be an object with a role for each name'],
    [
      { files: { roles: { r: { clutser: [] } } } },
      'option "files.roles.r": failed to parse role [r]. unexpected field [clutser]',
    ],
    [
      { files: { serviceTokens: 'x' } },
      'option "files.serviceTokens" must be an object with a secret for each token',
    ],
    [
      { files: { serviceTokens: { 'elastic/kibana': 'a long secret' } } },
      'option "files.serviceTokens.elastic/kibana" must be of a name of three parts: "elastic/kibana/t"',
    ],
    [
      { files: { serviceTokens: { 'elastic/kibana/t': 'short' } } },
      'option "files.serviceTokens.elastic/kibana/t" must be a text of ten characters or more',
    ],
    [
      { roles: { r: { clutser: [] } } },
      'option "roles.r": failed to parse role [r]. unexpected field [clutser]',
    ],
    [
      { roles: { superuser: {} } },
      'option "roles.superuser": Role [superuser] is reserved and may not be used.',
    ],
  ])('%j', async (options, message) => {
    await expect(startEmulator(options as EmulatorOptions)).rejects.toThrow(
      new TypeError(`startEmulator: ${message}`),
    );
  });

  test('without repeating a password', async () => {
    const failed = startEmulator({ password: 'pwnd' });
    await expect(failed).rejects.not.toThrow(/pwnd/);
  });
});

test('a port that is in use is refused with the reason', async () => {
  const first = await startEmulator();
  const port = Number(new URL(first.url).port);
  const failed = startEmulator({ port });
  await expect(failed).rejects.toThrow(
    `startEmulator: can not listen on 127.0.0.1, port ${port}: listen EADDRINUSE`,
  );
  await expect(failed).rejects.toMatchObject({ cause: { code: 'EADDRINUSE' } });
  await first.close();
});

test('the defaults are a trial of 9.5.0 on a free port of the loopback interface', async () => {
  const emulator = await startEmulator();
  expect(emulator).toMatchObject({ username: 'elastic', password: 'changeme' });
  expect(emulator.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const info = await send(emulator.url, { headers: basic('elastic', 'changeme') });
  expect(info.json).toMatchObject({
    version: { number: '9.5.0', build_flavor: 'default' },
    tagline: 'You Know, for Search',
  });
  await emulator.close();
});

test('users and roles are there from the start', async () => {
  const emulator = await startEmulator({
    password: 'another password',
    roles: { watcher: { cluster: ['monitor'] } },
    users: { alice: { password: 'alice1', roles: ['watcher'], full_name: 'Alice' } },
  });
  const alice = await send(`${emulator.url}/_security/_authenticate`, { headers: basic('alice', 'alice1') });
  expect(alice.json).toMatchObject({ username: 'alice', roles: ['watcher'], full_name: 'Alice' });
  expect((await send(`${emulator.url}/_cluster/health`, { headers: basic('alice', 'alice1') })).status).toBe(
    200,
  );
  expect((await send(emulator.url, { headers: basic('elastic', 'another password') })).status).toBe(200);
  await emulator.close();
});

test('a seed gives the same ids, secrets and tokens in every run', async () => {
  async function secretsOf(seed: string | undefined): Promise<unknown[]> {
    const emulator = await startEmulator(seed === undefined ? {} : { seed });
    const headers = basic('elastic', 'changeme');
    const key = await send(`${emulator.url}/_security/api_key`, {
      method: 'PUT',
      headers,
      body: { name: 'k' },
    });
    const body = { grant_type: 'password', username: 'elastic', password: 'changeme' };
    const tokens = await send(`${emulator.url}/_security/oauth2/token`, { method: 'POST', headers, body });
    await emulator.close();
    return [key.json.id, key.json.api_key, tokens.json.access_token, tokens.json.refresh_token];
  }
  expect(await secretsOf('a')).toEqual(await secretsOf('a'));
  expect(await secretsOf('a')).not.toEqual(await secretsOf('b'));
  expect(await secretsOf(undefined)).not.toEqual(await secretsOf(undefined));
});

test('tokenTimeoutMs is how long a token lives', async () => {
  const emulator = await startEmulator({ tokenTimeoutMs: 90_500 });
  const headers = basic('elastic', 'changeme');
  const body = { grant_type: 'client_credentials' };
  const { json } = await send(`${emulator.url}/_security/oauth2/token`, { method: 'POST', headers, body });
  expect(json.expires_in).toBe(90);
  const status = async () =>
    (await send(`${emulator.url}/`, { headers: { authorization: `Bearer ${json.access_token}` } })).status;
  await emulator.clock.advance(80_000);
  expect(await status()).toBe(200);
  await emulator.clock.advance(10_501);
  expect(await status()).toBe(401);
  await emulator.close();
});

test('without the token service tokens are neither made nor accepted, and nobody is told to send one', async () => {
  const emulator = await startEmulator({ tokenService: false });
  const body = { grant_type: 'client_credentials' };
  const headers = basic('elastic', 'changeme');
  const refused = await send(`${emulator.url}/_security/oauth2/token`, { method: 'POST', headers, body });
  const error = {
    type: 'feature_not_enabled_exception',
    reason: 'security tokens are not enabled',
    'disabled.feature': 'security_tokens',
  };
  expect([refused.status, refused.json]).toEqual([
    400,
    { error: { root_cause: [error], ...error }, status: 400 },
  ]);
  const response = await send(emulator.url, { headers: { authorization: 'Bearer abcd' } });
  expect(response.header('www-authenticate')).toEqual(['Basic realm="security", charset="UTF-8"', 'ApiKey']);
  expect(response.json.error.additional_unsuccessful_credentials).toBe('oauth2 token: invalid token');
  await emulator.close();
});

test('without API keys nothing about them is done, whatever is asked, and a key counts as no credential', async () => {
  const emulator = await startEmulator({ apiKeys: false, anonymousRoles: ['viewer'] });
  const headers = basic('elastic', 'changeme');
  const refused = await send(`${emulator.url}/_security/api_key?what=ever`, {
    method: 'PUT',
    headers,
    body: {},
  });
  const error = {
    type: 'feature_not_enabled_exception',
    reason: 'api keys are not enabled',
    'disabled.feature': 'api_keys',
  };
  expect([refused.status, refused.json]).toEqual([
    400,
    { error: { root_cause: [error], ...error }, status: 400 },
  ]);
  const path = `${emulator.url}/_security/_authenticate`;
  const me = await send(path, { headers: { authorization: 'ApiKey abcd' } });
  expect(me.json.username).toBe('_anonymous');
  await emulator.close();
});

test('close ends connections that are kept alive, and can be called again', async () => {
  const emulator = await startEmulator();
  const response = await fetch(emulator.url);
  await response.text();
  await Promise.all([emulator.close(), emulator.close()]);
  await emulator.close();
  await expect(send(emulator.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
