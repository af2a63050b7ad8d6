/**
 * How many of several queries have to be met: `2`, `-1`, `75%`, `-25%`, `3<90%`, `2<-25% 9<-3`
 * (`Queries.calculateMinShouldMatch`).
 */

import { notANumber, Refusal } from '../wire/envelope.js';

/**
 * @param count of how many
 * @throws Refusal if the text says no number
 */
export function minimumOf(spec: string, count: number): number {
  if (!spec.includes('<')) return Math.max(simple(spec.trim(), count), 0);
  let result = count;
  for (const part of spec
    .trim()
    .replaceAll(/\s*<\s*/g, '<')
    .split(' ')) {
    const [bound = '', rest = ''] = part.split('<');
    if (count <= whole(bound)) return result;
    result = Math.max(simple(rest, count), 0);
  }
  return result;
}

function simple(spec: string, count: number): number {
  if (!spec.includes('%')) {
    const number = whole(spec);
    return number < 0 ? count + number : number;
  }
  const share = Math.trunc((count * whole(spec.slice(0, -1))) / 100);
  return share < 0 ? count + share : share;
}

function whole(text: string): number {
  if (/^[+-]?\d{1,9}$/.test(text)) return Number(text);
  throw new Refusal(notANumber(text));
}
