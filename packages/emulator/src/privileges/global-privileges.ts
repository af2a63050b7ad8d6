/**
 * `global` of a role: privileges that depend on what a request is about. How they are written, and which roles
 * somebody may manage by them; applications are looked up in `permissions.ts`.
 */

import { contentParseFailure, Refusal } from '../wire/envelope.js';
import {
  type JsonDocument,
  type JsonMember,
  type JsonNode,
  type JsonObject,
  locationOf,
  mapOf,
} from '../wire/json-parser.js';
import { isMap, type JsonMap, type JsonValue } from '../wire/json-value.js';
import { refuseBroken, tokenName } from '../wire/object-parser.js';
import type { IndexPrivileges } from './role-descriptor.js';

// By category: what may be done in it, and where the body says to what.
const categories: ReadonlyMap<string, readonly [doing: string, to: string]> = new Map([
  ['application', ['manage', 'applications']],
  ['profile', ['write', 'applications']],
  ['role', ['manage', 'indices']],
]);

/** @throws Refusal if the value is no set of such privileges */
export function parseGlobal(node: JsonObject, document: JsonDocument): JsonMap {
  for (const category of node.members) {
    const form = categories.get(category.name);
    if (form === undefined) return refuseName(category, [...categories.keys()], document);
    const [doing, to] = form;
    for (const deed of membersOf(category.value, document)) {
      if (deed.name !== doing) refuseName(deed, [doing], document);
      for (const member of membersOf(deed.value, document)) {
        if (member.name !== to) refuseName(member, [to], document);
        if (member.value.kind !== 'array') refuseToken(member.value, 'START_ARRAY', document);
        else if (category.name === 'role') for (const item of member.value.items) checkGroup(item, document);
        else checkTexts(member.value, document);
      }
    }
  }
  return mapOf(node, () => refuseBroken(document));
}

function checkGroup(node: JsonNode, document: JsonDocument): void {
  const members = membersOf(node, document);
  for (const member of members) {
    if (member.name !== 'names' && member.name !== 'privileges') {
      refuseName(member, ['names', 'privileges'], document);
    }
    if (member.value.kind !== 'string') checkTexts(member.value, document);
  }
}

function checkTexts(node: JsonNode, document: JsonDocument): void {
  if (node.kind !== 'array') refuseToken(node, 'START_ARRAY', document);
  for (const item of node.items) {
    if (item.kind !== 'string') refuseToken(item, 'VALUE_STRING', document);
  }
}

function membersOf(node: JsonNode, document: JsonDocument): readonly JsonMember[] {
  return node.kind === 'object' ? node.members : refuseToken(node, 'START_OBJECT', document);
}

function refuseToken(node: JsonNode, expected: string, document: JsonDocument): never {
  if (node.kind === 'broken') return refuseBroken(document);
  return refuse(node.at, `expected [${expected}] but found [${tokenName(node)}] instead`, document);
}

function refuseName({ at, name }: JsonMember, names: readonly string[], document: JsonDocument): never {
  const expected = `${names.length === 1 ? 'field name' : 'one of'} [${names}]`;
  return refuse(at, `expected ${expected} but found [${name}] instead`, document);
}

function refuse(at: number, problem: string, document: JsonDocument): never {
  const reason = `[${locationOf(document, at)}] failed to parse privilege. ${problem}`;
  throw new Refusal(contentParseFailure(reason), at);
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isMap(value) ? value.get(name) : undefined;
}

/** The texts in a list, or the one that stands for a list. */
function textsIn(value: JsonValue | undefined): string[] {
  const items: readonly JsonValue[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return items.filter((item) => typeof item === 'string');
}

/** The applications whose privileges may be managed. */
export function managedApplications(global: JsonMap | undefined): string[] {
  return textsIn(member(member(global?.get('application'), 'manage'), 'applications'));
}

/** The applications whose labels and data in profiles may be written. */
export function writtenApplications(global: JsonMap | undefined): string[] {
  return textsIn(member(member(global?.get('profile'), 'write'), 'applications'));
}

/** The privileges on indices that may be given to roles; without any, no role may be managed. */
export function managedIndices(global: JsonMap | undefined): IndexPrivileges[] {
  const groups = member(member(global?.get('role'), 'manage'), 'indices');
  return (Array.isArray(groups) ? groups : []).map((group: JsonValue) => ({
    names: textsIn(member(group, 'names')),
    privileges: textsIn(member(group, 'privileges')),
    allowRestrictedIndices: false,
  }));
}
