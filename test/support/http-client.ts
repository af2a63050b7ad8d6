/**
 * An HTTP client that hides nothing: every header line as it came, and the body as text. `fetch` joins
 * repeated headers, which is just what some tests are about.
 */

import { request as plainly } from 'node:http';
import { request as secured } from 'node:https';

/** A request. An object as the body is sent as JSON. */
export interface Outgoing {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
  /** Of an https address: the authority to trust, PEM. */
  readonly ca?: string | undefined;
  /** On a connection of its own, which nobody uses afterwards. Default: on one that is kept. */
  readonly alone?: boolean;
}

/** A response. */
export interface Incoming {
  readonly status: number;
  /** All values of a header, in the order in which they came. */
  header(name: string): string[];
  /** The names of all headers as they were written, in order. */
  readonly headerNames: readonly string[];
  readonly text: string;
  /** The body as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever has come
  readonly json: any;
}

/** Sends a request and reads the whole response. The path goes out as it is, with dots and all. */
export function send(
  url: string,
  { method = 'GET', headers = {}, body, ca, alone = false }: Outgoing = {},
): Promise<Incoming> {
  const raw = typeof body === 'string' || Buffer.isBuffer(body) || body === undefined;
  const payload = Buffer.from(raw ? (body ?? '') : JSON.stringify(body));
  // Node gives a length to the bodies of some methods only.
  const own = {
    ...(!raw && { 'content-type': 'application/json' }),
    ...(body !== undefined &&
      !('transfer-encoding' in headers) && { 'content-length': String(payload.length) }),
  };
  const { hostname, port, origin, protocol } = new URL(url);
  const request = protocol === 'https:' ? secured : plainly;
  return new Promise((resolve, reject) => {
    const outgoing = request({
      hostname,
      port,
      path: url.slice(origin.length) || '/',
      method,
      ca,
      ...(alone && { agent: false as const }),
      headers: { ...own, ...headers } as Record<string, string | string[]>,
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const pairs = response.rawHeaders.flatMap((name, index, all) =>
          index % 2 === 0 ? [{ name, value: all[index + 1] ?? '' }] : [],
        );
        resolve({
          status: response.statusCode ?? 0,
          header: (name) =>
            pairs.filter((pair) => pair.name.toLowerCase() === name.toLowerCase()).map((pair) => pair.value),
          headerNames: pairs.map((pair) => pair.name),
          text,
          get json() {
            return JSON.parse(text);
          },
        });
      });
    });
    outgoing.end(payload);
  });
}

/** `Authorization` for a user. */
export function basic(username: string, password: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/** `Authorization` for an access or service token. */
export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** `Authorization` for an API key, from its `encoded` form. */
export function apiKey(encoded: string): { authorization: string } {
  return { authorization: `ApiKey ${encoded}` };
}
