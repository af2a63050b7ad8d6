// An emulator in a process of its own, for the scenario `emulator`: to see how soon it listens, to weigh what it
// holds, or beside a bare server with the same answers.

import { once } from 'node:events';
import { createServer } from 'node:http';

export const admin = `Basic ${Buffer.from('elastic:changeme').toString('base64')}`;

const roles = { ready, weight, serve };
process.on('disconnect', () => process.exit());
const [, , role] = process.argv;
if (role in roles) await roles[role]();

async function ready() {
  const start = performance.now();
  const { startEmulator } = await import('@esauth/emulator');
  const loaded = performance.now();
  const { url } = await startEmulator();
  process.send({ load: loaded - start, listen: performance.now() - loaded, url });
}

/** Weighs what it holds whenever it is asked to. */
async function weight() {
  const { startEmulator } = await import('@esauth/emulator');
  const { url } = await startEmulator();
  process.on('message', () => {
    for (let round = 0; round < 3; round += 1) global.gc();
    const { heapUsed, external } = process.memoryUsage();
    process.send((heapUsed + external) / 2 ** 20);
  });
  process.send(url);
}

/** Tells what it has used of the processor whenever it is asked to. */
async function serve() {
  const { startEmulator } = await import('@esauth/emulator');
  const emulator = await startEmulator();
  const headers = { authorization: admin, 'content-type': 'application/json' };
  const ask = async (path, body) => {
    const response = await fetch(emulator.url + path, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return response.json();
  };
  const { access_token: token } = await ask('/_security/oauth2/token', { grant_type: 'client_credentials' });
  const { encoded } = await ask('/_security/api_key', { name: 'bench' });
  const credentials = { password: admin, 'access token': `Bearer ${token}`, 'API key': `ApiKey ${encoded}` };
  const ways = {};
  for (const [name, authorization] of Object.entries(credentials)) {
    const response = await fetch(`${emulator.url}/_security/_authenticate`, { headers: { authorization } });
    const port = await bare(await response.text());
    ways[name] = { authorization, emulator: Number(new URL(emulator.url).port), bare: port };
  }
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send(user + system);
  });
  process.send(ways);
}

async function bare(body) {
  const headers = ['X-elastic-product', 'Elasticsearch', 'content-type', 'application/json'];
  headers.push('content-length', String(body.length));
  const server = createServer((_request, response) => {
    response.sendDate = false;
    response.removeHeader('connection');
    response.writeHead(200, headers).end(body);
  });
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}
