/**
 * Checks a password against a bcrypt hash, which is how Elasticsearch takes passwords that are already
 * hashed. It is slow by design; whoever asks often has to remember the answer.
 */

const alphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const form = /^\$2a\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;
const rounds = 16;
const subkeys = rounds + 2;
const stateWords = subkeys + 4 * 256;
const plainText = Buffer.from('OrpheanBeholderScryDoubt');

/** Whether a text is a bcrypt hash, and that of a password. */
export function isBcryptHashOf(hash: string, password: string): boolean {
  const [, cost = '', salt = '', digest = ''] = form.exec(hash) ?? [];
  return digest !== '' && encode(compute(password, decode(salt).subarray(0, 16), Number(cost))) === digest;
}

function compute(password: string, salt: Buffer, cost: number): Buffer {
  // The terminating zero is part of the key.
  const key = Buffer.from(`${password}\0`).subarray(0, 72);
  const state = initialState().slice();
  expand(state, key, salt);
  for (let i = 0; i < 2 ** cost; i++) {
    expand(state, key, undefined);
    expand(state, salt, undefined);
  }
  const block = new Uint32Array(plainText.length / 4);
  for (let i = 0; i < block.length; i++) block[i] = plainText.readUInt32BE(i * 4);
  for (let time = 0; time < 64; time++) {
    for (let i = 0; i < block.length; i += 2) encipher(state, block, i);
  }
  const result = Buffer.alloc(plainText.length);
  for (const [i, word] of block.entries()) result.writeUInt32BE(word, i * 4);
  // The last byte is left out, by a mistake of the first implementation that became the standard.
  return result.subarray(0, 23);
}

/** Mixes a key, and once the salt, into the state. */
function expand(state: Uint32Array, key: Buffer, salt: Buffer | undefined): void {
  const nextOfKey = cycle(key);
  for (let i = 0; i < subkeys; i++) state[i] = (state[i] ?? 0) ^ nextOfKey();
  const nextOfSalt = salt === undefined ? () => 0 : cycle(salt);
  const pair = new Uint32Array(2);
  for (let i = 0; i < stateWords; i += 2) {
    pair[0] = (pair[0] ?? 0) ^ nextOfSalt();
    pair[1] = (pair[1] ?? 0) ^ nextOfSalt();
    encipher(state, pair, 0);
    state.set(pair, i);
  }
}

/** Reads words from bytes, over and over. */
function cycle(bytes: Buffer): () => number {
  let at = 0;
  return () => {
    let word = 0;
    for (let i = 0; i < 4; i++) {
      word = (word << 8) | (bytes[at] ?? 0);
      at = (at + 1) % bytes.length;
    }
    return word;
  };
}

function encipher(state: Uint32Array, block: Uint32Array, at: number): void {
  let left = block[at] ?? 0;
  let right = block[at + 1] ?? 0;
  for (let round = 0; round < rounds; round += 2) {
    left ^= state[round] ?? 0;
    right ^= scramble(state, left);
    right ^= state[round + 1] ?? 0;
    left ^= scramble(state, right);
  }
  block[at] = right ^ (state[rounds + 1] ?? 0);
  block[at + 1] = left ^ (state[rounds] ?? 0);
}

function scramble(state: Uint32Array, word: number): number {
  const a = state[subkeys + (word >>> 24)] ?? 0;
  const b = state[subkeys + 256 + ((word >>> 16) & 255)] ?? 0;
  const c = state[subkeys + 512 + ((word >>> 8) & 255)] ?? 0;
  const d = state[subkeys + 768 + (word & 255)] ?? 0;
  return (((a + b) ^ c) + d) | 0;
}

let remembered: Uint32Array | undefined;

/** Blowfish starts with the digits of pi behind the point, which take less room to calculate than to list. */
function initialState(): Uint32Array {
  if (remembered !== undefined) return remembered;
  const bits = BigInt(stateWords * 32);
  const guard = 64n;
  const one = 1n << (bits + guard);
  const fraction = ((16n * arctangent(one, 5n) - 4n * arctangent(one, 239n)) >> guard) & ((1n << bits) - 1n);
  const digits = fraction.toString(16).padStart(stateWords * 8, '0');
  remembered = Uint32Array.from({ length: stateWords }, (_, i) =>
    Number.parseInt(digits.slice(i * 8, i * 8 + 8), 16),
  );
  return remembered;
}

/** The arctangent of 1/x in fixed point, by its series. */
function arctangent(one: bigint, x: bigint): bigint {
  let power = one / x;
  let sum = power;
  for (let n = 3n; power !== 0n; n += 2n) {
    power = -power / (x * x);
    sum += power / n;
  }
  return sum;
}

/** Base64 with another alphabet and without padding. */
function decode(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (const character of text) {
    bits = ((bits << 6) | alphabet.indexOf(character)) & 0xfff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push((bits >>> count) & 255);
    }
  }
  return Buffer.from(bytes);
}

function encode(bytes: Buffer): string {
  let text = '';
  let bits = 0;
  let count = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0x3fff;
    count += 8;
    while (count >= 6) {
      count -= 6;
      text += alphabet.charAt((bits >>> count) & 63);
    }
  }
  return count === 0 ? text : text + alphabet.charAt((bits << (6 - count)) & 63);
}
