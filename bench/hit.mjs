// What a remembered verdict costs: `peek` beside the bare digest that it cannot do without, a map that keeps
// the credential itself as its key, and the middleware that people write first.

import { createHmac, hash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createVerifier } from '@esauth/core';
import { LRUCache } from 'lru-cache';
import { compare, freshStrings } from './compare.mjs';

const batch = 20_000;
const identity = JSON.stringify({
  username: 'jane',
  roles: ['writer'],
  full_name: null,
  email: null,
  metadata: {},
  enabled: true,
  authentication_realm: { name: 'default_native', type: 'native' },
  lookup_realm: { name: 'default_native', type: 'native' },
  authentication_type: 'token',
});

const server = createServer((_request, response) => {
  response.writeHead(200, { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' });
  response.end(identity);
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
// Nothing may expire or be refreshed while it is measured.
const cache = { ttlMs: 86_400_000, refreshAfterMs: 0 };
const verifier = createVerifier({ nodes: `http://127.0.0.1:${server.address().port}`, cache });

for (const [what, bytes] of [
  ['a 55 character header (access token)', 36],
  ['a 1 206 character header (JWT)', 899],
]) {
  const headers = Array.from({ length: 1_024 }, () => `Bearer ${randomBytes(bytes).toString('base64')}`);
  for (const header of headers) await verifier.verify(header);
  const next = freshStrings(headers);
  const map = new Map(headers.map((header) => [header, identity]));
  const naive = new LRUCache({ max: 10_000, ttl: 86_400_000 });
  const key = randomBytes(32);
  const naiveName = (header) => createHmac('sha256', key).update(header.split(' ')[1]).digest('hex');
  for (const header of headers) naive.set(naiveName(header), identity);

  const times = (once) => () => {
    for (let count = 0; count < batch; count += 1) if (once(next()) === undefined) throw new Error('miss');
  };
  await compare(`A hit, ${what}; 1.00 is one SHA-256 of the header alone`, {
    'crypto.hash alone': times((header) => hash('sha256', header, 'binary')),
    'verifier.peek': times((header) => verifier.peek(header)),
    'a Map with the credential itself as key (unsafe)': times((header) => map.get(header)),
    'createHmac and lru-cache with ttl': times((header) => naive.get(naiveName(header))),
  });
}

await verifier.close();
server.close();
