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
import type { Dispatcher, Head, Reply } from './dispatcher.js';
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
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    handle(parts, request, response);
  const options = { maxHeaderSize: parts.maxHeaderBytes };
  const server =
    parts.certificate === undefined
      ? createServer(options, listener)
      : createSecureServer(parts.certificate, options, listener);
  // Elasticsearch waits for requests for ever and never closes a connection of its own accord.
  server.keepAliveTimeout = 0;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.on('clientError', refuseGibberish);
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

function handle(parts: ServerParts, request: IncomingMessage, response: ServerResponse): void {
  if (parts.page?.answer(request, response) === true) return;
  const head = readHead(request);
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
  const sendReply = (reply: Reply): void => send(parts, request, response, entry, reply, fault);
  whenKnown(parts.dispatcher.admit(head), (admitted) => {
    if ('status' in admitted) {
      sendReply(admitted);
      return;
    }
    entry.who = admitted.authentication && describeCaller(admitted.authentication);
    const answer = (body: Buffer | undefined): void =>
      whenKnown(parts.dispatcher.reply(head, admitted, body), sendReply);
    if (head.hasBody) readBody(request, response, entry, answer);
    else answer(undefined);
  });
}

/** Goes on at once where that is possible: most answers wait for nothing. The dispatcher's promises never fail. */
function whenKnown<T>(value: T | Promise<T>, goOn: (value: T) => void): void {
  if (value instanceof Promise) void value.then(goOn);
  else goOn(value);
}

function readHead(request: IncomingMessage): Head {
  const { headers } = request;
  const length = headers['content-length'];
  const { values, repeated } = singleValues(request.rawHeaders);
  return {
    method: request.method ?? '',
    uri: request.url ?? '',
    authorization: values.get('authorization'),
    runAs: values.get('es-security-runas-user'),
    secondary: values.get('es-secondary-authorization'),
    clientAuthentication: values.get('es-client-authentication'),
    repeatedHeader: repeated,
    accept: headers.accept,
    contentType: headers['content-type'],
    opaqueId: values.get('x-opaque-id'),
    hasBody: (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined,
  };
}

// As Elasticsearch calls them in its complaints.
const singleNames: ReadonlyMap<string, string> = new Map(
  [
    'Authorization',
    'es-security-runas-user',
    'es-secondary-authorization',
    'ES-Client-Authentication',
    'X-Opaque-Id',
  ].map((name) => [name.toLowerCase(), name]),
);

interface SingleValues {
  readonly values: ReadonlyMap<string, string>;
  /** The header that came with several values. */
  readonly repeated: string | undefined;
}

/** Of headers with the same name Node keeps the first or joins them; Elasticsearch refuses them if they differ. */
function singleValues(rawHeaders: readonly string[]): SingleValues {
  const values = new Map<string, string>();
  let repeated: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    const called = singleNames.get(name);
    if (called === undefined) continue;
    const value = rawHeaders[i + 1] ?? '';
    const first = values.get(name);
    if (first === undefined) values.set(name, value);
    else if (first !== value) repeated = called;
  }
  return { values, repeated };
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
    else if (!response.headersSent) {
      chunks.splice(0);
      entry.record.status = 413;
      response.writeHead(413, ['content-length', '0', 'connection', 'close']).end();
    }
  });
  request.on('end', () => {
    if (size <= maxBodyBytes) done(size === 0 ? undefined : Buffer.concat(chunks, size));
  });
}

/** The reply that a fault has instead of the normal one, if it has one. */
function replacementOf({ status, body, headers }: Fault): Reply | undefined {
  if (status === undefined && body === undefined && headers === undefined) return undefined;
  const text = body === undefined ? '' : typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
  const list = Object.entries(headers ?? {}).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).flatMap((item) => [name, item]),
  );
  const lengthGiven = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === 'content-length');
  const length = lengthGiven ? [] : ['content-length', String(Buffer.byteLength(text))];
  return { status: status ?? 200, headers: [...list, ...length], body: text };
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
  parts.clock.after(fault.delayMs, async () => {
    if (response.destroyed || response.closed) return;
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    carryOut();
    await closed;
  });
}

function write(response: ServerResponse, entry: OpenExchange, reply: Reply): void {
  entry.record.status = reply.status;
  entry.reason = reply.reason;
  bare(response);
  response.writeHead(reply.status, reply.headers as string[]);
  // Node sends the head together with a body of text, and then both in the body's encoding. Bytes keep a
  // header that a client has given us as it came.
  response.end(reply.headers.some(hasUnusualCharacters) ? Buffer.from(reply.body) : reply.body);
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
  response.writeHead(reply.status, reply.headers as string[]);
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => socket.destroy());
}

/** Elasticsearch sends no headers beyond its own, where Node would add a date and a word about the connection. */
function bare(response: ServerResponse): void {
  response.sendDate = false;
  if (response.shouldKeepAlive) response.removeHeader('connection');
}

function refuseGibberish(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const tooLong = error.code === 'HPE_HEADER_OVERFLOW';
  const type = tooLong ? 'too_long_http_header_exception' : 'illegal_argument_exception';
  const reason = tooLong ? 'HTTP header is larger than the maximum allowed.' : 'invalid HTTP request';
  const body = JSON.stringify({ error: { root_cause: [{ type, reason }], type, reason }, status: 400 });
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nX-elastic-product: Elasticsearch\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}
