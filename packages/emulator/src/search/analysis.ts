/**
 * What a text is searched by: the words, or other pieces, that an analyzer makes of it, and how far two words are
 * apart. The names of analyzers are those that every index of Elasticsearch has.
 */

/** What stands at one place of a text, in one or several forms; found by any of them. */
export type Position = readonly string[];

/** Takes a text apart. */
export type Analyzer = (text: string) => readonly Position[];

// Letters and digits, also around one mark that Unicode does not take for an end of a word: the apostrophe of
// "it's", the points of "example.org" and "3.14". V8's own segmenter copies the whole text for each word.
const wordForm =
  /[\p{L}\p{M}\p{N}\p{Pc}]+(?:(?:(?<=\p{L})['’.:·](?=\p{L})|(?<=\p{N})['’.,;](?=\p{N}))[\p{L}\p{M}\p{N}\p{Pc}]+)*/gu;

/** The words of a text, in lower case: nearly what Elasticsearch's standard analyzer makes of it. */
export function wordsIn(text: string): string[] {
  return (text.toLowerCase().match(wordForm) ?? []).filter((word) => /[\p{L}\p{N}]/u.test(word));
}

/** The same, each once. */
export function wordsOf(text: string): string[] {
  return [...new Set(wordsIn(text))];
}

function one(word: string): Position {
  return [word];
}

function letters(text: string): string[] {
  return text.toLowerCase().match(/\p{L}+/gu) ?? [];
}

// Lucene's English stop words (`EnglishAnalyzer.ENGLISH_STOP_WORDS_SET`).
const stopWords: ReadonlySet<string> = new Set(
  'a,an,and,are,as,at,be,but,by,for,if,in,into,is,it,no,not,of,on,or,such,that,the,their,then,there,these,they,this,to,was,will,with'.split(
    ',',
  ),
);

/** Splits into words. */
export const standardAnalyzer: Analyzer = (text) => wordsIn(text).map(one);

/** Leaves the text as it is. */
export const keywordAnalyzer: Analyzer = (text) => [[text]];

// The analyzer for addresses keeps each as a whole, and takes out of it what is before and after the `@`, the letters
// and the digits (`SecuritySystemIndices` of Elasticsearch). All of that stands at the place of the address.
const partsOfAddress = [/[^@]+/g, /\p{L}+/gu, /\d+/g, /(?<=@).+/g];

/** The pieces of an address, each once. */
export function piecesOfAddress(address: string): string[] {
  const text = address.toLowerCase();
  return [...new Set([text, ...partsOfAddress.flatMap((part) => text.match(part) ?? [])])];
}

/** Of addresses. */
export const emailAnalyzer: Analyzer = (text) =>
  text
    .split(/\s+/)
    .filter((address) => address !== '')
    .map(piecesOfAddress);

const analyzers: ReadonlyMap<string, Analyzer> = new Map<string, Analyzer>([
  ['default', standardAnalyzer],
  ['standard', standardAnalyzer],
  ['keyword', keywordAnalyzer],
  ['simple', (text) => letters(text).map(one)],
  [
    'stop',
    (text) =>
      letters(text)
        .filter((word) => !stopWords.has(word))
        .map(one),
  ],
  ['whitespace', (text) => (text.match(/\S+/g) ?? []).map(one)],
]);

/** What Elasticsearch has beside them, and the emulator has not (`PreBuiltAnalyzers`, `CommonAnalysisPlugin`). */
export const otherAnalyzers: ReadonlySet<string> = new Set(
  (
    'arabic,armenian,basque,bengali,brazilian,bulgarian,catalan,chinese,cjk,classic,czech,danish,dutch,english,estonian,finnish,' +
    'french,galician,german,greek,hindi,hungarian,indonesian,irish,italian,latvian,lithuanian,norwegian,pattern,persian,' +
    'portuguese,romanian,russian,snowball,sorani,spanish,standard_html_strip,swedish,thai,turkish'
  ).split(','),
);

/** @returns the analyzer that every index has under this name, or `undefined` */
export function analyzerNamed(name: string): Analyzer | undefined {
  return analyzers.get(name);
}

/** How many edits a word may be away, depending on its length. */
export interface Fuzziness {
  edits(word: string): number;
  /** How many characters at the beginning have to be the same. */
  readonly prefixLength: number;
  /** Whether two neighbours that have changed places count as one edit. */
  readonly transposes: boolean;
}

/** Whether a word is near enough to another one. */
export function isNear(word: string, wanted: string, fuzziness: Fuzziness): boolean {
  const { prefixLength, transposes } = fuzziness;
  const edits = fuzziness.edits(wanted);
  if (word === wanted) return true;
  if (edits === 0 || word.slice(0, prefixLength) !== wanted.slice(0, prefixLength)) return false;
  return distance([...word], [...wanted], transposes, edits) <= edits;
}

/** Levenshtein's distance, with or without transpositions; anything above `limit` may be any number above it. */
function distance(a: readonly string[], b: readonly string[], transposes: boolean, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, changed);
      const swapped = transposes && i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      next.push(least);
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? limit + 1;
}
