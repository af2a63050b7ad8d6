/**
 * The small query language in which API keys and users are searched: from the body of a request to a tree.
 * What the names in it stand for, and what a query finds, is in `query.ts`.
 */

import { illegalArgument, Refusal } from '../wire/envelope.js';
import { type JsonDocument, type JsonNode, locationOf } from '../wire/json-parser.js';
import type { JsonValue } from '../wire/json-value.js';
import { type Field, readScalarText, refuseBroken } from '../wire/object-parser.js';
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
  ['match_all', () => ({ kind: 'match_all' })],
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

function texts(node: JsonNode, document: JsonDocument): string[] {
  const found = readValue(node, document);
  return (Array.isArray(found) ? found : [found]).map(String);
}

function parseIds(name: string, body: JsonNode, document: JsonDocument): Query {
  let values: string[] = [];
  for (const member of objectOf(name, body, document).members) {
    if (member.name === 'values') values = texts(member.value, document);
    else if (!indifferent.has(member.name)) {
      return fail(document, member, `[ids] unknown field [${member.name}]`);
    }
  }
  return { kind: 'ids', values };
}

function parseExists(name: string, body: JsonNode, document: JsonDocument): Query {
  let field: string | undefined;
  for (const member of objectOf(name, body, document).members) {
    if (member.name === 'field' && member.value.kind === 'string') field = member.value.value;
    else if (!indifferent.has(member.name)) {
      return fail(document, member, `[exists] query does not support [${member.name}]`);
    }
  }
  return field === undefined
    ? fail(document, body, '[exists] must be provided with a [field]')
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
        return fail(document, member, `[${name}] query does not support [${member.name}]`);
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
  if (second !== undefined) return fail(document, second, `[${name}] query does not support multiple fields`);
  if (first.value.kind !== 'array') {
    return fail(document, first.value, `[${name}] query does not support [${first.name}]`);
  }
  const values = first.value.items.map((item) => readValue(item, document));
  return { kind: 'terms', field: first.name, values };
}

function parseRange(name: string, body: JsonNode, document: JsonDocument): Query {
  const { name: field, value: node } = singleField(name, body, document);
  const bounds: Bound[] = [];
  let format: string | undefined;
  for (const member of objectOf(name, node, document).members) {
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
        return fail(document, member, `[range] query does not support [${member.name}]`);
    }
  }
  return { kind: 'range', field, bounds, format };
}

function parseBool(name: string, body: JsonNode, document: JsonDocument): Query {
  const must: Query[] = [];
  const filter: Query[] = [];
  const should: Query[] = [];
  const mustNot: Query[] = [];
  let minimum: JsonNode | undefined;
  for (const member of objectOf(name, body, document).members) {
    const queries = (): Query[] =>
      (member.value.kind === 'array' ? member.value.items : [member.value]).map((item) =>
        parseQueryNode(item, document),
      );
    switch (member.name) {
      case 'must':
        must.push(...queries());
        break;
      case 'filter':
        filter.push(...queries());
        break;
      case 'should':
        should.push(...queries());
        break;
      case 'must_not':
        mustNot.push(...queries());
        break;
      case 'minimum_should_match':
        minimum = member.value;
        break;
      default:
        if (!indifferent.has(member.name) && member.name !== 'adjust_pure_negative') {
          return fail(document, member, `[bool] unknown field [${member.name}]`);
        }
    }
  }
  const byDefault = must.length + filter.length === 0 && should.length > 0 ? 1 : 0;
  const minimumShouldMatch =
    minimum === undefined || minimum.kind === 'null'
      ? byDefault
      : Math.max(minimumOf(readScalarText(minimum, document), should.length), byDefault);
  return { kind: 'bool', must, filter, should, mustNot, minimumShouldMatch };
}
