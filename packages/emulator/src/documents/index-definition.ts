/**
 * The body of a request that makes an index or declares fields of one.
 */

import { type ApiError, illegalArgument, parseFailure, Refusal } from '../wire/envelope.js';
import {
  type JsonDocument,
  type JsonMember,
  type JsonNode,
  type JsonObject,
  jsonValueOf,
} from '../wire/json-parser.js';
import { writeJson } from '../wire/json-value.js';
import { refuseBroken } from '../wire/object-parser.js';
import { valueTypes } from './field-types.js';
import type { MappedField, MappedFields } from './mapping.js';

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

/** @throws Refusal if the body defines no index, or one with what is not supported here */
export function parseIndexDefinition(document: JsonDocument): IndexDefinition {
  let { shards, replicas, fields }: IndexDefinition = plainIndex;
  for (const { name, value } of rootMembersOf(document)) {
    if (name === 'mappings') fields = parseMapping(membersOf(value, document), document);
    else if (name === 'settings') ({ shards, replicas } = parseSettings(value, document));
    else throw new Refusal(parseFailure(`unknown key [${name}] for create index`));
  }
  return { shards, replicas, fields };
}

/** @throws Refusal if the body declares no fields, or some that are not supported here */
export function parseMappingBody(document: JsonDocument): MappedFields {
  return parseMapping(rootMembersOf(document), document);
}

/** Reads `{ "properties": … }`. */
function parseMapping(root: readonly JsonMember[], document: JsonDocument): MappedFields {
  const fields = new Map<string, MappedField>();

  function parseProperties(members: readonly JsonMember[], parent: readonly string[]): void {
    for (const { name, value } of members) {
      const names = name.split('.');
      if (names.some((part) => part.trim() === '')) malformed('field name cannot be an empty string');
      for (let i = 1; i < names.length; i++) {
        fields.set([...parent, ...names.slice(0, i)].join('.'), { type: 'object' });
      }
      parseField(membersOf(value, document), [...parent, ...names]);
    }
  }

  function parseField(members: readonly JsonMember[], names: readonly string[]): void {
    const path = names.join('.');
    const properties = members.find(({ name }) => name === 'properties');
    const type = typeIn(members) ?? (properties && 'object');
    if (type !== 'object') {
      fields.set(path, parseValueField(members, type, path, ['type', 'fields']));
      return;
    }
    refuseOthers(members, ['type', 'properties'], path, type);
    fields.set(path, { type });
    if (properties !== undefined) parseProperties(membersOf(properties.value, document), names);
  }

  function parseValueField(
    members: readonly JsonMember[],
    type: string | undefined,
    path: string,
    known: readonly string[],
  ): MappedField {
    if (type === undefined) return malformed(`No type specified for field [${path}]`);
    if (!valueTypes.has(type)) return malformed(`No handler for type [${type}] declared on field [${path}]`);
    refuseOthers(members, type === 'keyword' ? [...known, 'ignore_above'] : known, path, type);
    const limit = members.find(({ name }) => name === 'ignore_above');
    const others = members.find(({ name }) => name === 'fields');
    return {
      type,
      ...(limit && { ignoreAbove: parseCount(limit.value, limit.name, 0, 2 ** 31) }),
      ...(others && { fields: parseOthers(membersOf(others.value, document), path) }),
    };
  }

  /** The other forms in which the values of a field are kept; these have none again. */
  function parseOthers(members: readonly JsonMember[], path: string): MappedFields {
    return new Map(
      members.map(({ name, value }) => {
        const inner = membersOf(value, document);
        return [name, parseValueField(inner, typeIn(inner), `${path}.${name}`, ['type'])];
      }),
    );
  }

  for (const { name, value } of root) {
    if (name !== 'properties') {
      const shown = writeJson(jsonValueOf(value, () => refuseBroken(document)));
      malformed(`Root mapping definition has unsupported parameters:  [${name} : ${shown}]`);
    }
    parseProperties(membersOf(value, document), []);
  }
  return fields;
}

function typeIn(members: readonly JsonMember[]): string | undefined {
  const node = members.find(({ name }) => name === 'type')?.value;
  return node?.kind === 'string' ? node.value : undefined;
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
  if (node.kind !== 'object' && node.kind !== 'broken')
    throw new Refusal(parseFailure('key [settings] must be an object'));
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

/** Whatever is no object counts as an empty one (`XContentHelper.convertToMap`). */
function rootMembersOf(document: JsonDocument): readonly JsonMember[] {
  const { kind } = document.root;
  return kind === 'object' || kind === 'broken' ? membersOf(document.root, document) : [];
}

function membersOf(node: JsonNode, document: JsonDocument): JsonObject['members'] {
  if (node.kind === 'broken') return refuseBroken(document);
  if (node.kind !== 'object') return malformed('Expected map for property [fields]');
  if (node.end === undefined) return refuseBroken(document);
  return node.members;
}
