/**
 * What somebody may see of an index: which documents, by the queries of roles, and which of their fields.
 * Whether the index may be touched at all is decided before.
 */

import type { IndexGrant } from '../authorization/authorization.js';
import type { FieldRule } from '../authorization/permissions.js';
import { matchesPattern } from '../names/name-patterns.js';
import { parseRoleQuery, type TemplateUser } from '../privileges/role-queries.js';
import type { Query } from '../search/query-parser.js';
import { hashOf, inHashOrder } from '../wire/hash-order.js';
import { isMap, type JsonMap, type JsonValue } from '../wire/json-value.js';
import { metadataFields } from './mapping.js';

/** What somebody may see of an index. */
export interface DocumentAccess {
  readonly hidesDocuments: boolean;
  /**
   * Every one of these has to find a document that is to be seen.
   *
   * @throws Refusal if one can not be evaluated
   */
  queries(): readonly Query[];
  readonly limitsFields: boolean;
  /** @param path of a field, names between points */
  seesField(path: string): boolean;
}

/**
 * @param grant for each limit of somebody, all of which count, the privileges that let him see the index
 * @param user who he is: of a key its owner, and otherwise whoever he runs as
 */
export function accessOf(grant: IndexGrant, user: TemplateUser): DocumentAccess {
  let parsed: readonly Query[] | undefined;
  const queries = grant.flatMap((groups) => joined(groups.map((group) => group.queries)));
  const fields = grant.flatMap((groups) => joined(groups.map((group) => group.fields)));
  return {
    hidesDocuments: queries.length > 0,
    queries() {
      parsed ??= queries.map((texts) => anyOf(texts, user));
      return parsed;
    },
    limitsFields: fields.length > 0,
    seesField: (path) =>
      metadataFields.has(path) || fields.every((rules) => rules.some((rule) => fits(rule, path))),
  };
}

/** What one of several privileges shows is shown: with one that shows everything, nothing is limited. */
function joined<T>(rules: readonly (readonly T[] | undefined)[]): (readonly T[])[] {
  return rules.includes(undefined) ? [] : [rules.flatMap((some) => some ?? [])];
}

function fits({ grantedFields, deniedFields = [] }: FieldRule, path: string): boolean {
  const granted = grantedFields?.some((pattern) => matchesPattern(pattern, path)) ?? true;
  return granted && !deniedFields.some((pattern) => matchesPattern(pattern, path));
}

function anyOf(texts: readonly string[], user: TemplateUser): Query {
  const should = texts.map((text) => parseRoleQuery(text, user));
  return { kind: 'bool', must: [], filter: [], should, mustNot: [], minimumShouldMatch: 1 };
}

/** The part of a document that somebody may see: in the order of the hash map that it is put into. */
export function visibleSource(source: JsonMap, { limitsFields, seesField }: DocumentAccess): JsonMap {
  return limitsFields ? hashed(filterFields(source, seesField)) : source;
}

function hashed(source: JsonMap): JsonMap {
  const members = [...source].map(([name, value]): [string, JsonValue] => [name, hashedValue(value)]);
  return new Map(inHashOrder(members, ([name]) => hashOf(name)));
}

function hashedValue(value: JsonValue): JsonValue {
  if (isMap(value)) return hashed(value);
  return Array.isArray(value) ? value.map(hashedValue) : value;
}

/** The part of a document that is left when only some of its fields are kept. */
export function filterFields(source: JsonMap, keeps: (path: string) => boolean, parent = ''): JsonMap {
  const filtered = new Map<string, JsonValue>();
  for (const [name, value] of source) {
    const left = filterValue(value, keeps, `${parent}${name}`);
    if (left !== undefined) filtered.set(name, left);
  }
  return filtered;
}

function filterValue(
  value: JsonValue,
  keeps: (path: string) => boolean,
  path: string,
): JsonValue | undefined {
  if (isMap(value) && value.size > 0) {
    const left = filterFields(value, keeps, `${path}.`);
    return left.size === 0 ? undefined : left;
  }
  if (Array.isArray(value) && value.length > 0) {
    const left = value
      .map((item: JsonValue) => filterValue(item, keeps, path))
      .filter((item) => item !== undefined);
    return left.length === 0 ? undefined : left;
  }
  return keeps(path) ? value : undefined;
}

/** Whether a pattern fits a field or an object that it is in. */
export function isUnder(path: string, among: readonly string[]): boolean {
  const names = path.split('.');
  return names.some((_, at) =>
    among.some((pattern) => matchesPattern(pattern, names.slice(0, at + 1).join('.'))),
  );
}
