/**
 * One HTTP/1.1 exchange on a connection of its own, in bytes: the head as it was written, the body after its
 * framing, and what became of the connection. A client of Node would join headers, hide how a body ended and
 * hang up itself.
 */

import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';

/** Whom to ask. */
export interface RawServer {
  readonly port: number;
  /** Of a server that speaks TLS: the authority to trust, PEM. */
  readonly ca?: string | undefined;
}

/** How the end of a body was told; `none`: the answer had no body, and needed no framing. */
export type Framing = 'content-length' | 'chunked' | 'until the end' | 'none';

/** An answer, or that there was none. */
export type RawAnswer =
  | {
      readonly version: string;
      readonly status: number;
      readonly reason: string;
      /** Names and values as they came, in order. */
      readonly headers: readonly (readonly [string, string])[];
      readonly framing: Framing;
      /** What the framing enclosed; compression is left as it is. */
      readonly body: Buffer;
      /** Whether the server has hung up after it. */
      readonly closed: boolean;
      /** What came after the answer, and belongs to none. */
      readonly excess: number;
    }
  | { readonly failed: string };

type Whole = Omit<Exclude<RawAnswer, { failed: string }>, 'closed'>;

/** How long to wait for bytes that do not come. */
const patienceMs = 2000;

/**
 * Sends bytes and reads one answer.
 *
 * @param isHead whether the answer has no body, whatever its head says
 * @param isClosing whether the server is expected to hang up: then there is time for it to do so
 */
export async function exchange(
  server: RawServer,
  bytes: Uint8Array,
  isHead: boolean,
  isClosing = false,
): Promise<RawAnswer> {
  const socket = open(server);
  const line = listenTo(socket);
  socket.write(bytes);
  const deadline = setTimeout(() => line.giveUp(), patienceMs);
  try {
    for (;;) {
      const answer = parseAnswer(line.received(), line.isOver(), isHead);
      if (answer !== undefined) return { ...answer, ...(await aftermath(line, answer.excess, isClosing)) };
      if (line.isOver()) return { failed: line.problem() };
      await line.change();
    }
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

function open({ port, ca }: RawServer): Socket {
  return ca === undefined ? connect(port, '127.0.0.1') : connectSecurely({ port, host: '127.0.0.1', ca });
}

interface Listening {
  received(): Buffer;
  isOver(): boolean;
  problem(): string;
  giveUp(): void;
  /** Resolves when something has come, or nothing will any more. */
  change(): Promise<void>;
}

function listenTo(socket: Socket): Listening {
  const chunks: Buffer[] = [];
  let over: string | undefined;
  let wake = (): void => {};
  const end = (why: string) => (): void => {
    over ??= why;
    wake();
  };
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    wake();
  });
  socket.on('end', end('closed without an answer'));
  socket.on('close', end('closed without an answer'));
  socket.on('error', (error) => end(`closed without an answer: ${error.message}`)());
  return {
    received: () => Buffer.concat(chunks),
    isOver: () => over !== undefined,
    problem: () => (chunks.length === 0 ? '' : 'half an answer, and then: ') + over,
    giveUp: end(`no answer in ${patienceMs} ms`),
    change: () =>
      new Promise((resolve) => {
        wake = resolve;
      }),
  };
}

/**
 * What happens on the connection once the answer is there. A server in this process hangs up within a few turns of
 * the loop; one that is expected to gets all the time it needs.
 */
async function aftermath(line: Listening, excess: number, isClosing: boolean): Promise<AfterAnswer> {
  const length = line.received().length;
  if (isClosing) {
    const deadline = setTimeout(line.giveUp, 200);
    while (!line.isOver()) await line.change();
    clearTimeout(deadline);
  } else for (let turn = 0; turn < 8 && !line.isOver(); turn += 1) await new Promise(setImmediate);
  const closed = line.isOver() && !line.problem().includes('no answer');
  return { closed, excess: excess + line.received().length - length };
}

interface AfterAnswer {
  readonly closed: boolean;
  readonly excess: number;
}

/** The answer at the beginning of these bytes; undefined as long as some of it is missing. */
function parseAnswer(bytes: Buffer, isOver: boolean, isHead: boolean): Whole | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const [, version = first, code = '0', reason = ''] = /^(HTTP\/1\.[01]) (\d{3}) ?(.*)$/.exec(first) ?? [];
  const status = Number(code);
  const rest = bytes.subarray(end + 4);
  // `100 Continue` is not the answer yet.
  if (status >= 100 && status < 200) return parseAnswer(rest, isOver, isHead);
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
  });
  const framing = framingOf(headers);
  const hasNoBody = isHead || status === 204 || status === 304;
  const read = hasNoBody ? { body: Buffer.alloc(0), used: 0 } : readBody(rest, headers, framing, isOver);
  if (read === undefined) return undefined;
  return {
    version,
    status,
    reason,
    headers,
    framing: hasNoBody && framing === 'until the end' ? 'none' : framing,
    body: read.body,
    excess: rest.length - read.used,
  };
}

function framingOf(headers: readonly (readonly [string, string])[]): Framing {
  const names = headers.map(([name]) => name.toLowerCase());
  if (names.includes('transfer-encoding')) return 'chunked';
  return names.includes('content-length') ? 'content-length' : 'until the end';
}

interface ReadBody {
  readonly body: Buffer;
  readonly used: number;
}

function readBody(
  rest: Buffer,
  headers: readonly (readonly [string, string])[],
  framing: Framing,
  isOver: boolean,
): ReadBody | undefined {
  if (framing === 'chunked') return readChunks(rest);
  if (framing === 'until the end') return isOver ? { body: rest, used: rest.length } : undefined;
  const [, value] = headers.find(([name]) => name.toLowerCase() === 'content-length') ?? ['', '0'];
  const length = Number(value);
  return rest.length < length ? undefined : { body: rest.subarray(0, length), used: length };
}

function readChunks(rest: Buffer): ReadBody | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(rest.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (rest.length < next) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks), used: next };
    chunks.push(rest.subarray(lineEnd + 2, next - 2));
    at = next;
  }
}
