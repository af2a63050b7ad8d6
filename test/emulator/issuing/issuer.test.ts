/** Credentials without asking for them: what tests of somebody's own API hold in their hands. */

import { type Emulator, type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { afterEach, describe, expect, test } from 'vitest';
import { send } from '../../support/http-client.js';

let emulator: Emulator;
afterEach(() => emulator?.close());

const alice = { password: 'secret', roles: ['monitoring_user'], full_name: 'Alice' };

async function start(options: EmulatorOptions = {}): Promise<void> {
  emulator = await startEmulator({ users: { alice }, ...options });
}

function whoAmI(authorization: string) {
  return send(`${emulator.url}/_security/_authenticate`, { headers: { authorization } });
}

describe('a token', () => {
  test.each(['7.17', '8.10', '9.5'])('is one of that user, in %s', async (version) => {
    await start({ version });
    const { status, json } = await whoAmI(`Bearer ${emulator.token('alice')}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      username: 'alice',
      roles: ['monitoring_user'],
      authentication_type: 'token',
    });
    expect(json.authentication_realm.type).toBe('native');
  });

  test('is given to the superuser and to users in files too', async () => {
    await start({ files: { users: { carol: { password: 'secret', roles: ['viewer'] } } } });
    expect((await whoAmI(emulator.authorization('elastic'))).json.roles).toEqual(['superuser']);
    expect((await whoAmI(emulator.authorization('carol'))).json.authentication_realm.type).toBe('file');
  });

  test('ends with its time, and with its user', async () => {
    await start({ tokenTimeoutMs: 60_000 });
    const authorization = emulator.authorization('alice');
    await emulator.clock.advance(60_001);
    expect((await whoAmI(authorization)).status).toBe(401);
    await emulator.reset();
    const headers = { authorization: emulator.authorization('elastic') };
    await send(`${emulator.url}/_security/user/alice/_disable`, { method: 'PUT', headers });
    expect(() => emulator.token('alice')).toThrow(
      new TypeError('emulator.token: the user "alice" is disabled'),
    );
  });

  test.each([
    ['an unknown user', {}, 'bob', /no user "bob"; startEmulator\(\{ users: \{ … \} \}\) or PUT/],
    ['no token service', { tokenService: false }, 'alice', /option "tokenService"/],
    ['a basic licence', { license: 'basic' }, 'alice', /license .* non-compliant for \[security tokens\]/],
  ] as const)('is not given with %s', async (_, options, username, problem) => {
    await start(options);
    expect(() => emulator.token(username)).toThrow(problem);
  });
});

describe('an API key', () => {
  test('is one of its owner, and shown as Elasticsearch shows it', async () => {
    await start();
    const key = emulator.apiKey('alice');
    expect(Buffer.from(key.encoded, 'base64').toString()).toBe(`${key.id}:${key.api_key}`);
    const { json } = await whoAmI(emulator.authorization(key));
    expect(json).toMatchObject({
      username: 'alice',
      full_name: 'Alice',
      roles: [],
      authentication_type: 'api_key',
    });
    expect(json.api_key).toMatchObject({ id: key.id, name: 'test' });
  });

  test('is handed on as a whole: of a part that may be secret nothing is repeated', async () => {
    await start();
    const { encoded } = emulator.apiKey('alice');
    for (const wrong of [encoded, undefined, null, {}, 'nobody']) {
      const problem =
        'emulator.authorization: takes the name of a user that there is, or what emulator.apiKey returned';
      expect(() => emulator.authorization(wrong as string)).toThrow(problem);
      expect(() => emulator.authorization(wrong as string)).not.toThrow(encoded);
    }
  });

  test('may what its body says, of what its owner may', async () => {
    const index = { indices: [{ names: ['docs'], privileges: ['read'] }] };
    await start({ roles: { reader: index }, users: { alice: { password: 'secret', roles: ['reader'] } } });
    const docs = { role_descriptors: { all: { indices: [{ names: ['*'], privileges: ['all'] }] } } };
    const nothing = { role_descriptors: { none: {} }, expiration: '1h', metadata: { of: 'a test' } };
    const ask = async (body: object) => {
      const authorization = emulator.authorization(emulator.apiKey('alice', { name: 'k', ...body }));
      const question = { index: [{ names: ['docs'], privileges: ['read', 'write'] }] };
      const headers = { authorization, 'content-type': 'application/json' };
      const url = `${emulator.url}/_security/user/_has_privileges`;
      return (await send(url, { method: 'POST', headers, body: JSON.stringify(question) })).json.index.docs;
    };
    expect(await ask(docs)).toEqual({ read: true, write: false });
    expect(await ask(nothing)).toEqual({ read: false, write: false });
  });

  test('ends when its body says', async () => {
    await start();
    const key = emulator.apiKey('alice', { expiration: '1h' });
    expect(key.expiration).toBeGreaterThan(emulator.clock.now());
    await emulator.clock.advance(3_600_000);
    expect((await whoAmI(emulator.authorization(key))).status).toBe(401);
  });

  test.each([
    [{ name: '_hidden' }, 'api key name may not begin with an underscore'],
    [{ roles: {} }, '[1:16] [api_key_request] unknown field [roles]'],
    [
      { expiration: 'soon' },
      'Failed to build [api_key_request] after last required field arrived: failed to parse setting [expiration] with value [soon]',
    ],
    [{ role_descriptors: { r: { cluster: ['nosuch'] } } }, 'unknown cluster privilege [nosuch]'],
  ])('is refused in the words of Elasticsearch: %o', async (body, problem) => {
    await start();
    expect(() => emulator.apiKey('alice', body as object)).toThrow(`emulator.apiKey: ${problem}`);
  });

  test('is refused where there are none', async () => {
    await start({ apiKeys: false });
    expect(() => emulator.apiKey('alice')).toThrow('emulator.apiKey: api keys are not enabled');
  });
});
