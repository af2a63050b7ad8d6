// What the middleware adds to an Express route, over real sockets: processor time of the server process per
// request, on a route without any middleware, with an empty one, and with ours answering from memory.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { createVerifier, esauth, requirePrivileges } from '@esauth/express';
import express from 'express';
import { Pool } from 'undici';
import { compare } from './compare.mjs';

const requests = 2_000;

if (process.argv[2] === 'serve') await serve();
else await measure();

async function serve() {
  const elasticsearch = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'x-elastic-product': 'Elasticsearch' });
    // The answers to both questions in one.
    response.end(
      '{"username":"jane","roles":[],"authentication_realm":{"name":"n","type":"native"},' +
        '"lookup_realm":{"name":"n","type":"native"},"authentication_type":"token","index":{"docs":{"read":true}}}',
    );
  }).listen(0, '127.0.0.1');
  await once(elasticsearch, 'listening');
  const nodes = `http://127.0.0.1:${elasticsearch.address().port}`;
  const verifier = createVerifier({ nodes, cache: { ttlMs: 86_400_000, refreshAfterMs: 0 } });
  const readDocs = requirePrivileges({ index: [{ names: 'docs', privileges: ['read'] }] });
  const apps = {
    'no middleware': [],
    'an empty middleware': [(_req, _res, next) => next()],
    'esauth, from memory': [esauth(verifier)],
    'esauth and requirePrivileges, from memory': [esauth(verifier), readDocs],
  };
  const ports = {};
  for (const [name, middleware] of Object.entries(apps)) {
    const app = express();
    for (const each of middleware) app.use(each);
    app.get('/', (_req, res) => res.json({ ok: true }));
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports[name] = server.address().port;
  }
  process.on('message', () => process.send(process.cpuUsage()));
  process.send(ports);
}

async function measure() {
  const child = fork(fileURLToPath(import.meta.url), ['serve'], {
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const [ports] = await once(child, 'message');
  const tokens = Array.from({ length: 1_000 }, (_, n) => `Bearer ${'t'.repeat(36)}${n}`);
  const used = async () => {
    child.send('usage');
    const [{ user, system }] = await once(child, 'message');
    return user + system;
  };
  const ways = {};
  for (const [name, port] of Object.entries(ports)) {
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 16 });
    ways[name] = async () => {
      const before = await used();
      await Promise.all(
        Array.from({ length: requests }, async (_, n) => {
          const { statusCode, body } = await pool.request({
            path: '/',
            method: 'GET',
            headers: { authorization: tokens[n % tokens.length] },
          });
          await body.dump();
          if (statusCode !== 200) throw new Error(`status ${statusCode}`);
        }),
      );
      return (await used()) - before;
    };
  }
  await compare('Processor time of an Express request; 1.00 is the route without middleware', ways, {
    rounds: 15,
  });
  child.kill();
  process.exit();
}
