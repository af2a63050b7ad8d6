/** Durations as Elasticsearch writes them: `"1d"`, `"20s"`. */

import { type ApiError, illegalArgument, notANumber, Refusal } from './envelope.js';

const form = /^\s*(.*?)\s*(nanos|micros|ms|s|m|h|d)\s*$/i;
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
 * @returns milliseconds, of which there may be a fraction. One unit less than none is a duration, more are not
 * @throws Refusal if the text is no such duration
 */
export function parseTimeValue(text: string, setting: string): number {
  const fail = (detail: string, cause?: ApiError): never => {
    const reason = `failed to parse setting [${setting}] with value [${text}] as a time value${detail}`;
    throw new Refusal({ ...illegalArgument(reason), ...(cause && { cause }) });
  };
  const bare = text.trim();
  if (/^-0*1$/.test(bare)) return -1;
  if (/^0+$/.test(bare)) return 0;
  const match = form.exec(text);
  if (match === null) return fail(': unit is missing or unrecognized');
  const [, amount = '', unit = ''] = match;
  const value = Number(amount);
  // `Long.parseLong`, and `Double.parseDouble` to see what is wrong with what is none.
  if (!/^[-+]?\d+$/.test(amount) || !Number.isSafeInteger(value)) {
    const cause = notANumber(amount);
    if (amount === '' || Number.isNaN(value)) return fail('', cause);
    const fractional = `failed to parse [${text}], fractional time values are not supported`;
    throw new Refusal({ ...illegalArgument(fractional), cause });
  }
  if (value < -1) return fail(': negative durations are not supported');
  return value * (unitMs.get(unit.toLowerCase()) ?? 1);
}
