/**
 * The body of a request that makes an index or declares fields of one.
 */

import { type ApiError, illegalArgument, parseFailure, Refusal } from './envelope.js';
import { valueTypes } from './field-types.js';
import {
  type JsonDocument,
  type JsonMember,
  type JsonNode,
  type JsonObject,
  jsonValueOf,
} from './json-parser.js';
import type { MappedField, MappedFields } from './mapping.js';
import { refuseBroken } from './object-parser.js';

/** What can be said about an index before it exists. */
export interface IndexDefinition {
  readonly shards: number;
  readonly replicas: number;
  readonly fields: MappedFields;
}

/** An index about which nothing was said. */
export const plainIndex: IndexDefinition = { shards: 1, replicas: 1, fields: new Map() };

// `index.number_of_shards` has this upper bound.
const maxShards = 1024;
// Each level of fields costs one of the parser's; deeper mappings are refused by the index anyway.
const maxDepth = 50;

/** @throws Refusal if the body defines no index, or one with what is not supported here */
export function parseIndexDefinition(document: JsonDocument): IndexDefinition {
  let { shards, replicas, fields }: IndexDefinition = plainIndex;
  for (const { name, value } of membersOf(document.root, document)) {
    if (name === 'mappings') fields = parseMapping(value, document);
    else if (name === 'settings') ({ shards, replicas } = parseSettings(value, document));
    else throw new Refusal(parseFailure(`unknown key [${name}] for create index`));
  }
  return { shards, replicas, fields };
}

/** Reads `{ "properties": … }`. */
export function parseMapping(node: JsonNode, document: JsonDocument): MappedFields {
  const fields = new Map<string, MappedField>();

  function parseProperties(members: readonly JsonMember[], parent: string, depth: number): void {
    if (depth > maxDepth) malformed(`Limit of mapping depth [${maxDepth}] has been exceeded`);
    for (const { name, value } of members) {
      if (name.trim() === '') malformed('field name cannot be an empty string');
      parseField(membersOf(value, document), parent === '' ? name : `${parent}.${name}`, depth);
    }
  }

  function parseField(members: readonly JsonMember[], path: string, depth: number): void {
    const properties = members.find(({ name }) => name === 'properties');
    const typeNode = members.find(({ name }) => name === 'type')?.value;
    const type = typeNode?.kind === 'string' ? typeNode.value : undefined;
    if (properties !== undefined || type === 'object') {
      fields.set(path, { type: 'object' });
      refuseOthers(members, ['type', 'properties'], path, 'object');
      if (properties !== undefined) parseProperties(membersOf(properties.value, document), path, depth + 1);
      return;
    }
    fields.set(path, parseValueField(members, type, path));
  }

  function parseValueField(
    members: readonly JsonMember[],
    type: string | undefined,
    path: string,
  ): MappedField {
    if (type === undefined) return malformed(`No type specified for field [${path}]`);
    if (!valueTypes.has(type)) return malformed(`No handler for type [${type}] declared on field [${path}]`);
    refuseOthers(members, ['type', 'fields', ...(type === 'keyword' ? ['ignore_above'] : [])], path, type);
    let field: MappedField = { type };
    for (const { name, value } of members) {
      if (name === 'ignore_above') field = { ...field, ignoreAbove: parseCount(value, name, 0, 2 ** 31) };
      if (name === 'fields') {
        const others = membersOf(value, document).map((other): [string, MappedField] => {
          const inner = membersOf(other.value, document);
          const innerType = inner.find((member) => member.name === 'type')?.value;
          const typeName = innerType?.kind === 'string' ? innerType.value : undefined;
          return [other.name, parseValueField(inner, typeName, `${path}.${other.name}`)];
        });
        field = { ...field, fields: new Map(others) };
      }
    }
    return field;
  }

  const members = membersOf(node, document);
  for (const { name, value } of members) {
    if (name !== 'properties') {
      const shown = JSON.stringify(jsonValueOf(value, () => refuseBroken(document)));
      malformed(`Root mapping definition has unsupported parameters:  [${name} : ${shown}]`);
    }
    parseProperties(membersOf(value, document), '', 0);
  }
  return fields;
}

function refuseOthers(
  members: readonly JsonMember[],
  known: readonly string[],
  path: string,
  type: string,
): void {
  const other = members.find(({ name }) => !known.includes(name));
  if (other === undefined) return;
  malformed(`unknown parameter [${other.name}] on mapper [${path}] of type [${type}]`);
}

function malformed(reason: string): never {
  const cause: ApiError = { status: 400, type: 'mapper_parsing_exception', reason };
  throw new Refusal({ ...cause, reason: `Failed to parse mapping: ${reason}`, cause });
}

type Settings = Pick<IndexDefinition, 'shards' | 'replicas'>;

/** @param outer what the settings around these have said */
function parseSettings(node: JsonNode, document: JsonDocument, outer: Settings = plainIndex): Settings {
  let { shards, replicas } = outer;
  for (const { name, value } of membersOf(node, document)) {
    if (name === 'index' && value.kind === 'object') {
      ({ shards, replicas } = parseSettings(value, document, { shards, replicas }));
      continue;
    }
    const setting = name.replace(/^index\./, '');
    if (setting === 'number_of_shards') shards = parseCount(value, `index.${setting}`, 1, maxShards);
    else if (setting === 'number_of_replicas') replicas = parseCount(value, `index.${setting}`, 0, 2 ** 31);
    else {
      throw new Refusal(
        illegalArgument(
          `unknown setting [index.${setting}] please check that any required plugins are installed, or check the breaking changes documentation for removed settings`,
        ),
      );
    }
  }
  return { shards, replicas };
}

function parseCount(node: JsonNode, name: string, least: number, most: number): number {
  const text = node.kind === 'number' ? node.text : node.kind === 'string' ? node.value : '';
  const fail = (reason: string): never => {
    throw new Refusal(illegalArgument(`Failed to parse value [${text}] for setting [${name}]${reason}`));
  };
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value)) return fail('');
  if (value < least) return fail(` must be >= ${least}`);
  return value > most ? fail(` must be <= ${most}`) : value;
}

function membersOf(node: JsonNode, document: JsonDocument): JsonObject['members'] {
  if (node.kind === 'broken') return refuseBroken(document);
  if (node.kind !== 'object') return malformed('Expected map for property [fields]');
  if (node.end === undefined) return refuseBroken(document);
  return node.members;
}
