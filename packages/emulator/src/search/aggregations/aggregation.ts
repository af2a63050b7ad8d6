/**
 * What an aggregation is: it is read, asked whether it is allowed, prepared for what is searched, and then summarises
 * entries, perhaps in buckets with further aggregations inside. The kinds are in files of their own.
 */

import { illegalArgument, Refusal } from '../../wire/envelope.js';
import type { JsonMap, JsonValue } from '../../wire/json-value.js';
import type { SearchFields } from '../fields.js';

/** An aggregation as it was asked for. */
export interface Aggregation {
  readonly name: string;
  readonly type: string;
  /** What the caller wants back with the result. */
  readonly meta: JsonMap | undefined;
  readonly inner: readonly Aggregation[];
  readonly kind: Kind;
}

/** What one kind of aggregation does. */
export interface Kind {
  /** Whether it works on the results of others, and not on entries. */
  readonly isPipeline?: boolean;
  /** @throws Refusal if it asks for what is not allowed, before anything is searched */
  permit<Entry>(name: string, fields: SearchFields<Entry>): void;
  /** @throws Refusal with what the shard says that can not do it */
  prepare<Entry>(scope: Scope<Entry>): Collector<Entry>;
}

/** Where an aggregation is prepared. */
export interface Scope<Entry> {
  readonly name: string;
  readonly fields: SearchFields<Entry>;
  /** What `now` stands for, in milliseconds. */
  readonly now: number;
  /** The types of the aggregations around it, the outermost first. */
  readonly around: readonly string[];
  readonly inner: readonly Prepared<Entry>[];
}

/** Summarises entries. */
export interface Collector<Entry> {
  /** What its result is called with `typed_keys`. */
  readonly resultType: string;
  /** The members of the result. */
  collect(entries: readonly Entry[], inside: Inside<Entry>): readonly Member[];
  /** The one number that it comes to; buckets are put in order by it. */
  measure?(entries: readonly Entry[]): number;
  /** The entries in its only bucket. */
  narrow?(entries: readonly Entry[]): readonly Entry[];
}

/** A member of an answer, whose name may be anything. */
export type Member = readonly [name: string, value: JsonValue];

/** What the aggregations inside a bucket make of its entries. */
export type Inside<Entry> = (entries: readonly Entry[]) => readonly Member[];

/** An aggregation that only needs entries. */
export interface Prepared<Entry> {
  readonly aggregation: Aggregation;
  readonly collector: Collector<Entry>;
  readonly inner: readonly Prepared<Entry>[];
}

/**
 * Looks at what is asked for, in the order in which Elasticsearch does: what is inside comes first
 * (`AggregationBuilder.deepCopy`).
 *
 * @throws Refusal if something is not allowed
 */
export function permitAggregations<Entry>(
  aggregations: readonly Aggregation[],
  fields: SearchFields<Entry>,
): void {
  const pipeline = aggregations.find(({ kind }) => kind.isPipeline);
  if (pipeline !== undefined) {
    throw new Refusal(illegalArgument(`Unsupported aggregation of type [${pipeline.type}]`));
  }
  for (const { name, inner, kind } of aggregations) {
    for (const each of inner) if (each.kind.isPipeline !== true) permitAggregations([each], fields);
    permitAggregations(
      inner.filter((each) => each.kind.isPipeline === true),
      fields,
    );
    kind.permit(name, fields);
  }
}

/** @throws Refusal with what the shard says */
export function prepareAggregations<Entry>(
  aggregations: readonly Aggregation[],
  fields: SearchFields<Entry>,
  now: number,
  around: readonly string[] = [],
): Prepared<Entry>[] {
  return aggregations.map((aggregation) => {
    const { name, type, kind } = aggregation;
    const inner = prepareAggregations(aggregation.inner, fields, now, [...around, type]);
    return { aggregation, inner, collector: kind.prepare({ name, fields, now, around, inner }) };
  });
}

/** @param hasTypes whether names have the types of the results in front (`typed_keys`) */
export function aggregate<Entry>(
  prepared: readonly Prepared<Entry>[],
  entries: readonly Entry[],
  hasTypes: boolean,
): Member[] {
  return prepared.map(({ aggregation: { name, meta }, collector, inner }): Member => {
    const inside: Inside<Entry> = (some) => aggregate(inner, some, hasTypes);
    const result = collector.collect(entries, inside);
    const about: Member[] = meta === undefined ? [] : [['meta', meta]];
    return [hasTypes ? `${collector.resultType}#${name}` : name, new Map([...about, ...result])];
  });
}

/** A bucket: what it is, how many entries it has, and what is inside. */
export function bucket<Entry>(
  about: readonly Member[],
  entries: readonly Entry[],
  inside: Inside<Entry>,
  more: readonly Member[] = [],
): JsonMap {
  return new Map<string, JsonValue>([...about, ['doc_count', entries.length], ...more, ...inside(entries)]);
}
