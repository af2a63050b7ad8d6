/** Compressed bodies, both ways, as Netty reads and writes them: gzip and deflate. */

import { constants, deflateSync, gunzipSync, gzipSync, inflateRawSync, inflateSync } from 'node:zlib';

/** How an answer can be compressed. */
export type Encoding = 'gzip' | 'deflate';

// `http.compression_level`
const level = 3;

/**
 * `HttpContentCompressor.determineEncoding`
 *
 * @param accepted the value of `Accept-Encoding`
 */
export function encodingFor(accepted: string): Encoding | undefined {
  let [any, gzip, deflate] = [-1, -1, -1];
  for (const coding of accepted.split(',')) {
    const equals = coding.indexOf('=');
    const weight = equals < 0 ? 1 : Number.parseFloat(coding.slice(equals + 1)) || 0;
    if (coding.includes('*')) any = weight;
    else if (coding.includes('gzip')) gzip = Math.max(gzip, weight);
    else if (coding.includes('deflate')) deflate = Math.max(deflate, weight);
  }
  if (gzip > 0 || deflate > 0) return gzip >= deflate ? 'gzip' : 'deflate';
  if (any <= 0) return undefined;
  if (gzip < 0) return 'gzip';
  return deflate < 0 ? 'deflate' : undefined;
}

export function compress(encoding: Encoding, body: string | Buffer): Buffer {
  return encoding === 'gzip' ? gzipSync(body, { level }) : deflateSync(body, { level });
}

/** Whether there is something to undo; of another encoding a body is read as it is. */
export function isCompressed(encoding: string | undefined): encoding is string {
  return encoding !== undefined && /^\s*(?:x-)?(?:gzip|deflate)\s*$/i.test(encoding);
}

/**
 * @param most how long the result may be
 * @returns `undefined` if the bytes are not what they are said to be
 */
export function decompress(encoding: string, body: Buffer, most: number): Buffer | 'too long' | undefined {
  const options = { maxOutputLength: most, finishFlush: constants.Z_FINISH };
  try {
    if (/gzip/i.test(encoding)) return gunzipSync(body, options);
    // Some clients leave out the two bytes in front.
    const [first = 0, second = 0] = body;
    const hasHead = (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
    return hasHead ? inflateSync(body, options) : inflateRawSync(body, options);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too long' : undefined;
  }
}
