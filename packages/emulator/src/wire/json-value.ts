/**
 * JSON values as the emulator keeps and writes them. Objects that came from a caller are maps, so that
 * `__proto__` is a name like any other; objects that we make ourselves are plain objects.
 */

/** Any JSON value. Members that are `undefined` are not written. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | NumberText
  | readonly JsonValue[]
  | JsonMap
  | { readonly [member: string]: JsonValue | undefined };

/** An object that came from a caller. */
export type JsonMap = ReadonlyMap<string, JsonValue>;

/** A number that would not survive as a JavaScript number, such as `1.0` or one with thirty digits. */
export interface NumberText {
  readonly numberText: string;
}

/** The empty object of a caller who sent none. */
export const emptyMap: JsonMap = new Map();

/** Tells maps from our own objects and from everything else. */
export function isMap(value: JsonValue | undefined): value is JsonMap {
  return value instanceof Map;
}

/** The number behind a JSON value, or `undefined` if it is none. */
export function numberOf(value: JsonValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'object' && value !== null && 'numberText' in value) return Number(value.numberText);
  return undefined;
}

/** Writes a value without any white space, as Elasticsearch does by default. */
export function writeJson(value: JsonValue): string {
  return write(value, '', '', ':');
}

/** Writes a value as Elasticsearch does with `?pretty`: two spaces, ` : `, and a line feed at the end. */
export function writePrettyJson(value: JsonValue): string {
  return `${write(value, '\n', '  ', ' : ')}\n`;
}

function write(value: JsonValue, newline: string, indent: string, colon: string): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const inner = newline === '' ? '' : newline + indent;
  if (Array.isArray(value)) {
    if (value.length === 0) return newline === '' ? '[]' : '[ ]';
    const items = value.map((item: JsonValue) => inner + write(item, inner, indent, colon));
    return `[${items.join(',')}${newline}]`;
  }
  if (!isMap(value) && 'numberText' in value && typeof value.numberText === 'string') return value.numberText;
  let text = '';
  for (const [name, member] of isMap(value) ? value : Object.entries(value)) {
    if (member === undefined) continue;
    const separator = text === '' ? inner : `,${inner}`;
    text += separator + JSON.stringify(name) + colon + write(member, inner, indent, colon);
  }
  if (text === '') return newline === '' ? '{}' : '{ }';
  return `{${text}${newline}}`;
}

/** Whether two values say the same; the order of members does not count. */
export function sameJson(a: JsonValue, b: JsonValue): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: JsonValue): string {
  return write(sorted(value), '', '', ':');
}

function sorted(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const members: [string, JsonValue][] = [];
  for (const [name, member] of isMap(value) ? value : Object.entries(value)) {
    if (member !== undefined) members.push([name, sorted(member)]);
  }
  return new Map(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}
