/**
 * Aggregations that come to a number: `cardinality`, `value_count`; and `missing`, the one bucket of what has no
 * value.
 */

import type { JsonDocument, JsonNode } from '../../wire/json-parser.js';
import type { SearchFields } from '../fields.js';
import { readWhole } from '../text-queries.js';
import type { Collector, Kind, Scope } from './aggregation.js';
import { permitSource, type Source, sourceParser, valuesOf } from './values.js';

type Read = (node: JsonNode, document: JsonDocument) => Kind;

/** How many different values there are. */
export const readCardinality: Read = metric(
  sourceParser<{ precision_threshold?: number | undefined; execution_hint?: unknown }>('cardinality', {
    precision_threshold: { tokens: ['number', 'string'], required: false, read: readWhole },
    execution_hint: { tokens: ['string'], required: false, read: () => undefined },
  }),
  (source, { fields, now }) => {
    const values = valuesOf(source, fields, now);
    return number('cardinality', (entries) => new Set(entries.flatMap((entry) => values.of(entry))).size);
  },
);

/** How many values there are, those of one entry each once. */
export const readValueCount: Read = metric(sourceParser<object>('value_count', {}), (source, scope) => {
  const values = valuesOf(source, scope.fields, scope.now);
  return number('value_count', (entries) => entries.reduce((sum, entry) => sum + values.of(entry).length, 0));
});

/** What has no value. */
export const readMissing: Read = metric(sourceParser<object>('missing', {}), (source, { fields, now }) => {
  const values = valuesOf(source, fields, now);
  return singleBucket('missing', (entry) => values.of(entry).length === 0);
});

function metric(
  parse: (node: JsonNode, document: JsonDocument) => Source,
  prepare: <Entry>(source: Source, scope: Scope<Entry>) => Collector<Entry>,
): Read {
  return (node, document) => {
    const source = parse(node, document);
    return {
      permit: <Entry>(name: string, fields: SearchFields<Entry>) =>
        permitSource(source, fields, `[${name}] agg`),
      prepare: (scope) => prepare(source, scope),
    };
  };
}

function number<Entry>(resultType: string, measure: (entries: readonly Entry[]) => number): Collector<Entry> {
  return { resultType, measure, collect: (entries) => [['value', measure(entries)]] };
}

/** One bucket, of the entries that pass a test. */
export function singleBucket<Entry>(resultType: string, test: (entry: Entry) => boolean): Collector<Entry> {
  const narrow = (entries: readonly Entry[]): readonly Entry[] => entries.filter(test);
  return {
    resultType,
    narrow,
    measure: (entries) => narrow(entries).length,
    collect(entries, inside) {
      const found = narrow(entries);
      return [['doc_count', found.length], ...inside(found)];
    },
  };
}
