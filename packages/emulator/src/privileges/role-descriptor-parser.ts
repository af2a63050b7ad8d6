/**
 * Reads a role descriptor from a body. Elasticsearch does this with an older parser than the rest, whose
 * complaints carry no line and column but the name of the role.
 */

import { nameProblem } from '../names/names.js';
import {
  contentParseFailure,
  illegalArgument,
  locate,
  Refusal,
  validationFailure,
} from '../wire/envelope.js';
import { type JsonDocument, type JsonMember, type JsonNode, locationOf, mapOf } from '../wire/json-parser.js';
import { emptyMap, type JsonMap } from '../wire/json-value.js';
import { type Field, refuseBroken, tokenName } from '../wire/object-parser.js';
import { parseGlobal } from './global-privileges.js';
import {
  type Mutable,
  parseApplication,
  parseIndices,
  parseRemoteCluster,
  parseRestriction,
  readStrings,
  refuse,
  refuseType,
} from './privileges-parser.js';
import type { RoleDescriptor, RoleDescriptors } from './role-descriptor.js';

/** Which optional members a descriptor may have. */
export interface RoleDialect {
  /** `restriction`: only the descriptors of API keys have it. */
  readonly restriction: boolean;
  /** `description`: only roles have it. */
  readonly description: boolean;
}

/** A field that holds role descriptors by name. */
export function roleDescriptorsField(
  dialect: RoleDialect,
  field = 'role_descriptors',
): Field<RoleDescriptors | undefined> {
  return {
    tokens: ['object', 'array'],
    required: false,
    read(node, document) {
      if (node.kind !== 'object') {
        const reason = `[${field}] doesn't support arrays. Use a single object with multiple fields.`;
        throw new Refusal(illegalArgument(reason));
      }
      const roles = node.members.map(({ name, value }): [string, RoleDescriptor] => [
        name,
        parseNamed(name, value, document, dialect, field),
      ]);
      return node.end === undefined ? refuseBroken(document) : new Map(roles);
    },
  };
}

/** A role among others, with a complaint that says which it is. */
function parseNamed(
  name: string,
  node: JsonNode,
  document: JsonDocument,
  dialect: RoleDialect,
  field: string,
): RoleDescriptor {
  try {
    return parseRole(name, node, document, dialect);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const at = refusal.at ?? node.at;
    const reason = `[${locationOf(document, at)}] [${field}] failed to parse field [${name}]`;
    throw new Refusal(contentParseFailure(reason, refusal.error), at);
  }
}

/**
 * @param name the role's name, for complaints
 * @throws Refusal if the value is not a role descriptor
 */
export function parseRole(
  name: string,
  node: JsonNode,
  document: JsonDocument,
  dialect: RoleDialect,
): RoleDescriptor {
  const problem = nameProblem('Role', name);
  if (problem !== undefined) throw new Refusal(validationFailure([problem], 'validation_exception'));
  if (node.kind === 'broken') return refuseBroken(document);
  if (node.kind !== 'object') {
    return refuse(
      `failed to parse role [${name}]. expected an object but found [${tokenName(node)}] instead`,
    );
  }
  const role: Mutable<RoleDescriptor> = {
    cluster: [],
    indices: [],
    applications: [],
    runAs: [],
    metadata: emptyMap,
  };
  for (const member of node.members) {
    locate(member.value.at, () => readRoleMember(role, name, member, document, dialect));
  }
  return node.end === undefined ? refuseBroken(document) : role;
}

function readRoleMember(
  role: Mutable<RoleDescriptor>,
  name: string,
  member: JsonMember,
  document: JsonDocument,
  dialect: RoleDialect,
): void {
  const { value } = member;
  if (value.kind === 'broken') refuseBroken(document);
  const strings = (): string[] => readStrings(name, member, document) ?? [];
  switch (member.name) {
    case 'cluster':
      role.cluster = strings();
      return;
    case 'index':
    case 'indices':
      role.indices = objectsIn(value, document, () => notAnArray('indices privileges', name, member)).map(
        (item) => parseIndices(name, item, document),
      );
      return;
    case 'remote_indices':
      role.remoteIndices = objectsIn(value, document, () =>
        notAnArray('remote indices privileges', name, member),
      ).map((item) => parseIndices(name, item, document, { remote: true }));
      return;
    case 'remote_cluster':
      role.remoteCluster = objectsIn(value, document, () =>
        notAnArray('remote cluster privileges', name, member),
      ).map((item) => parseRemoteCluster(name, item, document));
      return;
    case 'application':
    case 'applications':
      role.applications = objectsIn(value, document, () =>
        notAnArray('application privileges', name, member),
      ).map((item) => parseApplication(name, item, document));
      return;
    case 'run_as':
      role.runAs = strings();
      return;
    case 'global':
      role.global = value.kind === 'object' ? parseGlobal(value, document) : refuseType(member, 'object');
      return;
    case 'metadata':
      role.metadata = readMap(member, document);
      return;
    case 'transient_metadata':
      if (value.kind !== 'object')
        refuse(`failed to parse role [${name}]. unexpected field [${member.name}]`);
      return;
    case 'restriction':
      if (!dialect.restriction) break;
      {
        const workflows = parseRestriction(name, member, document);
        if (workflows !== undefined) role.workflows = workflows;
      }
      return;
    case 'description':
      if (!dialect.description) break;
      role.description = value.kind === 'string' ? value.value : refuseType(member, 'string');
      return;
  }
  refuse(`failed to parse role [${name}]. unexpected field [${member.name}]`);
}

function readMap(member: JsonMember, document: JsonDocument): JsonMap {
  return member.value.kind === 'object'
    ? mapOf(member.value, () => refuseBroken(document))
    : refuseType(member, 'object');
}

function notAnArray(what: string, name: string, member: JsonMember): never {
  const found = tokenName(member.value);
  return refuse(
    `failed to parse ${what} for role [${name}]. expected field [${member.name}] value to be an array, but found [${found}] instead`,
  );
}

function objectsIn(node: JsonNode, document: JsonDocument, onOther: () => never): readonly JsonNode[] {
  if (node.kind !== 'array') return onOther();
  return node.end === undefined ? refuseBroken(document) : node.items;
}
