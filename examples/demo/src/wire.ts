// One HTTP exchange with whoever the URL names: the demo's API in plain HTTP, a cluster also over TLS. Node's own
// `fetch` can not be told of an authority to trust once the process runs, so this stands on `node:https`.

import { Agent as PlainAgent, request as plainly } from 'node:http';
import { Agent, request as securely } from 'node:https';
import type { SecureContextOptions } from 'node:tls';

export interface Message {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body?: string | Buffer | undefined;
}

export interface Answer {
  readonly status: number;
  /** By name in lower case; the values of a repeated one joined by commas. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: string[];
  readonly body: Buffer;
}

export interface Wire {
  /** Rejects with the network's error, or if there is no answer within ten seconds. */
  send(url: string, message: Message): Promise<Answer>;
  /** Destroys the connections that it kept. */
  close(): void;
}

const patienceMs = 10_000;

/** @param trust whom to believe behind https; the system's authorities if it does not say. */
export function createWire(trust: SecureContextOptions = {}): Wire {
  const plain = new PlainAgent({ keepAlive: true });
  const secure = new Agent({ keepAlive: true, ...trust });
  return {
    send: (url, { method, headers, body }) =>
      new Promise((resolve, reject) => {
        const signal = AbortSignal.timeout(patienceMs);
        // Node would send the body of a DELETE without saying that there is one.
        const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
        const options = { method, headers: { ...headers, ...length }, signal };
        const request = url.startsWith('https:')
          ? securely(url, { ...options, agent: secure })
          : plainly(url, { ...options, agent: plain });
        const fail = (error: Error) =>
          reject(signal.aborted ? new Error(`no answer within ${patienceMs / 1_000} seconds`) : error);
        request.once('error', fail);
        request.once('response', (response) => {
          const chunks: Buffer[] = [];
          response.once('error', fail);
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('end', () => {
            const { statusCode: status = 0, headers: received, rawHeaders } = response;
            resolve({ status, headers: received, rawHeaders, body: Buffer.concat(chunks) });
          });
        });
        request.end(body);
      }),
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}
