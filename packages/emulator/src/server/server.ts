/**
 * The listener: reads requests from sockets, has them answered, and writes the answers, or whatever a fault
 * makes of them. It knows nothing of Elasticsearch but its habits on the wire.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { ScheduledClock } from '../controls/clock.js';
import type { Fault, FaultSource } from '../controls/faults.js';
import type { Exchange, OpenExchange, RequestLog } from '../controls/request-log.js';
import { describeCaller } from '../identities/identity.js';
import type { Page } from '../page/page.js';
import type { ServerCertificate } from './certificates.js';
import { compress, decompress, type Encoding, encodingFor, isCompressed } from './compression.js';
import type { Dispatcher } from './dispatcher.js';
import { answerForeignRequests } from './foreign-requests.js';
import type { Reply } from './replies.js';
import { readHead } from './request-head.js';
import { createSecureServer, reset } from './secure-server.js';

/** What a listener needs. */
export interface ServerParts {
  readonly dispatcher: Dispatcher;
  readonly clock: ScheduledClock;
  readonly faults: FaultSource;
  readonly log: RequestLog;
  readonly maxHeaderBytes: number;
  /** `undefined`: no TLS. */
  readonly certificate: ServerCertificate | undefined;
  /** The page to look at, if there is one. Its requests are nobody else's business: no fault, no record. */
  readonly page: Page | undefined;
  readonly onOver: OnOver | undefined;
}

/** Hears of a request whose answer is sent, or whose connection is gone. */
export type OnOver = (exchange: Exchange, durationMs: number) => void;

/** A listener that listens. */
export interface RunningServer {
  readonly address: AddressInfo;
  /** Ends every connection at once, also those in use. */
  close(): Promise<void>;
}

// `http.max_content_length` of Elasticsearch.
const maxBodyBytes = 100 * 1024 * 1024;

/** @throws the error of the socket if it can not listen there */
export async function startServer(parts: ServerParts, host: string, port: number): Promise<RunningServer> {
  const silenced = new WeakSet<Socket>();
  const last = new WeakMap<Socket, ServerResponse>();
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    last.set(socket, response);
    if (!silenced.has(socket)) handle(parts, silenced, request, response);
  };
  // Node counts the bytes in another way than Netty; what is longer than that is counted in `request-head.ts`.
  const options = { maxHeaderSize: 4 * parts.maxHeaderBytes };
  const server =
    parts.certificate === undefined
      ? createServer(options, listener)
      : createSecureServer(parts.certificate, options, listener);
  // Elasticsearch waits for requests for ever and never closes a connection of its own accord.
  server.keepAliveTimeout = 0;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  const { refuse } = parts.dispatcher;
  answerForeignRequests(server, {
    listener,
    lastOn: (socket) => last.get(socket),
    refuse,
    maxHeaderBytes: parts.maxHeaderBytes,
  });
  const address = await listen(server, host, port);
  // Such as having no more file descriptors for a connection: the others go on.
  server.on('error', (error) => process.emitWarning(error));
  let closing: Promise<void> | undefined;
  return {
    address,
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closing;
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 10_000 }, () => {
      server.off('error', reject);
      // A listener on a port, not on a pipe, always has such an address.
      resolve(server.address() as AddressInfo);
    });
  });
}

/** @param silenced connections on which nothing is answered any more */
function handle(
  parts: ServerParts,
  silenced: WeakSet<Socket>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (parts.page?.answer(request, response) === true) return;
  const head = readHead(request, parts.maxHeaderBytes);
  const entry = parts.log.add(head.method, head.uri, head.authorization);
  const { onOver } = parts;
  if (onOver !== undefined) {
    const startedAt = performance.now();
    response.once('close', () => onOver(entry, performance.now() - startedAt));
  }
  const fault = parts.faults.strike(head.method, pathOf(head.uri));
  entry.struck = fault !== undefined;
  const replacement = fault && replacementOf(fault);
  if (fault?.reset === true || replacement !== undefined) {
    send(parts, request, response, entry, replacement, fault);
    return;
  }
  const encoding = encodingOf(parts, request);
  const sendReply = (reply: Reply): void => {
    const encoded = encoding === undefined ? reply : compressed(reply, encoding);
    send(parts, request, response, entry, encoded, fault);
  };
  if (head.excess !== undefined) {
    const { error, closes } = head.excess;
    if (closes) response.shouldKeepAlive = false;
    else silenced.add(request.socket);
    sendReply(parts.dispatcher.refuse(error));
    return;
  }
  // The same one to the end, also if everything begins anew in between.
  const { dispatcher } = parts;
  whenKnown(dispatcher.admit(head), (admitted) => {
    if (admitted === 'dropped') {
      request.socket.destroy();
      return;
    }
    if ('status' in admitted) {
      sendReply(admitted);
      return;
    }
    entry.who = admitted.authentication && describeCaller(admitted.authentication);
    const answer = (body: Buffer | undefined): void =>
      whenKnown(dispatcher.reply(head, admitted, body), sendReply);
    if (head.hasBody) readBody(request, response, entry, answer);
    else answer(undefined);
  });
}

/** With TLS nothing is compressed: `http.compression` is off then, because of BREACH. */
function encodingOf(
  { certificate }: ServerParts,
  { method, headers }: IncomingMessage,
): Encoding | undefined {
  const accepted = headers['accept-encoding'];
  if (accepted === undefined || certificate !== undefined || method === 'HEAD') return undefined;
  return encodingFor(String(accepted));
}

function compressed(reply: Reply, encoding: Encoding): Reply {
  if (reply.body.length === 0) return reply;
  const headers = [...reply.headers, 'content-encoding', encoding];
  return { ...reply, headers, body: compress(encoding, reply.body) };
}

/** Goes on at once where that is possible: most answers wait for nothing. The dispatcher's promises never fail. */
function whenKnown<T>(value: T | Promise<T>, goOn: (value: T) => void): void {
  if (value instanceof Promise) void value.then(goOn);
  else goOn(value);
}

function pathOf(uri: string): string {
  const mark = uri.indexOf('?');
  return mark < 0 ? uri : uri.slice(0, mark);
}

function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  entry: OpenExchange,
  done: (body: Buffer | undefined) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  // A client that hangs up has no interest in an answer; there is nobody to tell.
  request.on('error', () => chunks.splice(0));
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBodyBytes) chunks.push(chunk);
    else if (!response.headersSent) refuseLength();
  });
  request.on('end', () => {
    if (size > maxBodyBytes) return;
    const whole = size === 0 ? undefined : Buffer.concat(chunks, size);
    const encoding = request.headers['content-encoding'];
    if (whole === undefined || !isCompressed(encoding)) {
      done(whole);
      return;
    }
    const body = decompress(encoding, whole, maxBodyBytes);
    if (body === 'too long') refuseLength();
    // Nobody there answers what can not be decompressed.
    else if (body === undefined) request.socket.destroy();
    else done(body.length === 0 ? undefined : body);
  });

  function refuseLength(): void {
    chunks.splice(0);
    entry.record.status = 413;
    response.writeHead(413, ['content-length', '0', 'connection', 'close']).end();
  }
}

/** The reply that a fault has instead of the normal one, if it has one. */
function replacementOf({ status, body, headers }: Fault): Reply | undefined {
  if (status === undefined && body === undefined && headers === undefined) return undefined;
  const text = body === undefined ? '' : typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
  const list = Object.entries(headers ?? {}).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).flatMap((item) => [name, item]),
  );
  const lengthGiven = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === 'content-length');
  return {
    status: status ?? 200,
    headers: list,
    body: text,
    framing: lengthGiven ? 'given' : 'content-length',
  };
}

function send(
  parts: ServerParts,
  request: IncomingMessage,
  response: ServerResponse,
  entry: OpenExchange,
  reply: Reply | undefined,
  fault: Fault | undefined,
): void {
  if (fault === undefined) {
    if (reply !== undefined) write(response, entry, reply);
    return;
  }
  const carryOut = (): void => {
    if (reply === undefined || fault.reset === true) reset(request.socket);
    else if (fault.truncate === true) writeHalf(request.socket, response, entry, reply);
    else write(response, entry, reply);
  };
  if (fault.delayMs === undefined) {
    carryOut();
    return;
  }
  const callOff = parts.clock.hold(fault.delayMs, async () => {
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    carryOut();
    await closed;
  });
  // Nobody waits for it any more.
  response.once('close', callOff);
}

function write(response: ServerResponse, entry: OpenExchange, reply: Reply): void {
  entry.record.status = reply.status;
  entry.reason = reply.reason;
  bare(response);
  const { headers, body } = reply;
  response.writeHead(reply.status, framed(reply) as string[]);
  // Node sends the head together with a body of text, and then both in the body's encoding. Bytes keep a
  // header that a client has given us as it came.
  response.end(typeof body === 'string' && headers.some(hasUnusualCharacters) ? Buffer.from(body) : body);
}

/** The headers with those that tell where the body ends. */
function framed({ headers, framing, body }: Reply): readonly string[] {
  if (framing === 'given') return headers;
  if (framing === 'chunked') return [...headers, 'Transfer-Encoding', 'chunked'];
  return [...headers, 'content-length', String(Buffer.byteLength(body))];
}

function hasUnusualCharacters(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return true;
  return false;
}

function writeHalf(socket: Socket, response: ServerResponse, entry: OpenExchange, reply: Reply): void {
  entry.record.status = reply.status;
  entry.reason = reply.reason;
  bare(response);
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, framed(reply) as string[]);
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => socket.destroy());
}

/** Elasticsearch sends no headers beyond its own, where Node would add a date and a word about the connection. */
function bare(response: ServerResponse): void {
  response.sendDate = false;
  response.removeHeader('connection');
}
