// A client for cleartext HTTP/2: Node's own for what it can say, and bytes for what it refuses to send.

import { once } from 'node:events';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { text } from 'node:stream/consumers';

export interface Http2Response {
  /** With `:status`; Node joins what came on several lines. */
  readonly headers: IncomingHttpHeaders & { readonly ':status'?: number };
  readonly text: string;
}

/** A `GET` of `/me`. */
export async function getOverHttp2(url: string, authorization?: string): Promise<Http2Response> {
  const session = connect(url);
  const stream = session.request({ ':path': '/me', ...(authorization !== undefined && { authorization }) });
  const [[headers], body] = await Promise.all([once(stream, 'response'), text(stream)]);
  session.close();
  return { headers, text: body };
}

/** The bytes of a connection's preface and a `GET` of `/me` (RFC 9113, RFC 7541 §6.2.2), headers as given. */
export function http2Request(...headers: readonly (readonly [name: string, value: string])[]): Uint8Array {
  const literal = (name: string, value: string) =>
    Buffer.concat([
      Buffer.from([0x00, name.length]),
      Buffer.from(name),
      // Seven bits hold a length up to 126; all that is sent here is shorter.
      Buffer.from([value.length]),
      Buffer.from(value),
    ]);
  const pseudo = { ':method': 'GET', ':scheme': 'http', ':authority': 'a', ':path': '/me' };
  const block = Buffer.concat(
    [...Object.entries(pseudo), ...headers].map(([name, value]) => literal(name, value)),
  );
  const settings = frame(0x4, 0x0, 0, Buffer.alloc(0));
  // END_STREAM and END_HEADERS, on stream 1.
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    settings,
    frame(0x1, 0x5, 1, block),
  ]);
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
