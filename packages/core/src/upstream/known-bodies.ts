// Identities by the bytes of the bodies that said them. One user's body is the same each time, and to compare it is a
// sixth of the work of decoding it and of looking for its digest, which is done for those that are not known here.
// A body's bytes are kept only as long as somebody else keeps the identity that was read from it.

import { createIdentityReader, type Identity } from '../values/identity.js';

/** So many bodies, by eight bits; one more takes the place of one that looks like it. */
const places = 256;
/**
 * What two bodies differ in, if anywhere: the user's name, which stands at the beginning after `{"username":"`, and the
 * id and the name of a key, at the end.
 */
const [nameAt, nameEnd, tail] = [13, 33, 44];
const longest = 4_096;

/** A body that says who somebody is. */
export interface Body {
  readonly bytes: Buffer | undefined;
  readonly text: string;
}

interface Known {
  readonly identity: WeakRef<Identity>;
  readonly expiresAt: number | undefined;
}

/** @returns a function that takes a body, and the credential's own expiry if it is known. */
export function createBodyReader(): (body: Body, expiresAt?: number) => Identity | undefined {
  const read = createIdentityReader();
  const known: (Known | undefined)[] = Array.from({ length: places });
  const bytesOf = new WeakMap<Identity, Buffer>();
  return (body, expiresAt) => {
    const { bytes } = body;
    if (bytes === undefined || bytes.length > longest) return read(body.text, expiresAt);
    const place = placeOf(bytes);
    const there = known[place];
    const before = there?.identity.deref();
    if (before !== undefined && there?.expiresAt === expiresAt && bytesOf.get(before)?.equals(bytes)) {
      return before;
    }
    const identity = read(body.text, expiresAt);
    if (identity === undefined) return undefined;
    if (before !== undefined) bytesOf.delete(before);
    // Memory of its own: what came is a view of all that was read from the socket.
    const copy = Buffer.allocUnsafeSlow(bytes.length);
    copy.set(bytes);
    bytesOf.set(identity, copy);
    known[place] = { identity: new WeakRef(identity), expiresAt };
    return identity;
  };
}

function placeOf(bytes: Buffer): number {
  const { length } = bytes;
  if (length < nameEnd + tail) return 0;
  let sum = length;
  for (let at = nameAt; at < nameEnd; at += 4) sum = mixed(sum, bytes, at);
  for (let at = length - tail; at < length; at += 4) sum = mixed(sum, bytes, at);
  return sum >>> 24;
}

/** Four bytes at once. */
function mixed(sum: number, bytes: Buffer, at: number): number {
  const first = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  const second = (bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8);
  return Math.imul(sum ^ (first | (second << 16)), 0x9e3779b1);
}
