/**
 * The language of `simple_query_string`, as Lucene's `SimpleQueryParser` reads it: `+` both, `|` either, `-` not,
 * `"…"` a phrase, `*` the beginning of a word, `( )` together, `~n` near, `\` as it is. No text is wrong: what makes
 * no sense is left out.
 */

import { illegalArgument, Refusal } from '../wire/envelope.js';
import type { SimpleFlag } from './text-queries.js';

/** What is made of the parts of the text. Without a word in it, a part is nothing and counts for nothing. */
export interface SimpleBuilder<T> {
  word(text: string): T | undefined;
  prefix(text: string): T | undefined;
  fuzzy(text: string, edits: number): T | undefined;
  phrase(text: string, slop: number): T | undefined;
  /** What has not this, of all that there is. */
  not(part: T): T;
  join(parts: readonly T[], isAll: boolean): T;
}

/** What was understood: several parts joined, one part, or nothing. */
export interface SimpleTree<T> {
  readonly parts: readonly T[];
  readonly isAll: boolean;
}

// More edits than that no automaton of Lucene's has.
const maxEdits = 2;
const space = /[ \t\n\r]/;

// What is deeper in parentheses, or longer, nobody writes; here it would take long, in Elasticsearch the stack.
const maxDepth = 100;
const maxLength = 10_000;

/**
 * @param joinsAll whether parts without anything between them have to be found together
 * @throws Refusal if the text is longer, or nested deeper, than the emulator reads
 */
export function parseSimple<T>(
  text: string,
  flags: ReadonlySet<SimpleFlag>,
  joinsAll: boolean,
  builder: SimpleBuilder<T>,
  depth = 0,
): SimpleTree<T> | undefined {
  if (text.length > maxLength || depth > maxDepth) {
    const limits = `${maxLength} characters and ${maxDepth} levels of parentheses`;
    throw new Refusal(illegalArgument(`of a [simple_query_string] the emulator reads at most ${limits}`));
  }
  let at = 0;
  let tree: SimpleTree<T> | undefined;
  /** The operator before the next part; `previous` the one that joined those before. */
  let current: boolean | undefined;
  let previous: boolean | undefined;
  let negations = 0;

  const isSign = (sign: string, flag: SimpleFlag, where = at): boolean =>
    text[where] === sign && flags.has(flag);
  const isSpace = (where: number): boolean => flags.has('WHITESPACE') && space.test(text[where] ?? '');
  const endsWord = (where: number): boolean =>
    isSign('"', 'PHRASE', where) ||
    isSign('|', 'OR', where) ||
    isSign('+', 'AND', where) ||
    isSign('(', 'PRECEDENCE', where) ||
    isSign(')', 'PRECEDENCE', where) ||
    isSpace(where);

  function add(part: T | undefined): void {
    if (part !== undefined) {
      const branch = negations % 2 === 1 ? builder.not(part) : part;
      if (tree === undefined) tree = { parts: [branch], isAll: joinsAll };
      else {
        const isAll = current ?? joinsAll;
        const before = previous === isAll ? tree.parts : [whole(tree)];
        tree = { parts: [...before, branch], isAll };
        previous = isAll;
      }
    }
    current = undefined;
  }

  function whole(joined: SimpleTree<T>): T {
    const [only] = joined.parts;
    return only !== undefined && joined.parts.length === 1 ? only : builder.join(joined.parts, joined.isAll);
  }

  /** The number behind a `~`; without one, as many edits as there may be. */
  function readDistance(): number {
    let digits = '';
    at++;
    while (at < text.length && !endsWord(at)) digits += text[at++];
    if (digits === '') return maxEdits;
    return /^\+?\d{1,9}$/.test(digits) ? Number(digits) : 0;
  }

  function readGroup(): void {
    const start = ++at;
    let open = 1;
    while (at < text.length) {
      if (isSign('\\', 'ESCAPE')) at++;
      else if (text[at] === '(') open++;
      else if (text[at] === ')' && --open === 0) break;
      at++;
    }
    if (at >= text.length) at = start;
    else if (at === start) {
      // The operator would have been for what is in the parentheses.
      current = undefined;
      at++;
    } else {
      const inner = parseSimple(text.slice(start, at), flags, joinsAll, builder, depth + 1);
      add(inner && whole(inner));
      at++;
    }
  }

  function readPhrase(): void {
    const start = ++at;
    let phrase = '';
    while (at < text.length && text[at] !== '"') {
      if (isSign('\\', 'ESCAPE')) at++;
      phrase += text[at++] ?? '';
    }
    if (at >= text.length) {
      at = start;
    } else if (at === start) {
      current = undefined;
      at++;
    } else {
      at++;
      const isNear = isSign('~', 'NEAR');
      const slop = isNear && at + 1 < text.length ? readDistance() : 0;
      // Whatever ends the distance is skipped, be it a space or not.
      if (isNear) at++;
      add(builder.phrase(phrase, slop));
    }
  }

  function readWord(): void {
    let word = '';
    let isPrefix = false;
    while (at < text.length) {
      const isEscaped = isSign('\\', 'ESCAPE');
      if (isEscaped) at++;
      else if (endsWord(at)) break;
      else if (word !== '' && isSign('~', 'FUZZY')) {
        const edits = Math.min(readDistance(), maxEdits);
        add(edits === 0 ? builder.word(word) : builder.fuzzy(word, edits));
        return;
      }
      isPrefix = !isEscaped && word !== '' && isSign('*', 'PREFIX');
      word += text[at++] ?? '';
    }
    if (word !== '') add(isPrefix ? builder.prefix(word.slice(0, -1)) : builder.word(word));
  }

  while (at < text.length) {
    if (isSign('-', 'NOT')) {
      negations++;
      at++;
      continue;
    }
    if (isSign('(', 'PRECEDENCE')) readGroup();
    else if (isSign('"', 'PHRASE')) readPhrase();
    else if (isSign('+', 'AND') || isSign('|', 'OR')) {
      if (tree !== undefined) current ??= text[at] === '+';
      at++;
    } else if (isSign(')', 'PRECEDENCE') || isSpace(at)) at++;
    else readWord();
    negations = 0;
  }
  return tree;
}
