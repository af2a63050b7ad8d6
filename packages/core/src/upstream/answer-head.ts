// What undici's parser must not see of an answer, or must see otherwise. Two things that HTTP allows and undici has no
// option for are settled in the first bytes of each answer, before the parser gets them: an unasked interim answer is
// dropped (RFC 9110 §15.2; undici destroys the connection at `100 Continue`), and an answer after which the node may
// read no further ends its connection.

import type { Socket } from 'node:net';

/**
 * Answers to the head rather than to the request. Elasticsearch sends 400 to a head over 16 384 bytes and then never
 * reads again on that connection, which stays open; proxies do likewise with the others.
 */
const deaf: ReadonlySet<string> = new Set(['400', '408', '413', '414', '431']);

const line = '\r\n';
const version = 'HTTP/1.1 ';
const statusEnd = version.length + 3;
const two = '2'.charCodeAt(0);
/** A head that is longer is undici's to refuse. */
const longestHead = 16_384;
const close = Buffer.from('connection: close\r\n');

/**
 * Watches a connection on which one answer at a time is waited for.
 *
 * @param asked grows with what is written to it. How many bytes a socket has written costs 1 000 instructions to read.
 */
export function watchAnswers(socket: Socket, asked: () => number = () => socket.bytesWritten): void {
  const push = socket.push.bind(socket);
  // An answer begins with what comes first after something was written: there is no pipelining.
  let written = asked();
  let begins = false;
  let held: Buffer | undefined;

  socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (!Buffer.isBuffer(chunk)) {
      // The end.
      if (held !== undefined) push(held);
      held = undefined;
      return push(chunk, encoding);
    }
    if (asked() !== written) {
      written = asked();
      begins = true;
    }
    if (!begins) return push(chunk);
    // Nearly all: what begins with any other digit needs no closer look.
    if (held === undefined && chunk.length >= statusEnd && chunk[version.length] === two) {
      begins = false;
      return push(chunk);
    }
    const seen = look(held === undefined ? chunk : Buffer.concat([held, chunk]));
    held = seen.held;
    begins = seen.pass === undefined;
    // What is held may go on: more is wanted.
    return seen.pass === undefined || push(seen.pass);
  };
}

/** What may go to the parser, or what has to wait for more bytes. */
function look(bytes: Buffer): { readonly pass?: Buffer; readonly held?: Buffer } {
  let rest = bytes;
  for (;;) {
    const status = statusOf(rest);
    if (status === undefined) return { held: rest };
    // 101 is none: what follows it is no HTTP.
    const interim = status.startsWith('1') && status !== '101';
    if (!interim && !deaf.has(status)) return { pass: rest };
    const end = rest.indexOf(interim ? line + line : line);
    if (end < 0) return rest.length > longestHead ? { pass: rest } : { held: rest };
    if (!interim) {
      const first = end + line.length;
      return { pass: Buffer.concat([rest.subarray(0, first), close, rest.subarray(first)]) };
    }
    rest = rest.subarray(end + 2 * line.length);
  }
}

/** Empty if it is no HTTP/1.1 at all; `undefined` if that cannot be told yet. */
function statusOf(bytes: Buffer): string | undefined {
  const start = bytes.toString('latin1', 0, statusEnd);
  if (!version.startsWith(start.slice(0, version.length))) return '';
  return start.length < statusEnd ? undefined : start.slice(version.length);
}
