/** A server that speaks TLS, and how to break off its connections. What it answers is decided in `server.ts`. */

import type { RequestListener, ServerOptions } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { ServerCertificate } from './certificates.js';

// Node breaks off TCP connections only, and does not say which one is below a connection of TLS.
const below = new WeakMap<Socket, Socket>();

/** Makes the server; it does not listen yet. */
export function createSecureServer(
  { cert, key }: ServerCertificate,
  options: ServerOptions,
  listener: RequestListener,
): Server {
  const server = createServer({ ...options, cert, key }, listener);
  const open = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const client = clientOf(socket);
    open.set(client, socket);
    socket.once('close', () => open.delete(client));
  });
  server.on('secureConnection', (secured) => {
    const socket = open.get(clientOf(secured));
    if (socket !== undefined) below.set(secured, socket);
  });
  return server;
}

function clientOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Breaks a connection off, with TLS or without, so that the client sees a reset. */
export function reset(socket: Socket): void {
  (below.get(socket) ?? socket).resetAndDestroy();
}
