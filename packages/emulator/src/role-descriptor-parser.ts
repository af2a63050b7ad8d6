/**
 * Reads a role descriptor from a body. Elasticsearch does this with an older parser than the rest, whose
 * complaints carry no line and column but the name of the role.
 */

import { illegalArgument, parseFailure, Refusal, validationFailure } from './envelope.js';
import {
  type JsonDocument,
  type JsonMember,
  type JsonNode,
  type JsonObject,
  jsonValueOf,
  mapOf,
} from './json-parser.js';
import { emptyMap, type JsonMap, writeJson } from './json-value.js';
import { nameProblem } from './names.js';
import { type Field, refuseBroken, tokenName } from './object-parser.js';
import type {
  ApplicationPrivileges,
  IndexPrivileges,
  RemoteClusterPrivileges,
  RoleDescriptor,
  RoleDescriptors,
} from './role-descriptor.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Which optional members a descriptor may have. */
export interface RoleDialect {
  /** `restriction`: only the descriptors of API keys have it. */
  readonly restriction: boolean;
  /** `description`: only roles have it. */
  readonly description: boolean;
}

const refuse: (reason: string) => never = (reason) => {
  throw new Refusal(parseFailure(reason));
};

/** A field that holds role descriptors by name. */
export function roleDescriptorsField(dialect: RoleDialect): Field<RoleDescriptors | undefined> {
  return {
    tokens: ['object', 'array'],
    required: false,
    read(node, document) {
      if (node.kind !== 'object') {
        const reason = "[role_descriptors] doesn't support arrays. Use a single object with multiple fields.";
        throw new Refusal(illegalArgument(reason));
      }
      const roles = node.members.map((member): [string, RoleDescriptor] => [
        member.name,
        parseRole(member.name, member.value, document, dialect),
      ]);
      return node.end === undefined ? refuseBroken(document) : new Map(roles);
    },
  };
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
  for (const member of node.members) readRoleMember(role, name, member, document, dialect);
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
      role.global = readMap(member, document);
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
      role.workflows = parseRestriction(name, member, document);
      return;
    case 'description':
      if (!dialect.description) break;
      role.description = value.kind === 'string' ? value.value : expected(member, 'string');
      return;
  }
  refuse(`failed to parse role [${name}]. unexpected field [${member.name}]`);
}

function expected(member: JsonMember, type: string): never {
  return refuse(
    `expected field [${member.name}] to be of type ${type}, but found [${tokenName(member.value)}] instead`,
  );
}

function readMap(member: JsonMember, document: JsonDocument): JsonMap {
  return member.value.kind === 'object'
    ? mapOf(member.value, () => refuseBroken(document))
    : expected(member, 'object');
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

/** A list of strings, `undefined` for `null`. */
export function readStrings(role: string, member: JsonMember, document: JsonDocument): string[] | undefined {
  const { value } = member;
  if (value.kind === 'null') return undefined;
  const complain = (problem: string): never => {
    const cause = parseFailure(
      `could not parse [${member.name}] field. expected a string array but ${problem}`,
    );
    throw new Refusal(parseFailure(`failed to parse role [${role}]`, cause));
  };
  if (value.kind !== 'array') return complain(`found [${tokenName(value)}] value instead`);
  const items = value.items.map((item) =>
    item.kind === 'string' ? item.value : complain(`one of the value in the array is [${tokenName(item)}]`),
  );
  return value.end === undefined ? refuseBroken(document) : items;
}

/** In which privileges on indices differ from place to place. */
export interface IndicesDialect {
  /** They are those of other clusters, which have to be named. */
  readonly remote?: boolean;
  /** The privileges, where the body does not say them. */
  readonly privileges?: readonly string[];
}

/** @throws Refusal if the value is not a set of privileges on indices */
export function parseIndices(
  role: string,
  node: JsonNode,
  document: JsonDocument,
  { remote = false, privileges: fixed }: IndicesDialect = {},
): IndexPrivileges {
  const about = `failed to parse ${remote ? 'remote indices' : 'indices'} privileges for role [${role}].`;
  const object = elementOf(node, document, about, 'indices');
  const found: Partial<Mutable<IndexPrivileges>> = {};
  for (const member of object.members) {
    const { value } = member;
    if (value.kind === 'broken') refuseBroken(document);
    switch (member.name) {
      case 'names':
        found.names = value.kind === 'string' ? [value.value] : (readStrings(role, member, document) ?? []);
        if (found.names.length === 0) refuse(`${about} [names] cannot be an empty array`);
        break;
      case 'privileges': {
        if (fixed !== undefined) return refuse(`${about} unexpected field [privileges]`);
        const privileges = readStrings(role, member, document);
        if (privileges !== undefined) found.privileges = privileges;
        break;
      }
      case 'allow_restricted_indices':
        if (value.kind !== 'boolean') {
          refuse(
            `${about} expected field [${member.name}] value to be a boolean, but found [${tokenName(value)}] instead`,
          );
        } else found.allowRestrictedIndices = value.value;
        break;
      case 'query': {
        const query = readQuery(about, member, document);
        if (query !== '') found.query = query;
        break;
      }
      case 'field_security':
        readFieldSecurity(found, role, member, document);
        break;
      case 'clusters':
        if (!remote) return refuse(`${about} unexpected field [${member.name}]`);
        found.clusters = readStrings(role, member, document) ?? [];
        break;
      default:
        refuse(`${about} unexpected field [${member.name}]`);
    }
  }
  const { names, privileges = fixed, allowRestrictedIndices = false } = found;
  if (names === undefined) return refuse(`${about} missing required [names] field`);
  if (privileges === undefined) return refuse(`${about} missing required [privileges] field`);
  if (remote && found.clusters === undefined) return refuse(`${about} missing required [clusters] field`);
  if (found.deniedFields !== undefined && found.grantedFields === undefined) {
    return refuse(`${about} field_security requires grant if except is given`);
  }
  return { ...found, names, privileges, allowRestrictedIndices };
}

function readQuery(about: string, member: JsonMember, document: JsonDocument): string {
  const { value } = member;
  if (value.kind === 'null') return '';
  if (value.kind === 'string') return value.value;
  if (value.kind === 'object') return writeJson(jsonValueOf(value, () => refuseBroken(document)));
  return refuse(
    `${about} expected field [query] value to be null, a string, an array, or an object, but found [${tokenName(value)}] instead`,
  );
}

function readFieldSecurity(
  found: Partial<Mutable<IndexPrivileges>>,
  role: string,
  { value }: JsonMember,
  document: JsonDocument,
): void {
  const about = `failed to parse indices privileges for role [${role}].`;
  if (value.kind !== 'object') {
    refuse(`${about} expected START_OBJECT but got ${tokenName(value)} in "field_security".`);
  }
  if (value.members.length === 0) refuse(`${about} "field_security" must not be empty.`);
  for (const member of value.members) {
    const fields = readStrings(role, member, document);
    if (member.name !== 'grant' && member.name !== 'except') {
      refuse(`${about} "field_security" only accepts options grant and except, but got: ${member.name}`);
    }
    if (fields === undefined) refuse(`${about} ${member.name} must not be null.`);
    if (member.name === 'grant') found.grantedFields = fields;
    else found.deniedFields = fields;
  }
}

function elementOf(node: JsonNode, document: JsonDocument, about: string, field: string): JsonObject {
  if (node.kind === 'object') return node;
  if (node.kind === 'broken') return refuseBroken(document);
  return refuse(
    `${about} expected field [${field}] value to be an array of objects, but found an array element of type [${tokenName(node)}]`,
  );
}

function parseApplication(role: string, node: JsonNode, document: JsonDocument): ApplicationPrivileges {
  const about = `failed to parse application privileges for role [${role}].`;
  const object = elementOf(node, document, about, 'applications');
  let application: string | undefined;
  let privileges: string[] | undefined;
  let resources: string[] | undefined;
  for (const member of object.members) {
    if (member.name === 'application') {
      application = member.value.kind === 'string' ? member.value.value : expected(member, 'string');
    } else if (member.name === 'privileges') privileges = readStrings(role, member, document);
    else if (member.name === 'resources') resources = readStrings(role, member, document);
    else refuse(`${about} unexpected field [${member.name}]`);
  }
  if (application === undefined) return refuse(`${about} missing required [application] field`);
  if (privileges === undefined) return refuse(`${about} missing required [privileges] field`);
  if (resources === undefined) return refuse(`${about} missing required [resources] field`);
  return { application, privileges, resources };
}

function parseRemoteCluster(role: string, node: JsonNode, document: JsonDocument): RemoteClusterPrivileges {
  const about = `failed to parse remote cluster privileges for role [${role}].`;
  const object = elementOf(node, document, about, 'remote_cluster');
  let privileges: string[] | undefined;
  let clusters: string[] | undefined;
  for (const member of object.members) {
    if (member.name === 'privileges') privileges = readStrings(role, member, document);
    else if (member.name === 'clusters') clusters = readStrings(role, member, document);
    else refuse(`${about} unexpected field [${member.name}]`);
  }
  if (privileges === undefined) return refuse(`${about} missing required [privileges] field`);
  if (clusters === undefined) return refuse(`${about} missing required [clusters] field`);
  return { privileges, clusters };
}

function parseRestriction(role: string, { value }: JsonMember, document: JsonDocument): readonly string[] {
  const about = `failed to parse restriction for role [${role}].`;
  if (value.kind !== 'object')
    return refuse(`${about} expected an object but found [${tokenName(value)}] instead`);
  let workflows: readonly string[] | undefined;
  for (const member of value.members) {
    if (member.name !== 'workflows') return refuse(`${about} unexpected field [${member.name}]`);
    workflows = readStrings(role, member, document);
    if (workflows?.length === 0) return refuse(`${about} [workflows] cannot be an empty array`);
  }
  if (value.end === undefined) return refuseBroken(document);
  return workflows ?? refuse(`${about} missing required [workflows] field`);
}
