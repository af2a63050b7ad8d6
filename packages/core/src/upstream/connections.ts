// Connections of our own to one origin: a pool of undici's, of which each connection can be ended by itself, by
// whoever has heard on it what is no answer to what was asked. There is none before the first request.

import type { Socket } from 'node:net';
import type { Client, Dispatcher, Pool } from 'undici';
import { watchAnswers } from './answer-head.js';
import type { Exchange, Line, Sent } from './exchange.js';
import { undici } from './lazily.js';
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
  const { proxy, connectTimeoutMs, maxConnections: connections } = settings;
  let { tls } = settings;
  let connector: Connector | undefined;
  let pool: Pool | undefined;
  let closed = false;
  /** Those that only finish what they were asked. */
  const leaving = new Set<Pool>();
  const open = () => {
    connector ??= createConnector(tls, connectTimeoutMs, proxy);
    const { connect } = connector;
    const { Pool } = undici();
    pool = new Pool(origin, { connections, factory: (at) => createClient(at, connect) });
    // It then refuses what it is asked.
    if (closed) void pool.destroy();
    return pool;
  };
  return {
    dispatch(sent, exchange) {
      // Typed as if handlers of the older interface had members that they need not have.
      (pool ?? open()).dispatch(sent, exchange as Dispatcher.DispatchHandler);
    },
    renewTls(renewed) {
      tls = renewed;
      connector?.renew(renewed);
      if (pool === undefined) return;
      const old = pool;
      open();
      leaving.add(old);
      // Ends what is idle at once.
      old.close(() => leaving.delete(old));
    },
    async close() {
      closed = true;
      connector?.close();
      await Promise.all([...leaving, ...(pool === undefined ? [] : [pool])].map((each) => each.destroy()));
    },
  };
}

/** undici's client, which has one connection at a time. */
function createClient(origin: URL, connect: Connector['connect']): Client {
  const line: Line & { socket: Socket | undefined } = { socket: undefined, asked: 0 };
  const { Client } = undici();
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
        if (opened !== undefined) watchAnswers(opened, () => line.asked);
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
