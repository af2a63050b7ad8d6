/**
 * The fields of one index: what their types are, and what the values of a document are found by. A field
 * that nobody has declared gets the type of its first value. The types themselves are in `field-types.ts`.
 */

import type { FieldType, FieldValue } from '../search/fields.js';
import { type ApiError, illegalArgument, Refusal } from '../wire/envelope.js';
import { type JsonDocument, type JsonNode, type JsonObject, locationOf } from '../wire/json-parser.js';
import { readScalarText, refuseBroken } from '../wire/object-parser.js';
import { detectedType, valueTypes } from './field-types.js';

/** A field by its path from the root; `fields` are other ways in which the same values are kept. */
export interface MappedField {
  /** A name of `valueTypes`, or `object`. */
  readonly type: string;
  /** Longer texts are not found by this field. */
  readonly ignoreAbove?: number;
  readonly fields?: ReadonlyMap<string, MappedField>;
}

/** Fields by their paths. */
export type MappedFields = ReadonlyMap<string, MappedField>;

/** What a document is found by. */
export interface IndexedDocument {
  readonly values: ReadonlyMap<string, readonly FieldValue[]>;
  /** Fields that the mapping does not have yet. */
  readonly added: MappedFields;
}

/** The mapping of one index. */
export interface Mapping {
  /** @returns the type of a field, `undefined` if there is no such field with values */
  typeOf(path: string): FieldType | undefined;
  fields(): MappedFields;
  /** @throws Refusal if fields would change their type or become too many */
  add(fields: MappedFields): void;
  /**
   * @param id of the document, for complaints
   * @throws Refusal if the document does not fit
   */
  index(document: JsonDocument, id: string): IndexedDocument;
}

// `index.mapping.total_fields.limit` and `index.mapping.depth.limit` of Elasticsearch.
const maxFields = 1000;
const maxDepth = 20;

/** Names that every document has of itself. */
export const metadataFields: ReadonlySet<string> = new Set(
  '_id,_index,_source,_type,_routing,_version,_seq_no,_primary_term,_ignored,_field_names'.split(','),
);

/** What a text becomes that nobody has declared: its words, and as a whole. */
const undeclaredText: MappedField = {
  type: 'text',
  fields: new Map([['keyword', { type: 'keyword', ignoreAbove: 256 }]]),
};
const objectField: MappedField = { type: 'object' };

/** @param complain makes the error about a document, of the place (if there is one) and the reason */
export function createMapping(
  complain: (place: string | undefined, reason: string, cause?: ApiError) => ApiError,
): Mapping {
  const fields = new Map<string, MappedField>();

  function index(document: JsonDocument, id: string): IndexedDocument {
    const added = new Map<string, MappedField>();
    const values = new Map<string, FieldValue[]>();
    const fail = (node: { readonly at: number }, reason: string, cause?: ApiError): never => {
      throw new Refusal(complain(locationOf(document, node.at), reason, cause));
    };

    function fieldAt(path: string, otherwise: MappedField): MappedField {
      const field = added.get(path) ?? fields.get(path);
      if (field === undefined) added.set(path, otherwise);
      return field ?? otherwise;
    }

    function visitObject(node: JsonObject, parent: readonly string[]): void {
      for (const member of node.members) {
        const names = member.name.split('.');
        if (parent.length === 0 && metadataFields.has(member.name)) {
          fail(
            member.value,
            `Field [${member.name}] is a metadata field and cannot be added inside a document. Use the index API request parameters.`,
          );
        }
        if (names.some((name) => name.trim() === '')) {
          fail(member, `field name cannot contain only whitespace: ['${member.name}']`);
        }
        for (let i = 1; i < names.length; i++) enter(member, [...parent, ...names.slice(0, i)]);
        visit(member.value, [...parent, ...names]);
      }
      if (node.end === undefined) refuseBroken(document);
    }

    /** Makes sure that there is an object of this path. */
    function enter(node: { readonly at: number }, names: readonly string[]): void {
      const path = names.join('.');
      checkDepth(path, names.length);
      const { type } = fieldAt(path, objectField);
      if (type !== 'object') {
        fail(node, `failed to parse field [${path}] of type [${type}] in document with id '${id}'`);
      }
    }

    function visit(node: JsonNode, names: readonly string[]): void {
      const path = names.join('.');
      if (node.kind === 'broken') refuseBroken(document);
      if (node.kind === 'null') return;
      if (node.kind === 'array') {
        for (const item of node.items) visit(item, names);
        if (node.end === undefined) refuseBroken(document);
        return;
      }
      const present = added.get(path) ?? fields.get(path);
      if (node.kind === 'object' && (present === undefined || present.type === 'object')) {
        enter(node, names);
        visitObject(node, names);
        return;
      }
      const field = present ?? fieldAt(path, undeclared(node));
      if (field.type === 'object') {
        const name = names.at(-1) ?? '';
        fail(
          node,
          `object mapping for [${path}] tried to parse field [${name}] as object, but found a concrete value`,
        );
      }
      keep(node, path, field);
      for (const [name, other] of field.fields ?? []) keep(node, `${path}.${name}`, other);
    }

    function keep(node: JsonNode, path: string, { type, ignoreAbove }: MappedField): void {
      const found = values.get(path) ?? [];
      values.set(path, found);
      try {
        for (const value of valueTypes.get(type)?.read(node, document) ?? []) {
          if (ignoreAbove === undefined || String(value).length <= ignoreAbove) found.push(value);
        }
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        const reason = `failed to parse field [${path}] of type [${type}] in document with id '${id}'. Preview of field's value: '${preview(node, document)}'`;
        fail(node, reason, refusal.error);
      }
    }

    const { root } = document;
    if (root.kind === 'broken') refuseBroken(document);
    if (root.kind !== 'object') {
      // The only complaint that does not say where: nothing was read yet.
      throw new Refusal(complain(undefined, 'Malformed content, must start with an object'));
    }
    visitObject(root, []);
    checkCount(added);
    return { values, added };
  }

  function checkCount(added: MappedFields): void {
    if (added.size === 0 || countOf(fields) + countOf(added) <= maxFields) return;
    refuse(
      `Limit of total fields [${maxFields}] has been exceeded while adding new fields [${countOf(added)}]`,
    );
  }

  function add(added: MappedFields): void {
    for (const [path, { type }] of added) {
      if (type === 'object') checkDepth(path, path.split('.').length);
      const present = fields.get(path)?.type ?? type;
      if (present !== type) refuse(`mapper [${path}] cannot be changed from type [${present}] to [${type}]`);
    }
    checkCount(new Map([...added].filter(([path]) => !fields.has(path))));
    for (const [path, field] of added) {
      const others = [...(fields.get(path)?.fields ?? []), ...(field.fields ?? [])];
      fields.set(path, others.length === 0 ? field : { ...field, fields: new Map(others) });
    }
  }

  return {
    index,
    add,
    fields: () => fields,
    typeOf(path) {
      const [, parent = '', name = ''] = /^(.*)\.([^.]*)$/s.exec(path) ?? [];
      const field = fields.get(path) ?? fields.get(parent)?.fields?.get(name);
      return field && valueTypes.get(field.type)?.comparedAs;
    },
  };
}

/** @param level of an object, from 1; what is in it is one level below */
function checkDepth(path: string, level: number): void {
  if (level < maxDepth) return;
  refuse(`Limit of mapping depth [${maxDepth}] has been exceeded due to object field [${path}]`);
}

function undeclared(node: JsonNode): MappedField {
  const type = detectedType(node);
  return type === 'text' ? undeclaredText : { type };
}

function countOf(fields: MappedFields): number {
  return [...fields.values()].reduce((count, field) => count + 1 + (field.fields?.size ?? 0), 0);
}

/** A value as Java prints it. */
function preview(node: JsonNode, document: JsonDocument): string {
  if (node.kind === 'array') return `[${node.items.map((item) => preview(item, document)).join(', ')}]`;
  if (node.kind !== 'object') return node.kind === 'null' ? 'null' : readScalarText(node, document);
  return `{${node.members.map(({ name, value }) => `${name}=${preview(value, document)}`).join(', ')}}`;
}

function refuse(reason: string): never {
  throw new Refusal(illegalArgument(reason));
}
