// The only file that opens sockets for requests: one to one node, and its answer up to a limit. Follows no
// redirect, decodes nothing, retries nothing, judges nothing.

import { type Dispatcher, errors, Pool } from 'undici';
import { createConnector, type TlsSettings } from './tls.js';
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
}

export interface Transport {
  /** Rejects with the network's error, or with the signal's reason as soon as that fires. */
  send(request: NodeRequest, signal: AbortSignal): Promise<Answer>;
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

/** One MiB: an identity is about 400 bytes, and a body without end must not fill the memory. */
const maxBodyBytes = 1_048_576;

/**
 * A request that is given up before there is a connection for it lies in undici's pool until there is one, with the
 * credential that it carries. So many for each connection at most; more fail at once.
 */
const mostForsaken = 4;

const jsonHeaders = { 'content-type': 'application/json' };

export interface Transports {
  /** Opens the way to an origin. */
  connect(origin: string): Transport;
  /** Secures what is connected from now on with this. What is connected ends with the request that it is asked. */
  renewTls(tls: TlsSettings): void;
}

export function createTransports(settings: TransportSettings): Transports {
  const ways = new Set<OwnWay>();
  return {
    connect,
    renewTls(tls) {
      for (const way of ways) way.renewTls(tls);
    },
  };

  function connect(origin: string): Transport {
    const own = settings.dispatcher === undefined ? createWay(origin, settings) : undefined;
    if (own !== undefined) ways.add(own);
    const way = own ?? settings.dispatcher;
    const plain = origin.startsWith('http:');
    const forsaken = { count: 0 };
    return {
      send: ({ path, headers, body, method = body === undefined ? 'GET' : 'POST' }, signal) =>
        new Promise((resolve, reject) => {
          signal.throwIfAborted();
          if (forsaken.count >= mostForsaken * settings.maxConnections) throw new NoConnectionError();
          const fail = (reason: unknown) =>
            reject(plain && endedUnread(reason) ? new NoAnswerError() : reason);
          const asked =
            body === undefined
              ? { origin, path, method, headers: { ...headers } }
              : { origin, path, method, headers: { ...headers, ...jsonHeaders }, body };
          way?.dispatch(asked, collect(signal, forsaken, resolve, fail));
        }),
      async close() {
        await own?.close();
      },
    };
  }
}

/** Connections of our own to one origin. */
interface OwnWay {
  dispatch: Dispatcher['dispatch'];
  renewTls(tls: TlsSettings): void;
  close(): Promise<void>;
}

function createWay(origin: string, settings: TransportSettings): OwnWay {
  const connector = createConnector(settings.tls, settings.connectTimeoutMs, settings.proxies?.get(origin));
  const open = () =>
    new Pool(origin, {
      connections: settings.maxConnections,
      // A slow answer must not hold up a stranger's on the same connection.
      pipelining: 1,
      // One deadline for all phases is kept by the caller's signal; undici's would be a second truth.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: connector.connect,
    });
  let pool = open();
  /** Those that only finish what they were asked. */
  const leaving = new Set<Pool>();
  return {
    dispatch: (options, handler) => pool.dispatch(options, handler),
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

/** Of a node to which connections are neither made nor refused. */
class NoConnectionError extends Error {
  constructor() {
    super('too many requests wait for a connection');
  }
}

/** Whether a connection came to its end before anything was read from it. */
function endedUnread(error: unknown): boolean {
  return error instanceof errors.SocketError && error.socket?.bytesRead === 0;
}

/** Gathers an answer. Calls `resolve` or `reject` once, whatever undici still reports afterwards. */
function collect(
  signal: AbortSignal,
  forsaken: { count: number },
  resolve: (answer: Answer) => void,
  reject: (reason: unknown) => void,
): Dispatcher.DispatchHandler {
  let request: Dispatcher.DispatchController | undefined;
  let status = 0;
  let headers: Answer['headers'] = {};
  const chunks: Buffer[] = [];
  let bytes = 0;

  let isForsaken = false;
  const forsake = (is: boolean) => {
    if (is !== isForsaken) forsaken.count += is ? 1 : -1;
    isForsaken = is;
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
    resolve({ status, headers, body });
  };
  signal.addEventListener('abort', onAbort, { once: true });

  return {
    onRequestStart(controller) {
      forsake(false);
      request = controller;
      if (signal.aborted) controller.abort(abandoned);
    },
    onResponseStart(_controller, statusCode, responseHeaders) {
      status = statusCode;
      headers = responseHeaders ?? {};
    },
    onResponseData(controller, chunk) {
      bytes += chunk.length;
      if (bytes <= maxBodyBytes) {
        chunks.push(chunk);
        return;
      }
      finish(undefined);
      controller.abort(abandoned);
    },
    onResponseEnd() {
      finish(Buffer.concat(chunks));
    },
    onResponseError(_controller, error) {
      forsake(false);
      signal.removeEventListener('abort', onAbort);
      reject(error);
    },
  };
}

/** undici wants an error to abort with; nobody sees it. One for all, because making one costs a stack trace. */
const abandoned = new Error('abandoned');
