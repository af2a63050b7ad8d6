// One request to one node, and its answer. Bears an id of its own, and hears no answer with another. Follows no redirect,
// decodes nothing, retries nothing, judges nothing else.

import type { Dispatcher } from 'undici';
import type { Ending } from '../time/stop.js';
import { type Connections, createConnections } from './connections.js';
import { type Answer, Exchange, handlerFor, type Outcome, type Sent } from './exchange.js';
import { undici } from './lazily.js';
import { newOpaqueId, opaqueIdHeader } from './opaque-id.js';
import type { TlsSettings } from './tls.js';
import type { Proxies } from './tunnel.js';

/** What is asked of a node. Must change nothing there: it may be asked again. */
export interface NodeRequest {
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The header of this name, if it is not among these: so that they can be the same for all. */
  readonly authorization?: string | undefined;
  /** JSON text. */
  readonly body?: string | undefined;
  /** Default: POST with a body, GET without one. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | undefined;
}

export interface Transport {
  /**
   * Rejects with the network's error, or with the signal's reason as soon as that fires.
   *
   * @param prefix goes before the request's path.
   */
  send(request: NodeRequest, signal: Ending, prefix?: string): Promise<Answer>;
  /** The same without a promise: tells `outcome`, of which what it is told first counts. May do so before it returns. */
  ask(request: NodeRequest, signal: Ending, prefix: string, outcome: Outcome): void;
  /** Destroys all sockets of its own; what is under way rejects. */
  close(): Promise<void>;
}

export interface TransportSettings {
  readonly tls: TlsSettings;
  /** Through which proxies nodes are reached. */
  readonly proxies?: Proxies;
  readonly connectTimeoutMs: number;
  /** For each origin. */
  readonly maxConnections: number;
  /** Somebody else's way to the nodes, instead of a pool of our own. It is not closed. */
  readonly dispatcher: Dispatcher | undefined;
}

/**
 * A request that is given up before there is a connection for it lies in undici's pool until there is one, though
 * without what it would have carried. So many for each connection at most; more fail at once. As many as can come
 * while all connections are made anew: whoever leaves ends the one on which he was heard.
 */
const mostForsaken = 64;

export interface Transports {
  /** Opens the way to an origin. */
  connect(origin: string): Transport;
  /**
   * Loads what requests need, if it is not: to be called before the time of the first one begins, which it would take
   * a part of.
   */
  load(): void;
  /** Secures what is connected from now on with this. What is connected ends with the request that it is asked. */
  renewTls(tls: TlsSettings): void;
}

export function createTransports(settings: TransportSettings): Transports {
  const ways = new Set<Connections>();
  return {
    connect,
    load() {
      if (settings.dispatcher === undefined) undici();
    },
    renewTls(tls) {
      for (const way of ways) way.renewTls(tls);
    },
  };

  function connect(origin: string): Transport {
    const { tls, proxies, connectTimeoutMs, maxConnections, dispatcher } = settings;
    const own =
      dispatcher === undefined
        ? createConnections(origin, { tls, proxy: proxies?.get(origin), connectTimeoutMs, maxConnections })
        : undefined;
    if (own !== undefined) ways.add(own);
    const plain = origin.startsWith('http:');
    const forsaken = { count: 0 };
    const dispatch = (sent: Sent, exchange: Exchange) => {
      if (own !== undefined) own.dispatch(sent, exchange);
      else dispatcher?.dispatch(sent, handlerFor(exchange));
    };
    const ask = (request: NodeRequest, signal: Ending, prefix: string, outcome: Outcome) => {
      if (signal.aborted) return outcome.reject(signal.reason);
      if (forsaken.count >= mostForsaken * maxConnections) return outcome.reject(new NoConnectionError());
      const id = newOpaqueId();
      const list = headersOf(request, id);
      // Interceptors may take them apart as undici's own do, which know them as members.
      const headers = own === undefined ? recordOf(list) : list;
      const { path, body = null, method = body === null ? 'GET' : 'POST' } = request;
      // There is no pipelining that an answer could block; undici would look for more to send with each head.
      const blocking = false;
      const sent = { origin, path: prefix + path, method, headers, body, blocking, line: undefined };
      const told = plain ? new Plain(outcome) : outcome;
      try {
        dispatch(sent, new Exchange(sent, id, signal, forsaken, told));
      } catch (error) {
        outcome.reject(error);
      }
    };
    return {
      ask,
      send: (request, signal, prefix = '') =>
        new Promise((resolve, reject) => ask(request, signal, prefix, { resolve, reject })),
      async close() {
        await own?.close();
      },
    };
  }
}

/** What becomes of a request over a plain connection. */
class Plain implements Outcome {
  readonly #outcome: Outcome;

  constructor(outcome: Outcome) {
    this.#outcome = outcome;
  }

  resolve(answer: Answer): void {
    this.#outcome.resolve(answer);
  }

  reject(error: unknown): void {
    this.#outcome.reject(endedUnread(error) ? new NoAnswerError() : error);
  }
}

/** Names and values by turns: of an object undici would have to list them first. */
function headersOf({ authorization, headers, body }: NodeRequest, id: string): string[] {
  const list: string[] = [];
  if (authorization !== undefined) list.push('authorization', authorization);
  for (const name in headers) list.push(name, headers[name] ?? '');
  if (body !== undefined) list.push('content-type', 'application/json');
  list.push(opaqueIdHeader, id);
  return list;
}

function recordOf(list: readonly string[]): Record<string, string> {
  const names = list.filter((_, at) => at % 2 === 0);
  return Object.fromEntries(names.map((name, nth) => [name, list[2 * nth + 1] ?? '']));
}

/** Whether what came back is not HTTP as it should be. Such an error may hold a piece of the answer. */
export function isGarbled(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'HTTPParserError' || ('code' in error && error.code === 'UND_ERR_HEADERS_OVERFLOW');
}

/** Whether what came back instead of HTTP is a TLS alert (RFC 8446 §5.1 and §6). */
export function isTls(error: unknown): boolean {
  if (!isGarbled(error) || typeof error !== 'object' || error === null || !('data' in error)) return false;
  return String(error.data).startsWith('\x15\x03');
}

/**
 * A node closed a plain connection without a word: what Elasticsearch does, and Node's own servers, when they are
 * spoken to in plain http on a port for https.
 */
class NoAnswerError extends Error {
  readonly code = 'ESAUTH_NO_ANSWER';
  constructor() {
    super('the connection was closed without an answer');
  }
}

/** Of a node to which connections are neither made nor refused, or not as fast as those who asked have left. */
class NoConnectionError extends Error {
  constructor() {
    super('too many requests wait for a connection');
  }
}

/** Whether it is our own limit that has kept a request from being sent, which says nothing of the node. */
export function isUnsent(error: unknown): boolean {
  return error instanceof NoConnectionError;
}

/** Whether a connection came to its end before anything was read from it: an error of undici's, by its code. */
function endedUnread(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'UND_ERR_SOCKET') return false;
  if (!('socket' in error) || typeof error.socket !== 'object' || error.socket === null) return false;
  return 'bytesRead' in error.socket && error.socket.bytesRead === 0;
}
