// What a lookup costs beside the request that it cannot do without: the same question over undici's pool,
// and over `fetch`, to the same server in another process.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { createVerifier } from '@esauth/core';
import { Pool } from 'undici';
import { compare } from './compare.mjs';

const batch = 2_000;
const atOnce = 16;

if (process.argv[2] === 'serve') await serve();
else await measure();

async function serve() {
  const body = JSON.stringify({
    username: 'jane',
    roles: ['writer'],
    full_name: 'Jane Doe',
    email: 'jane@example.com',
    metadata: { department: 'writing' },
    enabled: true,
    authentication_realm: { name: 'default_native', type: 'native' },
    lookup_realm: { name: 'default_native', type: 'native' },
    authentication_type: 'token',
  });
  const headers = { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' };
  const server = createServer((_request, response) => response.writeHead(200, headers).end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send(server.address().port);
}

async function measure() {
  const child = fork(fileURLToPath(import.meta.url), ['serve']);
  const [port] = await once(child, 'message');
  const url = `http://127.0.0.1:${port}`;
  const verifier = createVerifier({ nodes: url, cache: false });
  const pool = new Pool(url, { connections: 32 });
  let count = 0;
  const token = () => {
    count += 1;
    return `Bearer ${'t'.repeat(30)}${count}`;
  };

  // So many callers, each asking one after the other.
  const times = (once_) => async () => {
    const before = process.cpuUsage();
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let each = 0; each < batch / atOnce; each += 1) await once_(token());
      }),
    );
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const path = '/_security/_authenticate';
  await compare(
    `Processor time of a lookup, ${atOnce} at once; 1.00 is Pool.request and JSON.parse`,
    {
      'undici Pool.request': times(async (authorization) => {
        const { body } = await pool.request({ path, method: 'GET', headers: { authorization } });
        return body.json();
      }),
      'verifier.verify, never remembered': times((authorization) => verifier.verify(authorization)),
      fetch: times(async (authorization) => (await fetch(url + path, { headers: { authorization } })).json()),
    },
    { rounds: 21 },
  );
  await verifier.close();
  await pool.destroy();
  child.kill();
}
