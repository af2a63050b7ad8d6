/** Buckets of what has values between two bounds, the lower one included: `range` of numbers, `date_range` of dates. */

import { illegalArgument, Refusal } from '../../wire/envelope.js';
import type { JsonDocument, JsonNode } from '../../wire/json-parser.js';
import { doubleText } from '../../wire/json-parser.js';
import type { JsonValue } from '../../wire/json-value.js';
import {
  type Field,
  flag,
  objectParser,
  readScalarText,
  refuseBroken,
  text,
} from '../../wire/object-parser.js';
import { bucket, type Kind, type Member } from './aggregation.js';
import {
  compare,
  permitSource,
  refuseType,
  type Source,
  sourceParser,
  type Values,
  valuesOf,
} from './values.js';

interface Range {
  readonly key?: string | undefined;
  readonly from?: JsonNode | undefined;
  readonly to?: JsonNode | undefined;
}

const bound: Field<JsonNode | undefined> = {
  tokens: ['number', 'string', 'null'],
  required: false,
  read: (node) => (node.kind === 'null' ? undefined : node),
};

const rangeParser = objectParser<Range>('range', {
  key: { tokens: ['string', 'number'], required: false, read: readScalarText },
  from: bound,
  to: bound,
});

interface Ranges {
  readonly ranges?: readonly Range[] | undefined;
  readonly keyed?: boolean | undefined;
}

interface DateRanges extends Ranges {
  readonly time_zone?: string | undefined;
}

const ranges: Field<readonly Range[] | undefined> = {
  tokens: ['array', 'object'],
  required: false,
  read(node, document) {
    const items = node.kind === 'array' ? node.items : [node];
    const read = items.map((item) => rangeParser.parse(document, item));
    return node.kind === 'array' && node.end === undefined ? refuseBroken(document) : read;
  },
};

const timeZone: Field<string | undefined> = {
  ...text,
  read(node, document) {
    const zone = readScalarText(node, document);
    if (['UTC', 'Z', '+00:00'].includes(zone)) return zone;
    throw new Refusal(illegalArgument('[time_zone] is not supported by the emulator, but for UTC'));
  },
};

const parseRange = sourceParser<Ranges>('range', { ranges, keyed: flag });
const parseDateRange = sourceParser<DateRanges>('date_range', { ranges, keyed: flag, time_zone: timeZone });

/** @throws Refusal if there is anything else (`RangeAggregationBuilder.PARSER`) */
export function readRange(node: JsonNode, document: JsonDocument): Kind {
  return kindOf('range', parseRange(node, document), document);
}

/** @throws Refusal if there is anything else (`DateRangeAggregationBuilder.PARSER`) */
export function readDateRange(node: JsonNode, document: JsonDocument): Kind {
  return kindOf('date_range', parseDateRange(node, document), document);
}

function kindOf(type: 'range' | 'date_range', source: Ranges & Source, document: JsonDocument): Kind {
  return {
    permit: (name, fields) => permitSource(source, fields, `[${name}] agg`),
    prepare({ name, fields, now }) {
      refuseType(source, fields, type, ['long', 'double', 'date', 'boolean']);
      const values = valuesOf(source, fields, now);
      const limits = (source.ranges ?? [])
        .map(({ key, from, to }) => ({
          key,
          from: limitOf(from, Number.NEGATIVE_INFINITY, values, type, document),
          to: limitOf(to, Number.POSITIVE_INFINITY, values, type, document),
        }))
        .sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to));
      if (limits.length === 0) {
        throw new Refusal(illegalArgument(`No [ranges] specified for the [${name}] aggregation`));
      }
      return {
        resultType: type,
        collect(entries, inside) {
          const found = limits.map(({ key, from, to }) => {
            const isWithin = (value: number): boolean => value >= from && value < to;
            const inRange = entries.filter((entry) => values.of(entry).map(Number).some(isWithin));
            const about = [...boundMembers('from', from, values), ...boundMembers('to', to, values)];
            const shownKey = key ?? `${boundText(from, values)}-${boundText(to, values)}`;
            return { key: shownKey, about, inRange };
          });
          if (source.keyed === true) {
            const members = found.map(({ key, about, inRange }): [string, JsonValue] => [
              key,
              bucket(about, inRange, inside),
            ]);
            return [['buckets', new Map(members)]];
          }
          const list = found.map(({ key, about, inRange }) =>
            bucket([['key', key], ...about], inRange, inside),
          );
          return [['buckets', list]];
        },
      };
    },
  };
}

/** In a `date_range`, numbers are read as dates too, whatever their format makes of them. */
function limitOf<Entry>(
  node: JsonNode | undefined,
  otherwise: number,
  values: Values<Entry>,
  type: string,
  document: JsonDocument,
): number {
  if (node === undefined) return otherwise;
  const written = readScalarText(node, document);
  if (node.kind === 'string') return values.read(written);
  return type === 'date_range' ? values.read(String(Math.trunc(Number(written)))) : Number(written);
}

function boundMembers<Entry>(name: string, limit: number, values: Values<Entry>): Member[] {
  if (!Number.isFinite(limit)) return [];
  const asText = values.type === 'boolean' ? limit !== 0 : values.asText(limit);
  const number: Member = [name, { numberText: doubleText(limit) }];
  return asText === undefined ? [number] : [number, [`${name}_as_string`, asText]];
}

function boundText<Entry>(limit: number, values: Values<Entry>): string {
  if (!Number.isFinite(limit)) return '*';
  if (values.type === 'boolean') return String(limit !== 0);
  return values.asText(limit) ?? doubleText(limit);
}
