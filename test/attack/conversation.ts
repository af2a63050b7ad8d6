// One connection: what is written to it, in pieces, and all the answers that come back, however many and however they
// end. Nothing is assumed of a server but that an answer begins with its status line.

import { connect } from 'node:net';
import type { Bytes } from './raw-requests.js';

export interface Answer {
  readonly status: number;
  /** By lower-case name, in order; several values of one name are kept apart. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  /** Whether the body that the head tells of is all there. */
  readonly whole: boolean;
}

export interface Conversation {
  /** Latin 1, as it came. */
  readonly received: string;
  /** Interim ones (1xx) left out. */
  readonly answers: readonly Answer[];
  /**
   * Whether the server hung up when it had answered, without being asked to by an end of ours. One that hangs up with
   * something unread may take back what it has sent (RFC 9293, §3.6.1).
   */
  readonly complete: boolean;
}

/** After what was meant to be everything; where the server reads it as a request, it hangs up. */
export const last = 'GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** How long nothing comes, with nobody asked, before we take it that nothing will: half a request waits for ever. */
const quietMs = 60;

/** @param isBusy whether the server has something to wait for. */
export function converse(
  port: number,
  { text, pauses, hangsUp }: Bytes,
  isBusy: () => boolean,
): Promise<Conversation> {
  const bytes = Buffer.from(text + last, 'latin1');
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    let ended = false;
    let whole = false;
    let heardAt = performance.now();
    const watch = setInterval(() => {
      if (isBusy()) heardAt = performance.now();
      if (performance.now() - heardAt < quietMs) return;
      // The second time the server ignores even that we have ended.
      if (ended) socket.destroy();
      ended = true;
      heardAt = performance.now();
      socket.end();
    }, 20);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      heardAt = performance.now();
    });
    socket.on('end', () => {
      whole = !ended;
    });
    // A server that resets is part of it.
    socket.on('error', () => {
      whole = false;
    });
    socket.on('close', () => {
      clearInterval(watch);
      resolve({ received, answers: answersIn(received), complete: whole && !hangsUp });
    });
    socket.on('connect', () => void write());

    async function write(): Promise<void> {
      let from = 0;
      for (const at of [...pauses, bytes.length]) {
        if (at > from) socket.write(bytes.subarray(from, at));
        from = Math.max(from, at);
        await new Promise(setImmediate);
      }
      if (hangsUp) socket.destroy();
    }
  });
}

/**
 * Node writes it at once, between the head and the body of an answer that waits for its turn too (pipelined
 * requests).
 */
const interim = 'HTTP/1.1 100 Continue\r\n\r\n';

function answersIn(received: string): readonly Answer[] {
  const answers: Answer[] = [];
  let rest = received.replaceAll(interim, '');
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return answers;
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
    const headers = new Map<string, string[]>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
    }
    rest = rest.slice(end + 4);
    // The answer to HEAD tells a length and has none of it.
    const toHead = rest.startsWith('HTTP/1.1 ');
    // An answer to HTTP/1.0 may end with the connection.
    const length = toHead ? 0 : Number(headers.get('content-length')?.[0] ?? rest.length);
    const body = rest.slice(0, length);
    rest = rest.slice(length);
    if (status >= 200) answers.push({ status, headers, body, whole: !toHead && body.length === length });
    if (Number.isNaN(status)) return answers;
  }
}
