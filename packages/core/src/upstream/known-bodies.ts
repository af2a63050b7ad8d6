// Identities by the bytes of the bodies that said them. One user's body is the same each time, and to compare it is a
// sixth of the work of decoding it and of looking for its digest, which is done for those that are not known here.
// A body's bytes are kept only as long as somebody else keeps the identity that was read from it.

import { createIdentityReader, type Identity } from '../values/identity.js';

/** So many bodies; one more takes the place of one that looks like it. */
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
  let sum = length;
  for (let at = nameAt; at < nameEnd && at < length; at += 1) sum = mixed(sum, bytes[at]);
  for (let at = Math.max(0, length - tail); at < length; at += 1) sum = mixed(sum, bytes[at]);
  return (sum ^ (sum >>> 15)) & (places - 1);
}

function mixed(sum: number, byte = 0): number {
  return (Math.imul(sum, 31) + byte) | 0;
}
