// The way to the nodes for what is no verification: the same options, trust and proxies, and nothing of what a
// verifier does besides. For packages of ours.

import type { Dispatcher } from 'undici';
import { createWarner } from './observation/warnings.js';
import { readConnection } from './options/connection-options.js';
import { type TlsOptions, warnOfOpenDoors } from './options/node-options.js';
import { systemClock } from './time/clock.js';
import type { Answer } from './upstream/exchange.js';
import { askBy, Heard, wayTo } from './upstream/node-way.js';
import { createTransports, type NodeRequest } from './upstream/transport.js';

/** Where Elasticsearch is, and how to trust it: as in `VerifierOptions`. */
export interface ConnectionOptions {
  readonly nodes?: string | URL | readonly (string | URL)[] | undefined;
  readonly cloudId?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  readonly proxy?: string | URL | undefined;
  readonly dispatcher?: Dispatcher | undefined;
}

/** One of the nodes. */
export interface Connection {
  /** Its base URL. */
  readonly node: string;
  /** Rejects with the network's error, or with the signal's reason as soon as that fires. */
  send(request: NodeRequest, signal: AbortSignal): Promise<NodeAnswer>;
}

/** An answer, and whether it may be believed to be the one to its question. */
export interface NodeAnswer extends Omit<Answer, 'head'> {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** To be asked of what Elasticsearch itself seems to say. */
  isOurs(): boolean;
}

/** All of them. */
export interface Connections {
  readonly nodes: readonly Connection[];
  /** Destroys all sockets of its own; what is under way rejects. */
  close(): Promise<void>;
}

const maxConnections = 32;

/**
 * The way to the nodes that a verifier takes, for other questions.
 *
 * @throws {ConfigurationError} `invalid_option`
 */
export function openConnections(options: ConnectionOptions, connectTimeoutMs: number): Connections {
  const { nodes, ...settings } = readConnection(options);
  warnOfOpenDoors(nodes, settings.tls, createWarner(systemClock));
  const transports = createTransports({ ...settings, maxConnections, connectTimeoutMs });
  const ways = nodes.map((url) => wayTo(url, transports.connect));
  return {
    nodes: ways.map((way) => ({
      node: way.name,
      async send(request, signal) {
        const answer = await askBy(way, request, signal);
        const { status, head, body, echoed } = answer;
        const heard = new Heard(way, answer);
        return {
          ...{ status, headers: head.all(), body, echoed },
          hangUp: () => answer.hangUp(),
          isOurs: () => heard.isOurs(),
        };
      },
    })),
    async close() {
      await Promise.all(ways.map(({ transport }) => transport.close()));
    },
  };
}
