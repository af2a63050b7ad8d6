/** What the emulator looks at in the head of a request, and whether it is one that Netty would have read to the end. */

import type { IncomingMessage } from 'node:http';
import type { ApiError } from '../wire/envelope.js';
import type { Head } from './dispatcher.js';

/** The head of a request as it is worked with. */
export interface RequestHead extends Head {
  /** What is too long about it. */
  readonly excess: Excess | undefined;
}

/** A line or a head that is longer than it may be. */
export interface Excess {
  readonly error: ApiError;
  /** Whether the server hangs up. Otherwise it keeps the connection, and never answers on it again. */
  readonly closes: boolean;
}

/** @param maxHeaderBytes `http.max_header_size` */
export function readHead(request: IncomingMessage, maxHeaderBytes: number): RequestHead {
  const { headers, method = '', url = '' } = request;
  const length = headers['content-length'];
  const { values, repeated, bytes } = singleValues(request.rawHeaders);
  return {
    method,
    uri: url,
    authorization: values.get('authorization'),
    runAs: values.get('es-security-runas-user'),
    // An empty one counts for none.
    secondary: values.get('es-secondary-authorization') || undefined,
    clientAuthentication: values.get('es-client-authentication'),
    repeatedHeader: repeated,
    accept: headers.accept,
    contentType: headers['content-type'],
    opaqueId: values.get('x-opaque-id'),
    hasBody: (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined,
    excess:
      method.length + url.length + aroundTarget > maxLineBytes
        ? lineTooLong
        : bytes > maxHeaderBytes
          ? headTooLong(maxHeaderBytes)
          : undefined,
  };
}

// `http.max_initial_line_length`
const maxLineBytes = 4096;
const aroundTarget = '  HTTP/1.1'.length;

// The types are those of Netty since 4.1.102; the node that was recorded had an older one.
const lineTooLong: Excess = {
  error: {
    status: 400,
    type: 'too_long_http_line_exception',
    reason: `An HTTP line is larger than ${maxLineBytes} bytes.`,
  },
  // Netty knows nothing of the request then, and takes it for one of HTTP/1.0.
  closes: true,
};

/** @param maxHeaderBytes `http.max_header_size` */
export function headTooLong(maxHeaderBytes: number): Excess {
  const reason = `HTTP header is larger than ${maxHeaderBytes} bytes.`;
  return { error: { status: 400, type: 'too_long_http_header_exception', reason }, closes: false };
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
  /** The length of all lines, without what ends them. */
  readonly bytes: number;
}

/** Of headers with the same name Node keeps the first or joins them; Elasticsearch refuses them if they differ. */
function singleValues(rawHeaders: readonly string[]): SingleValues {
  const values = new Map<string, string>();
  let repeated: string | undefined;
  let bytes = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    const value = rawHeaders[i + 1] ?? '';
    bytes += name.length + ': '.length + value.length;
    const called = singleNames.get(name);
    if (called === undefined) continue;
    const first = values.get(name);
    if (first === undefined) values.set(name, value);
    else if (first !== value) repeated = called;
  }
  return { values, repeated, bytes };
}
