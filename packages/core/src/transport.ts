// The only file that opens sockets: one GET to one node, and its answer up to a limit. Follows no redirect,
// decodes nothing, retries nothing, judges nothing.

import { type Dispatcher, Pool } from 'undici';

/** An HTTP answer whose body has arrived whole, or was cut off at the limit. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** `undefined` if it is longer than the limit. */
  readonly body: Buffer | undefined;
}

export interface Transport {
  /** Rejects with the network's error, or with the signal's reason as soon as that fires (not: has fired). */
  get(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer>;
  /** Destroys all sockets; what is under way rejects. */
  close(): Promise<void>;
}

export interface TransportSettings {
  readonly ca: string | Buffer | (string | Buffer)[] | undefined;
  readonly timeoutMs: number;
}

/** One MiB: an identity is about 400 bytes, and a body without end must not fill the memory. */
const maxBodyBytes = 1_048_576;

/** Connections at most: past 32 they bring no throughput and delay the event loop. */
const maxConnections = 32;

export function createTransport(origin: string, settings: TransportSettings): Transport {
  const pool = new Pool(origin, {
    connections: maxConnections,
    // A slow answer must not hold up a stranger's on the same connection.
    pipelining: 1,
    // One deadline for all phases is kept by the caller's signal; undici's would only make a second truth.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: settings.timeoutMs, ...(settings.ca !== undefined && { ca: settings.ca }) },
  });
  return {
    get: (path, headers, signal) =>
      new Promise((resolve, reject) => {
        pool.dispatch({ path, method: 'GET', headers: { ...headers } }, collect(signal, resolve, reject));
      }),
    close: () => pool.destroy(),
  };
}

/** Gathers an answer. Calls `resolve` or `reject` once, whatever undici still reports afterwards. */
function collect(
  signal: AbortSignal,
  resolve: (answer: Answer) => void,
  reject: (reason: unknown) => void,
): Dispatcher.DispatchHandler {
  let request: Dispatcher.DispatchController | undefined;
  let status = 0;
  let headers: Answer['headers'] = {};
  const chunks: Buffer[] = [];
  let bytes = 0;

  // A request that still waits in the pool has no controller: the caller gets its answer now, and the
  // request is dropped when its turn comes.
  const onAbort = () => {
    reject(signal.reason);
    request?.abort(abandoned);
  };
  const finish = (body: Buffer | undefined) => {
    signal.removeEventListener('abort', onAbort);
    resolve({ status, headers, body });
  };
  signal.addEventListener('abort', onAbort, { once: true });

  return {
    onRequestStart(controller) {
      request = controller;
      if (signal.aborted) controller.abort(abandoned);
    },
    onResponseStart(_controller, statusCode, responseHeaders) {
      status = statusCode;
      headers = responseHeaders;
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
      signal.removeEventListener('abort', onAbort);
      reject(error);
    },
  };
}

/** undici wants an error to abort with; nobody sees it. One for all, because making one costs a stack trace. */
const abandoned = new Error('abandoned');
