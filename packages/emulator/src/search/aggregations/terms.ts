/** A bucket for each value of a field, the most frequent first unless it is said otherwise: `terms`. */

import { illegalArgument, Refusal } from '../../wire/envelope.js';
import type { JsonDocument, JsonNode } from '../../wire/json-parser.js';
import { type Field, flag, readScalarText, refuseBroken, text, tokenName } from '../../wire/object-parser.js';
import { fail } from '../clause.js';
import type { FieldValue } from '../fields.js';
import { matchesWildcards } from '../query.js';
import { readWhole } from '../text-queries.js';
import { bucket, type Kind, type Member, type Prepared } from './aggregation.js';
import { compare, permitSource, type Source, sourceParser, valuesOf } from './values.js';

/** One criterion of the order of buckets: `_key`, `_count`, or the path to an aggregation inside. */
interface Order {
  readonly by: string;
  readonly descending: boolean;
}

interface Terms {
  readonly size?: number | undefined;
  readonly shard_size?: number | undefined;
  readonly min_doc_count?: number | undefined;
  readonly shard_min_doc_count?: number | undefined;
  readonly show_term_doc_count_error?: boolean | undefined;
  readonly order?: readonly Order[] | undefined;
  readonly include?: Choice | undefined;
  readonly exclude?: Choice | undefined;
  readonly execution_hint?: string | undefined;
  readonly collect_mode?: string | undefined;
}

/** Which values there are buckets for. */
type Choice = (value: string) => boolean;

const order: Field<readonly Order[] | undefined> = {
  tokens: ['object', 'array'],
  required: false,
  read(node, document) {
    const items = node.kind === 'array' ? node.items : [node];
    const read = items.map((item) => readOrder(item, document));
    return node.kind === 'array' && node.end === undefined ? refuseBroken(document) : read;
  },
};

/** `InternalOrder.Parser`: of several members the last one counts. */
function readOrder(node: JsonNode, document: JsonDocument): Order {
  if (node.kind !== 'object') return refuseBroken(document);
  let found: Order | undefined;
  for (const { name, value } of node.members) {
    if (value.kind === 'broken') refuseBroken(document);
    if (value.kind !== 'string')
      return fail(document, value, `Unexpected token [${tokenName(value)}] for [order]`);
    const direction = value.value.toLowerCase();
    if (direction !== 'asc' && direction !== 'desc') {
      return fail(document, value, `Unknown order direction [${value.value}]`);
    }
    found = { by: name, descending: direction === 'desc' };
  }
  if (node.end === undefined) return refuseBroken(document);
  return found ?? fail(document, { at: node.end }, 'Must specify at least one field for [order]');
}

const choice: Field<Choice | undefined> = {
  tokens: ['string', 'array', 'object'],
  required: false,
  read(node, document) {
    if (node.kind === 'array') {
      const values = new Set(node.items.map((item) => readScalarText(item, document)));
      return (value) => values.has(value);
    }
    if (node.kind === 'object')
      throw new Refusal(illegalArgument('[partition] is not supported by the emulator'));
    return pattern(readScalarText(node, document));
  },
};

/** Of Lucene's regular expressions, the characters that stand for themselves, `.` and `.*`. */
function pattern(expression: string): Choice {
  let simple = '';
  for (const [part] of expression.matchAll(/\.\*|\.|\\.|[^.\\]/gs)) {
    if (part === '.*') simple += '*';
    else if (part === '.') simple += '?';
    else if (part.startsWith('\\') ? !/[*?]/.test(part) : !/[?+*|{}[\]()"#@&<>~^$]/.test(part)) {
      simple += part.at(-1) ?? '';
    } else {
      const about = `of the regular expression [${expression}]`;
      throw new Refusal(illegalArgument(`${about} the emulator supports [.] and [.*] only`));
    }
  }
  return (value) => matchesWildcards(simple, value);
}

/** @param label what complaints call it: the name of the method that is told */
function count(label: string, least: number, name: string): Field<number | undefined> {
  return {
    tokens: ['number', 'string'],
    required: false,
    read(node, document) {
      const value = readWhole(node, document);
      if (value >= least) return value;
      const bound = least === 0 ? 'greater than or equal to 0' : 'greater than 0';
      throw new Refusal(illegalArgument(`[${label}] must be ${bound}. Found [${value}] in [${name}]`));
    },
  };
}

const parserOf = (name: string): ((node: JsonNode, document: JsonDocument) => Terms & Source) =>
  sourceParser<Terms>('terms', {
    size: count('size', 1, name),
    shard_size: count('shardSize', 1, name),
    min_doc_count: count('minDocCount', 0, name),
    shard_min_doc_count: count('shardMinDocCount', 0, name),
    show_term_doc_count_error: flag,
    order,
    include: choice,
    exclude: { ...choice, tokens: ['string', 'array'] },
    execution_hint: text,
    collect_mode: text,
  });

/** @throws Refusal if there is anything else (`TermsAggregationBuilder.PARSER`) */
export function readTerms(node: JsonNode, document: JsonDocument, name: string): Kind {
  const source = parserOf(name)(node, document);
  if (source.min_doc_count === 0) {
    // It would show what keys of others, and other things in the same index, have.
    throw new Refusal(illegalArgument('[min_doc_count] of 0 is not supported by the emulator'));
  }
  const { size = 10, min_doc_count: least = 1, order: orders = byCount } = source;
  const hasError = source.show_term_doc_count_error === true;
  return {
    permit: (_, fields) => permitSource(source, fields, `[${name}] agg`),
    prepare({ fields, now, inner }) {
      const values = valuesOf(source, fields, now);
      const isKept = (value: FieldValue): boolean =>
        source.include?.(String(value)) !== false && source.exclude?.(String(value)) !== true;
      const criteria = orders.map((each) => criterion(each, inner));
      return {
        resultType: values.type === 'keyword' || values.type === 'text' ? 'sterms' : 'lterms',
        collect(entries, inside) {
          const all = [...groups(entries, (entry) => values.of(entry).filter(isKept))]
            .map(([value, having]) => ({ value, having, ranks: criteria.map((rank) => rank(value, having)) }))
            .filter(({ having }) => having.length >= least)
            .sort((a, b) => compareBuckets(a, b, orders));
          const buckets = all.slice(0, size).map(({ value, having }) => {
            const asText = values.asText(value);
            const key: Member = ['key', values.shown(value)];
            const about: Member[] = asText === undefined ? [key] : [key, ['key_as_string', asText]];
            return bucket(about, having, inside, hasError ? [noError] : []);
          });
          const others = all.slice(size).reduce((sum, { having }) => sum + having.length, 0);
          return [noError, ['sum_other_doc_count', others], ['buckets', buckets]];
        },
      };
    },
  };
}

const byCount: readonly Order[] = [{ by: '_count', descending: true }];
/** There is one shard, which counts them all. */
const noError: Member = ['doc_count_error_upper_bound', 0];

function groups<Entry>(
  entries: readonly Entry[],
  valuesIn: (entry: Entry) => readonly FieldValue[],
): Map<FieldValue, Entry[]> {
  const found = new Map<FieldValue, Entry[]>();
  for (const entry of entries) {
    for (const value of valuesIn(entry)) {
      const having = found.get(value);
      if (having === undefined) found.set(value, [entry]);
      else having.push(entry);
    }
  }
  return found;
}

/** What a bucket has its place by. */
function criterion<Entry>(
  { by }: Order,
  inner: readonly Prepared<Entry>[],
): (value: FieldValue, entries: readonly Entry[]) => FieldValue {
  if (by === '_key') return (value) => value;
  if (by === '_count') return (_, entries) => entries.length;
  const measure = measureAt(by, inner);
  return (_, entries) => measure(entries);
}

interface Ranked {
  readonly value: FieldValue;
  readonly ranks: readonly FieldValue[];
}

/** Where the order says nothing, by what they are of. */
function compareBuckets(a: Ranked, b: Ranked, orders: readonly Order[]): number {
  for (const [at, { descending }] of orders.entries()) {
    const difference = compare(a.ranks[at] ?? 0, b.ranks[at] ?? 0);
    if (difference !== 0) return descending ? -difference : difference;
  }
  return compare(a.value, b.value);
}

/** @throws Refusal if the path leads to nothing that has a number */
function measureAt<Entry>(
  path: string,
  inner: readonly Prepared<Entry>[],
): (entries: readonly Entry[]) => number {
  const [first = '', ...rest] = path.split('>');
  const [name = '', key] = rest.length === 0 ? first.split('.') : [first];
  const found = inner.find(({ aggregation }) => aggregation.name === name);
  if (found === undefined) {
    const reason =
      `Invalid aggregator order path [${path}]. The provided aggregation [${name}] either does not exist, ` +
      'or is a pipeline aggregation and cannot be used to sort the buckets.';
    throw new Refusal({ status: 400, type: 'invalid_path', reason });
  }
  const { measure, narrow } = found.collector;
  if (rest.length > 0 && narrow !== undefined) {
    const deeper = measureAt(rest.join('>'), found.inner);
    return (entries) => deeper(narrow(entries));
  }
  const isItsNumber = key === undefined || key === (narrow === undefined ? 'value' : 'doc_count');
  if (measure !== undefined && rest.length === 0 && isItsNumber) return measure;
  const reason = `Invalid aggregation order path [${path}]. ${found.aggregation.type} has no number of this name`;
  throw new Refusal({ status: 400, type: 'invalid_path', reason });
}
