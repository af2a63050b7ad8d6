// One request to one node, and its answer up to a limit. Bears an id of its own, and hears no answer with another.
// Follows no redirect, decodes nothing, retries nothing, judges nothing else.

import { type Dispatcher, errors } from 'undici';
import type { Ending } from '../time/stop.js';
import { type Connections, createConnections, type Sent } from './connections.js';
import { echoOf, newOpaqueId, opaqueIdHeader } from './opaque-id.js';
import type { TlsSettings } from './tls.js';
import type { Proxies } from './tunnel.js';

/** What is asked of a node. Must change nothing there: it may be asked again. */
export interface NodeRequest {
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
  /** Default: POST with a body, GET without one. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
}

/** An HTTP answer whose body has arrived whole, or was cut off at the limit. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** `undefined` if it is longer than the limit. */
  readonly body: Buffer | undefined;
  /** Whether it bears the id of its question; if not, it bears none. */
  readonly echoed: boolean;
  /**
   * Ends the connection that it came on, because it is no answer to what was asked. To be called in the turn of the
   * event loop in which it comes, until when nothing else is asked there. A `dispatcher`'s connection is its owner's:
   * it stays.
   */
  hangUp(): void;
}

export interface Transport {
  /** Rejects with the network's error, or with the signal's reason as soon as that fires. */
  send(request: NodeRequest, signal: Ending): Promise<Answer>;
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

/** One MiB: a body without end must not fill the memory. */
export const maxBodyBytes = 1_048_576;

/** Of the first piece of memory for a body; an identity is about 400 bytes. */
const firstBodyBytes = 4_096;

/**
 * A request that is given up before there is a connection for it lies in undici's pool until there is one, though
 * without what it would have carried. So many for each connection at most; more fail at once. As many as can come
 * while all connections are made anew: whoever leaves ends the one on which he was heard.
 */
const mostForsaken = 64;

const jsonHeaders = { 'content-type': 'application/json' };

export interface Transports {
  /** Opens the way to an origin. */
  connect(origin: string): Transport;
  /** Secures what is connected from now on with this. What is connected ends with the request that it is asked. */
  renewTls(tls: TlsSettings): void;
}

export function createTransports(settings: TransportSettings): Transports {
  const ways = new Set<Connections>();
  return {
    connect,
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
    const way = own ?? dispatcher;
    const plain = origin.startsWith('http:');
    const forsaken = { count: 0 };
    return {
      send(request, signal) {
        const id = newOpaqueId();
        // Nothing else holds the request: see `forsake`.
        const sent = sentTo(origin, request, id);
        return new Promise((resolve, reject) => {
          if (signal.aborted) throw signal.reason;
          if (forsaken.count >= mostForsaken * maxConnections) throw new NoConnectionError();
          const fail = (reason: unknown) =>
            reject(plain && endedUnread(reason) ? new NoAnswerError() : reason);
          way?.dispatch(sent, collect({ sent, id, signal, forsaken }, resolve, fail));
        });
      },
      async close() {
        await own?.close();
      },
    };
  }
}

function sentTo(origin: string, request: NodeRequest, id: string): Sent {
  const { path, headers, body, method = body === undefined ? 'GET' : 'POST' } = request;
  if (body === undefined) return { origin, path, method, headers: { ...headers, [opaqueIdHeader]: id } };
  return { origin, path, method, body, headers: { ...headers, ...jsonHeaders, [opaqueIdHeader]: id } };
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

/** What came is the answer to another question: a cache, or a proxy that mixes answers up, has sent it. */
class MisdirectedError extends Error {
  readonly code = 'ESAUTH_MISDIRECTED';
  constructor() {
    super('the answer bears another X-Opaque-Id than the question');
  }
}

export function isMisdirected(error: unknown): boolean {
  return error instanceof MisdirectedError;
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

/** Whether a connection came to its end before anything was read from it. */
function endedUnread(error: unknown): boolean {
  return error instanceof errors.SocketError && error.socket?.bytesRead === 0;
}

/** What an answer is awaited to. */
interface Awaited {
  readonly sent: Sent;
  readonly id: string;
  readonly signal: Ending;
  readonly forsaken: { count: number };
}

/** Gathers an answer. Calls `resolve` or `reject` once, whatever undici still reports afterwards. */
function collect(
  { sent, id, signal, forsaken }: Awaited,
  resolve: (answer: Answer) => void,
  reject: (reason: unknown) => void,
): Dispatcher.DispatchHandler {
  let request: Dispatcher.DispatchController | undefined;
  let status = 0;
  let headers: Answer['headers'] = {};
  // One piece of memory, twice as long whenever it is full. A chunk is a view of what was read from the socket, which
  // costs 120 bytes or more also if it holds one: kept until the end, a body in such chunks would cost so many times
  // its length.
  let body: Buffer = Buffer.alloc(0);
  let bytes = 0;

  let isForsaken = false;
  const forsake = (is: boolean) => {
    if (is !== isForsaken) forsaken.count += is ? 1 : -1;
    isForsaken = is;
    if (is) Object.assign(sent, { headers: {}, body: undefined });
  };

  // A request that still waits in the pool has no controller: the caller gets its answer now, and the
  // request is dropped when its turn comes.
  const onAbort = () => {
    reject(signal.reason);
    if (request === undefined) forsake(true);
    else request.abort(abandoned);
  };
  const finish = (body: Buffer | undefined) => {
    signal.removeEventListener('abort', onAbort);
    const connection = sent.connection?.();
    const echoed = echoOf(headers[opaqueIdHeader], id) === 'ours';
    resolve({ status, headers, body, echoed, hangUp: () => connection?.destroy() });
  };
  signal.addEventListener('abort', onAbort);

  return {
    onRequestStart(controller) {
      forsake(false);
      request = controller;
      if (signal.aborted) controller.abort(abandoned);
    },
    onResponseStart(controller, statusCode, responseHeaders) {
      status = statusCode;
      headers = responseHeaders ?? {};
      if (echoOf(headers[opaqueIdHeader], id) !== 'another') return;
      signal.removeEventListener('abort', onAbort);
      reject(new MisdirectedError());
      controller.abort(abandoned);
    },
    onResponseData(controller, chunk) {
      const end = bytes + chunk.length;
      if (end > maxBodyBytes) {
        finish(undefined);
        controller.abort(abandoned);
        return;
      }
      if (end > body.length) body = enlarge(body, end);
      body.set(chunk, bytes);
      bytes = end;
    },
    onResponseEnd() {
      finish(body.subarray(0, bytes));
    },
    onResponseError(_controller, error) {
      forsake(false);
      signal.removeEventListener('abort', onAbort);
      reject(error);
    },
  };
}

/** @returns memory of its own, not a part of a pool, that begins with `body` and has room for `least` bytes. */
function enlarge(body: Buffer, least: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(firstBodyBytes, 2 * body.length, least));
  larger.set(body);
  return larger;
}

/** undici wants an error to abort with; nobody sees it. One for all, because making one costs a stack trace. */
const abandoned = new Error('abandoned');
