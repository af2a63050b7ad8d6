/**
 * The list of exchanges that are not equal yet, `not-yet.json`. It can only get shorter: what is on it and has become
 * equal has to be taken off, and what is not on it has to stay equal.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { PlayedScenario } from './play.js';

/** What is open in a scenario; `3, 5-9` are exchanges by their places in the recording. */
export interface Open {
  readonly differ?: string;
  readonly notPlayed?: string;
  /** What the emulator could not be asked for. */
  readonly lacks?: string;
}

/** By release and scenario. */
export type NotYet = Readonly<Record<string, Readonly<Record<string, Open>>>>;

const file = new URL('not-yet.json', import.meta.url);

export function readNotYet(): NotYet {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as NotYet) : {};
}

export function writeNotYet(list: NotYet): void {
  writeFileSync(file, `${JSON.stringify(list, null, 2)}\n`);
}

/** What is open in a scenario that was played. */
export function openIn({ exchanges, lacks }: PlayedScenario): Open {
  const all = exchanges.map(({ index }) => index);
  const differ = exchanges.filter(({ differences }) => differences !== undefined && differences.length > 0);
  const notPlayed = exchanges.filter(({ differences }) => differences === undefined);
  const placesOf = (some: typeof exchanges): string =>
    ranges(
      some.map(({ index }) => index),
      all,
    );
  return {
    ...(differ.length > 0 && { differ: placesOf(differ) }),
    ...(notPlayed.length > 0 && { notPlayed: placesOf(notPlayed) }),
    ...(lacks.length > 0 && { lacks: lacks.join('; ') }),
  };
}

/** What became of a scenario since the list was written. */
export interface Change {
  /** Not on the list, and not equal. */
  readonly lost: readonly string[];
  /** On the list, and equal. */
  readonly won: readonly string[];
  /** The entry that the list should have: of a scenario that is on it, nothing is added. */
  readonly entry: Open;
}

/** @param listed undefined for a scenario that was recorded after the list was written */
export function changeOf(listed: Open | undefined, played: PlayedScenario): Change {
  const all = played.exchanges.map(({ index }) => index);
  const before = new Set(listed === undefined ? all : placesIn(listed, all));
  const found = openIn(played);
  const now = new Set(placesIn(found, all));
  const lost = all.filter((index) => now.has(index) && !before.has(index));
  const won = listed === undefined ? [] : all.filter((index) => before.has(index) && !now.has(index));
  const kept = played.exchanges.filter(({ index }) => !lost.includes(index));
  return { lost, won, entry: lost.length === 0 ? found : openIn({ ...played, exchanges: kept }) };
}

function placesIn({ differ = '', notPlayed = '' }: Open, all: readonly string[]): string[] {
  return [...differ.split(', '), ...notPlayed.split(', ')].flatMap((range) => {
    const [first = '', last = first] = range.split('-');
    const start = all.indexOf(first);
    return start < 0 ? [] : all.slice(start, all.indexOf(last) + 1);
  });
}

function ranges(some: readonly string[], all: readonly string[]): string {
  const texts: string[] = [];
  for (let at = 0; at < all.length; at += 1) {
    const first = all[at] ?? '';
    if (!some.includes(first)) continue;
    while (some.includes(all[at + 1] ?? 'none')) at += 1;
    texts.push(first === all[at] ? first : `${first}-${all[at]}`);
  }
  return texts.join(', ');
}
