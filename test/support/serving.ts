// Servers under test, and clients that speak to them in bytes: for what an HTTP client of Node would not send,
// or would hide.

import { once } from 'node:events';
import type { Http2Server } from 'node:http2';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';

export interface Served {
  readonly url: string;
  readonly port: number;
  /** Hangs up on everybody and listens no more. */
  close(): Promise<void>;
}

/** Starts a server on a free port of the loopback address. */
export async function listen(server: Server | Http2Server): Promise<Served> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** A connection to a server. */
export interface Line {
  write(bytes: string | Uint8Array): void;
  /**
   * Resolves with what has come back since the last read, as soon as that fulfils the condition; rejects if the
   * server hangs up before.
   */
  read(condition: (received: string) => boolean): Promise<string>;
  close(): void;
}

export async function openLine(port: number): Promise<Line> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  await once(socket, 'connect');
  return {
    write: (bytes) => void socket.write(bytes),
    async read(condition) {
      while (!condition(received)) {
        if (socket.readableEnded) throw new Error(`hung up after ${JSON.stringify(received)}`);
        await Promise.race([once(socket, 'data'), once(socket, 'end')]);
      }
      const read = received;
      received = '';
      return read;
    },
    close: () => void socket.destroy(),
  };
}

/** Sends one HTTP/1.1 request in bytes, and reads until the server hangs up. The body, if any, comes last. */
export async function sendRaw(port: number, lines: readonly string[], body = ''): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${[...lines, 'Host: a', 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
  let received = '';
  for await (const chunk of socket) received += chunk;
  return received;
}

/** Turns the event loop until something real (a socket) has happened. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}
