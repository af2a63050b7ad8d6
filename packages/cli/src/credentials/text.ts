// The text of a file or of standard input, whatever a shell has made of it: other encodings, byte order marks, line
// ends. What is no text is named.

import { createReadStream } from 'node:fs';
import { UsageError } from '../terminal/exit.js';
import type { Input } from '../terminal/io.js';
import { looksLikeCredential } from './shapes.js';

/** Longer than any credential, and than any authority with its chain. */
const maxBytes = 1_048_576;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
  ENOTDIR: 'a part of its path is no folder',
};

/**
 * @param flag by which it was named
 * @throws {UsageError} `file_unreadable`
 */
export async function readTextFile(flag: string, file: string): Promise<string> {
  return decode(await readFile(flag, file), `${flag} ${file}`);
}

/**
 * A certificate or a key, with what is no text as it is: core says what is wrong with it.
 *
 * @param flag by which it was named
 * @throws {UsageError} `file_unreadable`
 */
export async function readPemFile(flag: string, file: string): Promise<string | Buffer> {
  const bytes = await readFile(flag, file);
  return textIn(bytes) ?? bytes;
}

async function readFile(flag: string, file: string): Promise<Buffer> {
  if (looksLikeCredential(file)) throw credentialAsFile(flag);
  try {
    return await readBytes(createReadStream(file), `${flag} ${file}`);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    // No path, but a user with a password: that is not repeated.
    if (code === 'ENOENT' && /^[^\s:/\\]{2,}:[^\\]/.test(file)) throw credentialAsFile(flag);
    throw new UsageError('file_unreadable', `${flag}: cannot read ${file}: ${reasons[code] ?? code}`);
  }
}

/**
 * As far as it can be a credential: what has no end, such as a device, is not read to it.
 *
 * @throws {UsageError} `file_unreadable`
 */
export async function readStream(stream: Input): Promise<string> {
  const where = 'standard input';
  return decode(await readBytes(stream, where), where);
}

async function readBytes(stream: Input, where: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of stream) {
    const bytes = Buffer.from(piece);
    length += bytes.length;
    if (length > maxBytes) break;
    pieces.push(bytes);
  }
  if (length > maxBytes) throw tooLong(where);
  return Buffer.concat(pieces);
}

function credentialAsFile(flag: string): UsageError {
  return new UsageError(
    'credential_in_argument',
    `${flag} takes the name of a file, and was given what looks like a credential: every process of this machine ` +
      'can read arguments, so revoke it, and give the next one by standard input, a file or ESAUTH_CREDENTIAL',
  );
}

function tooLong(where: string): UsageError {
  return new UsageError(
    'file_unreadable',
    `${where} is longer than ${maxBytes} bytes: that is no credential`,
  );
}

function decode(bytes: Buffer, where: string): string {
  const text = textIn(bytes);
  if (text !== undefined) return text;
  throw new UsageError(
    'file_unreadable',
    `${where} holds binary data, and no text: a key store (.p12, .jks), a keytab or a compressed file is no credential`,
  );
}

function textIn(bytes: Buffer): string | undefined {
  // What PowerShell's `>` writes, and editors of Windows.
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8';
  try {
    // A mark of the byte order is taken away.
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
