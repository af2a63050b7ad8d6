/**
 * The types that fields of documents can have: how a value of each is read from a document, and as what it
 * is compared.
 */

import { wordsIn } from '../search/analysis.js';
import { parseDate } from '../search/date-math.js';
import type { FieldType, FieldValue } from '../search/fields.js';
import { illegalArgument, Refusal } from '../wire/envelope.js';
import type { JsonDocument, JsonNode } from '../wire/json-parser.js';
import { readScalarText } from '../wire/object-parser.js';

/** A type of fields that hold values. */
export interface ValueType {
  readonly comparedAs: FieldType;
  /**
   * @returns what a value is found by
   * @throws Refusal if this is no value of the type
   */
  read(node: JsonNode, document: JsonDocument): readonly FieldValue[];
}

/** The types by the names that mappings have for them. */
export const valueTypes: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  ['keyword', { comparedAs: 'keyword', read: (node, document) => [readScalarText(node, document)] }],
  ['text', { comparedAs: 'text', read: (node, document) => wordsIn(readScalarText(node, document)) }],
  ['boolean', { comparedAs: 'boolean', read: readBoolean }],
  ['date', { comparedAs: 'date', read: readDate }],
  ['long', whole('a long', 2 ** 63)],
  ['integer', whole('an integer', 2 ** 31)],
  ['short', whole('a short', 2 ** 15)],
  ['byte', whole('a byte', 2 ** 7)],
  ['double', { comparedAs: 'double', read: (node, document) => [readNumber(node, document)] }],
  ['float', { comparedAs: 'double', read: (node, document) => [Math.fround(readNumber(node, document))] }],
]);

/** The type of a field that nobody has declared, by its first value. */
export function detectedType(node: JsonNode): string {
  if (node.kind === 'boolean') return 'boolean';
  if (node.kind === 'number') return /^-?\d+$/.test(node.text) ? 'long' : 'float';
  const isDate = node.kind === 'string' && /[-:/]/.test(node.value) && parseDate(node.value) !== undefined;
  return isDate ? 'date' : 'text';
}

function whole(article: string, limit: number): ValueType {
  return {
    comparedAs: 'long',
    read(node, document) {
      const value = Math.trunc(readNumber(node, document));
      if (value >= -limit && value < limit) return [value];
      return refuse(`Value [${readScalarText(node, document)}] is out of range for ${article}`);
    },
  };
}

function readNumber(node: JsonNode, document: JsonDocument): number {
  if (node.kind === 'boolean') {
    return refuse('Current token (VALUE_BOOLEAN) not numeric, can not use numeric value accessors');
  }
  const text = readScalarText(node, document);
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : refuse(`For input string: "${text}"`);
}

function readBoolean(node: JsonNode, document: JsonDocument): boolean[] {
  const text = readScalarText(node, document);
  if (node.kind !== 'number' && ['true', 'false', ''].includes(text)) return [text === 'true'];
  return refuse(`Failed to parse value [${text}] as only [true] or [false] are allowed.`);
}

function readDate(node: JsonNode, document: JsonDocument): number[] {
  const text = readScalarText(node, document);
  const instant = /^-?\d+$/.test(text) && text.length !== 4 ? Number(text) : parseDate(text);
  if (instant !== undefined && Number.isFinite(instant)) return [instant];
  return refuse(`failed to parse date field [${text}] with format [strict_date_optional_time||epoch_millis]`);
}

function refuse(reason: string): never {
  throw new Refusal(illegalArgument(reason));
}
