/**
 * How patterns of names are spelled in roles: `*` and `?` in a text, or between slashes a regular expression
 * in Lucene's dialect, which has intersections, complements and ranges of numbers, and no anchors.
 */

import { illegalArgument, Refusal } from '../wire/envelope.js';
import {
  anyCharacter,
  beginWork,
  chain,
  contains,
  emptyName,
  everything,
  intersection,
  type Language,
  literally,
  not,
  nothing,
  oneOf,
  type Range,
  repeat,
  tooComplex,
  union,
} from './languages.js';

const known = new Map<string, Language>();

/** Every name that one of the patterns stands for. */
export function namesMatching(patterns: Iterable<string>): Language {
  beginWork();
  return union([...patterns].map(languageOf));
}

/** Whether a name is among those that a pattern stands for. */
export function matchesPattern(pattern: string, name: string): boolean {
  return contains(languageOf(pattern), name);
}

/** Whether a name is among those that a text with `*` and `?` stands for, slashes or not. */
export function matchesWildcards(pattern: string, name: string): boolean {
  return contains(wildcards(pattern), name);
}

/** Whether a text is spelled as a regular expression or has a `*` in it: a `?` alone does not make a pattern. */
export function isPattern(text: string): boolean {
  return /^\/.*\/$/s.test(text) || (text.includes('*') && !text.startsWith('/'));
}

/**
 * Every name that a pattern stands for.
 *
 * @throws Refusal if it is no pattern
 */
export function languageOf(pattern: string): Language {
  const found = known.get(pattern);
  if (found !== undefined) return found;
  beginWork();
  const language = pattern.startsWith('/') ? expression(pattern) : wildcards(pattern);
  // Patterns come from roles and requests, of which a test has a few.
  if (known.size > 1000) known.clear();
  known.set(pattern, language);
  return language;
}

function wildcards(pattern: string): Language {
  // A backslash takes the character after it as it is, and stands for itself at the end.
  const parts = (pattern.match(/\\?./gsu) ?? []).map((part) => {
    if (part === '*') return everything;
    return part === '?' ? anyCharacter : literally(part.length > 1 ? part.replace('\\', '') : part);
  });
  return parts.reduceRight((rest, part) => chain(part, rest), emptyName);
}

function expression(pattern: string): Language {
  if (pattern.length === 1 || !pattern.endsWith('/')) {
    throw new Refusal(
      illegalArgument(
        `invalid pattern [${pattern}]. patterns starting with '/' indicate regular expression pattern and therefore must also end with '/'. ` +
          "other patterns (those that do not start with '/') will be treated as simple wildcard patterns",
      ),
    );
  }
  return parseExpression(pattern.slice(1, -1));
}

const deepest = 200;
const mostCopies = 1000;

/** Reads a regular expression of Lucene's. */
function parseExpression(text: string): Language {
  const characters = [...text];
  let at = 0;
  let depth = 0;

  const fail = (reason: string): never => {
    throw new Refusal(illegalArgument(reason));
  };
  const more = (): boolean => at < characters.length;
  const next = (): string => characters[at] ?? '';
  const peek = (set: string): boolean => more() && set.includes(next());
  function match(character: string): boolean {
    if (next() !== character) return false;
    at++;
    return true;
  }
  function take(): string {
    if (!more()) fail('unexpected end-of-string');
    return characters[at++] ?? '';
  }

  function unions(): Language {
    if (++depth > deepest) tooComplex();
    const parts = [intersections()];
    while (match('|')) parts.push(intersections());
    depth--;
    return union(parts);
  }

  function intersections(): Language {
    const parts = [sequence()];
    while (match('&')) parts.push(sequence());
    return intersection(parts);
  }

  function sequence(): Language {
    const parts = [repetition()];
    while (more() && !peek(')|&')) parts.push(repetition());
    return parts.reduceRight((rest, part) => chain(part, rest), emptyName);
  }

  function repetition(): Language {
    let of = complement();
    while (peek('?*+{')) {
      if (match('?')) of = union([emptyName, of]);
      else if (match('*')) of = repeat(of);
      else if (match('+')) of = chain(of, repeat(of));
      else {
        at++;
        of = counted(of);
      }
    }
    return of;
  }

  function counted(of: Language): Language {
    const least = integer('integer expected');
    const most = match(',') ? (peek('0123456789') ? integer('') : undefined) : least;
    if (!match('}')) fail(`expected '}' at position ${at}`);
    if (most !== undefined && most < least) fail(`invalid repetition range(out of order): ${least}..${most}`);
    if (Math.max(least, most ?? 0) > mostCopies) tooComplex();
    let tail = most === undefined ? repeat(of) : emptyName;
    for (let i = least; i < (most ?? least); i++) tail = union([emptyName, chain(of, tail)]);
    for (let i = 0; i < least; i++) tail = chain(of, tail);
    return tail;
  }

  function integer(otherwise: string): number {
    let digits = '';
    while (peek('0123456789')) digits += take();
    return digits === '' ? fail(`${otherwise} at position ${at}`) : Number(digits);
  }

  function complement(): Language {
    let times = 0;
    while (match('~')) times++;
    const of = classOrAtom();
    return times % 2 === 1 ? not(of) : of;
  }

  function classOrAtom(): Language {
    if (!match('[')) return atom();
    const negated = match('^');
    const ranges: Range[] = [];
    do ranges.push(...classMember());
    while (more() && !peek(']'));
    if (!match(']')) fail(`expected ']' at position ${at}`);
    return negated ? outside(ranges) : oneOf(ranges);
  }

  function classMember(): readonly Range[] {
    if (peek('\\')) {
      const predefined = predefinedClass();
      if (predefined !== undefined) return predefined;
    }
    const first = character();
    if (!match('-')) return [[first, first]];
    const last = character();
    if (last < first) fail(`invalid range: from (${first}) cannot be > to (${last})`);
    return [[first, last]];
  }

  function predefinedClass(): readonly Range[] | undefined {
    const ranges = predefined.get(characters[at + 1] ?? '');
    if (ranges !== undefined) at += 2;
    return ranges;
  }

  function atom(): Language {
    if (match('.')) return anyCharacter;
    if (match('#')) return nothing;
    if (match('@')) return everything;
    if (match('"')) {
      const end = characters.indexOf('"', at);
      if (end < 0) fail(`expected '"' at position ${characters.length}`);
      const quoted = characters.slice(at, end).join('');
      at = end + 1;
      return literally(quoted);
    }
    if (match('(')) {
      if (match(')')) return emptyName;
      const inner = unions();
      return match(')') ? inner : fail(`expected ')' at position ${at}`);
    }
    if (match('<')) return interval();
    const ranges = peek('\\') ? predefinedClass() : undefined;
    if (ranges !== undefined) return oneOf(ranges);
    const code = character();
    return oneOf([[code, code]]);
  }

  /** Numbers from one to another; of equal length in the text, they have leading zeros. */
  function interval(): Language {
    const end = characters.indexOf('>', at);
    if (end < 0) fail(`expected '>' at position ${characters.length}`);
    const [, from = '', to = ''] = /^(\d+)-(\d+)$/.exec(characters.slice(at, end).join('')) ?? [];
    if (from === '') fail(`interval syntax error at position ${at - 1}`);
    at = end + 1;
    const [low, high] = [Math.min(Number(from), Number(to)), Math.max(Number(from), Number(to))];
    if (high - low > mostCopies) tooComplex();
    const width = from.length === to.length ? from.length : 0;
    const numbers = Array.from({ length: high - low + 1 }, (_, i) => String(low + i));
    const padded = numbers.map((digits) => literally(digits.padStart(width, '0')));
    return width > 0 ? union(padded) : chain(repeat(literally('0')), union(padded));
  }

  function character(): number {
    match('\\');
    return take().codePointAt(0) ?? 0;
  }

  if (!more()) return emptyName;
  const language = unions();
  if (more()) fail(`end-of-string expected at position ${at}`);
  return language;
}

function outside(ranges: readonly Range[]): Language {
  return intersection([anyCharacter, not(oneOf(ranges))]);
}

const digits: readonly Range[] = [[48, 57]];
const word: readonly Range[] = [...digits, [65, 90], [95, 95], [97, 122]];
const space: readonly Range[] = [
  [9, 10],
  [13, 13],
  [32, 32],
];

/** The characters that are not among some sorted ranges. */
function others(ranges: readonly Range[]): readonly Range[] {
  const starts = [0, ...ranges.map(([, last]) => last + 1)];
  const ends = [...ranges.map(([first]) => first - 1), 0x10ffff];
  return starts.map((start, index): Range => [start, ends[index] ?? start]).filter(([a, b]) => a <= b);
}

const predefined: ReadonlyMap<string, readonly Range[]> = new Map([
  ['d', digits],
  ['D', others(digits)],
  ['w', word],
  ['W', others(word)],
  ['s', space],
  ['S', others(space)],
]);
