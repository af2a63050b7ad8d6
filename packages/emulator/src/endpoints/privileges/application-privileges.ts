/** Privileges of applications, and the names of those of Elasticsearch: `/_security/privilege`. */

import {
  type Answer,
  answer,
  type Call,
  documentOf,
  type Route,
  refuse,
  route,
  segment,
} from '../../cluster/endpoint.js';
import type { Security } from '../../cluster/security.js';
import { matchesPattern } from '../../names/name-patterns.js';
import {
  type ApplicationPrivilege,
  applicationProblem,
  privilegeNameProblem,
  storedActionProblem,
} from '../../privileges/application-privileges.js';
import { clusterPrivilegeNames } from '../../privileges/cluster-privileges.js';
import { indexPrivilegeNames } from '../../privileges/index-privileges.js';
import { illegalArgument, parseFailure } from '../../wire/envelope.js';
import type { JsonDocument, JsonNode, JsonObject } from '../../wire/json-parser.js';
import { emptyMap, type JsonMap, type JsonValue } from '../../wire/json-value.js';
import { map, objectParser, refuseBroken, text, texts, tokenName } from '../../wire/object-parser.js';
import { namesIn } from '../accounts/users.js';

const actions = 'cluster:admin/xpack/security/privilege';

interface PrivilegeBody {
  readonly application?: string | undefined;
  readonly name?: string | undefined;
  readonly actions?: readonly string[] | undefined;
  readonly metadata?: JsonMap | undefined;
}

const parser = objectParser<PrivilegeBody>('application-privilege', {
  application: text,
  name: text,
  actions: texts,
  metadata: map,
});

function readPut(call: Call): ApplicationPrivilege[] {
  const document = documentOf(call);
  const root = objectOf(document.root, document, 'expected object but found');
  return root.members.flatMap(({ name: application, value }) => {
    const about = `expected the value for ${application} to be an object, but found`;
    return objectOf(value, document, about).members.map((member) => {
      const node = objectOf(member.value, document, about);
      return named(application, member.name, parser.parse(document, node));
    });
  });
}

function objectOf(node: JsonNode, document: JsonDocument, about: string): JsonObject {
  if (node.kind === 'object' && node.end !== undefined) return node;
  if (node.kind === 'object' || node.kind === 'broken') return refuseBroken(document);
  return refuse(parseFailure(`${about} ${tokenName(node)} instead`));
}

/** The privilege at a place of the body, which the names in it must not contradict. */
function named(application: string, name: string, body: PrivilegeBody): ApplicationPrivilege {
  const differs = (what: string, found: string, given: string, kind: string): never =>
    refuse(
      illegalArgument(
        `privilege ${what} [${found}] in source does not match the provided ${kind} [${given}]`,
      ),
    );
  if (application !== '' && body.application !== undefined && body.application !== application) {
    differs('application', body.application, application, 'application');
  }
  if (name !== '' && body.name !== undefined && body.name !== name) differs('name', body.name, name, 'name');
  return {
    application: body.application ?? application,
    name: body.name ?? name,
    actions: [...new Set(body.actions)],
    metadata: body.metadata ?? emptyMap,
  };
}

function putProblems(privileges: readonly ApplicationPrivilege[]): string[] {
  if (privileges.length === 0) return ['At least one application privilege must be provided'];
  return privileges.flatMap(privilegeProblems);
}

function privilegeProblems({
  application,
  name,
  actions: granted,
  metadata,
}: ApplicationPrivilege): string[] {
  const reserved = [...metadata.keys()].some((key) => key.startsWith('_'));
  return [
    applicationProblem(application),
    privilegeNameProblem(name),
    granted.length === 0 ? 'Application privileges must have at least one action' : undefined,
    ...granted.map(storedActionProblem),
    reserved ? `metadata keys may not start with [_] (in privilege ${application} ${name})` : undefined,
  ].filter((problem) => problem !== undefined);
}

/** Something about each privilege, by application and name. */
function nested(entries: Iterable<readonly [application: string, name: string, value: JsonValue]>): JsonMap {
  const found = new Map<string, Map<string, JsonValue>>();
  for (const [application, name, value] of entries) {
    const ofApplication = found.get(application) ?? new Map<string, JsonValue>();
    found.set(application, ofApplication.set(name, value));
  }
  return found;
}

function put({ applicationPrivileges }: Security, privileges: readonly ApplicationPrivilege[]): Answer {
  return answer(
    nested(
      privileges.map((privilege) => [
        privilege.application,
        privilege.name,
        { created: applicationPrivileges.put(privilege) },
      ]),
    ),
  );
}

interface Selection {
  readonly application: string | undefined;
  readonly names: readonly string[] | undefined;
}

function readSelection(call: Call): Selection {
  const application = segment(call, 'application');
  return {
    application: application === '' ? undefined : application,
    names: namesIn(segment(call, 'privilege')),
  };
}

function get({ applicationPrivileges }: Security, { application, names }: Selection): Answer {
  const found = [...applicationPrivileges.all()].filter(
    (privilege) =>
      (application === undefined || matchesPattern(application, privilege.application)) &&
      (names === undefined || names.includes(privilege.name)),
  );
  const shown = nested(
    found.map(({ metadata, ...privilege }) => [
      privilege.application,
      privilege.name,
      { ...privilege, metadata },
    ]),
  );
  return answer(shown, names !== undefined && found.length === 0 ? 404 : 200);
}

function remove({ applicationPrivileges }: Security, { application = '', names = [] }: Selection): Answer {
  const removed = [...new Set(names)].map(
    (name) => [name, applicationPrivileges.remove(application, name)] as const,
  );
  const body = nested(removed.map(([name, found]) => [application, name, { found }]));
  return answer(body, removed.some(([, found]) => found) ? 200 : 404);
}

/** The routes of this chapter. */
export const applicationPrivilegeRoutes: readonly Route[] = [
  route<readonly ApplicationPrivilege[]>({
    methods: ['PUT', 'POST'],
    paths: ['/_security/privilege'],
    query: ['refresh'],
    body: 'required',
    read: readPut,
    validate: putProblems,
    action: () => `${actions}/put`,
    needs: ['changes'],
    applications: (privileges) => privileges.map(({ application }) => application),
    run: put,
  }),
  route<Selection>({
    methods: ['GET'],
    paths: [
      '/_security/privilege',
      '/_security/privilege/{application}',
      '/_security/privilege/{application}/{privilege}',
    ],
    read: readSelection,
    action: () => `${actions}/get`,
    needs: ['documents'],
    applications: ({ application }) => (application === undefined ? [] : [application]),
    run: get,
  }),
  route<Selection>({
    methods: ['DELETE'],
    paths: ['/_security/privilege/{application}/{privilege}'],
    query: ['refresh'],
    read: readSelection,
    action: () => `${actions}/delete`,
    needs: ['removal'],
    applications: ({ application }) => (application === undefined ? [] : [application]),
    run: remove,
  }),
  route<undefined>({
    methods: ['GET'],
    paths: ['/_security/privilege/_builtin'],
    read: () => undefined,
    action: () => `${actions}/builtin/get`,
    run: ({ version }) =>
      answer({
        cluster: clusterPrivilegeNames(version).sort(),
        index: indexPrivilegeNames(version),
        remote_cluster: version.remoteClusterPrivileges ? ['monitor_enrich', 'monitor_stats'] : undefined,
      }),
  }),
];
