// An address of a node, on which it can hang up: bytes go to Elasticsearch and back as they are.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export async function startRelay(target) {
  const { hostname, port } = new URL(target);
  const sockets = new Set();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(one);
      // Whichever end breaks off, and however: the other one does, too.
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  const listen = async (wanted) => {
    await once(server.listen(wanted, '127.0.0.1'), 'listening');
    return server.address().port;
  };
  const own = await listen(0);

  return {
    url: `http://127.0.0.1:${own}`,
    async hangUp() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    pickUp: () => listen(own),
  };
}
