/**
 * The values that an aggregation is about: those of a field, and what stands for missing ones; and how they are written
 * in its result.
 */

import { illegalArgument, Refusal } from '../../wire/envelope.js';
import type { JsonDocument, JsonNode } from '../../wire/json-parser.js';
import type { JsonValue } from '../../wire/json-value.js';
import { anything, type Field, objectParser, text } from '../../wire/object-parser.js';
import { convert, type FieldValue, type SearchField, type SearchFields } from '../fields.js';
import { type DateFormat, dateFormat } from './date-format.js';

/** Of what an aggregation takes the values. */
export interface Source {
  readonly field?: string | undefined;
  readonly script?: JsonValue | undefined;
  readonly missing?: JsonValue | undefined;
  readonly format?: string | undefined;
  readonly value_type?: string | undefined;
}

/** A script, or its source. */
export const script: Field<JsonValue | undefined> = { ...anything, tokens: ['object', 'string'] };

const sourceFields: { readonly [K in keyof Source]-?: Field<Source[K]> } = {
  field: text,
  script,
  missing: { ...anything, tokens: ['string', 'number', 'boolean'] },
  format: text,
  value_type: text,
};

/**
 * Makes what reads an aggregation of the values of a field.
 *
 * @param fields what it knows beside them
 */
export function sourceParser<T extends object>(
  type: string,
  fields: { readonly [K in keyof T]-?: Field<T[K]> },
): (node: JsonNode, document: JsonDocument) => T & Source {
  const parser = objectParser<T & Source>(type, { ...sourceFields, ...fields } as {
    readonly [K in keyof (T & Source)]-?: Field<(T & Source)[K]>;
  });
  return (node, document) => {
    const read = parser.parse(document, node);
    if (read.field !== undefined || read.script !== undefined) return read;
    const end = node.kind === 'object' ? node.end : undefined;
    throw new Refusal(
      illegalArgument('Required one of fields [field, script], but none were specified. '),
      end,
    );
  };
}

/** @throws Refusal if the values are made by a script, or of a field that may not be looked at */
export function permitSource<Entry>(
  { field, script: made }: Source,
  fields: SearchFields<Entry>,
  inWords: string,
): void {
  if (made !== undefined)
    throw new Refusal(illegalArgument(`Unsupported script value source for ${inWords}`));
  if (field !== undefined && fields.field(field) === undefined) {
    throw new Refusal(illegalArgument(fields.refusal(field)));
  }
}

/** The values of entries, and how they are written. */
export interface Values<Entry> {
  readonly type: SearchField<Entry>['type'];
  /** Of one entry, each once, in order. */
  of(entry: Entry): readonly FieldValue[];
  /** What stands for a value in an answer. */
  shown(value: FieldValue): JsonValue;
  /** The same as text, where it is not a text anyway. */
  asText(value: FieldValue): string | undefined;
  /** What is read of a text in a request. */
  read(text: string): number;
}

/** @throws Refusal if the field has no such format */
export function valuesOf<Entry>(source: Source, fields: SearchFields<Entry>, now: number): Values<Entry> {
  const name = source.field ?? '';
  const field = fields.field(name);
  if (field === undefined) throw new Refusal(illegalArgument(fields.refusal(name)));
  const missing =
    source.missing === undefined ? [] : [convert(source.missing, field, name, now, source.format)];
  const dates = formatOf(name, field, source.format);
  return {
    type: field.type,
    of(entry) {
      const values = [...new Set(field.values(entry))].sort(compare);
      return values.length === 0 ? missing : values;
    },
    shown: (value) => (typeof value === 'boolean' ? Number(value) : value),
    asText: (value) => (field.type === 'boolean' ? String(value) : dates?.write(Number(value))),
    read(written) {
      if (dates !== undefined) return dates.read(written, now);
      return field.type === 'boolean' ? readFlag(written) : Number(convert(written, field, name, now));
    },
  };
}

/** `DocValueFormat.BOOLEAN` */
function readFlag(text: string): number {
  if (text === 'true' || text === 'false') return Number(text === 'true');
  throw new Refusal(illegalArgument(`Cannot parse boolean [${text}], expected either [true] or [false]`));
}

function formatOf<Entry>(
  name: string,
  field: SearchField<Entry>,
  format: string | undefined,
): DateFormat | undefined {
  if (field.type === 'date') return dateFormat(format ?? field.dateFormat ?? 'strict_date_optional_time');
  if (format === undefined) return undefined;
  const about = `Field [${field.indexed ?? name}] of type [${field.typeName ?? field.type}]`;
  throw new Refusal(illegalArgument(`${about} does not support custom formats`));
}

/** Of two values of one type. */
export function compare(a: FieldValue, b: FieldValue): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @throws Refusal if a kind of aggregation can not be of a field of this type */
export function refuseType<Entry>(
  source: Source,
  fields: SearchFields<Entry>,
  type: string,
  possible: readonly SearchField<Entry>['type'][],
): void {
  const name = source.field ?? '';
  const field = fields.field(name);
  if (field === undefined || possible.includes(field.type)) return;
  const about = `Field [${field.indexed ?? name}] of type [${field.typeName ?? field.type}]`;
  throw new Refusal(illegalArgument(`${about} is not supported for aggregation [${type}]`));
}
