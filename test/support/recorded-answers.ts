// Recorded answers of Elasticsearch as bytes for a socket: status line, headers in their order and number, framing.
// What a recording hides behind a mask gets a value of its kind, and an `X-Opaque-Id` is the question's.

import type { RecordedAnswer, RecordedExchange, RecordedResponse, Release } from './recordings.js';
import { idOf, type Script } from './scripted-node.js';

/** One exchange, with where it was recorded: `who-none 3`. */
export interface Recorded extends RecordedExchange {
  readonly name: string;
  readonly version: string;
}

/** All exchanges of some releases, those that were sent at once too. */
export function exchangesOf(releases: readonly Release[]): Recorded[] {
  return releases.flatMap(({ version, scenarios }) =>
    scenarios.flatMap(({ id, exchanges }) =>
      exchanges.flatMap((step, at) => {
        const sent = 'parallel' in step ? step.parallel : 'request' in step ? [step] : [];
        return sent.map((exchange) => ({ ...exchange, name: `${id} ${at}`, version }));
      }),
    ),
  );
}

/** An instant for `‹ms›`: an hour from now, so that what ends then is good now. */
const soon = () => Date.now() + 3_600_000;

/** @returns the body as it was recorded, compact JSON with its members in order, or text. */
export function bodyOf({ body, text }: RecordedAnswer): string {
  if (text !== undefined) return text;
  if (body === undefined || body === null) return '';
  return JSON.stringify(body).replaceAll('"‹ms›"', () => String(soon()));
}

/** @param more header lines of something between. */
export function scriptOf(
  response: RecordedResponse,
  more: readonly (readonly [string, string])[] = [],
): Script {
  if ('failed' in response) return (socket) => void socket.end();
  const body = Buffer.from(bodyOf(response));
  const chunked = response.headers.some(([name]) => name.toLowerCase() === 'transfer-encoding');
  const head = (id = '') => {
    const filled = new Map([
      ['content-length', String(body.length)],
      ['x-opaque-id', id],
    ]);
    const lines = [...response.headers, ...more].map(
      ([name, value]) => `${name}: ${filled.get(name.toLowerCase()) ?? value}\r\n`,
    );
    return `HTTP/1.1 ${response.status} ${response.reason}\r\n${lines.join('')}\r\n`;
  };
  const whole = chunked ? [chunkOf(body), chunkOf(Buffer.alloc(0))] : [body];
  return (socket, asked) => {
    socket.write(Buffer.concat([Buffer.from(head(idOf(asked)), 'latin1'), ...whole]));
    if (response.connection !== undefined) socket.end();
  };
}

function chunkOf(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}
