// A real HTTP proxy that makes tunnels (CONNECT), for what stands between an application and its nodes.

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Issued } from './certificates.js';

/** A tunnel that was asked for. */
export interface Asked {
  /** Host and port. */
  readonly authority: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: Duplex;
}

export interface ConnectProxy {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** Resolves when so many tunnels have been asked for altogether. */
  arrived(count: number): Promise<void>;
  /** What is done from now on in place of a tunnel; `undefined` makes tunnels again. */
  instead(answer: ((asked: Asked) => void) | undefined): void;
  close(): Promise<void>;
}

/** @param tls key and certificate to be spoken to over TLS. */
export async function startConnectProxy(tls?: Issued): Promise<ConnectProxy> {
  const asked: Asked[] = [];
  const sockets = new Set<Duplex>();
  const watchers = new Set<() => void>();
  let answer: ((asked: Asked) => void) | undefined;
  const server: Server = tls ? createHttpsServer(tls) : createServer();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  });
  server.on('connect', ({ url = '', headers }, socket, head) => {
    // A client that hangs up is part of many tests.
    socket.on('error', () => {});
    const one = { authority: url, headers, socket };
    asked.push(one);
    if (answer === undefined) tunnel(url, socket, head);
    else answer(one);
    for (const watcher of watchers) watcher();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    asked,
    arrived(count) {
      return new Promise((resolve) => {
        const watcher = () => {
          if (asked.length < count) return;
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
        watcher();
      });
    },
    instead(next) {
      answer = next;
    },
    async close() {
      if (!server.listening) return;
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };

  function tunnel(authority: string, socket: Duplex, head: Buffer): void {
    const { hostname, port: to } = new URL(`http://${authority}`);
    const node = connect(Number(to || 80), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      node.write(head);
      node.pipe(socket).pipe(node);
    });
    sockets.add(node);
    node.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    node.on('close', () => {
      sockets.delete(node);
      socket.destroy();
    });
    socket.on('close', () => node.destroy());
  }
}

/** Answers without a tunnel. */
export function refuse(status: number, text = ''): (asked: Asked) => void {
  return ({ socket }) => {
    socket.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
  };
}
