// The server of `flood`: `/` is ours, `/bare` answers the same without asking anybody. Known callers and the flood come
// from two addresses, as a proxy would say.

import { createServer } from 'node:http';
import { createGate, createVerifier } from '@esauth/core';
import { lasting, patient } from './verifiers.mjs';

const { url } = JSON.parse(process.argv[2]);
// What refuses most is remembered least: by default a refusal is soon asked about again.
const verifier = createVerifier({
  nodes: url,
  cache: { ttlMs: lasting.ttlMs, refreshAfterMs: 0 },
  upstream: patient,
});
const gate = createGate(
  verifier,
  { source: (request) => request.headers['x-source'] },
  { node: (request) => request, address: () => undefined },
);
const problem =
  '{"type":"about:blank","title":"Unauthorized","status":401,"code":"credentials_invalid","detail":"no such user"}';

const write = (response, status, body) => {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
};
const settle = (response, { refusal }) => {
  if (refusal === undefined) write(response, 200, '{"ok":true}');
  else write(response, refusal.status, JSON.stringify(refusal.body));
};

const server = createServer((request, response) => {
  if (request.url === '/bare') {
    const isFlood = request.headers['x-source'] === 'flood';
    write(response, isFlood ? 401 : 200, isFlood ? problem : '{"ok":true}');
    return;
  }
  const admission = gate.admit(request);
  if (typeof admission === 'function') void admission().then((known) => settle(response, known));
  else settle(response, admission);
});
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
