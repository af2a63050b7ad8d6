// Stands between the API and a cluster, so that an outage can be shown without touching the cluster, and questions
// can be counted. What a verifier asks is passed on, and the answer comes back, as it is; nothing else is. It speaks
// plain HTTP on loopback to the API: passing TLS through unread would bring a host name that fits neither the
// cluster's certificate nor a proxy that finds the cluster by it, and would leave nothing to count.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Wire } from './wire.js';

export interface Relay {
  readonly url: string;
  /** How many credentials the cluster was asked about. */
  lookups(): number;
  /** From now on nobody answers at `url`. */
  hangUp(): Promise<void>;
  /** Answers at `url` again. */
  pickUp(): Promise<void>;
}

const authenticate = '/_security/_authenticate';
const asked: ReadonlySet<string> = new Set([authenticate, '/_security/user/_has_privileges']);
/** What is between two neighbours on the way, and not between its ends (RFC 9110 §7.6.1); and the neighbour's name. */
const ofTheHop: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host']);

/** @param target the cluster's base URL, without a slash at its end. */
export async function startRelay(target: string, wire: Wire): Promise<Relay> {
  let lookups = 0;
  const server = createServer((request, response) => {
    forward(request, response).catch(() => response.destroy());
  });
  const port = await listen(0);

  return {
    url: `http://127.0.0.1:${port}`,
    lookups: () => lookups,
    async hangUp() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    async pickUp() {
      await listen(port);
    },
  };

  async function listen(wanted: number): Promise<number> {
    await once(server.listen(wanted, '127.0.0.1'), 'listening');
    // A server that listens on a port has an address of this kind.
    return (server.address() as AddressInfo).port;
  }

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url: path = '', method = 'GET' } = request;
    if (!asked.has(path)) {
      response.writeHead(404).end();
      return;
    }
    if (path === authenticate) lookups += 1;
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => !ofTheHop.has(name)),
    );
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { status, rawHeaders, body } = await wire.send(`${target}${path}`, {
      ...{ method, headers },
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    const kept = rawHeaders.filter((_, at) => !ofTheHop.has((rawHeaders[at - (at % 2)] ?? '').toLowerCase()));
    response.writeHead(status, kept).end(body);
  }
}
