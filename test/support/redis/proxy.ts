/** A TCP proxy before a Redis: it delays, holds back, cuts and refuses. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** How many connections there are. */
  readonly connections: number;
  /** How many there have been. */
  readonly accepted: number;
  /** From now on each way takes so much longer. In milliseconds. */
  delay(ms: number): void;
  /** From now on nothing gets through, either way, and connections stay. */
  stall(): void;
  /** Destroys all connections. */
  cut(): void;
  /** Destroys all connections, and takes no others. */
  refuse(): void;
  /** Ends all of that; what was held back gets through. */
  heal(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(port: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  let delayMs = 0;
  let isStalled = false;
  let isRefusing = false;
  let accepted = 0;

  const server = createServer((near) => {
    if (isRefusing) {
      near.destroy();
      return;
    }
    accepted += 1;
    const far = connect(port, '127.0.0.1');
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => pass(() => void (to.destroyed || to.write(chunk))));
      // Whoever hangs up is part of many tests.
      from.on('error', end).on('close', () => {
        sockets.delete(from);
        end();
      });
    }
  });
  const pass = (forward: () => void) => {
    if (isStalled) held.push(forward);
    else if (delayMs > 0) setTimeout(() => (isStalled ? held.push(forward) : forward()), delayMs);
    else forward();
  };
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return Math.ceil(sockets.size / 2);
    },
    get accepted() {
      return accepted;
    },
    delay(ms) {
      delayMs = ms;
    },
    stall() {
      isStalled = true;
    },
    cut,
    refuse() {
      isRefusing = true;
      cut();
    },
    heal() {
      delayMs = 0;
      isStalled = false;
      isRefusing = false;
      for (const forward of held.splice(0)) forward();
    },
    async close() {
      cut();
      await new Promise((done) => server.close(done));
    },
  };
}
