/**
 * What can be searched: fields, what they are called and hold, and how a value of a query is compared with that. What
 * they are of is told by whoever searches.
 */

import { type ApiError, illegalArgument, notANumber, Refusal } from '../wire/envelope.js';
import { type JsonValue, numberOf } from '../wire/json-value.js';
import { type Analyzer, keywordAnalyzer, standardAnalyzer } from './analysis.js';
import { parseInstant } from './date-math.js';

/** What a field can hold. */
export type FieldValue = string | number | boolean;

/** How what a field holds is compared. */
export type FieldType = 'keyword' | 'text' | 'long' | 'double' | 'date' | 'boolean';

/** A field that can be searched. The values of a `text` are its words in their order, each as often as it is there. */
export interface SearchField<Entry> {
  readonly type: FieldType;
  /** Text that was taken apart can be searched but not sorted. */
  readonly sortable: boolean;
  values(entry: Entry): readonly FieldValue[];
  /** Whether the entry has anything here, where that is not the same as having values. */
  exists?(entry: Entry): boolean;
  /** The name that complaints have for it, if it is another one. */
  readonly indexed?: string;
  /** What complaints call its type, if that is another name; `flattened` is an object whose values are all keywords. */
  readonly typeName?: 'flattened';
  /** Whether it is one path into such an object, and not all of it. */
  readonly isPath?: true;
  /** How dates are written here: only as milliseconds. Without, also as ISO 8601 has it. */
  readonly dateFormat?: 'epoch_millis';
  /** What words it is searched by, if not as its type is. */
  readonly analyzer?: Analyzer;
}

/** What a list of entries can be searched by. */
export interface SearchFields<Entry> {
  id(entry: Entry): string;
  /** @returns the field, or `undefined` if there is none of this name that may be searched */
  field(name: string): SearchField<Entry> | undefined;
  /** All fields that there are, where a word may be looked for in any of them. */
  names?(): readonly string[];
  /** The fields that a name or a pattern in a `simple_query_string` stands for. Without, there is no such query. */
  expand?(pattern: string): readonly string[];
  /** Kinds of queries that others know, and that are not there. */
  readonly lacks?: ReadonlySet<string>;
  /** The refusal of a field that may not be searched. */
  refusal(name: string): string;
  /** The refusal of a field that may be searched but not sorted by, where that is known before the search. */
  unsortable?(name: string): string;
  /** What the shard says of a field that it can not sort by. */
  unordered(name: string): string;
  /** The refusal of a kind of query that is not there. */
  unsupported(query: string): string;
}

/** Whether a query finds an entry. */
export type Test<Entry> = (entry: Entry) => boolean;

/** What a field is called and what its type is, in words. */
export function described<Entry>(name: string, field: SearchField<Entry>): string {
  return `[${field.indexed ?? name}] which is of type [${field.typeName ?? field.type}]`;
}

/** How text is taken apart that is looked for in a field. */
export function analyzerOf<Entry>(field: SearchField<Entry>): Analyzer {
  return field.analyzer ?? (field.type === 'text' ? standardAnalyzer : keywordAnalyzer);
}

/** What a shard says of a query that it can not make; of which index it is, whoever searches it adds. */
export function queryShardError(reason: string, cause?: ApiError): ApiError {
  return { status: 400, type: 'query_shard_exception', reason, ...(cause && { cause }) };
}

/** That a field whose texts were taken apart is no criterion of an order: what a shard says. */
export function withoutFielddata(name: string, index: string): string {
  return `Fielddata is disabled on [${name}] in [${index}]. Text fields are not optimised for operations that require per-document field data like aggregations and sorting, so these operations are disabled by default. Please use a keyword field instead. Alternatively, set fielddata=true on [${name}] in order to load field data by uninverting the inverted index. Note that this can use significant memory.`;
}

/** Makes a query of what was read; what goes wrong is what a shard says (`SearchExecutionContext.toQuery`). */
export function creatingQuery<T>(create: () => T): T {
  try {
    return create();
  } catch (refusal) {
    if (!(refusal instanceof Refusal) || refusal.error.type === 'query_shard_exception') throw refusal;
    const { error } = refusal;
    throw new Refusal(queryShardError(`failed to create query: ${error.reason}`, error));
  }
}

/**
 * What a value of a query is compared as.
 *
 * @param now what `now` stands for, in milliseconds
 * @param roundsUp whether a date that is not whole is the last millisecond of what it may be
 * @throws Refusal if the field can not hold such a value
 */
export function convert<Entry>(
  value: JsonValue,
  field: SearchField<Entry>,
  name: string,
  now: number,
  format: string = field.dateFormat ?? 'strict_date_optional_time||epoch_millis',
  roundsUp = false,
): FieldValue {
  const plain = numberOf(value) ?? value;
  if (field.type === 'date') {
    return typeof plain === 'number' ? plain : readDate(String(plain), format, now, roundsUp);
  }
  if (field.type === 'boolean') {
    if (plain === true || plain === 'true') return true;
    if (plain === false || plain === 'false') return false;
    throw new Refusal(
      illegalArgument(`Can't parse boolean value [${String(plain)}], expected [true] or [false]`),
    );
  }
  if (typeof plain === 'object') {
    throw new Refusal(illegalArgument(`[${name}] can not be compared with an object`));
  }
  return field.type === 'long' || field.type === 'double' ? numeric(plain) : textOf(value);
}

/**
 * A test of whether a field holds what a query looks for: of a date that is not whole, anything within it.
 *
 * @throws Refusal if the field can not hold such a value
 */
export function equalTo<Entry>(
  value: JsonValue,
  field: SearchField<Entry>,
  name: string,
  now: number,
): (held: FieldValue) => boolean {
  const wanted = convert(value, field, name, now);
  if (field.type !== 'date') return (held) => held === wanted;
  const last = convert(value, field, name, now, undefined, true);
  return (held) => held >= wanted && held <= last;
}

/**
 * An instant, or a sum, in the format that a field or a request has for dates.
 *
 * @throws Refusal if it is none
 */
export function readDate(text: string, format: string, now: number, roundsUp = false): number {
  const [start = ''] = text.split('||');
  const instant =
    format === 'epoch_millis' ? readMillis(text, start, now, roundsUp) : parseInstant(text, now, roundsUp);
  if (instant !== undefined) return instant;
  throw noDate(text, format);
}

/** That a text is no date of a format: what `JavaDateMathParser` says. */
export function noDate(text: string, format: string): Refusal {
  const reason = `failed to parse date field [${text}] with format [${format}]`;
  const wrong = /^-?\d*/.exec(text)?.[0].length ?? 0;
  const detail = format.includes('||')
    ? 'Failed to parse with all enclosed parsers'
    : `Text '${text}' could not be parsed at index ${wrong}`;
  const cause = { ...illegalArgument(reason), cause: dateTimeError(detail) };
  return new Refusal({ status: 400, type: 'parse_exception', reason: `${reason}: [${reason}]`, cause });
}

function dateTimeError(reason: string): ApiError {
  return { status: 400, type: 'date_time_parse_exception', reason };
}

function readMillis(text: string, start: string, now: number, roundsUp: boolean): number | undefined {
  if (text.startsWith('now')) return parseInstant(text, now, roundsUp);
  if (!/^-?\d{1,15}$/.test(start)) return undefined;
  const instant = Number(start);
  return text === start
    ? instant
    : parseInstant(text.replace(start, new Date(instant).toISOString()), now, roundsUp);
}

function numeric(value: string | number | boolean): number {
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  if (typeof value !== 'boolean' && !Number.isNaN(number)) return number;
  throw new Refusal(notANumber(String(value)));
}

/** A value that is neither a list nor an object as text, numbers as they were written. */
export function textOf(value: JsonValue): string {
  return typeof value === 'object' && value !== null && 'numberText' in value
    ? String(value.numberText)
    : String(value);
}
