/**
 * Requests that Node's parser gives up on, where Netty's does not: of methods that nobody knows, and `CONNECT` of a
 * path. They are read here, and answered like any other. And what is no request at all, which Netty answers too.
 */

import { IncomingMessage, type RequestListener, type Server, ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type ApiError, illegalArgument } from '../wire/envelope.js';
import type { Reply } from './replies.js';
import { type Excess, headTooLong } from './request-head.js';

interface Parts {
  readonly listener: RequestListener;
  /** The last response that was begun on a connection. */
  readonly lastOn: (socket: Socket) => ServerResponse | undefined;
  readonly refuse: (error: ApiError) => Reply;
  readonly maxHeaderBytes: number;
}

// Where Node's parser gives up in the line that a request begins with.
const inFirstLine: ReadonlySet<string | undefined> = new Set([
  'HPE_INVALID_METHOD',
  'HPE_INVALID_URL',
  'HPE_INVALID_VERSION',
  'HPE_INVALID_CONSTANT',
]);

/** Has a server answer them. */
export function answerForeignRequests(server: Server, parts: Parts): void {
  const known = new WeakMap<Socket, ForeignConnection>();
  server.on('clientError', (error: ParserError, socket: Socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    // A parser that has given up once does so at everything that comes after.
    const before = known.get(socket);
    if (before !== undefined) {
      before.hear(error.rawPacket ?? Buffer.alloc(0));
      return;
    }
    const connection = readForeign(socket, parts);
    known.set(socket, connection);
    if (inFirstLine.has(error.code)) connection.hear(currentRequest(error));
    else if (error.code !== 'HPE_HEADER_OVERFLOW') {
      connection.refuse({ error: illegalArgument('invalid HTTP request'), closes: true });
      return;
    }
    whenFree(parts.lastOn(socket), () => {
      if (error.code === 'HPE_HEADER_OVERFLOW') connection.refuse(headTooLong(parts.maxHeaderBytes));
      else connection.begin();
    });
  });
  server.on('connect', (request: IncomingMessage, socket: Socket, first: Buffer) => {
    whenFree(parts.lastOn(socket), () => {
      respond(request, socket, parts, () => {
        // The server has let go of the connection; it is to go on with it.
        if (first.length > 0) socket.unshift(first);
        server.emit('connection', socket);
      });
    });
  });
}

/** Requests before it may still wait for their answers. */
function whenFree(last: ServerResponse | undefined, goOn: () => void): void {
  if (last === undefined || (last.writableFinished && last.socket === null)) goOn();
  else last.once('finish', goOn);
}

interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** What came, from the beginning of the line in which the parser gave up. */
function currentRequest({ rawPacket = Buffer.alloc(0), bytesParsed = 0 }: ParserError): Buffer {
  const lineFeed = bytesParsed === 0 ? -1 : rawPacket.lastIndexOf(0x0a, bytesParsed - 1);
  return rawPacket.subarray(lineFeed + 1);
}

function respond(request: IncomingMessage, socket: Socket, parts: Parts, whenDone: () => void): void {
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  response.once('finish', () => {
    response.detachSocket(socket);
    whenDone();
  });
  parts.listener(request, response);
}

/** A connection on which everything is read here. */
interface ForeignConnection {
  begin(): void;
  hear(bytes: Buffer): void;
  /** Answers what can not be read; nothing is heard after it. */
  refuse(excess: Excess): void;
}

function readForeign(socket: Socket, parts: Parts): ForeignConnection {
  let left = Buffer.alloc(0);
  let isBusy = true;
  let isOver = false;

  function refuse({ error, closes }: Excess): void {
    isOver = true;
    const { status, headers, body } = parts.refuse(error);
    const lines = headers.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
    const length = `content-length: ${Buffer.byteLength(body)}`;
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}${length}\r\n\r\n`);
    socket.write(body);
    if (closes) socket.end();
  }

  function next(): void {
    if (isBusy || isOver || left.length === 0) return;
    const head = parseHead(left);
    if (head === undefined) {
      if (left.length > 2 * parts.maxHeaderBytes) refuse(headTooLong(parts.maxHeaderBytes));
      return;
    }
    if ('problem' in head) {
      refuse({ error: illegalArgument(head.problem), closes: true });
      return;
    }
    const end = head.bodyAt + Number(headerOf(head, 'content-length') ?? 0);
    if (left.length < end) return;
    const body = left.subarray(head.bodyAt, end);
    left = left.subarray(end);
    isBusy = true;
    respond(requestOf(head, body, socket), socket, parts, () => {
      isBusy = false;
      if (headerOf(head, 'connection')?.toLowerCase() === 'close') socket.end();
      else next();
    });
  }

  return {
    refuse,
    begin() {
      isBusy = false;
      next();
    },
    hear(bytes) {
      if (isOver) return;
      left = Buffer.concat([left, bytes]);
      next();
    },
  };
}

interface ForeignHead {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  /** Where the body begins. */
  readonly bodyAt: number;
}

const requestLine = /^([!#$%&'*+\-.^_`|~\w]+) (\S+) HTTP\/1\.[01]$/;
const headerLine = /^([!#$%&'*+\-.^_`|~\w]+):[ \t]*(.*?)[ \t]*$/;

/** @returns `undefined` if not all of it has come yet */
function parseHead(bytes: Buffer): ForeignHead | { readonly problem: string } | undefined {
  const text = bytes.toString('latin1');
  const lineEnd = text.indexOf('\n');
  if (lineEnd < 0) return undefined;
  const line = text.slice(0, lineEnd).replace(/\r$/, '');
  const [, method, url] = requestLine.exec(line) ?? [];
  if (method === undefined || url === undefined) return { problem: lineProblem(line) };
  const end = /\n\r?\n/.exec(text.slice(lineEnd));
  if (end === null) return undefined;
  const bodyAt = lineEnd + end.index + end[0].length;
  const rawHeaders = text
    .slice(lineEnd + 1, bodyAt)
    .split(/\r?\n/)
    .flatMap((header) => headerLine.exec(header)?.slice(1) ?? []);
  return { method, url, rawHeaders, bodyAt };
}

/** What Netty says of a line that is none: it looks at the version first. */
function lineProblem(line: string): string {
  const version = /^\s*\S+\s+\S+\s+(.*)$/.exec(line)?.[1]?.trim() ?? '';
  return version === ''
    ? 'text is empty (possibly HTTP/0.9)'
    : `invalid version format: ${version.toUpperCase()}`;
}

function requestOf({ method, url, rawHeaders }: ForeignHead, body: Buffer, socket: Socket): IncomingMessage {
  const request = new IncomingMessage(socket);
  const httpVersion = { httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 };
  Object.assign(request, { method, url, rawHeaders, ...httpVersion, complete: true });
  for (let at = 0; at < rawHeaders.length; at += 2) {
    request.headers[(rawHeaders[at] ?? '').toLowerCase()] ??= rawHeaders[at + 1];
  }
  if (body.length > 0) request.push(body);
  request.push(null);
  return request;
}

function headerOf({ rawHeaders }: ForeignHead, name: string): string | undefined {
  const at = rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
  return at < 0 ? undefined : rawHeaders[at + 1];
}
