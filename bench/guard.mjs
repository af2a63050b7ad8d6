// What a guard adds to a request that is let in from memory: one that the identity decides, and ones that depend on
// privileges which are remembered.

import { createServer } from 'node:http';
import { allOf, anyOf, createGate, createGuard, createVerifier, privileges, roles } from '@esauth/core';
import { compare, freshStrings } from './compare.mjs';

const batch = 20_000;
const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' });
  const realm = '{"name":"native1","type":"native"}';
  response.end(
    request.url.endsWith('_authenticate')
      ? `{"username":"jane","roles":["reader"],"authentication_realm":${realm},"lookup_realm":${realm},"authentication_type":"token"}`
      : '{"username":"jane","cluster":{"monitor":true},"index":{"docs":{"read":true,"write":true}},"application":{}}',
  );
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const cache = { ttlMs: 86_400_000, refreshAfterMs: 0 };
const verifier = createVerifier({ nodes: `http://127.0.0.1:${server.address().port}`, cache });
const gate = createGate(verifier, {}, { node: (request) => request, address: () => '127.0.0.1' });

const headers = Array.from({ length: 1_024 }, (_, n) => `Bearer ${String(n).padStart(48, 'x')}`);
const next = freshStrings(headers);
const requestWith = (header) => ({ rawHeaders: ['Host', 'a', 'Authorization', header], headers: {} });
const read = privileges({ index: [{ names: 'docs', privileges: ['read'] }] });
const write = privileges({ index: [{ names: 'docs', privileges: ['write'] }] });
const monitor = privileges({ cluster: ['monitor'] });

const known = (outcome) => (typeof outcome === 'function' ? outcome() : outcome);
async function once(guard, header) {
  const request = requestWith(header);
  await known(gate.admit(request));
  if ((await known(guard(request, request))) !== undefined) throw new Error('refused');
}
const through = async (guard) => {
  for (const header of headers) await once(guard, header);
  return () => {
    for (let count = 0; count < batch; count += 1) {
      const request = requestWith(next());
      if (typeof gate.admit(request) === 'function') throw new Error('miss');
      if (guard(request, request) !== undefined) throw new Error('refused, or a miss');
    }
  };
};
await compare('A request let in from memory, with a guard; 1.00 is without', {
  'no guard': await through(() => undefined),
  roles: await through(createGuard(roles('reader'))),
  'one privilege': await through(createGuard(read)),
  'one privilege, named by the request': await through(
    createGuard(privileges(() => ({ index: [{ names: 'docs', privileges: ['read'] }] }))),
  ),
  'three privileges in a combination': await through(createGuard(allOf(read, anyOf(write, monitor)))),
});
await verifier.close();
server.close();
