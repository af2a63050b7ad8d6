// Nodes that misbehave in bytes: each fault is what one of them does to a connection, or to a question, instead of the
// answer that the question deserves. What that would be is given; a fault bends it, and never makes up a yes of its
// own.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Issued } from '../support/certificates.js';

/** The right answer to a question, and one to another caller's. */
export interface Answers {
  readonly right: string;
  readonly others: string;
}

/** @param reset breaks the connection off (RST). */
type Fault = (socket: Socket, answers: Answers, reset: () => void) => void;

const headOf = (text: string) => text.slice(0, text.indexOf('\r\n\r\n') + 4);
const bodyOf = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4);
const product = 'X-elastic-product: Elasticsearch\r\nContent-Type: application/json\r\n';

/** Again and again until somebody hangs up, a bit each turn. */
function endlessly(socket: Socket, text: string): void {
  const again = () => {
    if (socket.destroyed) return;
    socket.write(text, () => setTimeout(again, 2));
  };
  again();
}

/** To a question. */
export const faults: Readonly<Record<string, Fault>> = {
  silence: () => {},
  'half a status line': (socket) => void socket.write('HTTP/1.1 2'),
  'half a head': (socket, { right }) => void socket.write(right.slice(0, 60)),
  'half a body, and silence': (socket, { right }) => void socket.write(right.slice(0, -20)),
  'half a body, and the end': (socket, { right }) => void socket.end(right.slice(0, -20)),
  'a surplus answer': (socket, { right, others }) => void socket.write(right + others),
  'a surplus answer, late': (socket, { right, others }) => {
    socket.write(right);
    setTimeout(() => socket.destroyed || socket.write(others), 5);
  },
  "somebody else's answer": (socket, { others }) => void socket.write(others),
  'a length that is too short': (socket, { right }) =>
    void socket.write(right.replace(/content-length: \d+/i, 'Content-Length: 12')),
  'a length that is too long': (socket, { right }) =>
    void socket.write(right.replace(/content-length: \d+/i, 'Content-Length: 4000')),
  'two lengths': (socket, { right }) =>
    void socket.write(right.replace(/content-length: \d+/i, '$&\r\nContent-Length: 12')),
  'a length, and chunks': (socket, { right }) =>
    void socket.write(right.replace(/content-length: \d+/i, '$&\r\nTransfer-Encoding: chunked')),
  'chunks that are none': (socket, { right }) =>
    void socket.write(right.replace(/content-length: \d+/i, 'Transfer-Encoding: chunked')),
  'chunks of one byte': (socket, { right }) => {
    const head = headOf(right).replace(/content-length: \d+/i, 'Transfer-Encoding: chunked');
    socket.write(`${head}${[...bodyOf(right)].map((byte) => `1\r\n${byte}\r\n`).join('')}0\r\n\r\n`);
  },
  'trailers with a product': (socket) =>
    void socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n${product}\r\n`),
  'two status lines': (socket, { right }) => void socket.write(`HTTP/1.1 401 Unauthorized\r\n${right}`),
  'another status after it': (socket, { right }) =>
    void socket.write(right.replace('\r\n', '\r\nHTTP/1.1 200 OK\r\n')),
  'a storm of interim answers': (socket) => endlessly(socket, 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(20)),
  'an interim answer with a body': (socket, { others }) =>
    void socket.write(`HTTP/1.1 103 Early Hints\r\n${others.slice(others.indexOf('\r\n') + 2)}`),
  'a switch of protocols': (socket, { right }) =>
    void socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n${right}`,
    ),
  'byte by byte': (socket, { right }) => {
    let at = 0;
    const next = () => {
      if (socket.destroyed || at >= right.length) return;
      socket.write(right.charAt(at++), () => setTimeout(next, 1));
    };
    next();
  },
  'a head without an end': (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\n${product}`);
    endlessly(socket, `X-${'a'.repeat(1_000)}: b\r\n`);
  },
  'a body without an end': (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\n${product}\r\n`);
    endlessly(socket, ' '.repeat(8_000));
  },
  'a body of zeros': (socket, { right }) =>
    void socket.write(headOf(right) + '\0'.repeat(Buffer.byteLength(bodyOf(right)))),
  'a reset before the answer': (_socket, _answers, reset) => reset(),
  'a reset in the head': (socket, { right }, reset) => socket.write(right.slice(0, 40), reset),
  'a reset in the body': (socket, { right }, reset) => socket.write(right.slice(0, -10), reset),
  'a reset after the answer': (socket, { right }, reset) => socket.write(right, reset),
  'the end after the answer, which says keep-alive': (socket, { right }) =>
    void socket.end(right.replace('\r\n', '\r\nConnection: keep-alive\r\nKeep-Alive: timeout=600\r\n')),
  'an answer that says close and stays': (socket, { right }) =>
    void socket.write(right.replace('\r\n', '\r\nConnection: close\r\n')),
  'HTTP/1.0 without a length': (socket, { right }) =>
    void socket.end(right.replace('HTTP/1.1', 'HTTP/1.0').replace(/content-length: \d+\r\n/i, '')),
  'a redirect to itself': (socket) =>
    void socket.write('HTTP/1.1 307 Go\r\nLocation: /_security/_authenticate\r\nContent-Length: 0\r\n\r\n'),
  'bytes that are no HTTP': (socket) => void socket.write('\x15\x03\x03\0\x02\x02\x28SSH-2.0-x\r\n'),
  'a NUL in the head': (socket, { right }) => void socket.write(right.replace('\r\n', '\r\nX-A: \0\r\n')),
  '502 of something in front': (socket) =>
    void socket.write('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno'),
};

/** To a connection, before a question; on TLS, before a handshake. */
export const connectionFaults: Readonly<Record<string, (socket: Socket, others: string) => void>> = {
  'silence from the start': () => {},
  'a reset from the start': (socket) => void socket.resetAndDestroy(),
  'the end from the start': (socket) => void socket.end(),
  'an answer before the question': (socket, others) => void socket.write(others),
  // RFC 8446, §6: a fatal alert of each sort, as records of their own.
  'TLS alert: handshake_failure': (socket) => void socket.end(Buffer.from([21, 3, 3, 0, 2, 2, 40])),
  'TLS alert: close_notify': (socket) => void socket.write(Buffer.from([21, 3, 3, 0, 2, 1, 0])),
  'TLS alert: internal_error': (socket) => void socket.write(Buffer.from([21, 3, 3, 0, 2, 2, 80])),
  'half a TLS record': (socket) => void socket.write(Buffer.from([22, 3, 3, 64, 0, 2])),
};

export interface FaultyNode {
  readonly url: string;
  readonly requests: number;
  /** Connections that are open now, and the most that there ever were. */
  readonly open: number;
  readonly most: number;
  close(): Promise<void>;
}

/** What a node does next. */
export interface Conduct {
  /** A name of `connectionFaults`; nothing to go on to a question. */
  connection(): string | undefined;
  /** A name of `faults`; nothing to answer. */
  question(): string | undefined;
  /** @param head of the question: its request line and headers. */
  answersTo(head: string): Answers;
}

/** @param tls what it presents, if it speaks TLS. */
export async function startFaultyNode(conduct: Conduct, tls?: Issued): Promise<FaultyNode> {
  /** By the client's port: over TLS it is another socket that is spoken to. */
  const sockets = new Map<number | undefined, Socket>();
  let requests = 0;
  let most = 0;
  const serve = (socket: Socket) => {
    let received = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end);
        received = received.slice(end + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0));
        requests += 1;
        const answers = conduct.answersTo(head);
        const name = conduct.question();
        if (name === undefined) socket.write(answers.right);
        else faults[name]?.(socket, answers, () => sockets.get(socket.remotePort)?.resetAndDestroy());
      }
    });
  };
  const secured = tls && createTlsServer(tls, serve).on('tlsClientError', () => {});
  const server: Server = createServer((socket) => {
    const { remotePort } = socket;
    sockets.set(remotePort, socket);
    most = Math.max(most, sockets.size);
    socket.on('close', () => sockets.delete(remotePort));
    socket.on('error', () => {});
    const name = conduct.connection();
    if (name !== undefined) {
      socket.resume();
      connectionFaults[name]?.(socket, conduct.answersTo('').others);
    } else if (secured) secured.emit('connection', socket);
    else serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    get requests() {
      return requests;
    },
    get open() {
      return sockets.size;
    },
    get most() {
      return most;
    },
    async close() {
      server.close();
      for (const socket of sockets.values()) socket.destroy();
      await once(server, 'close');
    },
  };
}
