/**
 * The `{{…}}` in recorded requests: members of answers that were saved, and functions of what stands inside. The
 * innermost are filled in first.
 */

import type { Json } from '../../support/recordings.js';

/** What was saved, by its name. */
export type Saved = ReadonlyMap<string, Json>;

/** What a scenario knows before its first answer: the four bytes that every token of a service account begins with. */
export const knownAtFirst: readonly (readonly [string, Json])[] = [['svc', { head: '\x00\x01\x00\x01' }]];

/** Thrown when random bytes happen to be such that a request says nothing: it is played again with others. */
export class Unlucky extends Error {}

const functions: Readonly<Record<string, (text: string) => string>> = {
  b64: (text) => Buffer.from(text).toString('base64'),
  b64nopad: (text) => withoutPadding(Buffer.from(text).toString('base64')),
  b64url: (text) => Buffer.from(text).toString('base64url'),
  nopad: withoutPadding,
  tourl,
  flip,
  chars: (count) => 'x'.repeat(Number(count)),
  latin1: (text) => Buffer.from(text).toString('latin1'),
};

function withoutPadding(text: string): string {
  return text.replace(/=+$/, '');
}

/** Random bytes may happen to be written without either; an API key, which is Base64 of text, always is. */
function tourl(text: string): string {
  const other = text.replaceAll('+', '-').replaceAll('/', '_');
  const isOfBytes = Buffer.from(text, 'base64').some((byte) => byte > 127);
  if (other === text && isOfBytes) throw new Unlucky();
  return other;
}

/** Changes the last character of a group of four: these are bits of one byte only, and all of them count. */
function flip(text: string): string {
  const at = Math.floor((text.length - 5) / 4) * 4 + 3;
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
}

/**
 * Random bytes taken for a name and a password, as some requests do with a token, are mostly without a colon; those
 * of the recordings were.
 */
export function assertNoColon(template: string, filled: string): void {
  if (!/^(?:[A-Za-z]+ )?\{\{[\w.]+\}\}$/.test(template)) return;
  const bytes = Buffer.from(filled.replace(/^\S+ /, ''), 'base64');
  if (bytes.includes(':') && bytes.some((byte) => byte > 127)) throw new Unlucky();
}

/** An id with a dash is no Base64 even before its colon; those of the recordings had none. */
export function assertNoDash(template: string, filled: string): void {
  if (!/^ApiKey \{\{[\w.]+\}\}:/.test(template)) return;
  if (/^ApiKey [^:]*[-_]/.test(filled)) throw new Unlucky();
}

const innermost = /\{\{(?:([a-z0-9]+):)?([^{}]*)\}\}/;

/** Fills in a text. */
export function fill(text: string, saved: Saved): string {
  let filled = text;
  for (let found = innermost.exec(filled); found !== null; found = innermost.exec(filled)) {
    const [whole, name, inside = ''] = found;
    const value = name === undefined ? memberOf(inside, saved) : functions[name]?.(inside);
    // What is not there (an answer that should have been saved was none) shows in the exchange that needs it.
    filled = filled.replace(whole, () => value ?? `no-${inside}`);
  }
  return filled;
}

/** Fills in every text in a body. */
export function fillAll(value: Json, saved: Saved): Json {
  if (typeof value === 'string') return fill(value, saved);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => fillAll(each, saved));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fillAll(each, saved)]));
}

/** The text that `k1.id` or `s1.token.value` names. */
export function memberOf(path: string, saved: Saved): string | undefined {
  const [name = '', ...members] = path.split('.');
  let value: Json | undefined = saved.get(name);
  for (const member of members) {
    value = isObject(value) ? value[member] : undefined;
  }
  return typeof value === 'string' ? value : undefined;
}

/** Whether it is a JSON object. */
export function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
