/** Instants in queries: milliseconds, ISO 8601, or a sum such as `now-1d/d`. */

const unitMs: ReadonlyMap<string, number> = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['H', 3_600_000],
  ['d', 86_400_000],
  ['w', 7 * 86_400_000],
]);

/**
 * @param text the instant
 * @param now what `now` stands for, in milliseconds
 * @param roundsUp whether what is rounded, or a date of which only the beginning is there, is its last millisecond
 * @returns milliseconds since 1970, or `undefined` if the text is no instant
 */
export function parseInstant(text: string, now: number, roundsUp = false): number | undefined {
  if (/^-?\d{5,}$/.test(text)) return Number(text);
  if (text.startsWith('now')) return calculate(text.slice(3), now, roundsUp);
  const [date = '', math] = text.split('||');
  const start = Date.parse(
    /^\d{4}(-\d\d(-\d\d)?)?$/.test(date) || /(Z|[+-]\d\d:?\d\d)$/.test(date) ? date : `${date}Z`,
  );
  if (Number.isNaN(start)) return undefined;
  const unit = /^\d{4}(-\d\d)?(-\d\d)?$/.exec(date)?.filter((part) => part !== undefined).length;
  if (math !== undefined || unit === undefined || !roundsUp) return calculate(math ?? '', start, roundsUp);
  return add(start, 1, ['y', 'M', 'd'][unit - 1] ?? 'd') - 1;
}

// `strict_date_optional_time`: from the year to the fraction of a second, each part only after the one before.
const dateForm =
  /^(\d{4}(?:-\d\d(?:-\d\d)?)?)(?:T(\d\d)(?::(\d\d)(?::(\d\d(?:[.,]\d{1,9})?))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

/** @returns the instant, in milliseconds, of a date as documents have them, or `undefined` if it is none */
export function parseDate(text: string): number | undefined {
  const match = dateForm.exec(text);
  if (match === null) return undefined;
  const [, date = '', hour, minute = '00', second = '00', zone = 'Z'] = match;
  // JavaScript takes the thirtieth of February for the first of March.
  if (known(Date.parse(date)) === undefined || !new Date(date).toISOString().startsWith(date))
    return undefined;
  if (hour === undefined) return Date.parse(date);
  const offset = zone === 'Z' ? zone : `${zone.slice(0, 3)}:${zone.length === 3 ? '00' : zone.slice(-2)}`;
  return known(Date.parse(`${date}T${hour}:${minute}:${second.replace(',', '.')}${offset}`));
}

function known(instant: number): number | undefined {
  return Number.isNaN(instant) ? undefined : instant;
}

function calculate(math: string, start: number, roundsUp: boolean): number | undefined {
  const form = /([+-])(\d+)([yMwdhHms])|\/([yMwdhHms])/y;
  let result = start;
  while (form.lastIndex < math.length) {
    const match = form.exec(math);
    if (match === null) return undefined;
    const [, sign, amount, unit = '', rounded] = match;
    result =
      rounded === undefined
        ? add(result, Number(`${sign}${amount}`), unit)
        : round(result, rounded, roundsUp);
  }
  return result;
}

function add(instant: number, amount: number, unit: string): number {
  const ms = unitMs.get(unit);
  if (ms !== undefined) return instant + amount * ms;
  const date = new Date(instant);
  return unit === 'M'
    ? date.setUTCMonth(date.getUTCMonth() + amount)
    : date.setUTCFullYear(date.getUTCFullYear() + amount);
}

function round(instant: number, unit: string, roundsUp: boolean): number {
  const start = roundDown(instant, unit);
  return roundsUp ? add(start, 1, unit) - 1 : start;
}

function roundDown(instant: number, unit: string): number {
  const date = new Date(instant);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  if (unit === 'y') return Date.UTC(year, 0);
  if (unit === 'M') return Date.UTC(year, month);
  const ms = unitMs.get(unit) ?? 1;
  // 1970 began on a Thursday, weeks begin on Mondays.
  const shift = unit === 'w' ? 3 * 86_400_000 : 0;
  return Math.floor((instant + shift) / ms) * ms - shift;
}
