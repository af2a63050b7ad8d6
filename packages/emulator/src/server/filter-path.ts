/** `?filter_path=…`: which parts of an answer are written. */

import { matchesWildcards } from '../names/name-patterns.js';
import { isMap, type JsonValue } from '../wire/json-value.js';

type Path = readonly string[];

/**
 * @param paths separated by commas; parts separated by dots; `*` is any name, `**` any number of names, and a
 *   minus in front leaves out what it names
 * @returns the value without what was not asked for
 */
export function filterPath(value: JsonValue, paths: string): JsonValue {
  const all = paths.split(',').map((path) => path.trim());
  const included = all.filter((path) => path !== '' && !path.startsWith('-')).map(split);
  const excluded = all.filter((path) => path.startsWith('-')).map((path) => split(path.slice(1)));
  const kept = included.length === 0 ? value : include(value, included);
  return (excluded.length === 0 ? kept : exclude(kept ?? {}, excluded)) ?? {};
}

function split(path: string): Path {
  return path.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'));
}

/** What remains to be matched below a member, for each path that the member is on. */
function below(paths: readonly Path[], name: string): Path[] {
  return paths.flatMap(([first, ...rest]) => {
    if (first === undefined) return [];
    if (first !== '**') return matchesWildcards(first, name) ? [rest] : [];
    // Any number of names: this one may be among them, or the first behind them.
    return [['**', ...rest], ...below([rest], name)];
  });
}

function isReached(paths: readonly Path[]): boolean {
  return paths.some((path) => path.every((part) => part === '**'));
}

function membersOf(value: object): [string, JsonValue | undefined][] {
  return value instanceof Map ? [...value] : Object.entries(value);
}

function include(value: JsonValue, paths: readonly Path[]): JsonValue | undefined {
  if (isReached(paths)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) {
    const items = value.map((item: JsonValue) => include(item, paths)).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (!isMap(value) && 'numberText' in value) return undefined;
  const kept = new Map<string, JsonValue>();
  for (const [name, member] of membersOf(value)) {
    const found = member === undefined ? undefined : include(member, below(paths, name));
    if (found !== undefined) kept.set(name, found);
  }
  return kept.size === 0 ? undefined : kept;
}

function exclude(value: JsonValue, paths: readonly Path[]): JsonValue | undefined {
  if (isReached(paths)) return undefined;
  if (typeof value !== 'object' || value === null || paths.length === 0) return value;
  if (Array.isArray(value)) {
    return value.map((item: JsonValue) => exclude(item, paths)).filter((item) => item !== undefined);
  }
  if (!isMap(value) && 'numberText' in value) return value;
  const kept = new Map<string, JsonValue>();
  for (const [name, member] of membersOf(value)) {
    const found = member === undefined ? undefined : exclude(member, below(paths, name));
    if (found !== undefined) kept.set(name, found);
  }
  return kept;
}
