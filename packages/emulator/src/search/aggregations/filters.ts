/** Buckets of what queries find: `filter` has one, `filters` one for each query and perhaps one for what none finds. */

import { illegalArgument, Refusal } from '../../wire/envelope.js';
import type { JsonDocument, JsonMember, JsonNode } from '../../wire/json-parser.js';
import type { JsonValue } from '../../wire/json-value.js';
import { refuseBroken, tokenName } from '../../wire/object-parser.js';
import { fail } from '../clause.js';
import { compile, permit } from '../query.js';
import { parseQueryNode, type Query } from '../query-parser.js';
import { bucket, type Kind } from './aggregation.js';
import { singleBucket } from './metrics.js';
import { compare } from './values.js';

/** @throws Refusal if it is no query */
export function readFilter(node: JsonNode, document: JsonDocument): Kind {
  const query = parseQueryNode(node, document);
  return {
    permit: (_, fields) => permit(query, fields),
    prepare: ({ fields, now }) => singleBucket('filter', compile(query, fields, now)),
  };
}

interface Filters {
  readonly queries: readonly { readonly key: string; readonly query: Query }[];
  /** Whether each query has a name of its own. */
  readonly hasNames: boolean;
  /** Whether the buckets are members of an object, as long as they have names. */
  readonly isKeyed: boolean;
  /** The name of the bucket for all else, if there is one. */
  readonly other: string | undefined;
}

/** @throws Refusal if there is anything but filters (`FiltersAggregationBuilder.parse`) */
export function readFilters(node: JsonNode, document: JsonDocument, name: string): Kind {
  const { queries, hasNames, isKeyed, other } = parse(node, document, name);
  return {
    permit(_, fields) {
      for (const { query } of queries) permit(query, fields);
    },
    prepare({ fields, now }) {
      const tests = queries.map(({ key, query }) => ({ key, test: compile(query, fields, now) }));
      return {
        resultType: 'filters',
        collect(entries, inside) {
          const found = tests.map(({ key, test }) => ({ key, entries: entries.filter(test) }));
          if (other !== undefined) {
            const rest = entries.filter((entry) => !tests.some(({ test }) => test(entry)));
            found.push({ key: other, entries: rest });
          }
          if (!hasNames) return [['buckets', found.map((each) => bucket([], each.entries, inside))]];
          if (!isKeyed) {
            return [['buckets', found.map(({ key, entries: all }) => bucket([['key', key]], all, inside))]];
          }
          const buckets = found.map(({ key, entries: all }): [string, JsonValue] => [
            key,
            bucket([], all, inside),
          ]);
          return [['buckets', new Map(buckets)]];
        },
      };
    },
  };
}

function parse(node: JsonNode, document: JsonDocument, name: string): Filters {
  if (node.kind !== 'object') return refuseBroken(document);
  let queries: Filters['queries'] = [];
  let [hasNames, isKeyed] = [false, true];
  let hasOther: boolean | undefined;
  let otherKey: string | undefined;
  const unknown = ({ name: key, value }: JsonMember): never =>
    fail(document, value, `Unknown key for a ${tokenName(value)} in [${name}]: [${key}].`);
  for (const member of node.members) {
    const { value } = member;
    if (member.name === 'filters' && value.kind === 'object') {
      hasNames = true;
      queries = value.members
        .map((each) => ({ key: each.name, query: parseQueryNode(each.value, document) }))
        .sort((a, b) => compare(a.key, b.key));
      if (value.end === undefined) refuseBroken(document);
    } else if (member.name === 'filters' && value.kind === 'array') {
      queries = value.items.map((item, at) => ({ key: String(at), query: parseQueryNode(item, document) }));
      if (value.end === undefined) refuseBroken(document);
    } else if (member.name === 'other_bucket' && value.kind === 'boolean') hasOther = value.value;
    else if (member.name === 'keyed' && value.kind === 'boolean') isKeyed = value.value;
    else if (member.name === 'other_bucket_key' && value.kind === 'string') otherKey = value.value;
    else if (value.kind === 'broken') refuseBroken(document);
    else unknown(member);
  }
  if (node.end === undefined) refuseBroken(document);
  if (queries.length === 0) throw new Refusal(illegalArgument('[filters] cannot be empty.'), node.end);
  const hasRest = hasOther ?? otherKey !== undefined;
  return { queries, hasNames, isKeyed, other: hasRest ? (otherKey ?? '_other_') : undefined };
}
