// Starts servers of the guides, all in one process, each at a free port; prints for each file that is named its address.

import { once } from 'node:events';
import { Server } from 'node:net';

process.env.PORT = '0';
const { listen } = Server.prototype;
let latest = [];
Server.prototype.listen = function (...args) {
  latest.push(this);
  return listen.apply(this, args);
};

for (const file of process.argv.slice(2)) {
  latest = [];
  await import(file);
  // Fastify listens a second time, for the other family of addresses. Koa and Express do not wait.
  while (latest.length === 0) await new Promise((done) => setImmediate(done));
  const [server] = latest;
  if (!server.listening) await once(server, 'listening');
  const { address, port } = server.address();
  process.stdout.write(`${file} http://${address === '::1' ? '[::1]' : '127.0.0.1'}:${port}\n`);
}
process.stdout.write('started\n');
