/**
 * Aggregations as JSON: names, each with one type, what it wants back, and others inside; read as
 * `AggregatorFactories.parseAggregators` does.
 */

import { illegalArgument, Refusal } from '../../wire/envelope.js';
import { type JsonDocument, type JsonMember, type JsonNode, locationOf } from '../../wire/json-parser.js';
import type { JsonMap } from '../../wire/json-value.js';
import { type Field, map, refuseBroken, tokenName } from '../../wire/object-parser.js';
import { suggestion } from '../../wire/suggestion.js';
import { fail } from '../clause.js';
import type { Aggregation, Kind } from './aggregation.js';
import { readComposite } from './composite.js';
import { readFilter, readFilters } from './filters.js';
import { readCardinality, readMissing, readValueCount } from './metrics.js';
import { readDateRange, readRange } from './ranges.js';
import { readTerms } from './terms.js';

type Read = (node: JsonNode, document: JsonDocument, name: string) => Kind;

const kinds: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['cardinality', readCardinality],
  ['composite', readComposite],
  ['date_range', readDateRange],
  ['filter', readFilter],
  ['filters', readFilters],
  ['missing', readMissing],
  ['range', readRange],
  ['terms', readTerms],
  ['value_count', readValueCount],
]);

/** They come to a number, and have no buckets for anything inside. */
const leaves: ReadonlySet<string> = new Set(['cardinality', 'value_count']);

// What Elasticsearch knows and does not allow here; what is asked of them is not looked at.
const forbidden: ReadonlySet<string> = new Set(
  (
    'adjacency_matrix,auto_date_histogram,avg,boxplot,cartesian_bounds,cartesian_centroid,categorize_text,children,' +
    'counted_terms,date_histogram,diversified_sampler,extended_stats,frequent_item_sets,geo_bounds,geo_centroid,geo_distance,' +
    'geo_line,geohash_grid,geohex_grid,geotile_grid,global,histogram,ip_prefix,ip_range,matrix_stats,max,' +
    'median_absolute_deviation,min,multi_terms,nested,parent,percentile_ranks,percentiles,random_sampler,rare_terms,rate,' +
    'reverse_nested,sampler,scripted_metric,significant_terms,significant_text,stats,string_stats,sum,t_test,time_series,' +
    'top_hits,top_metrics,variable_width_histogram,weighted_avg'
  ).split(','),
);
const pipelines: ReadonlySet<string> = new Set(
  (
    'avg_bucket,bucket_correlation,bucket_count_ks_test,bucket_script,bucket_selector,bucket_sort,change_point,' +
    'cumulative_cardinality,cumulative_sum,derivative,extended_stats_bucket,inference,max_bucket,min_bucket,moving_fn,' +
    'moving_percentiles,normalize,percentiles_bucket,serial_diff,stats_bucket,sum_bucket'
  ).split(','),
);

function forbiddenKind(type: string): Kind {
  const refuse = (name: string): never => {
    throw new Refusal(illegalArgument(`Unsupported API Keys agg [${name}] of type [${type}]`));
  };
  return { isPipeline: pipelines.has(type), permit: refuse, prepare: ({ name }) => refuse(name) };
}

/** Aggregations of what is searched. */
export const aggregationsField: Field<readonly Aggregation[] | undefined> = {
  tokens: ['object'],
  required: false,
  read: parseAggregations,
};

function parseAggregations(node: JsonNode, document: JsonDocument): Aggregation[] {
  if (node.kind !== 'object') return refuseBroken(document);
  const read = node.members.map((member) => parseAggregation(member, document));
  return node.end === undefined ? refuseBroken(document) : read;
}

function parseAggregation({ name, at, value }: JsonMember, document: JsonDocument): Aggregation {
  if (!/^[^[\]>]+$/.test(name)) {
    const rule = "Aggregation names can contain any character except '[', ']', and '>'";
    return fail(document, { at }, `Invalid aggregation name [${name}]. ${rule}`);
  }
  if (value.kind === 'broken') return refuseBroken(document);
  if (value.kind !== 'object') {
    const words = `Aggregation definition for [${name} starts with a [${tokenName(value)}]`;
    return fail(document, value, `${words}, expected a [START_OBJECT].`);
  }
  let meta: JsonMap | undefined;
  let inner: readonly Aggregation[] | undefined;
  let found: { readonly type: string; readonly kind: Kind } | undefined;
  for (const { name: part, value: body } of value.members) {
    if (body.kind === 'broken') return refuseBroken(document);
    if (body.kind !== 'object') {
      const words = `Expected [START_OBJECT] under [${part}], but got a [${tokenName(body)}] in [${name}]`;
      return fail(document, body, words);
    }
    if (part === 'meta') meta = map.read(body, document);
    else if (part === 'aggs' || part === 'aggregations') {
      if (inner !== undefined) {
        return fail(document, body, `Found two sub aggregation definitions under [${name}]`);
      }
      inner = parseAggregations(body, document);
    } else {
      if (found !== undefined) {
        const types = `[${found.type}] and [${part}]`;
        return fail(document, body, `Found two aggregation type definitions in [${name}]: ${types}`);
      }
      found = { type: part, kind: kindOf(part, name, body, document) };
    }
  }
  if (value.end === undefined) return refuseBroken(document);
  if (found === undefined) {
    return fail(document, { at: value.end }, `Missing definition for aggregation [${name}]`);
  }
  if (inner !== undefined && leaves.has(found.type)) {
    const reason = `Aggregator [${name}] of type [${found.type}] cannot accept sub-aggregations`;
    throw new Refusal({ status: 500, type: 'aggregation_initialization_exception', reason }, value.end);
  }
  return { name, meta, inner: inner ?? [], ...found };
}

function kindOf(type: string, name: string, body: JsonNode, document: JsonDocument): Kind {
  const read = kinds.get(type);
  if (read !== undefined) return read(body, document, name);
  if (forbidden.has(type) || pipelines.has(type)) return forbiddenKind(type);
  const similar = suggestion(type, [...kinds.keys(), ...forbidden, ...pipelines]);
  const hint = similar === '' ? '' : ` ${similar}`;
  return fail(document, body, `Unknown aggregation type [${type}]${hint}`, {
    status: 400,
    type: 'named_object_not_found_exception',
    reason: `[${locationOf(document, body.at)}] unknown field [${type}]${hint}`,
  });
}
