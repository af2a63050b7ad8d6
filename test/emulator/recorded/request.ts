/** A recorded request in bytes: nothing is in its head that the recording does not name. */

import { gzipSync } from 'node:zlib';
import type { RecordedCredential, RecordedRequest } from '../../support/recordings.js';
import { tokenOf } from './keys.js';
import { assertNoColon, assertNoDash, fill, fillAll, type Saved } from './texts.js';

/** What is asked in a recording that has no password of its own. */
function passwordOf(name: string): string {
  return name === 'elastic' ? 'changeme' : `${name}-password`;
}

/**
 * @param now the time of the server, in milliseconds
 * @throws Unlucky if it would not say what the recording means
 */
export async function bytesOf(request: RecordedRequest, saved: Saved, now: number): Promise<Buffer> {
  const headers: [string, string][] = [['host', 'localhost:9200']];
  const { auth, body } = request;
  if (auth !== undefined) headers.push(['authorization', await credentialOf(auth, saved, now)]);
  for (const [name, value] of request.headers ?? [])
    headers.push([name, await credentialOf(value, saved, now)]);
  let bytes = Buffer.alloc(0);
  if (body !== undefined) {
    const text = typeof body === 'string' ? fill(body, saved) : JSON.stringify(fillAll(body, saved));
    bytes = request.gzip === true ? gzipSync(text) : Buffer.from(text);
  }
  const { type = body === undefined ? null : 'application/json' } = request;
  if (type !== null) headers.push(['content-type', type]);
  if (request.gzip === true) headers.push(['content-encoding', 'gzip']);
  if (request.chunked === true) {
    headers.push(['transfer-encoding', 'chunked']);
    bytes = Buffer.concat([
      Buffer.from(`${bytes.length.toString(16)}\r\n`),
      bytes,
      Buffer.from('\r\n0\r\n\r\n'),
    ]);
  } else if (body !== undefined) {
    headers.push(['content-length', String(bytes.length)]);
  }
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = `${request.method} ${fill(request.path, saved)} HTTP/1.1\r\n${lines}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
}

async function credentialOf(credential: RecordedCredential, saved: Saved, now: number): Promise<string> {
  if (typeof credential === 'string') {
    const value = fill(credential, saved);
    if (/^(?:ApiKey|Basic) /.test(value)) assertNoColon(credential, value);
    assertNoDash(credential, value);
    return value;
  }
  if ('bearer' in credential) return `Bearer ${fill(credential.bearer, saved)}`;
  if ('apiKey' in credential) return `ApiKey ${fill(credential.apiKey, saved)}`;
  if ('jwt' in credential) return `Bearer ${await tokenOf(credential.jwt, now)}`;
  const { basic } = credential;
  const [name, password] = typeof basic === 'string' ? [basic, passwordOf(basic)] : basic;
  return `Basic ${Buffer.from(`${fill(name, saved)}:${fill(password, saved)}`).toString('base64')}`;
}
