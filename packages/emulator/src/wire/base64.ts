/**
 * Standard Base64 as strictly as Elasticsearch reads it, with its words for what is wrong. Node's own
 * decoder skips over whatever it does not understand, which would accept credentials that the real one refuses.
 */

const wellFormed = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
const alphabet = /[A-Za-z0-9+/]/;

/** Decoded bytes, or the sentence in which the decoder of Elasticsearch complains. */
export type Decoded = { readonly bytes: Buffer } | { readonly problem: string };

/** @param text Base64; the padding may be left out, but not be incomplete */
export function decodeBase64(text: string): Decoded {
  if (wellFormed.test(text)) return { bytes: Buffer.from(text, 'base64') };
  return { problem: problemOf(text) };
}

function problemOf(text: string): string {
  const raw = Buffer.from(text, 'utf8').toString('latin1');
  if (raw.length < 2) return 'Input byte[] should at least have 2 bytes for base64 bytes';
  let position = 0;
  while (position < raw.length && alphabet.test(raw.charAt(position))) position++;
  if (position === raw.length) return 'Last unit does not have enough valid bits';
  if (raw.charAt(position) !== '=') {
    // Bytes are signed there: 0xc3 is printed as -3d.
    const code = raw.charCodeAt(position);
    return `Illegal base64 character ${(code > 127 ? code - 256 : code).toString(16)}`;
  }
  const inUnit = position % 4;
  if (inUnit < 2 || (inUnit === 2 && raw.charAt(position + 1) !== '=')) {
    return 'Input byte array has wrong 4-byte ending unit';
  }
  return `Input byte array has incorrect ending byte at ${position + (inUnit === 2 ? 2 : 1)}`;
}
