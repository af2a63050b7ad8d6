// The emulator against its goals: how soon it listens, what fifty thousand keys weigh, and what `_authenticate` costs,
// compared with a bare node:http server that answers the same bytes. A goal that is missed is said, and the exit code 1.

import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { compare } from './compare.mjs';

const self = fileURLToPath(import.meta.url);
// By its path: only this file needs it, and it has no dependencies to resolve.
const built = new URL('../packages/emulator/dist/index.js', import.meta.url);
const admin = `Basic ${Buffer.from('elastic:changeme').toString('base64')}`;

const [, , part] = process.argv;
if (part === 'ready') await ready();
else if (part === 'weight') await weight();
else if (part === 'serve') await serve();
else await measure();

/** In a process of its own, because the second start is always quicker. */
async function ready() {
  const start = performance.now();
  const { startEmulator } = await import(built);
  const loaded = performance.now();
  const emulator = await startEmulator();
  const listening = performance.now();
  await emulator.close();
  console.log(JSON.stringify({ load: loaded - start, listen: listening - loaded }));
}

/** The emulator in a process of its own, which the parent asks for what it weighs. */
async function weight() {
  const { startEmulator } = await import(built);
  const emulator = await startEmulator();
  process.on('message', () => {
    global.gc();
    global.gc();
    const { heapUsed, external, rss } = process.memoryUsage();
    process.send({ held: heapUsed + external, resident: rss });
  });
  process.send(emulator.url);
}

async function weigh() {
  const child = fork(self, ['weight'], { execArgv: ['--expose-gc'] });
  const [url] = await once(child, 'message');
  const weigh = async () => {
    child.send('weigh');
    return (await once(child, 'message'))[0];
  };
  const pool = new Pool(url, { connections: 16 });
  const send = async (path, body) => {
    const headers = { authorization: admin, 'content-type': 'application/json' };
    const response = await pool.request({ method: 'POST', path, headers, body: JSON.stringify(body) });
    await response.body.dump();
    if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode}`);
  };
  const pair = { grant_type: 'password', username: 'elastic', password: 'changeme' };
  // The log of requests is full after that, and the code compiled.
  for (let i = 0; i < 12_000; i += 1)
    await pool.request({ method: 'GET', path: '/' }).then((r) => r.body.dump());
  const empty = await weigh();
  const fifty = async (make) => {
    for (let i = 0; i < 500; i += 1) await Promise.all(Array.from({ length: 100 }, (_, n) => make(i, n)));
  };
  await fifty((i, n) =>
    send('/_security/api_key', { name: `key-${i}-${n}`, metadata: { n }, role_descriptors: {} }),
  );
  const withKeys = await weigh();
  await fifty(() => send('/_security/oauth2/token', pair));
  const withTokens = await weigh();
  const megabytes = (after, before, kind) => Math.round((after[kind] - before[kind]) / 2 ** 20);
  const told = (after, before) =>
    `${megabytes(after, before, 'held')} MB held, ${megabytes(after, before, 'resident')} MB more resident memory`;
  console.log(`  50 000 keys: ${told(withKeys, empty)}`);
  console.log(`  50 000 pairs of tokens: ${told(withTokens, withKeys)}`);
  judge('50 000 keys held', megabytes(withKeys, empty, 'held'), 150, 'MB');
  await pool.close();
  child.kill();
}

/** Both servers in one process, which the parent asks for its processor time. */
async function serve() {
  const { startEmulator } = await import(built);
  const emulator = await startEmulator();
  const json = { authorization: admin, 'content-type': 'application/json' };
  const ask = async (path, body) =>
    (await fetch(emulator.url + path, { method: 'POST', headers: json, body: JSON.stringify(body) })).json();
  const { access_token: token } = await ask('/_security/oauth2/token', { grant_type: 'client_credentials' });
  const { encoded } = await ask('/_security/api_key', { name: 'bench' });
  const ways = {};
  for (const [name, authorization] of Object.entries({
    password: admin,
    'access token': `Bearer ${token}`,
    'API key': `ApiKey ${encoded}`,
  })) {
    const response = await fetch(`${emulator.url}/_security/_authenticate`, { headers: { authorization } });
    const body = await response.text();
    ways[`the emulator, by ${name}`] = { port: new URL(emulator.url).port, authorization };
    ways[`a bare server with the answer to ${name}`] = { port: await bare(body), authorization };
  }
  process.on('message', () => process.send(process.cpuUsage()));
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
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

async function measure() {
  console.log('\nReady');
  const starts = Array.from({ length: 7 }, () =>
    JSON.parse(execFileSync(process.execPath, [self, 'ready'], { encoding: 'utf8' })),
  );
  const median = (kind) => Math.round(starts.map((each) => each[kind]).sort((a, b) => a - b)[3]);
  console.log(`  ${median('load')} ms to load, ${median('listen')} ms to listen`);
  judge('startEmulator', median('listen'), 20, 'ms');
  console.log('\nWeight');
  await weigh();

  const child = fork(self, ['serve']);
  const [targets] = await once(child, 'message');
  const used = async () => {
    child.send('usage');
    const [{ user, system }] = await once(child, 'message');
    return user + system;
  };
  for (const kind of ['password', 'access token', 'API key']) {
    const pair = [`a bare server with the answer to ${kind}`, `the emulator, by ${kind}`];
    const clients = await Promise.all(pair.map((name) => pipeline(targets[name])));
    const entries = pair.map((name, index) => [name, clients[index]]);
    const medians = await compare(
      `Time of _authenticate by ${kind}; 1.00 is the bare server, 1.67 or less is 60 % of its rate`,
      Object.fromEntries(entries.map(([name, client]) => [name, () => client.send(2_000)])),
      { rounds: 21 },
    );
    judge(`_authenticate by ${kind}`, medians[pair[1]], 1.67, 'times a bare server');
    await compare(
      `Processor time of the same`,
      Object.fromEntries(
        entries.map(([name, client]) => [
          name,
          async () => {
            const before = await used();
            await client.send(2_000);
            return (await used()) - before;
          },
        ]),
      ),
      { rounds: 21 },
    );
    for (const client of clients) client.close();
  }
  child.kill();
}

/** Says whether a goal is met. */
function judge(what, found, atMost, unit) {
  const isMet = found <= atMost;
  console.log(`  ${isMet ? 'met' : 'MISSED'}: ${what}, ${found} ${unit}; at most ${atMost}`);
  if (!isMet) process.exitCode = 1;
}

/** A client that costs next to nothing: requests are written in one go, answers are counted by their length. */
async function pipeline({ port, authorization }) {
  const sockets = await Promise.all(
    Array.from({ length: 16 }, async () => {
      const socket = connect(Number(port), '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    }),
  );
  const request = `GET /_security/_authenticate HTTP/1.1\r\nHost: localhost:9200\r\nAccept: application/json\r\nAuthorization: ${authorization}\r\n\r\n`;
  const [first] = sockets;
  first.write(request);
  const [answer] = await once(first, 'data');
  const exchange = (socket, count) =>
    new Promise((resolve) => {
      let left = count * answer.length;
      const onData = (chunk) => {
        left -= chunk.length;
        if (left > 0) return;
        socket.off('data', onData);
        resolve(left);
      };
      socket.on('data', onData);
      socket.write(request.repeat(count));
    });
  return {
    async send(count) {
      const surplus = await Promise.all(sockets.map((socket) => exchange(socket, count / sockets.length)));
      if (surplus.some((bytes) => bytes !== 0)) throw new Error('an answer of another length');
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
