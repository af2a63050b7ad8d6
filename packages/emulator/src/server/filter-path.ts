/** `?filter_path=…`: which parts of an answer are written. */

import { matchesWildcards } from '../names/name-patterns.js';
import { isMap, type JsonValue } from '../wire/json-value.js';

/** A part of a path, and what has to be matched below it: nothing behind the last. */
interface Path {
  readonly part: string;
  readonly rest: Path | undefined;
  /** Whether it is matched already, because nothing but `**` is left. */
  readonly isReached: boolean;
}

/**
 * What remains to be matched of several paths; `undefined` of one that is matched. A set, because many ways lead
 * there.
 */
type Paths = ReadonlySet<Path | undefined>;

/**
 * @param paths separated by commas; parts separated by dots; `*` is any name, `**` any number of names, and a
 *   minus in front leaves out what it names
 * @returns the value without what was not asked for
 */
export function filterPath(value: JsonValue, paths: string): JsonValue {
  const all = paths.split(',').map((path) => path.trim());
  const included = all.filter((path) => path !== '' && !path.startsWith('-')).map(split);
  const excluded = all.filter((path) => path.startsWith('-')).map((path) => split(path.slice(1)));
  const kept = included.length === 0 ? value : include(value, new Set(included));
  return (excluded.length === 0 ? kept : exclude(kept ?? {}, new Set(excluded))) ?? {};
}

function split(path: string): Path | undefined {
  return path.split(/(?<!\\)\./).reduceRight<Path | undefined>((rest, part) => {
    const isReached = part === '**' && (rest?.isReached ?? true);
    return { part: part.replaceAll('\\.', '.'), rest, isReached };
  }, undefined);
}

/** What remains to be matched below a member. */
function below(paths: Paths, name: string): Paths {
  const remaining = new Set<Path | undefined>();
  const seen = new Set<Path>();
  const go = (path: Path | undefined): void => {
    if (path === undefined || seen.has(path)) return;
    seen.add(path);
    if (path.part === '**') {
      // Any number of names: this one may be among them, or the first behind them.
      remaining.add(path);
      go(path.rest);
    } else if (matchesWildcards(path.part, name)) remaining.add(path.rest);
  };
  for (const path of paths) go(path);
  return remaining;
}

function isReached(paths: Paths): boolean {
  return [...paths].some((path) => path === undefined || path.isReached);
}

function membersOf(value: object): [string, JsonValue | undefined][] {
  return value instanceof Map ? [...value] : Object.entries(value);
}

function include(value: JsonValue, paths: Paths): JsonValue | undefined {
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

function exclude(value: JsonValue, paths: Paths): JsonValue | undefined {
  if (isReached(paths)) return undefined;
  if (typeof value !== 'object' || value === null || paths.size === 0) return value;
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
