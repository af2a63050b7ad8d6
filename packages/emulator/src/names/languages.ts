/**
 * Sets of names, as patterns describe them: their union, difference and, what privileges turn on, whether one
 * contains another. `logs-*` contains `logs-a*`, and no list of examples could show that. How a pattern is
 * spelled is read in `name-patterns.ts`.
 *
 * A set is a term, and what may follow a first character is its derivative, a term again (Brzozowski 1964).
 * The same term is the same object, so that a search over derivatives ends.
 */

import { illegalArgument, Refusal } from '../wire/envelope.js';

/** A set of names. */
export interface Language {
  /** Older terms have smaller numbers. */
  readonly id: number;
  readonly kind: Kind;
  /** Whether it contains the empty name. */
  readonly nullable: boolean;
  /** Characters at which something changes: of those in between, one stands for all. */
  readonly edges: readonly number[];
  readonly followers: Map<number, Language>;
}

type Kind =
  | { readonly is: 'nothing' }
  | { readonly is: 'empty' }
  | { readonly is: 'one'; readonly ranges: readonly Range[] }
  | { readonly is: 'then'; readonly first: Language; readonly rest: Language }
  | { readonly is: 'repeat'; readonly of: Language }
  | { readonly is: 'union' | 'intersection'; readonly of: readonly Language[] }
  | { readonly is: 'not'; readonly of: Language };

/** Characters from the first to the last code point, both included. */
export type Range = readonly [first: number, last: number];

const lastCharacter = 0x10ffff;
// More than any pattern of a real role needs; Elasticsearch gives up, too.
const mostWork = 200_000;
const mostTerms = 50_000;

const terms = new Map<string, Language>();
let nextId = 0;
let spent = 0;

/** A question begins: what was spent on others does not count. */
export function beginWork(): void {
  spent = 0;
}

function spend(amount: number): void {
  spent += amount;
  if (spent > mostWork) tooComplex();
}

/** @throws Refusal always: a pattern is too much for this way of looking at it */
export function tooComplex(): never {
  throw new Refusal(illegalArgument('The set of patterns is too complex to evaluate'));
}

function term(key: string, kind: Kind, nullable: boolean, edges: Iterable<number>): Language {
  const known = terms.get(key);
  if (known !== undefined) return known;
  spend(1);
  const made: Language = { id: nextId++, kind, nullable, edges: [...new Set(edges)], followers: new Map() };
  // Terms that are in use stay valid; only that an equal one would be the same object is lost.
  if (terms.size >= mostTerms) terms.clear();
  terms.set(key, made);
  return made;
}

/** No name at all. */
export const nothing: Language = term('nothing', { is: 'nothing' }, false, []);
/** The empty name. */
export const emptyName: Language = term('empty', { is: 'empty' }, true, []);
/** Any one character. */
export const anyCharacter: Language = oneOf([[0, lastCharacter]]);
/** Every name. */
export const everything: Language = repeat(anyCharacter);

/** One of some characters. */
export function oneOf(ranges: readonly Range[]): Language {
  if (ranges.length === 0) return nothing;
  const edges = ranges.flatMap(([first, last]) => [first, last + 1]);
  return term(`one:${ranges.join(';')}`, { is: 'one', ranges }, false, edges);
}

/** A text as it stands. */
export function literally(text: string): Language {
  return [...text].reduceRight((rest, character) => chain(single(character), rest), emptyName);
}

function single(character: string): Language {
  const code = character.codePointAt(0) ?? 0;
  return oneOf([[code, code]]);
}

/** One after the other. */
export function chain(first: Language, rest: Language): Language {
  if (first === nothing || rest === nothing) return nothing;
  if (first === emptyName) return rest;
  if (rest === emptyName) return first;
  const heads: Language[] = [];
  let last = first;
  for (; last.kind.is === 'then'; last = last.kind.rest) heads.push(last.kind.first);
  return heads.reduceRight((tail, head) => link(head, tail), link(last, rest));
}

function link(first: Language, rest: Language): Language {
  const edges = first.nullable ? [...first.edges, ...rest.edges] : first.edges;
  return term(
    `then:${first.id},${rest.id}`,
    { is: 'then', first, rest },
    first.nullable && rest.nullable,
    edges,
  );
}

/** Any number of times, also none. */
export function repeat(of: Language): Language {
  if (of === nothing || of === emptyName) return emptyName;
  if (of.kind.is === 'repeat') return of;
  return term(`repeat:${of.id}`, { is: 'repeat', of }, true, of.edges);
}

/** Every name that is in one of them. */
export function union(languages: readonly Language[]): Language {
  const parts = flat('union', languages).filter((part) => part !== nothing);
  if (parts.includes(everything) || contradict(parts)) return everything;
  const [first, second] = parts;
  if (second === undefined) return first ?? nothing;
  const nullable = parts.some((part) => part.nullable);
  return combined('union', parts, nullable);
}

/** Every name that is in all of them. */
export function intersection(languages: readonly Language[]): Language {
  const parts = flat('intersection', languages).filter((part) => part !== everything);
  if (parts.includes(nothing) || contradict(parts)) return nothing;
  const [first, second] = parts;
  if (second === undefined) return first ?? everything;
  const nullable = parts.every((part) => part.nullable);
  return combined('intersection', parts, nullable);
}

/** Every other name. */
export function not(of: Language): Language {
  if (of === nothing) return everything;
  if (of === everything) return nothing;
  if (of.kind.is === 'not') return of.kind.of;
  return term(`not:${of.id}`, { is: 'not', of }, !of.nullable, of.edges);
}

/** Every name that is in the first and not in the second. */
export function without(language: Language, excluded: Language): Language {
  return intersection([language, not(excluded)]);
}

function flat(is: 'union' | 'intersection', languages: readonly Language[]): Language[] {
  const parts = languages.flatMap((part) =>
    part.kind.is === 'union' || part.kind.is === 'intersection'
      ? part.kind.is === is
        ? part.kind.of
        : [part]
      : [part],
  );
  spend(parts.length);
  return [...new Set(parts)].sort((a, b) => a.id - b.id);
}

function contradict(parts: readonly Language[]): boolean {
  return parts.some((part) => part.kind.is === 'not' && parts.includes(part.kind.of));
}

function combined(is: 'union' | 'intersection', of: readonly Language[], nullable: boolean): Language {
  const edges = of.flatMap((part) => part.edges);
  return term(`${is}:${of.map((part) => part.id).join()}`, { is, of }, nullable, edges);
}

/** What may follow a character. */
function after(language: Language, code: number): Language {
  const known = language.followers.get(code);
  if (known !== undefined) return known;
  const found = derive(language, code);
  language.followers.set(code, found);
  return found;
}

function derive({ kind }: Language, code: number): Language {
  switch (kind.is) {
    case 'nothing':
    case 'empty':
      return nothing;
    case 'one':
      return kind.ranges.some(([first, last]) => first <= code && code <= last) ? emptyName : nothing;
    case 'then': {
      const step = continued(after(kind.first, code), kind.rest);
      return kind.first.nullable ? union([step, after(kind.rest, code)]) : step;
    }
    case 'repeat':
      return continued(after(kind.of, code), repeat(kind.of));
    case 'union':
      return union(kind.of.map((part) => after(part, code)));
    case 'intersection':
      return intersection(kind.of.map((part) => after(part, code)));
    case 'not':
      return not(after(kind.of, code));
  }
}

/**
 * One after the other, for each way to begin by itself: so there are only as many ways to go on as an
 * expression has places, where chains of whole unions would be new ones at every step (Antimirov 1996).
 */
function continued(first: Language, rest: Language): Language {
  return first.kind.is === 'union'
    ? union(first.kind.of.map((part) => chain(part, rest)))
    : chain(first, rest);
}

/**
 * Whether a name is in a set.
 *
 * @throws Refusal if that takes too long to find out
 */
export function contains(language: Language, name: string): boolean {
  beginWork();
  let at = language;
  for (const character of name) {
    at = after(at, character.codePointAt(0) ?? 0);
    if (at === nothing || at === everything) break;
  }
  return at.nullable;
}

/**
 * Whether a set has no name in it.
 *
 * @throws Refusal if that takes too long to find out
 */
export function isEmptyLanguage(language: Language): boolean {
  beginWork();
  const seen = new Set([language]);
  const waiting = [language];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (at.nullable) return false;
    for (const code of [0, ...at.edges]) {
      const next = code > lastCharacter ? nothing : after(at, code);
      if (next !== nothing && !seen.has(next)) {
        seen.add(next);
        waiting.push(next);
      }
    }
  }
  return true;
}

/**
 * Whether every name of `inner` is in `outer`.
 *
 * @throws Refusal if that takes too long to find out
 */
export function includes(outer: Language, inner: Language): boolean {
  return isEmptyLanguage(without(inner, outer));
}
