/** Reads the parts of a role descriptor: privileges on indices, in applications, and on other clusters. */

import { illegalArgument, locate, parseFailure, Refusal } from '../wire/envelope.js';
import {
  type JsonDocument,
  type JsonMember,
  type JsonNode,
  type JsonObject,
  jsonValueOf,
} from '../wire/json-parser.js';
import { writeJson } from '../wire/json-value.js';
import { objectParser, refuseBroken, text, texts, tokenName } from '../wire/object-parser.js';
import type { ApplicationPrivileges, IndexPrivileges, RemoteClusterPrivileges } from './role-descriptor.js';

/** Something that is still being put together. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Complains in the way of the older parsers: without line and column. */
export const refuse: (reason: string) => never = (reason) => {
  throw new Refusal(parseFailure(reason));
};

/** Complains that a field has not the type it should have. */
export function refuseType(member: JsonMember, type: string): never {
  return refuse(
    `expected field [${member.name}] to be of type ${type}, but found [${tokenName(member.value)}] instead`,
  );
}

/** A list of strings, `undefined` for `null`. */
export function readStrings(role: string, member: JsonMember, document: JsonDocument): string[] | undefined {
  const { value } = member;
  if (value.kind === 'null') return undefined;
  const complain = (problem: string, at: number, field = member.name): never => {
    const cause = parseFailure(`could not parse [${field}] field. expected a string array but ${problem}`);
    throw new Refusal(parseFailure(`failed to parse role [${role}]`, cause), at);
  };
  if (value.kind !== 'array') return complain(`found [${tokenName(value)}] value instead`, value.at);
  const items = value.items.map((item) =>
    item.kind === 'string'
      ? item.value
      : // Inside of an array the parser has no name of a field.
        complain(`one of the value in the array is [${tokenName(item)}]`, item.at, 'null'),
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
    locate(member.value.at, () => readMember(member));
  }
  return locate(object.end ?? object.at, complete);

  /** What is missing is missed when all of it was read. */
  function complete(): IndexPrivileges {
    const { names, privileges = fixed, allowRestrictedIndices = false } = found;
    if (names === undefined) return refuse(`${about} missing required [names] field`);
    if (privileges === undefined) return refuse(`${about} missing required [privileges] field`);
    if (remote && found.clusters === undefined) return refuse(`${about} missing required [clusters] field`);
    if (found.deniedFields !== undefined && found.grantedFields === undefined) {
      return refuse(`${about} field_security requires grant if except is given`);
    }
    if (privileges.length === 0) {
      throw new Refusal(illegalArgument('indices privileges must define at least one privilege'));
    }
    return { ...found, names, privileges, allowRestrictedIndices };
  }

  function readMember(member: JsonMember): void {
    const { value } = member;
    if (value.kind === 'broken') refuseBroken(document);
    switch (member.name) {
      case 'names':
        found.names = value.kind === 'string' ? [value.value] : (readStrings(role, member, document) ?? []);
        if (found.names.length === 0) refuse(`${about} [names] cannot be an empty array`);
        break;
      case 'privileges': {
        if (fixed !== undefined) refuse(`${about} unexpected field [privileges]`);
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
        if (!remote) refuse(`${about} unexpected field [${member.name}]`);
        found.clusters = readStrings(role, member, document) ?? [];
        break;
      default:
        refuse(`${about} unexpected field [${member.name}]`);
    }
  }
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

interface ApplicationBody {
  readonly application?: string | undefined;
  readonly privileges?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
}

const applicationParser = objectParser<ApplicationBody>('application', {
  application: text,
  privileges: texts,
  resources: texts,
});

/** Reads privileges in an application. */
export function parseApplication(
  role: string,
  node: JsonNode,
  document: JsonDocument,
): ApplicationPrivileges {
  const about = `failed to parse application privileges for role [${role}].`;
  const object = elementOf(node, document, about, 'applications');
  const { application = '', privileges, resources } = applicationParser.parse(document, object);
  if (resources === undefined) return refuse(`${about} missing required [resources] field`);
  if (privileges === undefined) return refuse(`${about} missing required [privileges] field`);
  const missing = (what: string): never => {
    throw new Refusal(illegalArgument(`application privileges must ${what}`));
  };
  if (application === '') return missing('have an application name');
  if (privileges.length === 0) return missing('define at least one privilege');
  if (resources.length === 0) return missing('refer to at least one resource');
  return { application, privileges, resources };
}

/** Reads privileges on other clusters. */
export function parseRemoteCluster(
  role: string,
  node: JsonNode,
  document: JsonDocument,
): RemoteClusterPrivileges {
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

/** Reads the workflows to which a key is restricted; an empty object restricts nothing (`Restriction.parse`). */
export function parseRestriction(
  role: string,
  { value }: JsonMember,
  document: JsonDocument,
): readonly string[] | undefined {
  const about = `failed to parse restriction for role [${role}].`;
  if (value.kind !== 'object')
    return refuse(`${about} expected an object but found [${tokenName(value)}] instead`);
  let workflows: readonly string[] | undefined;
  for (const member of value.members) {
    if (member.name !== 'workflows') return refuse(`${about} unexpected field [${member.name}]`);
    workflows = readStrings(role, member, document);
    if (workflows?.length === 0) {
      return locate(value.end ?? value.at, () => refuse(`${about} [workflows] cannot be an empty array`));
    }
  }
  if (value.end === undefined) return refuseBroken(document);
  return workflows;
}
