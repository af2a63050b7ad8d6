// A TCP server that answers HTTP requests with whatever bytes a test wants: for everything that Elasticsearch
// itself never sends, but networks, proxies and wrong addresses do.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions, Server as TlsServer } from 'node:tls';

/** Answers one request. `head` is its request line and headers. */
export type Script = (socket: Socket, head: string, body?: string) => void;

export interface ScriptedNode {
  readonly url: string;
  /** Heads of the requests that came in, oldest first. */
  readonly requests: readonly string[];
  /** How many connections were made altogether; with TLS, those whose handshake was finished. */
  readonly connections: number;
  /** How much has come in altogether, of requests that is: what TLS needs for itself does not count. */
  readonly bytesReceived: number;
  /** Sets how requests are answered from now on. */
  answer(script: Script): void;
  /** Resolves when so many requests have come in altogether. */
  arrived(count: number): Promise<void>;
  /** Hangs up on everybody and listens no more. */
  stop(): Promise<void>;
  /** Listens again, at the same address. */
  restart(): Promise<void>;
  /** Presents another certificate from now on, and hangs up on everybody. */
  present(tls: TlsOptions): void;
  close(): Promise<void>;
}

/** @param tls key and certificate (PEM) to serve https with, and what else `tls.createServer` takes. */
export async function startScriptedNode(first: Script = () => {}, tls?: TlsOptions): Promise<ScriptedNode> {
  let script = first;
  const requests: string[] = [];
  let connections = 0;
  let bytesReceived = 0;
  const sockets = new Set<Socket>();
  const watchers = new Set<() => void>();
  const serve = (socket: Socket) => {
    sockets.add(socket);
    connections += 1;
    let received = '';
    socket.on('close', () => sockets.delete(socket));
    // A client that hangs up is part of many tests.
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      bytesReceived += chunk.length;
      received += chunk.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end);
        const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
        const over = end + 4 + Number(length);
        if (received.length < over) return;
        const body = Buffer.from(received.slice(end + 4, over), 'latin1').toString();
        received = received.slice(over);
        requests.push(head);
        script(socket, head, body);
        for (const watcher of watchers) watcher();
      }
    });
  };
  // Also fires for handshakes that a client breaks off.
  const server = tls ? createTlsServer(tls, serve).on('tlsClientError', () => {}) : createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  const stop = async () => {
    if (!server.listening) return;
    server.close();
    hangUp();
    await once(server, 'close');
  };

  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests,
    get connections() {
      return connections;
    },
    get bytesReceived() {
      return bytesReceived;
    },
    answer(next) {
      script = next;
    },
    arrived(count) {
      return new Promise((resolve) => {
        const watcher = () => {
          if (requests.length < count) return;
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
        watcher();
      });
    },
    stop,
    async restart() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    present(another) {
      if (server instanceof TlsServer) server.setSecureContext(another);
      hangUp();
    },
    close: stop,
  };
}

/** Holds every request from now on until it is answered by hand, oldest first. */
export function holdAnswers(node: ScriptedNode): { release(script: Script): void } {
  const held: Parameters<Script>[] = [];
  node.answer((...request) => void held.push(request));
  return {
    release(script) {
      const request = held.shift();
      if (request === undefined) throw new Error('no request is held');
      script(...request);
    },
  };
}

export interface ScriptedAnswer {
  readonly status?: number;
  /**
   * Added to `content-length`, the question's id and, but for 401 and 403, the product header; `undefined` leaves one
   * out.
   */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
}

/** A complete answer, as Elasticsearch would send it unless told otherwise. */
export function respond({ status = 200, headers = {}, body = '' }: ScriptedAnswer = {}): Script {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const lines = (head: string) =>
    Object.entries({
      'x-opaque-id': idOf(head),
      'content-type': 'application/json',
      ...(status !== 401 && status !== 403 && { 'x-elastic-product': 'Elasticsearch' }),
      'content-length': String(Buffer.byteLength(text)),
      ...headers,
    }).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]));
  return (socket, head) =>
    void socket.write(`HTTP/1.1 ${status} Scripted\r\n${lines(head).join('')}\r\n${text}`);
}

/** The `X-Opaque-Id` of a request. */
export function idOf(head: string): string | undefined {
  return /\r\nx-opaque-id: ([^\r]*)/i.exec(head)?.[1];
}

/** The body of `_authenticate` for a native user with an access token, with changes. */
export function identityBody(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    username: 'jane',
    roles: ['editor'],
    full_name: null,
    email: null,
    metadata: {},
    enabled: true,
    authentication_realm: { name: 'default_native', type: 'native' },
    lookup_realm: { name: 'default_native', type: 'native' },
    authentication_type: 'token',
    ...changes,
  };
}

/** The body of a 400 that complains of the question. */
export function mistakeBody(reason: string) {
  return errorBody(400, reason, { type: 'illegal_argument_exception' });
}

/** Elasticsearch's error envelope. */
export function errorBody(status: number, reason: string, more: Readonly<Record<string, unknown>> = {}) {
  const error = { type: 'security_exception', reason, ...more };
  return { error: { root_cause: [error], ...error }, status };
}
