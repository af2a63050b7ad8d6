/** Durations as Elasticsearch writes them: `"1d"`, `"20s"`. */

import { illegalArgument, Refusal } from './envelope.js';

const form = /^\s*(-?[\d.]+)\s*(nanos|micros|ms|s|m|h|d)\s*$/i;
const unitMs: ReadonlyMap<string, number> = new Map([
  ['nanos', 1e-6],
  ['micros', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/**
 * @param text a number and a unit
 * @param setting what the duration is for, for the complaint
 * @returns milliseconds
 * @throws Refusal if the text is no such duration
 */
export function parseTimeValue(text: string, setting: string): number {
  const fail = (detail: string): never => {
    throw new Refusal(
      illegalArgument(`failed to parse setting [${setting}] with value [${text}] as a time value${detail}`),
    );
  };
  const match = form.exec(text);
  if (match === null) return fail(': unit is missing or unrecognized');
  const [, amount = '', unit = ''] = match;
  if (amount.includes('.')) {
    throw new Refusal(illegalArgument(`failed to parse [${text}], fractional time values are not supported`));
  }
  const value = Number(amount);
  if (!Number.isSafeInteger(value)) return fail('');
  if (value < 0) return fail(': negative durations are not supported');
  return Math.floor(value * (unitMs.get(unit.toLowerCase()) ?? 1));
}
