// A cluster that gets into a state of `state-table.ts`, and a credential of each kind for it. What is a setting of a
// node is changed as on a real one: by starting it anew, with the same port, ids and secrets.

import { type ClusterState, type Emulator, type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { send } from './http-client.js';
import { signJwt } from './jwt.js';
import type { Kind, StateRow } from './state-table.js';

export interface IllCluster {
  readonly url: string;
  /** Values for `Authorization`. */
  readonly credentials: Readonly<Record<Kind, string>>;
  fallIll(enters: StateRow['enters']): Promise<void>;
  recover(): Promise<void>;
  close(): Promise<void>;
}

const hmacKey = 'a-key-of-the-issuer-that-is-long-enough-0123';
const everything = { cluster: ['all'], indices: [{ names: ['*'], privileges: ['all'] }] };
const options: EmulatorOptions = {
  seed: 'the same every time',
  ui: false,
  users: { alice: { password: 'alice-password', roles: ['superuser'] } },
  files: {
    users: { filip: { password: 'filip-password', roles: ['everything'] } },
    roles: { everything },
    serviceTokens: { 'elastic/kibana/in-file': 'a-secret-that-is-in-a-file' },
  },
  jwtRealms: [
    {
      allowedIssuer: 'https://issuer.example',
      allowedAudiences: ['es'],
      allowedSignatureAlgorithms: ['HS256'],
      hmacKey,
      claims: { principal: 'sub' },
      clientAuthentication: { type: 'none' },
    },
  ],
};

export async function startIllCluster(enters: StateRow['enters']): Promise<IllCluster> {
  let emulator = await startEmulator(options);
  const { url } = emulator;
  const port = Number(new URL(url).port);
  // Ids and secrets follow from the order in which they are made: what will be refused is made last.
  const lacksKeys = typeof enters === 'object' && enters.apiKeys === false;
  const credentials = await makeCredentials(emulator, lacksKeys);
  let mend: (() => void) | undefined;

  async function restart(changed: EmulatorOptions): Promise<void> {
    await emulator.close();
    emulator = await startEmulator({ ...options, ...changed, port });
    await makeCredentials(emulator, lacksKeys);
  }

  return {
    url,
    credentials,
    async fallIll(state) {
      if (typeof state === 'object') await restart(state);
      else mend = emulator.cluster(state as ClusterState);
    },
    async recover() {
      if (mend === undefined) await restart({});
      else mend();
    },
    close: () => emulator.close(),
  };
}

const basic = (username: string, password: string) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

async function makeCredentials(emulator: Emulator, keyLast: boolean): Promise<IllCluster['credentials']> {
  // Nobody who signs in here is a caller: what Elasticsearch remembers of callers is what a test lets it.
  const headers = { authorization: basic('filip', 'filip-password') };
  const make = async (path: string, body?: object) =>
    (await send(emulator.url + path, { method: 'POST', headers, body, alone: true })).json;
  const service = await make('/_security/service/elastic/kibana/credential/token/t');
  const makeKey = () => make('/_security/api_key', { name: 'k' });
  const first = keyLast ? undefined : await makeKey();
  const pair = await make('/_security/oauth2/token', { grant_type: 'client_credentials' });
  const key = first ?? (await makeKey());
  const claims = { iss: 'https://issuer.example', aud: 'es', sub: 'jane' };
  const inFile = '\u0000\u0001\u0000\u0001elastic/kibana/in-file:a-secret-that-is-in-a-file';
  return {
    'reserved user': basic('elastic', 'changeme'),
    'native user': basic('alice', 'alice-password'),
    'user in a file': headers.authorization,
    'API key': `ApiKey ${key.encoded}`,
    'service token': `Bearer ${service.token?.value}`,
    'service token in a file': `Bearer ${Buffer.from(inFile).toString('base64')}`,
    'access token': `Bearer ${pair.access_token}`,
    'JSON Web Token': `Bearer ${await signJwt(hmacKey, claims, emulator.clock.now(), { alg: 'HS256' })}`,
  };
}
