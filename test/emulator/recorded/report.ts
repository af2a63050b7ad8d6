/** What the player tells: counts, kinds of differences over all scenarios, and exchanges line by line. */

import type { Difference } from './bodies.js';
import { parseMasked } from './bodies.js';
import { matches, nameKnown } from './masks.js';
import type { Played, PlayedScenario } from './play.js';

/** Something that differs, and where. */
interface Entry {
  readonly place: string;
  readonly kinds: readonly string[];
}

/** The counts in a line. */
export function countsOf(scenarios: readonly PlayedScenario[]): string {
  const all = scenarios.flatMap(({ exchanges }) => exchanges);
  const notPlayed = all.filter(({ differences }) => differences === undefined).length;
  const equal = all.filter(({ differences }) => differences?.length === 0).length;
  const differ = all.length - equal - notPlayed;
  return `${equal} of ${all.length} recorded exchanges are equal, ${differ} differ, ${notPlayed} were not played`;
}

/** The counts, then how many exchanges differ in what, then the same by everything in which an exchange differs. */
export function summaryOf(scenarios: readonly PlayedScenario[]): string {
  const entries = scenarios.flatMap(({ id, exchanges }) =>
    exchanges.flatMap(({ index, differences = [] }): Entry[] => {
      const kinds = differences.map(({ kind }) => kind);
      return kinds.length === 0 ? [] : [{ place: `${id} ${index}`, kinds }];
    }),
  );
  const groups = table(
    entries,
    ({ kinds }) => [...new Set(kinds.map((kind) => kind.split(':')[0] ?? kind))],
    0,
  );
  const kinds = table(entries, ({ kinds }) => kinds, 3);
  const together = table(entries, ({ kinds }) => [kinds.join(' + ')], 3);
  const lacks = scenarios.filter(({ lacks }) => lacks.length > 0);
  return [
    countsOf(scenarios),
    '\nIn what they differ (an exchange may differ in several things):',
    ...groups,
    '\nIn detail, with the first places:',
    ...kinds,
    '\nBy all in which an exchange differs:',
    ...together,
    '\nWhat the emulator could not be asked for:',
    ...lacks.map(({ id, lacks }) => `       ${id}: ${lacks.join('; ')}`),
    '',
  ].join('\n');
}

function table(
  entries: readonly Entry[],
  keysOf: (entry: Entry) => readonly string[],
  placesShown: number,
): string[] {
  const places = new Map<string, string[]>();
  for (const entry of entries) {
    for (const key of keysOf(entry)) places.set(key, [...(places.get(key) ?? []), entry.place]);
  }
  return [...places]
    .sort(([, one], [, other]) => other.length - one.length)
    .map(([key, found]) => {
      const shown = found.slice(0, placesShown).join(', ');
      return `${String(found.length).padStart(6)} ${key}${shown && ` (${shown})`}`;
    });
}

/** Every exchange that differs, with what was wanted (`-`) and what came (`+`). */
export function show(scenario: PlayedScenario, isWanted: (index: string) => boolean = () => true): string {
  const parts = scenario.exchanges.filter(({ index, differences = [] }) => {
    return differences.length > 0 && isWanted(index);
  });
  return parts.map((played) => `${titleOf(scenario.id, played)}\n${linesOf(played).join('\n')}\n`).join('\n');
}

function titleOf(id: string, { index, exchange: { request } }: Played): string {
  const { method, path, auth, headers, body } = request;
  const more = [auth, headers, body].filter((each) => each !== undefined).map((each) => JSON.stringify(each));
  return cut(`${id} ${index}: ${method} ${path} ${more.join(' ')}`);
}

function linesOf({ differences = [], saved }: Played): string[] {
  return differences.flatMap(({ kind, wanted, got }: Difference) => {
    const came = nameKnown(got, saved);
    const isSpelling = kind === 'body: spelling of the JSON';
    const [one, other] = isSpelling ? [[wanted], [came]] : [lines(wanted), lines(came)];
    const isSame = (line: string, another: string): boolean => matches(line, another, saved);
    return [`  ${kind}`, ...changedLines(one, other, isSame).map((line) => `    ${cut(line)}`)];
  });
}

function lines(text: string): string[] {
  const value = parseMasked(text);
  return (value === undefined ? text : JSON.stringify(value, null, 1)).split('\n');
}

function cut(line: string): string {
  const shown = line.replaceAll('\n', '⏎');
  return shown.length > 240 ? `${shown.slice(0, 239)}…` : shown;
}

/** Whether a line is what the other stands for. */
type IsSame = (wanted: string, got: string) => boolean;

/** The lines that are only in one of two texts, with the line before each group. */
function changedLines(wanted: readonly string[], got: readonly string[], isSame: IsSame): string[] {
  const common = commonLengths(wanted, got, isSame);
  const shown: string[] = [];
  let context: string | undefined;
  const add = (line: string): void => {
    if (context !== undefined) shown.push(`  ${context}`);
    context = undefined;
    shown.push(line);
  };
  for (let one = 0, other = 0; one < wanted.length || other < got.length; ) {
    const [left, right] = [wanted[one], got[other]];
    if (left !== undefined && right !== undefined && isSame(left, right)) {
      context = left;
      one += 1;
      other += 1;
    } else if (
      other >= got.length ||
      (one < wanted.length && length(common, one + 1, other) >= length(common, one, other + 1))
    ) {
      add(`- ${wanted[one]}`);
      one += 1;
    } else {
      add(`+ ${got[other]}`);
      other += 1;
    }
  }
  return shown;
}

function length(common: readonly (readonly number[])[], one: number, other: number): number {
  return common[one]?.[other] ?? 0;
}

/** How many lines two texts have in common from each pair of places on. */
function commonLengths(wanted: readonly string[], got: readonly string[], isSame: IsSame): number[][] {
  const common = Array.from({ length: wanted.length + 1 }, () => new Array<number>(got.length + 1).fill(0));
  for (let one = wanted.length - 1; one >= 0; one -= 1) {
    const row = common[one] ?? [];
    for (let other = got.length - 1; other >= 0; other -= 1) {
      row[other] = isSame(wanted[one] ?? '', got[other] ?? '')
        ? length(common, one + 1, other + 1) + 1
        : Math.max(length(common, one + 1, other), length(common, one, other + 1));
    }
  }
  return common;
}
