// Connections of our own to one origin: a pool of undici's, of which each connection can be ended by itself, by
// whoever has heard on it what is no answer to what was asked.

import type { Socket } from 'node:net';
import { Client, type Dispatcher, Pool } from 'undici';
import type { Exchange, Sent } from './exchange.js';
import { type Connector, createConnector, type TlsSettings } from './tls.js';
import type { HttpProxy } from './tunnel.js';

export interface Connections {
  dispatch(sent: Sent, exchange: Exchange): void;
  /** Secures what is connected from now on with this. What is connected ends with the request that it is asked. */
  renewTls(tls: TlsSettings): void;
  /** Destroys all sockets; what is under way rejects. */
  close(): Promise<void>;
}

export interface ConnectionSettings {
  readonly tls: TlsSettings;
  readonly proxy: HttpProxy | undefined;
  readonly connectTimeoutMs: number;
  readonly maxConnections: number;
}

export function createConnections(origin: string, settings: ConnectionSettings): Connections {
  const connector = createConnector(settings.tls, settings.connectTimeoutMs, settings.proxy);
  const open = () =>
    new Pool(origin, {
      connections: settings.maxConnections,
      factory: (at) => createClient(at, connector.connect),
    });
  let pool = open();
  /** Those that only finish what they were asked. */
  const leaving = new Set<Pool>();
  return {
    dispatch(sent, exchange) {
      // Typed as if handlers of the older interface had members that they need not have.
      pool.dispatch(sent, exchange as Dispatcher.DispatchHandler);
    },
    renewTls(tls) {
      connector.renew(tls);
      const old = pool;
      pool = open();
      leaving.add(old);
      // Ends what is idle at once.
      old.close(() => leaving.delete(old));
    },
    async close() {
      connector.close();
      await Promise.all([pool, ...leaving].map((each) => each.destroy()));
    },
  };
}

/** undici's client, which has one connection at a time. */
function createClient(origin: URL, connect: Connector['connect']): Client {
  const line: { socket: Socket | undefined } = { socket: undefined };
  const client = new Client(origin, {
    // A slow answer must not hold up a stranger's on the same connection.
    pipelining: 1,
    // One deadline for all phases is kept by the caller's signal; undici's would be a second truth.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect(target, callback) {
      connect(target, (...made) => {
        const opened = made[1] ?? undefined;
        line.socket = opened;
        // With it goes what it ended with: an error of what is no HTTP quotes what came, which may quote a caller.
        opened?.once('close', () => {
          if (line.socket === opened) line.socket = undefined;
        });
        callback(...made);
      });
    },
  });
  const dispatch = client.dispatch.bind(client);
  client.dispatch = (sent: Sent, handler) => {
    sent.line = line;
    return dispatch(sent, handler);
  };
  return client;
}
