/**
 * The queries that take text apart, `match` and `simple_query_string`: from their JSON to what was asked for. What they
 * find is in `text-matching.ts`.
 */

import { illegalArgument, notANumber, Refusal } from '../wire/envelope.js';
import type { JsonDocument, JsonMember, JsonNode } from '../wire/json-parser.js';
import type { JsonValue } from '../wire/json-value.js';
import { flag, readScalarText, refuseBroken, tokenName } from '../wire/object-parser.js';
import type { Fuzziness } from './analysis.js';
import { fail, indifferent, objectOf, readValue, singleField } from './clause.js';

/** Looks for the words of a text in one field. */
export interface MatchQuery {
  readonly kind: 'match';
  readonly field: string;
  readonly value: JsonValue;
  /** Whether every word has to be found, not only one. */
  readonly allWords: boolean;
  readonly minimumShouldMatch?: string | undefined;
  readonly analyzer?: string | undefined;
  readonly fuzziness?: Fuzziness | undefined;
  /** Whether a value that the field can not hold finds nothing, instead of being refused. */
  readonly isLenient?: boolean;
  /** Whether a text without any word finds everything. */
  readonly allWithoutWords?: boolean;
}

/** A small language for words in several fields. */
export interface SimpleQueryString {
  readonly kind: 'simple_query_string';
  readonly text: string;
  /** Names and patterns; everything if there are none. */
  readonly fields: readonly string[];
  readonly flags: ReadonlySet<SimpleFlag>;
  readonly allWords: boolean;
  readonly minimumShouldMatch: string | undefined;
  readonly analyzer: string | undefined;
  readonly isLenient: boolean;
  /** Whether the beginning of a word is taken apart like any other text. */
  readonly analyzesPrefixes: boolean;
  readonly fuzziness: Omit<Fuzziness, 'edits'>;
}

/** A part of the language, which can be switched off. */
export type SimpleFlag =
  | 'AND'
  | 'NOT'
  | 'OR'
  | 'PREFIX'
  | 'PHRASE'
  | 'PRECEDENCE'
  | 'ESCAPE'
  | 'WHITESPACE'
  | 'FUZZY'
  | 'NEAR';

// Each stands for a bit of the number that `flags` may be too, in this order (Lucene's `SimpleQueryParser`).
const allFlags: readonly SimpleFlag[] = [
  'AND',
  'NOT',
  'OR',
  'PREFIX',
  'PHRASE',
  'PRECEDENCE',
  'ESCAPE',
  'WHITESPACE',
  'FUZZY',
  'NEAR',
];

/** @throws Refusal if it is no `match` (`MatchQueryBuilder.fromXContent`) */
export function parseMatch(name: string, body: JsonNode, document: JsonDocument): MatchQuery {
  const { name: field, value: node } = singleField(name, body, document);
  if (node.kind !== 'object') {
    return {
      kind: 'match',
      field,
      value: textual(readValue(node, document), body, document),
      allWords: false,
    };
  }
  const found = new Map<string, JsonNode>();
  for (const member of node.members) {
    refuseStructure(name, member, document);
    if (!matchParameters.has(member.name) && !indifferent.has(member.name)) {
      return fail(document, member.value, `[${name}] query does not support [${member.name}]`);
    }
    found.set(member.name, member.value);
  }
  const given = reader(found, document);
  const text = given('query', readValue) ?? null;
  const fuzziness = given('fuzziness', (inner) => editsOf(readScalarText(inner, document)));
  return {
    kind: 'match',
    field,
    value: textual(text, body, document),
    allWords: isAnd(given('operator', readScalarText)),
    minimumShouldMatch: given('minimum_should_match', readScalarText),
    analyzer: given('analyzer', readScalarText),
    fuzziness: fuzziness && {
      edits: fuzziness,
      prefixLength: given('prefix_length', readWhole) ?? 0,
      transposes: given('fuzzy_transpositions', flag.read) ?? true,
    },
    isLenient: given('lenient', flag.read) ?? false,
    allWithoutWords: given('zero_terms_query', readZeroTerms) ?? false,
  };
}

const matchParameters: ReadonlySet<string> = new Set(
  (
    'query,operator,minimum_should_match,analyzer,fuzziness,prefix_length,max_expansions,fuzzy_rewrite,fuzzy_transpositions,' +
    'lenient,zero_terms_query,auto_generate_synonyms_phrase_query'
  ).split(','),
);

function textual(value: JsonValue, body: JsonNode, document: JsonDocument): JsonValue {
  if (value !== null) return value;
  const end = body.kind === 'object' ? (body.end ?? body.at) : body.at;
  return fail(document, { at: end }, 'No text specified for text query');
}

/** @throws Refusal if it is no `simple_query_string` (`SimpleQueryStringBuilder.fromXContent`) */
export function parseSimpleQueryString(
  name: string,
  body: JsonNode,
  document: JsonDocument,
): SimpleQueryString {
  const found = new Map<string, JsonNode>();
  const object = objectOf(name, body, document);
  let fields: readonly string[] = [];
  for (const member of object.members) {
    const { name: parameter, value: node } = member;
    if (node.kind === 'array') {
      if (parameter !== 'fields') fail(document, node, `[${name}] query does not support [${parameter}]`);
      fields = node.items.map((item) => withoutBoost(readScalarText(item, document)));
      continue;
    }
    refuseStructure(name, member, document);
    if (!simpleParameters.has(parameter) && !indifferent.has(parameter)) {
      return fail(document, node, `[${name}] unsupported field [${parameter}]`);
    }
    found.set(parameter, node);
  }
  const given = reader(found, document);
  const text = given('query', readScalarText);
  if (text === undefined) {
    return fail(document, { at: object.end ?? body.at }, `[${name}] query text missing`);
  }
  return {
    kind: 'simple_query_string',
    text,
    fields,
    flags: given('flags', readFlags) ?? new Set(allFlags),
    allWords: isAnd(given('default_operator', readScalarText)),
    minimumShouldMatch: given('minimum_should_match', readScalarText),
    analyzer: given('analyzer', readScalarText),
    isLenient: given('lenient', flag.read) ?? false,
    analyzesPrefixes: given('analyze_wildcard', flag.read) ?? false,
    fuzziness: {
      prefixLength: given('fuzzy_prefix_length', readWhole) ?? 0,
      transposes: given('fuzzy_transpositions', flag.read) ?? true,
    },
  };
}

const simpleParameters: ReadonlySet<string> = new Set(
  (
    'query,flags,default_operator,minimum_should_match,analyzer,lenient,analyze_wildcard,quote_field_suffix,' +
    'auto_generate_synonyms_phrase_query,fuzzy_prefix_length,fuzzy_max_expansions,fuzzy_transpositions'
  ).split(','),
);

function refuseStructure(name: string, { name: parameter, value }: JsonMember, document: JsonDocument): void {
  if (value.kind === 'broken') refuseBroken(document);
  if (value.kind !== 'object' && value.kind !== 'array') return;
  fail(document, value, `[${name}] unknown token [${tokenName(value)}] after [${parameter}]`);
}

type Given = <T>(name: string, read: (node: JsonNode, document: JsonDocument) => T) => T | undefined;

/** Reads parameters that may be missing; one that is `null` is. */
function reader(found: ReadonlyMap<string, JsonNode>, document: JsonDocument): Given {
  return (name, read) => {
    const node = found.get(name);
    return node === undefined || node.kind === 'null' ? undefined : read(node, document);
  };
}

/** A whole number, or one in a string. */
export function readWhole(node: JsonNode, document: JsonDocument): number {
  const text = readScalarText(node, document);
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new Refusal(notANumber(text));
}

function readZeroTerms(node: JsonNode, document: JsonDocument): boolean {
  const text = readScalarText(node, document);
  const name = text.toLowerCase();
  if (name === 'all' || name === 'none') return name === 'all';
  return fail(document, node, `Unsupported zero_terms_query value [${text}]`);
}

/** Names of flags between bars, or a number of bits (`SimpleQueryStringFlag.resolveFlags`). */
function readFlags(node: JsonNode, document: JsonDocument): ReadonlySet<SimpleFlag> {
  if (node.kind === 'number') {
    const bits = readWhole(node, document);
    return new Set(allFlags.filter((_, bit) => bits < 0 || (bits >> bit) % 2 === 1));
  }
  const text = readScalarText(node, document);
  if (text === '') return new Set(allFlags);
  const flags = new Set<SimpleFlag>();
  for (const name of text.split('|').filter((part) => part !== '')) {
    const upper = name.toUpperCase();
    if (upper === 'NONE') return new Set();
    if (upper === 'ALL') return new Set(allFlags);
    const known = upper === 'SLOP' ? 'NEAR' : allFlags.find((each) => each === upper);
    if (known === undefined) throw new Refusal(illegalArgument(`Unknown simple_query_string flag [${name}]`));
    flags.add(known);
  }
  return flags;
}

/** How much a field counts has no effect on what is found, but has to be a number. */
function withoutBoost(field: string): string {
  const [name = '', boost] = field.split('^');
  if (boost === undefined || (boost.trim() !== '' && !Number.isNaN(Number(boost)))) return name;
  throw new Refusal({ ...notANumber(boost), ...(boost.trim() === '' && { reason: 'empty String' }) });
}

function isAnd(operator = 'OR'): boolean {
  const name = operator.toUpperCase();
  if (name === 'AND' || name === 'OR') return name === 'AND';
  throw new Refusal(illegalArgument(`No enum constant org.elasticsearch.index.query.Operator.${name}`));
}

/** A number of edits, or `AUTO`, with the lengths from which on there may be one and two (`Fuzziness`). */
function editsOf(text: string): Fuzziness['edits'] {
  const auto = /^AUTO(?::(\d+),(\d+))?$/i.exec(text);
  if (auto !== null) {
    const [one, two] = [Number(auto[1] ?? 3), Number(auto[2] ?? 6)];
    return (word) => (word.length < one ? 0 : word.length < two ? 1 : 2);
  }
  const edits = text.trim() === '' ? Number.NaN : Number(text);
  if (![0, 1, 2].includes(Math.trunc(edits))) {
    throw new Refusal(illegalArgument(`Valid edit distances are [0, 1, 2] but was [${text}]`));
  }
  return () => Math.trunc(edits);
}
