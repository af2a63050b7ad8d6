// Elasticsearch as the demo has it by default: an emulator of its own on a free port, which it can stop and start.

import { type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { apiKey, basic, type Elasticsearch, type Stage, silent, token } from './stage.js';
import { createWire } from './wire.js';

const jane = { username: 'jane', password: 'correct-horse', roles: ['writer', 'key_owner'] };

const options: EmulatorOptions = {
  users: { jane: { password: jane.password, roles: jane.roles } },
  roles: {
    writer: { indices: [{ names: ['reports'], privileges: ['read', 'write'] }] },
    key_owner: { cluster: ['manage_own_api_key'] },
  },
};

export async function openEmulator(): Promise<Elasticsearch> {
  let emulator = await startEmulator(options);
  const { url, username, password } = emulator;
  const wire = createWire();
  return {
    wire,
    url,
    node: url,
    admin: { username, realm: 'reserved', roles: ['superuser'], basic: basic(username, password) },
    jane: { ...jane, realm: 'default_native', basic: basic(jane.username, jane.password) },
    name: (plain) => plain,
    // All of it ends with the emulator.
    remember: () => {},
    lookups: () => emulator.requests.filter(({ path }) => path === '/_security/_authenticate').length,
    async stop() {
      await emulator.close();
      return 'It was stopped.';
    },
    async start() {
      emulator = await startEmulator({ ...options, port: Number(new URL(url).port) });
      return { said: 'It was started again, on the same port.', empty: true };
    },
    invitation: (stage) => invitation(stage, `${username}:${password}`),
    async close() {
      wire.close();
      await emulator.close();
      return true;
    },
  };
}

async function invitation(stage: Stage, user: string): Promise<string> {
  const { bearer } = await token(silent(stage), { grant_type: 'client_credentials' });
  const key = await apiKey(silent(stage), 'by-hand');
  // A proxy that the shell is set to would not find this machine's loopback.
  const { http_proxy: proxy, ALL_PROXY: anyProxy } = process.env;
  const curl = proxy || anyProxy ? "curl --noproxy '*'" : 'curl';
  const get = `${curl} -i ${stage.apiUrl}`;
  const grant = `${curl} -u ${user} ${stage.elasticsearch.url}/_security/oauth2/token`;
  const end = `${curl} -u ${user} -X DELETE ${stage.elasticsearch.url}/_security/oauth2/token`;
  return `
Try it by hand; stop with Ctrl+C.

  ${get}/me -H 'Authorization: ${bearer}'
  ${get}/me -H 'Authorization: ${key.authorization}'
  ${get}/admin -H 'Authorization: ${key.authorization}'
  ${get}/me

A token of your own, and the end of all of elastic's (the API may remember one for up to a minute):

  ${grant} -H 'Content-Type: application/json' -d '{"grant_type":"client_credentials"}'
  ${end} -H 'Content-Type: application/json' -d '{"username":"elastic"}'
`;
}
