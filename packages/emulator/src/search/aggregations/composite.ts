/**
 * A bucket for each combination of values of several fields, in order, page by page: `composite`. Its sources are the
 * values of fields; Elasticsearch has others too.
 */

import { contentParseFailure, illegalArgument, Refusal } from '../../wire/envelope.js';
import type { JsonDocument, JsonMember, JsonNode } from '../../wire/json-parser.js';
import { isMap, type JsonMap, type JsonValue, numberOf } from '../../wire/json-value.js';
import {
  type Field,
  flag,
  map,
  objectParser,
  readScalarText,
  refuseBroken,
  text,
  tokenName,
} from '../../wire/object-parser.js';
import { fail } from '../clause.js';
import type { FieldValue, SearchFields } from '../fields.js';
import { readWhole } from '../text-queries.js';
import { bucket, type Kind, type Member } from './aggregation.js';
import { compare, permitSource, type Source, script, type Values, valuesOf } from './values.js';

interface CompositeSource extends Source {
  readonly name: string;
  readonly type: string;
  readonly descending: boolean;
  /** Whether what has no value has a bucket too. */
  readonly hasMissing: boolean;
  readonly missingFirst: boolean;
}

interface SourceBody extends Source {
  readonly order?: string | undefined;
  readonly missing_bucket?: boolean | undefined;
  readonly missing_order?: string | undefined;
}

const termsParser = objectParser<Omit<SourceBody, 'missing' | 'format'>>('terms', {
  field: text,
  missing_bucket: flag,
  missing_order: text,
  value_type: text,
  script,
  order: {
    ...text,
    read(node, document) {
      const order = readScalarText(node, document);
      if (/^(asc|desc)$/i.test(order)) return order;
      const constant = `org.elasticsearch.search.sort.SortOrder.${order.toUpperCase()}`;
      throw new Refusal(illegalArgument(`No enum constant ${constant}`));
    },
  },
});

// Of these only the field is looked at, to see whether it is allowed.
const otherTypes: ReadonlySet<string> = new Set(['date_histogram', 'histogram', 'geotile_grid']);

/** `CompositeValuesSourceParserHelper.fromXContent` */
function readSource(node: JsonNode, document: JsonDocument): CompositeSource {
  const { name, value } = onlyMember(node, document);
  const { name: type, value: body } = onlyMember(value, document);
  const about = { name, type, descending: false, hasMissing: false, missingFirst: true };
  if (otherTypes.has(type)) {
    const field = body.kind === 'object' ? body.members.find((member) => member.name === 'field') : undefined;
    return field === undefined ? about : { ...about, field: readScalarText(field.value, document) };
  }
  if (type !== 'terms') return fail(document, body, `invalid source type: ${type}`);
  const {
    order = 'asc',
    missing_bucket: hasMissing = false,
    missing_order,
    ...source
  } = termsParser.parse(document, body);
  const descending = order.toLowerCase() === 'desc';
  const missingFirst = missing_order === 'first' || (missing_order !== 'last' && !descending);
  return { ...source, name, type, descending, hasMissing, missingFirst };
}

function onlyMember(node: JsonNode, document: JsonDocument): JsonMember {
  if (node.kind === 'broken') return refuseBroken(document);
  const expected = (what: string, found: string, at: number): never =>
    fail(document, { at }, `Failed to parse object: expecting token of type [${what}] but found [${found}]`);
  if (node.kind !== 'object') return expected('START_OBJECT', tokenName(node), node.at);
  const [first] = node.members;
  if (first === undefined) return expected('FIELD_NAME', 'END_OBJECT', node.end ?? node.at);
  if (first.value.kind !== 'object' && first.value.kind !== 'broken') {
    return expected('START_OBJECT', tokenName(first.value), first.value.at);
  }
  return first;
}

const sources: Field<readonly CompositeSource[]> = {
  tokens: ['array', 'object'],
  required: true,
  read(node, document) {
    const items = node.kind === 'array' ? node.items : [node];
    const read = items.map((item) => readSource(item, document));
    if (node.kind === 'array' && node.end === undefined) refuseBroken(document);
    const names = read.map(({ name }) => name);
    const twice = [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
    if (read.length === 0) return unbuilt('Composite [sources] cannot be null or empty');
    if (twice.length === 0) return read;
    return unbuilt(`Composite source names must be unique, found duplicates: [${twice.join(', ')}]`);
  },
};

/** What the parser says when all that it needs is there, and makes no sense together. */
function unbuilt(reason: string): never {
  const wrapper = 'Failed to build [composite] after last required field arrived';
  throw new Refusal(contentParseFailure(wrapper, illegalArgument(reason)));
}

interface Composite {
  readonly sources: readonly CompositeSource[];
  readonly size?: number | undefined;
  readonly after?: JsonMap | undefined;
}

const parser = objectParser<Composite>('composite', {
  sources,
  size: { tokens: ['number', 'string'], required: false, read: readWhole },
  after: map,
});

// More buckets than that there may not be in one answer (`search.max_buckets`).
const maxBuckets = 65_536;

function tooManyBuckets(wanted: number): Refusal {
  const reason =
    `Trying to create too many buckets. Must be less than or equal to: [${maxBuckets}] but was [${wanted}]. ` +
    'This limit can be set by changing the [search.max_buckets] cluster level setting.';
  return new Refusal({
    status: 400,
    type: 'too_many_buckets_exception',
    reason,
    metadata: { max_buckets: maxBuckets },
  });
}

/** @throws Refusal if there is anything else (`CompositeAggregationBuilder.PARSER`) */
export function readComposite(node: JsonNode, document: JsonDocument): Kind {
  const { sources: wanted, size = 10, after } = parser.parse(document, node);
  return {
    permit(name, fields) {
      for (const source of wanted)
        permitSource(source, fields, `[${source.name}] of composite agg [${name}]`);
    },
    prepare({ name, fields, now, around }) {
      const parent = around.findLast((type) => type !== 'filter');
      if (parent !== undefined) {
        const factory = `${factories.get(parent) ?? parent}`;
        const words = '[composite] aggregation cannot be used with a parent aggregation of type';
        throw new Refusal(illegalArgument(`${words}: [${factory}]`));
      }
      const dimensions = wanted.map((source) => dimension(source, fields, now));
      const start = after === undefined ? undefined : afterKey(after, dimensions, name);
      if (size > maxBuckets) throw tooManyBuckets(size);
      const order = (a: Key, b: Key): number => {
        for (const [at, { comparison }] of dimensions.entries()) {
          const difference = comparison(a[at] ?? null, b[at] ?? null);
          if (difference !== 0) return difference;
        }
        return 0;
      };
      const shown = (key: Key): JsonMap =>
        new Map(dimensions.map(({ source, show }, at) => [source.name, show(key[at] ?? null)]));
      return {
        resultType: 'composite',
        collect(entries, inside) {
          const found = new Map<string, { key: Key; having: (typeof entries)[number][] }>();
          for (const entry of entries) {
            for (const key of combinations(dimensions.map(({ keysOf }) => keysOf(entry)))) {
              const place = JSON.stringify(key);
              const there = found.get(place);
              if (there === undefined) found.set(place, { key, having: [entry] });
              else there.having.push(entry);
            }
          }
          const buckets = [...found.values()]
            .filter(({ key }) => start === undefined || order(key, start) > 0)
            .sort((a, b) => order(a.key, b.key))
            .slice(0, size);
          const last = buckets.at(-1);
          const next: Member[] = last === undefined ? [] : [['after_key', shown(last.key)]];
          const list = buckets.map(({ key, having }) => bucket([['key', shown(key)]], having, inside));
          return [...next, ['buckets', list]];
        },
      };
    },
  };
}

// What Elasticsearch calls what is around it: the class that makes it.
const factories: ReadonlyMap<string, string> = new Map([
  ['composite', 'CompositeAggregationFactory'],
  ['date_range', 'DateRangeAggregatorFactory'],
  ['filters', 'FiltersAggregatorFactory'],
  ['missing', 'MissingAggregatorFactory'],
  ['range', 'RangeAggregatorFactory'],
  ['terms', 'TermsAggregatorFactory'],
]);

type Part = FieldValue | null;
type Key = readonly Part[];

interface Dimension<Entry> {
  readonly source: CompositeSource;
  keysOf(entry: Entry): readonly Part[];
  show(part: Part): JsonValue;
  /** The order of its values. */
  comparison(a: Part, b: Part): number;
  /** @throws Refusal if this can be no value of it */
  read(value: JsonValue): Part;
}

function dimension<Entry>(
  source: CompositeSource,
  fields: SearchFields<Entry>,
  now: number,
): Dimension<Entry> {
  if (source.type !== 'terms') {
    throw new Refusal(
      illegalArgument(`[${source.type}] sources of [composite] are not supported by the emulator`),
    );
  }
  const values: Values<Entry> = valuesOf(source, fields, now);
  const { descending, hasMissing, missingFirst } = source;
  return {
    source,
    keysOf(entry) {
      const found = values.of(entry);
      return found.length === 0 && hasMissing ? [null] : found;
    },
    // Dates are shown as numbers here, and booleans as what they are.
    show: (part) => part,
    comparison(a, b) {
      if (a === b) return 0;
      if (a === null || b === null) return (a === null) === missingFirst ? -1 : 1;
      return descending ? -compare(a, b) : compare(a, b);
    },
    read: (value) => partOf(value, values),
  };
}

function partOf<Entry>(value: JsonValue, values: Values<Entry>): Part {
  if (value === null) return null;
  if (values.type === 'keyword') {
    if (typeof value === 'string') return value;
    throw new Refusal(illegalArgument(`invalid value, expected string, got ${javaType(value)}`));
  }
  if (values.type !== 'boolean') return numberOf(value) ?? values.read(String(value));
  return typeof value === 'boolean' ? value : values.read(String(value)) === 1;
}

function afterKey<Entry>(after: JsonMap, dimensions: readonly Dimension<Entry>[], aggregation: string): Key {
  if (after.size !== dimensions.length) {
    const words = `[after] has ${after.size} value(s) but [sources] has ${dimensions.length}`;
    throw new Refusal(illegalArgument(words));
  }
  const given = dimensions.map(({ source: { name, hasMissing } }) => {
    const value = after.get(name);
    if (value === undefined) throw new Refusal(illegalArgument(`Missing value for [after.${name}]`));
    const isComparable = value === null ? hasMissing : !isMap(value) && !Array.isArray(value);
    if (isComparable) return value;
    const words = `Invalid value for [after.${name}], expected comparable, got [${javaType(value)}]`;
    throw new Refusal(illegalArgument(words));
  });
  return dimensions.map(({ read }, at) => {
    try {
      return read(given[at] ?? null);
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || refusal.error.type !== 'illegal_argument_exception') throw refusal;
      const cause = illegalArgument(`incompatible value in the position ${at}: ${refusal.error.reason}`);
      const reason = `Cannot set after key in the composite aggregation [${aggregation}] - ${cause.reason}`;
      throw new Refusal({ status: 400, type: 'parse_exception', reason, cause });
    }
  });
}

/** The class of a value that was read from JSON. */
function javaType(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'ArrayList';
  if (isMap(value)) return 'LinkedHashMap';
  if (typeof value === 'string') return 'String';
  if (typeof value === 'boolean') return 'Boolean';
  const number = numberOf(value) ?? Number.NaN;
  if (!Number.isInteger(number) || (typeof value === 'object' && 'numberText' in value)) return 'Double';
  return Math.abs(number) < 2 ** 31 ? 'Integer' : 'Long';
}

/** Every way to take one of each. */
function combinations(choices: readonly (readonly Part[])[]): Key[] {
  const wanted = choices.reduce((product, { length }) => product * length, 1);
  if (wanted > maxBuckets) throw tooManyBuckets(wanted);
  return choices.reduce<Key[]>(
    (keys, parts) => keys.flatMap((key) => parts.map((part) => [...key, part])),
    [[]],
  );
}
