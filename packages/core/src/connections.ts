// The way to the nodes for what is no verification: the same options, trust and proxies, and nothing of what a
// verifier does besides. For packages of ours.

import type { Dispatcher } from 'undici';
import { createWarner } from './observation/warnings.js';
import { readDispatcher } from './options/dispatcher-option.js';
import { readNodes, readTls, type TlsOptions, warnOfOpenDoors } from './options/node-options.js';
import { readProxies } from './options/proxy-option.js';
import { systemClock } from './time/clock.js';
import { createEchoMemory } from './upstream/opaque-id.js';
import { type Answer, createTransports, type NodeRequest } from './upstream/transport.js';
import { ConfigurationError } from './values/errors.js';

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
export interface NodeAnswer extends Answer {
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

/** @throws {ConfigurationError} `invalid_option` */
export function openConnections(options: ConnectionOptions, connectTimeoutMs: number): Connections {
  for (const name of ['tls', 'proxy'] as const) {
    if (options.dispatcher === undefined || options[name] === undefined) continue;
    throw new ConfigurationError('dispatcher', `must not be set together with ${name}`);
  }
  const urls = readNodes(options.nodes, options.cloudId);
  const tls = readTls(options.tls);
  const dispatcher = readDispatcher(options.dispatcher);
  warnOfOpenDoors(urls, tls, createWarner(systemClock));
  const proxies = readProxies(options.proxy, urls);
  const transports = createTransports({ tls, proxies, dispatcher, maxConnections, connectTimeoutMs });
  const ways = urls.map((url) => ({ url, transport: transports.connect(url.origin) }));
  return {
    nodes: ways.map(({ url, transport }) => {
      const prefix = url.pathname.replace(/\/+$/, '');
      const echoes = createEchoMemory();
      return {
        node: url.href,
        async send(request, signal) {
          const answer = await transport.send({ ...request, path: prefix + request.path }, signal);
          if (answer.echoed) echoes.echoed();
          return { ...answer, isOurs: () => answer.echoed || echoes.missed() };
        },
      };
    }),
    async close() {
      await Promise.all(ways.map(({ transport }) => transport.close()));
    },
  };
}
