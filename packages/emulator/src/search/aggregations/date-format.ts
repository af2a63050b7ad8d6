/** How dates are written in the results of aggregations, and read in their ranges: formats by name, and by pattern. */

import { illegalArgument, Refusal } from '../../wire/envelope.js';
import { parseInstant } from '../date-math.js';
import { noDate, readDate } from '../fields.js';

/** One way to write dates. */
export interface DateFormat {
  /** @param instant milliseconds since 1970 */
  write(instant: number): string;
  /** @throws Refusal if the text is no date of this form */
  read(text: string, now: number): number;
}

const iso = (instant: number): string => new Date(instant).toISOString();

const named: ReadonlyMap<string, DateFormat['write']> = new Map([
  ['epoch_millis', (instant) => String(Math.trunc(instant))],
  ['epoch_second', (instant) => String(Math.floor(instant / 1000))],
  ['iso8601', iso],
  ['date_time', iso],
  ['strict_date_time', iso],
  ['date_optional_time', iso],
  ['strict_date_optional_time', iso],
  ['date', (instant) => iso(instant).slice(0, 10)],
  ['strict_date', (instant) => iso(instant).slice(0, 10)],
]);

// Where each part of a date stands in its ISO form.
const parts: ReadonlyMap<string, readonly [from: number, to: number]> = new Map([
  ['yyyy', [0, 4]],
  ['uuuu', [0, 4]],
  ['MM', [5, 7]],
  ['dd', [8, 10]],
  ['HH', [11, 13]],
  ['mm', [14, 16]],
  ['ss', [17, 19]],
  ['SSS', [20, 23]],
]);

/** @throws Refusal if the emulator has no such format */
export function dateFormat(format: string): DateFormat {
  const [first = ''] = format.split('||');
  const write = named.get(first);
  if (write !== undefined) {
    return { write, read: (text, now) => readDate(text, format, now) };
  }
  const tokens = first.match(/[A-Za-z]+|'[^']*'|[^A-Za-z']/g) ?? [];
  if (tokens.some((token) => /^[A-Za-z]/.test(token) && !parts.has(token))) {
    throw new Refusal(illegalArgument(`the date format [${format}] is not supported by the emulator`));
  }
  const literal = (token: string): string => (token.length > 1 ? token.slice(1, -1) : token);
  return {
    write(instant) {
      const text = iso(instant);
      return tokens.map((token) => slice(text, token) ?? literal(token)).join('');
    },
    read(text, now) {
      if (text.startsWith('now')) return readDate(text, format, now);
      const [start = '', ...math] = text.split('||');
      const found = readPattern(start, tokens, literal);
      const instant = found === undefined ? undefined : parseInstant([found, ...math].join('||'), now);
      if (instant === undefined) throw noDate(text, format);
      return instant;
    },
  };
}

function slice(text: string, token: string): string | undefined {
  const part = parts.get(token);
  return part === undefined ? undefined : text.slice(...part);
}

/** The ISO form of what is written in a pattern. */
function readPattern(
  text: string,
  tokens: readonly string[],
  literal: (token: string) => string,
): string | undefined {
  const date = [...'1970-01-01T00:00:00.000Z'];
  let at = 0;
  for (const token of tokens) {
    const part = parts.get(token);
    const length = part === undefined ? literal(token).length : token.length;
    const written = text.slice(at, at + length);
    if (part === undefined ? written !== literal(token) : !/^\d+$/.test(written)) return undefined;
    if (part !== undefined) date.splice(part[0], length, ...written);
    at += length;
  }
  return at === text.length ? date.join('') : undefined;
}
