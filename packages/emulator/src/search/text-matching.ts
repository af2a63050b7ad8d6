/**
 * What the queries that take text apart find: `match` in one field, `simple_query_string` in several. The words of the
 * query are made by the analyzer of each field, or by one that the query names.
 */

import { illegalArgument, Refusal } from '../wire/envelope.js';
import {
  type Analyzer,
  analyzerNamed,
  type Fuzziness,
  isNear,
  otherAnalyzers,
  type Position,
} from './analysis.js';
import {
  analyzerOf,
  creatingQuery,
  described,
  equalTo,
  queryShardError,
  type SearchField,
  type SearchFields,
  type Test,
  textOf,
} from './fields.js';
import { minimumOf } from './minimum-should-match.js';
import { parseSimple, type SimpleTree } from './simple-query-string.js';
import type { MatchQuery, SimpleQueryString } from './text-queries.js';

const never = (): boolean => false;

/**
 * @param now what `now` stands for, in milliseconds
 * @throws Refusal if the field can not hold what is looked for
 */
export function compileMatch<Entry>(query: MatchQuery, field: SearchField<Entry>, now: number): Test<Entry> {
  const words = wordsOfMatch(query, field);
  if (words.length === 0) return () => query.allWithoutWords === true;
  return creatingQuery(() =>
    leniently(query.isLenient === true, () => {
      const tests = words.map((word) => findsWord(word, { field, name: query.field, now }, query.fuzziness));
      const clauses = { parts: tests, isAll: query.allWords };
      return tests.length === 1 ? joined(tests, true) : atLeast(clauses, query.minimumShouldMatch);
    }),
  );
}

/** The words that a `match` looks for, as the field has them. */
export function wordsOfMatch<Entry>(query: MatchQuery, field: SearchField<Entry>): readonly Position[] {
  const named = query.analyzer === undefined ? undefined : namedAnalyzer('match', query.analyzer);
  return (named ?? analyzerOf(field))(textOf(query.value));
}

/**
 * @param now what `now` stands for, in milliseconds
 * @throws Refusal if a field can not hold what is looked for, and the query minds
 */
export function compileSimple<Entry>(
  query: SimpleQueryString,
  fields: SearchFields<Entry>,
  now: number,
): Test<Entry> {
  const patterns = query.fields.length === 0 ? ['*'] : query.fields;
  // In all fields at once there is always one that can not hold a word (`FieldNameTranslators`).
  const isLenient = query.isLenient || patterns.includes('*');
  const places = [...new Set(patterns.flatMap((pattern) => fields.expand?.(pattern) ?? []))].flatMap(
    (name) => {
      const field = fields.field(name);
      return field === undefined ? [] : [{ name, field, now }];
    },
  );
  if (places.length === 0) return never;
  const named =
    query.analyzer === undefined ? undefined : namedAnalyzer('simple_query_string', query.analyzer);
  const { allWords, fuzziness } = query;
  /** The same in any of the fields; nothing if the text has no word in any. */
  const anywhere = (
    text: string,
    find: (positions: readonly Position[], place: Place<Entry>) => Test<Entry>,
    analyzer?: Analyzer,
  ): Test<Entry> | undefined => {
    const tests = places.flatMap((place) => {
      const positions = (analyzer ?? named ?? analyzerOf(place.field))(text);
      return positions.length === 0 ? [] : [leniently(isLenient, () => find(positions, place))];
    });
    return tests.length === 0 ? undefined : joined(tests, false);
  };
  const each = (positions: readonly Position[], place: Place<Entry>): Test<Entry> =>
    joined(
      positions.map((position) => findsWord(position, place, undefined)),
      allWords,
    );

  return creatingQuery(() => {
    const tree = parseSimple<Test<Entry>>(query.text, query.flags, allWords, {
      word: (text) => anywhere(text, each),
      prefix: (text) =>
        query.analyzesPrefixes
          ? anywhere(text, (positions, place) =>
              joined(
                positions.map((position, at) =>
                  at === positions.length - 1
                    ? findsBeginning(position, place)
                    : findsWord(position, place, undefined),
                ),
                allWords,
              ),
            )
          : anywhere(text, (_, place) => findsBeginning([normalized(text, place)], place), whole),
      fuzzy: (text, edits) =>
        anywhere(
          text,
          (_, place) => findsWord([normalized(text, place)], place, { ...fuzziness, edits: () => edits }),
          whole,
        ),
      phrase: (text, slop) => anywhere(text, (positions, place) => findsPhrase(positions, place, slop)),
      not: (part) => (entry) => !part(entry),
      join: joined,
    });
    if (tree === undefined) return never;
    return tree.parts.length === 1 ? joined(tree.parts, true) : atLeast(tree, query.minimumShouldMatch);
  });
}

/** A field, and where one stands. */
interface Place<Entry> {
  readonly name: string;
  readonly field: SearchField<Entry>;
  readonly now: number;
}

const whole: Analyzer = (text) => [[text]];

/** The beginning of a word is not taken apart, but in lower case where words are. */
function normalized<Entry>(text: string, { field }: Place<Entry>): string {
  return field.type === 'text' ? text.toLowerCase() : text;
}

function namedAnalyzer(query: string, name: string): Analyzer {
  const analyzer = analyzerNamed(name);
  if (analyzer !== undefined) return analyzer;
  if (otherAnalyzers.has(name)) {
    throw new Refusal(illegalArgument(`analyzer [${name}] is not supported by the emulator`));
  }
  throw new Refusal(queryShardError(`[${query}] analyzer [${name}] not found`));
}

function joined<Entry>(parts: readonly Test<Entry>[], isAll: boolean): Test<Entry> {
  return isAll ? (entry) => parts.every((part) => part(entry)) : (entry) => parts.some((part) => part(entry));
}

/** Parts of which none has to be found may have to be found in a number (`Queries.applyMinimumShouldMatch`). */
function atLeast<Entry>({ parts, isAll }: SimpleTree<Test<Entry>>, minimum: string | undefined): Test<Entry> {
  const optional = isAll ? 0 : parts.length;
  const wanted = minimum === undefined ? 0 : minimumOf(minimum, optional);
  if (wanted <= (isAll ? 0 : 1)) return joined(parts, isAll);
  if (wanted > optional) return never;
  return (entry) => parts.filter((part) => part(entry)).length >= wanted;
}

/** A field that can not hold what is looked for either finds nothing or is complained about. */
function leniently<Entry>(isLenient: boolean, make: () => Test<Entry>): Test<Entry> {
  try {
    return make();
  } catch (refusal) {
    if (!isLenient || !(refusal instanceof Refusal)) throw refusal;
    return never;
  }
}

function findsWord<Entry>(
  position: Position,
  { field, name, now }: Place<Entry>,
  fuzziness: Fuzziness | undefined,
): Test<Entry> {
  if (fuzziness === undefined) {
    const tests = position.map((word) => equalTo(word, field, name, now));
    return (entry) => field.values(entry).some((value) => tests.some((test) => test(value)));
  }
  if (field.isPath === true) {
    const reason = '[fuzzy] queries are not currently supported on keyed [flattened] fields.';
    throw new Refusal({ status: 500, type: 'unsupported_operation_exception', reason });
  }
  refuseUnlessText('fuzzy queries on keyword and text fields', name, field);
  return (entry) =>
    field.values(entry).some((value) => position.some((word) => isNear(String(value), word, fuzziness)));
}

function findsBeginning<Entry>(position: Position, { field, name }: Place<Entry>): Test<Entry> {
  if (!isTextual(field)) {
    const what = 'Can only use prefix queries on keyword, text and wildcard fields';
    throw new Refusal(queryShardError(`${what} - not on ${described(name, field)}`));
  }
  return (entry) =>
    field.values(entry).some((value) => position.some((start) => String(value).startsWith(start)));
}

/** Words that follow each other, with as many steps as `slop` between where they are and where they should be. */
function findsPhrase<Entry>(positions: readonly Position[], place: Place<Entry>, slop: number): Test<Entry> {
  const [only] = positions;
  if (only !== undefined && positions.length === 1) return findsWord(only, place, undefined);
  const { field, name } = place;
  if (field.type !== 'text') {
    const reason = `Can only use phrase queries on text fields - not on ${described(name, field)}`;
    throw new Refusal(illegalArgument(reason));
  }
  return (entry) => {
    const words = field.values(entry);
    // Where the phrase would begin, for each of its words that is there: near each other if the phrase is.
    const starts = positions.flatMap((position, index) =>
      words.flatMap((word, at) => (position.includes(String(word)) ? [{ index, start: at - index }] : [])),
    );
    return starts.some(({ start: first }) => {
      const near = starts.filter(({ start }) => start >= first && start <= first + slop);
      return new Set(near.map(({ index }) => index)).size === positions.length;
    });
  };
}

function isTextual<Entry>(field: SearchField<Entry>): boolean {
  return field.type === 'keyword' || field.type === 'text';
}

function refuseUnlessText<Entry>(what: string, name: string, field: SearchField<Entry>): void {
  if (isTextual(field)) return;
  throw new Refusal(illegalArgument(`Can only use ${what} - not on ${described(name, field)}`));
}
