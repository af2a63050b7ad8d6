// How anything looks in Redis: names are digests under a key, contents are sealed, and belong to their name. Whoever
// reads all of it learns nothing of credentials, users and roles; whoever writes to it can take away, and can bring
// nothing that opens.

import { createCipheriv, createDecipheriv, createHmac, type KeyObject, randomBytes } from 'node:crypto';
import type { Keys } from './secrets.js';

/** For one authority: what was sealed for another does not open. */
export interface Seals {
  /**
   * @param kind what it is a name of
   * @param digests of one thing, under the digest keys of all secrets, in their order
   * @returns its names in Redis, in the same order: a new one is kept under the first, an older one may be under any
   */
  names(kind: string, digests: readonly string[]): readonly string[];
  /** @param name under which it will be kept; anything that says what it is, for what has none of its own */
  seal(name: string, content: string): Buffer;
  /** @returns the content, or `undefined` for what was not sealed by one of our secrets under this very name */
  open(name: string, sealed: Buffer): string | undefined;
}

/** Part of every name and seal: another form gets another number, and its readers see nothing of this one. */
const format = 1;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = 1 + nonceBytes;
/** Lengths are rounded up to this: they would tell users apart. */
const blockBytes = 64;

/** @param keys of all secrets; the first name and seal what is new, all find and open */
export function createSeals(keys: readonly [Keys, ...Keys[]], authority: string): Seals {
  const [{ sealing }] = keys;
  return {
    names: (kind, digests) =>
      digests.flatMap((digest, index) => {
        const naming = keys[index]?.naming;
        return naming === undefined
          ? []
          : [mac(naming, joined(authority, kind, digest)).toString('base64url')];
      }),
    seal: (name, content) => seal(sealing, joined(authority, name), padded(content)),
    open(name, sealed) {
      // A buffer of another form, or one that is too short for anything to be in it.
      if (sealed[0] !== format || sealed.length < headBytes + tagBytes) return undefined;
      const place = joined(authority, name);
      for (const { sealing: key } of keys) {
        const content = open(key, place, sealed);
        if (content !== undefined) return unpadded(content);
      }
      return undefined;
    },
  };
}

function seal(key: KeyObject, place: Buffer, content: Buffer): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', mac(key, place), nonce, { authTagLength: tagBytes });
  cipher.setAAD(place);
  const body = cipher.update(content);
  cipher.final();
  return Buffer.concat([Buffer.of(format), nonce, body, cipher.getAuthTag()]);
}

function open(key: KeyObject, place: Buffer, sealed: Buffer): Buffer | undefined {
  const nonce = sealed.subarray(1, headBytes);
  const decipher = createDecipheriv('aes-256-gcm', mac(key, place), nonce, { authTagLength: tagBytes });
  decipher.setAAD(place);
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(headBytes, -tagBytes)), decipher.final()]);
  } catch {
    // Node throws for a tag that does not fit, and for nothing else here: key, nonce and tag have their lengths.
    return undefined;
  }
}

/**
 * Each place has a key of its own: random nonces of 96 bits are safe for 2³² seals under one key (NIST SP 800-38D,
 * 8.3), which a fleet would reach with one key for all.
 */
function mac(key: KeyObject, input: Buffer): Buffer {
  return createHmac('sha256', key).update(input).digest();
}

/** The parts behind their lengths, so that no others are joined to the same. */
function joined(...parts: readonly string[]): Buffer {
  const pieces = [Buffer.of(format)];
  for (const part of parts) {
    const bytes = Buffer.from(part);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    pieces.push(length, bytes);
  }
  return Buffer.concat(pieces);
}

function padded(content: string): Buffer {
  const length = Buffer.byteLength(content);
  const block = Buffer.alloc(Math.ceil((4 + length) / blockBytes) * blockBytes);
  block.writeUInt32BE(length);
  block.write(content, 4);
  return block;
}

function unpadded(block: Buffer): string {
  return block.toString('utf8', 4, 4 + block.readUInt32BE());
}
