// Starts Elasticsearch's emulator and a protected Express API on free ports, walks through the main job, and
// then serves on for whoever wants to try it by hand. With `--once` it ends after the walk: 0 if everything
// went as announced.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { startEmulator } from '@esauth/emulator';
import { createVerifier } from '@esauth/express';
import { createApi } from './api.js';
import { createStory } from './story.js';
import { apiKey, basic, jane, type Stage, token, walk } from './walk.js';

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });

const { stage, tearDown } = await setUp();
await walk(stage);
const { story } = stage;
console.log(`\n${story.kept} claims held, ${story.broken} did not.`);
process.exitCode = story.broken === 0 ? 0 : 1;

if (values.once) {
  await tearDown();
} else {
  await invite(stage);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void tearDown());
}

async function setUp(): Promise<{ stage: Stage; tearDown(): Promise<void> }> {
  const { password, roles } = jane;
  const options = {
    users: { jane: { password, roles } },
    roles: {
      writer: { indices: [{ names: ['reports'], privileges: ['read', 'write'] }] },
      key_owner: { cluster: ['manage_own_api_key'] },
    },
  };
  const elasticsearch = await startEmulator(options);
  const verifier = createVerifier({ nodes: elasticsearch.url });
  const server = createServer(createApi(verifier)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;

  const running: Stage = {
    story: createStory(console.log),
    apiUrl: `http://127.0.0.1:${port}`,
    verifier,
    elasticsearch,
    startElasticsearch() {
      return startEmulator({ ...options, port: Number(new URL(elasticsearch.url).port) });
    },
  };
  return {
    stage: running,
    async tearDown() {
      server.close();
      server.closeAllConnections();
      await verifier.close();
      await running.elasticsearch.close();
    },
  };
}

/** Prints what can be tried by hand; the lines work as they are. */
async function invite(running: Stage): Promise<void> {
  const silent = { story: createStory(() => {}), elasticsearch: running.elasticsearch };
  const { username, password } = running.elasticsearch;
  const { bearer } = await token(silent, basic(username, password), { grant_type: 'client_credentials' });
  const key = await apiKey(silent, basic(jane.username, jane.password), 'by-hand');
  // A proxy that the shell is set to would not find this machine's loopback.
  const { http_proxy: proxy, ALL_PROXY: anyProxy } = process.env;
  const curl = proxy || anyProxy ? "curl --noproxy '*'" : 'curl';
  const get = `${curl} -i ${running.apiUrl}`;
  console.log(`
Try it by hand; stop with Ctrl+C.

  ${get}/me -H 'Authorization: ${bearer}'
  ${get}/me -H 'Authorization: ${key.authorization}'
  ${get}/admin -H 'Authorization: ${key.authorization}'
  ${get}/me

A token of your own, and the end of all of elastic's (the API may remember one for up to a minute):

  ${curl} -u ${username}:${password} ${running.elasticsearch.url}/_security/oauth2/token -H 'Content-Type: application/json' -d '{"grant_type":"client_credentials"}'
  ${curl} -u ${username}:${password} -X DELETE ${running.elasticsearch.url}/_security/oauth2/token -H 'Content-Type: application/json' -d '{"username":"elastic"}'
`);
}
