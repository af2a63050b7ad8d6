/**
 * Writes YAML as Elasticsearch does, which is how Jackson and SnakeYAML do it: texts always between double quotes
 * and broken at the first space behind column 80, names without quotes where they need none, lists not indented.
 */

import { isMap, type JsonValue } from './json-value.js';

/** The value as one document. */
export function writeYaml(value: JsonValue): string {
  const text = block(value, 0);
  return text.startsWith('\n') ? `---${text}\n` : `--- ${text}\n`;
}

/** A value behind its name: on the same line, or on lines of its own that begin with a line feed. */
function block(value: JsonValue, indent: number): string {
  const margin = `\n${' '.repeat(indent)}`;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return value.map((item: JsonValue) => `${margin}- ${inList(item, indent + 2)}`).join('');
  }
  const members = membersOf(value);
  if (members === undefined) return scalar(value, indent);
  if (members.length === 0) return '{}';
  return members
    .map(([name, member]) => {
      const key = `${nameText(name)}:`;
      const inside = Array.isArray(member) ? indent : indent + 2;
      const text = isScalar(member) ? scalar(member, indent, key.length + 1) : block(member, inside);
      return `${margin}${key}${text.startsWith('\n') ? '' : ' '}${text}`;
    })
    .join('');
}

/** What stands behind a dash begins on its line. */
function inList(value: JsonValue, indent: number): string {
  const text = isScalar(value) ? scalar(value, indent - 2, 2) : block(value, indent);
  return text.startsWith('\n') ? text.slice(indent + 1) : text;
}

function membersOf(value: JsonValue): [string, JsonValue][] | undefined {
  if (isScalar(value) || Array.isArray(value)) return undefined;
  const all = isMap(value) ? [...value] : Object.entries(value as object);
  return all.filter((member): member is [string, JsonValue] => member[1] !== undefined);
}

function isScalar(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return !Array.isArray(value) && !isMap(value) && 'numberText' in value;
}

function scalar(value: JsonValue, indent: number, before = 0): string {
  if (typeof value === 'string') return quoted(value, indent + 2, indent + before);
  if (typeof value === 'object' && value !== null && 'numberText' in value) return String(value.numberText);
  return String(value);
}

const widest = 80;
const escapes: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '\0': '0',
    '\x07': 'a',
    '\b': 'b',
    '\t': 't',
    '\n': 'n',
    '\v': 'v',
    '\f': 'f',
    '\r': 'r',
    '\x1b': 'e',
    '"': '"',
    '\\': '\\',
    '\x85': 'N',
    '\xa0': '_',
    '\u2028': 'L',
    '\u2029': 'P',
  }),
);

/**
 * @param indent where the following lines begin
 * @param start the column of the opening quote
 */
function quoted(text: string, indent: number, start: number): string {
  let written = '"';
  let column = start + 1;
  const characters = [...text];
  for (const [at, character] of characters.entries()) {
    const isInside = at > 0 && at < characters.length - 1;
    if (character === ' ' && isInside && column > widest) {
      written += `\\\n${' '.repeat(indent)}\\`;
      column = indent + 1;
    }
    const shown = escaped(character);
    written += shown;
    column += shown.length;
  }
  return `${written}"`;
}

function escaped(character: string): string {
  const letter = escapes.get(character);
  if (letter !== undefined) return `\\${letter}`;
  const code = character.codePointAt(0) ?? 0;
  if (!/[\p{Cc}\p{Cs}\ufeff\ufffe\uffff]/u.test(character)) return character;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

// What YAML would take for something else than a text (`StringQuotingChecker` of Jackson).
const reserved = /^(?:y|yes|n|no|on|off|true|false|null|~|[+-]?0x[\da-f]+)$/i;
const indicator = /^[#,[\]{}&*!|>'"%@`]|^[-?:](?:\s|$)|:(?:\s|$)|\s#|^\s|\s$|^(?:---|\.\.\.)|^$/;

function nameText(name: string): string {
  if (reserved.test(name) || [...name].some((character) => escaped(character) !== character)) {
    return `"${[...name].map(escaped).join('')}"`;
  }
  return indicator.test(name) ? `'${name.replaceAll("'", "''")}'` : name;
}
