/**
 * How well a query fits what it finds: BM25 as Lucene computes it, step by step in single precision, so that the
 * numbers are those of Elasticsearch to the last digit where an index is one shard.
 */

import { illegalArgument, Refusal } from '../wire/envelope.js';
import type { FieldValue, SearchField, SearchFields } from './fields.js';
import { compile, everywhere } from './query.js';
import type { Query } from './query-parser.js';
import { wordsOfMatch } from './text-matching.js';

/** The score of an entry that the query finds; 0 for any other. */
export type Score<Entry> = (entry: Entry) => number;

const k1 = 1.2;
const b = 0.75;
const single = Math.fround;

/**
 * @param entries all of them, whoever may see them: words are the rarer, the fewer entries have them
 * @param now what `now` stands for in the query, in milliseconds
 */
export function scoreOf<Entry>(
  query: Query,
  fields: SearchFields<Entry>,
  entries: readonly Entry[],
  now: number,
): Score<Entry> {
  const finds = compile(query, fields, now);
  const constant: Score<Entry> = (entry) => (finds(entry) ? 1 : 0);
  const sum = (queries: readonly Query[]): Score<Entry> => {
    const scores = queries.map((inner) => scoreOf(inner, fields, entries, now));
    return (entry) => single(scores.reduce((all, score) => all + score(entry), 0));
  };
  if (query.kind === 'bool') {
    const score = sum([...query.must, ...query.should]);
    return (entry) => (finds(entry) ? score(entry) : 0);
  }
  if (query.kind === 'anywhere') {
    const scores = everywhere(query.value, fields).map((inner) => scoreOf(inner, fields, entries, now));
    return (entry) => Math.max(0, ...scores.map((score) => score(entry)));
  }
  if (query.kind !== 'match' && (query.kind !== 'term' || query.ignoreCase)) return constant;
  if (query.kind === 'match' && query.fuzziness !== undefined) {
    throw new Refusal(
      illegalArgument('[match] with [fuzziness] has no score in the emulator: sort by a field'),
    );
  }
  const field = fields.field(query.field);
  if (field === undefined || query.field === '_id') return constant;
  if (field.type === 'text') {
    const words = query.kind === 'match' ? wordsOfMatch(query, field).flat() : [String(query.value)];
    const scores = [...new Set(words)].map((word) => bm25(field, word, entries));
    return (entry) => (finds(entry) ? single(scores.reduce((all, score) => all + score(entry), 0)) : 0);
  }
  if (field.type === 'keyword' || field.type === 'boolean') {
    const found = entries.filter(finds).length;
    const rarity = weight(entries.filter((entry) => field.values(entry).length > 0).length, found);
    return (entry) => (finds(entry) ? saturated(rarity, 1, single(1 / single(k1))) : 0);
  }
  return constant;
}

/** What a word counts that some of all entries have: those that have the field at all. */
function weight(all: number, having: number): number {
  const rarity = single(Math.log(1 + (all - having + 0.5) / (having + 0.5)));
  return single(single(k1 + 1) * rarity);
}

function saturated(rarity: number, times: number, inverseNorm: number): number {
  return single(rarity - single(rarity / single(1 + single(times * inverseNorm))));
}

function bm25<Entry>(field: SearchField<Entry>, word: FieldValue, entries: readonly Entry[]): Score<Entry> {
  const lengths = entries.map((entry) => field.values(entry).length).filter((length) => length > 0);
  const average = single(lengths.reduce((sum, length) => sum + length, 0) / lengths.length);
  const having = entries.filter((entry) => field.values(entry).includes(word)).length;
  const rarity = weight(lengths.length, having);
  return (entry) => {
    const words = field.values(entry);
    const times = words.filter((each) => each === word).length;
    if (times === 0) return 0;
    const relative = single(single(single(b) * storedLength(words.length)) / average);
    const inverseNorm = single(1 / single(single(k1) * single(single(1 - single(b)) + relative)));
    return saturated(rarity, times, inverseNorm);
  };
}

/** The length of a field as Lucene keeps it in one byte: exact up to 40, then with four binary digits. */
function storedLength(length: number): number {
  const exact = 24;
  if (length < exact + 16) return length;
  const rest = length - exact;
  const step = 2 ** (Math.floor(Math.log2(rest)) - 3);
  return exact + Math.floor(rest / step) * step;
}

/** A number of single precision as it is printed: with no more digits than tell it from its neighbours. */
export function shortest(score: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(score.toPrecision(digits));
    if (single(short) === score) return short;
  }
  return score;
}
