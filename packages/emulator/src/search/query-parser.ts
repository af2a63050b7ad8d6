/**
 * The small query language in which API keys and users are searched: from the body of a request to a tree.
 * What the names in it stand for, and what a query finds, is in `query.ts`.
 */

import { illegalArgument, notANumber, Refusal } from '../wire/envelope.js';
import { type JsonDocument, type JsonNode, locationOf } from '../wire/json-parser.js';
import type { JsonValue } from '../wire/json-value.js';
import {
  type Field,
  flag,
  type ObjectParser,
  objectParser,
  readScalarText,
  refuseBroken,
  text,
  texts,
  tokenName,
} from '../wire/object-parser.js';
import { suggestion } from '../wire/suggestion.js';
import { fail, indifferent, objectOf, readValue, singleField } from './clause.js';
import { minimumOf } from './minimum-should-match.js';
import {
  type MatchQuery,
  parseMatch,
  parseSimpleQueryString,
  type SimpleQueryString,
} from './text-queries.js';

/** A query as it was written. */
export type Query =
  | { readonly kind: 'match_all' }
  | { readonly kind: 'ids'; readonly values: readonly string[] }
  | { readonly kind: 'exists'; readonly field: string }
  | {
      readonly kind: 'term' | 'prefix' | 'wildcard';
      readonly field: string;
      readonly value: JsonValue;
      readonly ignoreCase: boolean;
    }
  | MatchQuery
  | SimpleQueryString
  | { readonly kind: 'terms'; readonly field: string; readonly values: readonly JsonValue[] }
  | {
      readonly kind: 'range';
      readonly field: string;
      readonly bounds: readonly Bound[];
      /** How dates in the bounds are written, if not as in the field. */
      readonly format?: string | undefined;
    }
  | {
      readonly kind: 'bool';
      readonly must: readonly Query[];
      /** The same, but they do not count for the score. */
      readonly filter: readonly Query[];
      readonly should: readonly Query[];
      readonly mustNot: readonly Query[];
      readonly minimumShouldMatch: number;
    }
  /** A word in any field. */
  | { readonly kind: 'anywhere'; readonly value: string }
  /** A query that Elasticsearch knows but does not allow here. */
  | { readonly kind: 'unsupported'; readonly name: string };

/** One end of a range. */
export interface Bound {
  readonly relation: 'gt' | 'gte' | 'lt' | 'lte';
  readonly value: JsonValue;
}

type Clause = (name: string, body: JsonNode, document: JsonDocument) => Query;

const clauses: ReadonlyMap<string, Clause> = new Map<string, Clause>([
  ['match_all', parseMatchAll],
  ['ids', parseIds],
  ['exists', parseExists],
  ['term', parseTerm('term')],
  ['prefix', parseTerm('prefix')],
  ['wildcard', parseTerm('wildcard')],
  ['match', parseMatch],
  ['simple_query_string', parseSimpleQueryString],
  ['terms', parseTerms],
  ['range', parseRange],
  ['bool', parseBool],
]);

const unsupported: ReadonlySet<string> = new Set(
  (
    'boosting,constant_score,dis_max,distance_feature,function_score,fuzzy,geo_bounding_box,geo_distance,geo_shape,has_child,has_parent,' +
    'intervals,knn,match_bool_prefix,match_none,match_phrase,match_phrase_prefix,more_like_this,multi_match,nested,parent_id,percolate,' +
    'pinned,query_string,rank_feature,regexp,script,script_score,semantic,span_near,span_term,terms_set,wrapper'
  ).split(','),
);

/** A field of a body that holds a query. */
export const queryField: Field<Query | undefined> = {
  tokens: ['object'],
  required: false,
  read: parseQueryNode,
};

/** @throws Refusal if the node is no query */
export function parseQueryNode(node: JsonNode, document: JsonDocument): Query {
  if (node.kind === 'broken') return refuseBroken(document);
  if (node.kind !== 'object') {
    return fail(document, node, '[_na] query malformed, must start with start_object');
  }
  const [clause, second] = node.members;
  if (clause === undefined) {
    const where = node.end === undefined ? '' : ` at [${locationOf(document, node.end)}]`;
    throw new Refusal(illegalArgument(`query malformed, empty clause found${where}`), node.end);
  }
  const parse = clauses.get(clause.name);
  if (parse === undefined && !unsupported.has(clause.name)) {
    const hint = suggestion(clause.name, [...clauses.keys(), ...unsupported]);
    const reason = `unknown query [${clause.name}]${hint === '' ? '' : ` ${hint}`}`;
    const place = `[${locationOf(document, clause.value.at)}]`;
    const unknown = `${place} unknown field [${clause.name}]${hint === '' ? '' : ` ${hint}`}`;
    return fail(document, clause.value, reason, {
      status: 400,
      type: 'named_object_not_found_exception',
      reason: unknown,
    });
  }
  if (clause.value.kind === 'broken') return refuseBroken(document);
  if (clause.value.kind !== 'object') {
    return fail(document, clause.value, `[${clause.name}] query malformed, no start_object after query name`);
  }
  const query: Query =
    parse === undefined
      ? { kind: 'unsupported', name: clause.name }
      : parse(clause.name, clause.value, document);
  if (second !== undefined) {
    return fail(
      document,
      second,
      `[${clause.name}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]`,
    );
  }
  if (node.end === undefined) return refuseBroken(document);
  return query;
}

/** What any query may have, as strict parsers read it. Neither has an effect on what is found. */
interface Standard {
  readonly boost: undefined;
  readonly _name: string | undefined;
}

const standard: { readonly [K in keyof Standard]: Field<Standard[K]> } = {
  boost: {
    tokens: ['number', 'string'],
    required: false,
    read(node, document) {
      const number = readScalarText(node, document);
      if (!/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(number)) {
        throw new Refusal(notANumber(number));
      }
    },
  },
  _name: text,
};

const matchAllParser = objectParser<Standard>('match_all', standard);

interface Ids extends Standard {
  readonly values: readonly string[] | undefined;
}
const idsParser = objectParser<Ids>('ids', { ...standard, values: texts });

function parseMatchAll(_name: string, body: JsonNode, document: JsonDocument): Query {
  strictly(matchAllParser, body, document);
  return { kind: 'match_all' };
}

function parseIds(_name: string, body: JsonNode, document: JsonDocument): Query {
  return { kind: 'ids', values: strictly(idsParser, body, document).values ?? [] };
}

/** What the parser refuses is the cause of a refusal in the same words (`fromXContent` of these builders). */
function strictly<T>(parser: ObjectParser<T>, body: JsonNode, document: JsonDocument): T {
  try {
    return parser.parse(document, body);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    return fail(document, { at: refusal.at ?? body.at }, refusal.error.reason, refusal.error);
  }
}

function parseExists(name: string, body: JsonNode, document: JsonDocument): Query {
  let field: string | undefined;
  const { members, at, end = at } = objectOf(name, body, document);
  for (const { name: parameter, value } of members) {
    if (value.kind === 'object' || value.kind === 'array' || value.kind === 'null') {
      return fail(document, value, `[exists] unknown token [${tokenName(value)}] after [${parameter}]`);
    }
    if (parameter === 'field') field = readScalarText(value, document);
    else if (!indifferent.has(parameter)) {
      return fail(document, value, `[exists] query does not support [${parameter}]`);
    }
  }
  return field === undefined
    ? fail(document, { at: end }, '[exists] must be provided with a [field]')
    : { kind: 'exists', field };
}

/** Queries of one field and one value, in their short and in their long form. */
function parseTerm(kind: 'term' | 'prefix' | 'wildcard'): Clause {
  return (name, body, document) => {
    const { name: field, value: node } = singleField(name, body, document);
    if (node.kind !== 'object') return { kind, field, value: readValue(node, document), ignoreCase: false };
    let found: JsonValue | undefined;
    let ignoreCase = false;
    for (const member of node.members) {
      if (member.name === 'value' || (kind === 'wildcard' && member.name === 'wildcard')) {
        found = readValue(member.value, document);
      } else if (member.name === 'case_insensitive' && member.value.kind === 'boolean') {
        ignoreCase = member.value.value;
      } else if (!indifferent.has(member.name) && member.name !== 'rewrite') {
        return fail(document, member.value, `[${name}] query does not support [${member.name}]`);
      }
    }
    if (found === undefined || found === null) throw new Refusal(illegalArgument('value cannot be null'));
    return { kind, field, value: found, ignoreCase };
  };
}

function parseTerms(name: string, body: JsonNode, document: JsonDocument): Query {
  const members = objectOf(name, body, document).members.filter((member) => !indifferent.has(member.name));
  const [first, second] = members;
  if (first === undefined) {
    throw new Refusal(illegalArgument(`[${name}] query requires a field name, followed by array of terms`));
  }
  if (second !== undefined) {
    return fail(document, second.value, `[${name}] query does not support multiple fields`);
  }
  if (first.value.kind !== 'array') {
    return fail(document, first.value, `[${name}] query does not support [${first.name}]`);
  }
  const values = first.value.items.map((item) => readValue(item, document));
  return { kind: 'terms', field: first.name, values };
}

function parseRange(name: string, body: JsonNode, document: JsonDocument): Query {
  const { name: field, value: node } = singleField(name, body, document);
  if (node.kind === 'broken') return refuseBroken(document);
  if (node.kind !== 'object') return fail(document, node, `[range] query does not support [${field}]`);
  const bounds: Bound[] = [];
  let format: string | undefined;
  for (const member of node.members) {
    switch (member.name) {
      case 'gt':
      case 'gte':
      case 'lt':
      case 'lte': {
        const bound = readValue(member.value, document);
        if (bound !== null) bounds.push({ relation: member.name, value: bound });
        break;
      }
      case 'format':
        format = readScalarText(member.value, document);
        break;
      case 'boost':
        break;
      case 'time_zone':
        if (!['UTC', 'Z', '+00:00'].includes(readScalarText(member.value, document))) {
          throw new Refusal(illegalArgument('[time_zone] is not supported by the emulator, but for UTC'));
        }
        break;
      case 'relation':
        throw new Refusal(
          illegalArgument('range query with relation is not currently supported in this context'),
        );
      default:
        return fail(document, member.value, `[range] query does not support [${member.name}]`);
    }
  }
  return { kind: 'range', field, bounds, format };
}

const queries: Field<Query[] | undefined> = {
  tokens: ['object', 'array', 'null'],
  required: false,
  read(node, document) {
    if (node.kind === 'null') return undefined;
    if (node.kind !== 'array') return [parseQueryNode(node, document)];
    const items = node.items.map((item) => parseQueryNode(item, document));
    return node.end === undefined ? refuseBroken(document) : items;
  },
};

interface Bool extends Standard {
  readonly must: Query[] | undefined;
  readonly filter: Query[] | undefined;
  readonly should: Query[] | undefined;
  readonly must_not: Query[] | undefined;
  readonly minimum_should_match: string | undefined;
  readonly adjust_pure_negative: boolean | undefined;
}
const boolParser = objectParser<Bool>('bool', {
  ...standard,
  must: queries,
  filter: queries,
  should: queries,
  must_not: queries,
  minimum_should_match: {
    tokens: ['string', 'number', 'boolean', 'null'],
    required: false,
    read: (node, document) => (node.kind === 'null' ? undefined : readScalarText(node, document)),
  },
  adjust_pure_negative: flag,
});

function parseBool(_name: string, body: JsonNode, document: JsonDocument): Query {
  const {
    must = [],
    filter = [],
    should = [],
    must_not: mustNot = [],
    minimum_should_match: minimum,
  } = boolParser.parse(document, body);
  const byDefault = must.length + filter.length === 0 && should.length > 0 ? 1 : 0;
  const minimumShouldMatch =
    minimum === undefined ? byDefault : Math.max(minimumOf(minimum, should.length), byDefault);
  return { kind: 'bool', must, filter, should, mustNot, minimumShouldMatch };
}
