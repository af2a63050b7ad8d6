// One request that is on its way, and the gathering of its answer up to a limit. Speaks the older one of undici's two
// handler interfaces, because its client wraps handlers of the newer one and reads all headers for them: 11 500
// instructions for each answer. Where somebody else's dispatcher is used, `handlerFor` speaks the newer one.

import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import type { Ending } from '../time/stop.js';
import { Head } from './head.js';
import { type Echo, echoOf, opaqueIdHeader } from './opaque-id.js';

/** An HTTP answer whose body has arrived whole, or was cut off at the limit. */
export interface Answer {
  readonly status: number;
  readonly head: Head;
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

/** What holds a connection at a time. */
export interface Line {
  readonly socket: Socket | undefined;
  /** How many requests it was asked. */
  asked: number;
}

/** What is sent. */
export interface Sent extends Dispatcher.DispatchOptions {
  headers: string[] | Record<string, string>;
  body: string | null;
  /** By whom, once it is on its way; only of connections of our own. */
  line: Line | undefined;
}

/** Requests that were given up before there was a connection for them, and lie in undici's pool until there is one. */
export interface Forsaken {
  count: number;
}

/** What becomes of it: what is called first counts. */
export interface Outcome {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** One MiB: a body without end must not fill the memory. */
export const maxBodyBytes = 1_048_576;

/** Of the first piece of memory for a body that comes in several. */
const firstBodyBytes = 4_096;

const nothing: Buffer = Buffer.alloc(0);

export class Exchange {
  readonly #sent: Sent;
  readonly #id: string;
  readonly #signal: Ending;
  readonly #forsaken: Forsaken;
  readonly #outcome: Outcome;
  #abort: ((error: Error) => void) | undefined = undefined;
  #isForsaken = false;
  #status = 0;
  #head: Head | undefined = undefined;
  #echo: Echo = 'none';
  #body: Buffer = nothing;
  #bytes = 0;
  /** Whether `#body` is memory of its own. */
  #isCopy = false;

  /** @param id which `sent` bears. */
  constructor(sent: Sent, id: string, signal: Ending, forsaken: Forsaken, outcome: Outcome) {
    this.#sent = sent;
    this.#id = id;
    this.#signal = signal;
    this.#forsaken = forsaken;
    this.#outcome = outcome;
    signal.addEventListener('abort', this);
  }

  /**
   * The signal has fired. A request that still waits in the pool has nothing to be aborted with: the caller gets its
   * answer now, and the request is dropped when its turn comes.
   */
  handleEvent(): void {
    this.#outcome.reject(this.#signal.reason);
    if (this.#abort === undefined) this.#forsake(true);
    else this.#abort(abandoned);
  }

  onConnect(abort: (error: Error) => void): void {
    this.#forsake(false);
    this.#abort = abort;
    if (this.#sent.line !== undefined) this.#sent.line.asked += 1;
    if (this.#signal.aborted) abort(abandoned);
  }

  onHeaders(status: number, headers: readonly Buffer[]): boolean {
    this.#status = status;
    this.#head = new Head(headers);
    this.#echo = echoOf(this.#head.get(opaqueIdHeader), this.#id);
    if (this.#echo === 'another') {
      this.#signal.removeEventListener('abort', this);
      this.#outcome.reject(new MisdirectedError());
      this.#abort?.(abandoned);
    }
    return true;
  }

  onData(chunk: Buffer): boolean {
    const end = this.#bytes + chunk.length;
    if (end > maxBodyBytes) {
      this.#finish(undefined);
      this.#abort?.(abandoned);
      return true;
    }
    // Nearly every body comes in one piece. More than one are copied: a chunk is a view of what was read from the
    // socket, which costs 120 bytes or more also if it holds one. Kept until the end, a body in such chunks would cost
    // so many times its length.
    if (this.#bytes === 0) this.#body = chunk;
    else {
      if (!this.#isCopy || end > this.#body.length) this.#body = enlarged(this.#body, end);
      this.#isCopy = true;
      this.#body.set(chunk, this.#bytes);
    }
    this.#bytes = end;
    return true;
  }

  onComplete(): void {
    this.#finish(this.#isCopy ? this.#body.subarray(0, this.#bytes) : this.#body);
  }

  /** Is called after all else too that ends a request by us, and then changes nothing. */
  onError(error: Error): void {
    this.#forsake(false);
    this.#signal.removeEventListener('abort', this);
    this.#outcome.reject(error);
  }

  #finish(body: Buffer | undefined): void {
    this.#signal.removeEventListener('abort', this);
    const socket = this.#sent.line?.socket;
    const head = this.#head ?? new Head([]);
    this.#outcome.resolve(new Arrived(this.#status, head, body, this.#echo === 'ours', socket));
  }

  #forsake(is: boolean): void {
    if (is === this.#isForsaken) return;
    this.#isForsaken = is;
    this.#forsaken.count += is ? 1 : -1;
    // Nothing else holds what it carries.
    if (is) Object.assign(this.#sent, { headers: [], body: null });
  }
}

class Arrived implements Answer {
  readonly status: number;
  readonly head: Head;
  readonly body: Buffer | undefined;
  readonly echoed: boolean;
  readonly #socket: Socket | undefined;

  constructor(
    status: number,
    head: Head,
    body: Buffer | undefined,
    echoed: boolean,
    socket: Socket | undefined,
  ) {
    this.status = status;
    this.head = head;
    this.body = body;
    this.echoed = echoed;
    this.#socket = socket;
  }

  hangUp(): void {
    this.#socket?.destroy();
  }
}

/** For somebody else's dispatcher, whose interceptors may know the newer interface only. */
export function handlerFor(exchange: Exchange): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller) => exchange.onConnect((error) => controller.abort(error)),
    onResponseStart: (_controller, status, headers) => void exchange.onHeaders(status, rawOf(headers ?? {})),
    onResponseData: (_controller, chunk) => void exchange.onData(chunk),
    onResponseEnd: () => exchange.onComplete(),
    onResponseError: (_controller, error) => exchange.onError(error),
  };
}

function rawOf(headers: Readonly<Record<string, string | string[] | undefined>>): readonly Buffer[] {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values ?? []].flat().flatMap((value) => [Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1')]),
  );
}

/** @returns memory of its own, not a part of a pool, that begins with `body` and has room for `least` bytes. */
function enlarged(body: Buffer, least: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(firstBodyBytes, 2 * body.length, least));
  larger.set(body);
  return larger;
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

/** undici wants an error to abort with; nobody sees it. One for all, because making one costs a stack trace. */
const abandoned = new Error('abandoned');
