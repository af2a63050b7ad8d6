/** An emulator that is asked in bytes: what a client of Node would hide, or would not send. */

import { type Emulator, type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { exchange, type RawAnswer } from '../../support/raw-exchange.js';

/** An answer that has come. */
export type Came = Exclude<RawAnswer, { failed: string }>;

/** A request; without headers the superuser asks. */
export interface RawRequest {
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
  /** Whether the server is expected to hang up. */
  readonly isClosing?: boolean;
}

/** An emulator and how to ask it. */
export interface RawCluster {
  readonly emulator: Emulator;
  /** @param line `GET /path` */
  ask(line: string, request?: RawRequest): Promise<RawAnswer>;
  /** The same, of which an answer is expected. */
  answer(line: string, request?: RawRequest): Promise<Came>;
  close(): Promise<void>;
}

/** What the superuser shows. */
export const admin = `authorization: Basic ${btoa('elastic:changeme')}`;

/** The request of a line, in bytes. */
export function bytesOf(line: string, { headers = [admin], body = '' }: RawRequest = {}): Buffer {
  const payload = Buffer.from(body);
  const length = payload.length === 0 ? [] : [`content-length: ${payload.length}`];
  const head = [`${line} HTTP/1.1`, 'host: localhost', ...headers, ...length, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), payload]);
}

/** Starts one. */
export async function rawCluster(options: EmulatorOptions = {}): Promise<RawCluster> {
  const emulator = await startEmulator(options);
  const server = { port: Number(new URL(emulator.url).port), ca: emulator.ca };
  const ask: RawCluster['ask'] = (line, request = {}) =>
    exchange(server, bytesOf(line, request), line.startsWith('HEAD '), request.isClosing);
  return {
    emulator,
    ask,
    async answer(line, request) {
      const answer = await ask(line, request);
      if ('failed' in answer) throw new Error(`${line}: ${answer.failed}`);
      return answer;
    },
    close: () => emulator.close(),
  };
}

/** The values of a header. */
export function valuesOf({ headers }: Came, name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

/** The body as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever has come
export function jsonOf({ body }: Came): any {
  return JSON.parse(body.toString('utf8'));
}
