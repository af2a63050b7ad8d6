// Values of the Authorization header by grammar: right in every spelling, nearly right, and anything; and the contract
// about them, read a second time.

import type { Scheme } from '@esauth/core';
import fc from 'fast-check';

export const knownSchemes: readonly Scheme[] = ['Bearer', 'ApiKey', 'Basic'];
export const base64Alphabet: string = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const tokenAlphabet = `!#$%&'*+-.^_\`|~${base64Alphabet.slice(0, 62)}`;

// ---- what is presented

/** Anything that JavaScript calls a string, halves of surrogate pairs included. */
export const anyString: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0xff), fc.nat(0xffff)), { maxLength: 60 })
  .map((units) => String.fromCharCode(...units));

export const anyCase = (text: string): fc.Arbitrary<string> =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((upper) => [...text].map((c, at) => (upper[at] ? c.toUpperCase() : c.toLowerCase())).join(''));

export const scheme: fc.Arbitrary<Scheme> = fc.constantFrom(...knownSchemes);
export const subset: fc.Arbitrary<Scheme[]> = fc.subarray([...knownSchemes], { minLength: 1 });
const bytes = fc.uint8Array({ maxLength: 40 });
const spaces = fc.integer({ min: 1, max: 50 }).map((count) => ' '.repeat(count));

export const bearerValue: fc.Arbitrary<string> = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(...base64Alphabet, ...'-._~'), minLength: 1, maxLength: 60 }),
    fc.nat(3),
  )
  .map(([text, padding]) => text + '='.repeat(padding));
const cloudKey = bearerValue.map((value) => `essu_${value}`);
/** Bytes with a colon in them, and something on both sides. */
const pair = fc
  .tuple(
    fc.uint8Array({ minLength: 1, maxLength: 30 }).filter((id) => !id.includes(0x3a)),
    fc.uint8Array({ minLength: 1, maxLength: 30 }),
  )
  .map(([id, secret]) => Buffer.from([...id, 0x3a, ...secret]).toString('base64'));

/** A credential by its canonical spelling. */
export const credential: fc.Arbitrary<readonly [Scheme, string]> = fc.oneof(
  bearerValue.map((value) => ['Bearer', value] as const),
  cloudKey.map((value) => ['ApiKey', value] as const),
  pair.map((value) => ['ApiKey', value] as const),
  pair.map((value) => ['Basic', value] as const),
);

/** A spelling of it that the contract allows: scheme case, spaces, and for Base64 exact padding or none. */
export const spellingOf = ([name, value]: readonly [Scheme, string]): fc.Arbitrary<string> => {
  const unpadded = value.startsWith('essu_') ? value : value.replace(/=+$/, '');
  const values = name === 'Bearer' ? [value] : [value, unpadded];
  return fc.tuple(anyCase(name), spaces, fc.constantFrom(...values)).map((parts) => parts.join(''));
};

/** Headers that are nearly right, so that every clause of the grammar is met from both sides. */
const nearlyRight = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: scheme.chain(anyCase) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('Negotiate', 'Bearerr', 'Beare', 'constructor', '', '"', '\u212a'),
      },
    ),
    fc.oneof(
      { weight: 4, arbitrary: spaces },
      { weight: 1, arbitrary: fc.constantFrom('', '\t', ' \t', '\u00a0', ',') },
    ),
    fc.oneof(
      credential.map(([, value]) => value),
      bytes.map((value) => Buffer.from(value).toString('base64')),
      bytes.map((value) => Buffer.from(value).toString('base64url')),
      fc.string({ unit: fc.constantFrom(...base64Alphabet, ...'-._~='), maxLength: 12 }),
      fc.constantFrom('', 'essu_', 'essu', 'essu_=', '=', 'Og==', 'Og', 'OmE=', 'YTo=', 'YTph', 'YTpi='),
    ),
    fc.oneof(
      { weight: 5, arbitrary: fc.constant('') },
      fc.constantFrom('=', '==', ' ', '\n', '\0', ',', '\u00e4'),
    ),
  )
  .map((parts) => parts.join(''));

export const header: fc.Arbitrary<string> = fc.oneof(nearlyRight, anyString, credential.chain(spellingOf));

// ---- the contract, read a second time: by character, without the code's expressions and without `Buffer`

export type Reading = 'credentials_malformed' | 'scheme_unsupported' | 'credentials_invalid' | 'credential';

export function readByContract(text: string, accepted: readonly Scheme[]): Reading {
  let at = 0;
  const take = (alphabet: string) => {
    const from = at;
    while (at < text.length && alphabet.includes(text.charAt(at))) at += 1;
    return text.slice(from, at);
  };
  const name = take(tokenAlphabet);
  if (name === '') return 'credentials_malformed';
  const known = accepted.find((candidate) => candidate.toUpperCase() === name.toUpperCase());
  if (known === undefined) return 'scheme_unsupported';
  if (take(' ') === '') return 'credentials_malformed';
  const token = take(`${base64Alphabet}-._~`);
  const padding = take('=');
  if (token === '' || at < text.length) return 'credentials_malformed';
  if (known === 'Bearer') return 'credential';
  if (known === 'ApiKey' && token.startsWith('essu_') && (token + padding).length > 5) return 'credential';

  const decoded = strictBase64(token, padding);
  const colon = decoded?.indexOf(':') ?? -1;
  const complete = known === 'Basic' ? colon >= 0 : colon > 0 && colon + 1 < (decoded?.length ?? 0);
  return complete ? 'credential' : 'credentials_invalid';
}

/** One character for each byte; `undefined` unless it is standard Base64 with exact padding or none. */
function strictBase64(token: string, padding: string): string | undefined {
  const missing = (4 - (token.length % 4)) % 4;
  if (missing === 3 || (padding !== '' && padding.length !== missing)) return undefined;
  const sextets = [...token].map((character) => base64Alphabet.indexOf(character));
  if (sextets.includes(-1)) return undefined;
  const bits = sextets.map((sextet) => sextet.toString(2).padStart(6, '0')).join('');
  const whole = bits.length - (bits.length % 8);
  if (bits.slice(whole).includes('1')) return undefined;
  return (bits.slice(0, whole).match(/.{8}/g) ?? [])
    .map((byte) => String.fromCharCode(Number.parseInt(byte, 2)))
    .join('');
}
