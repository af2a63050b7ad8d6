/** Privilege checks: `_has_privileges`, which asks whether the caller holds some privileges. */

import type { Permissions } from '../../authorization/permissions.js';
import {
  type Answer,
  answer,
  type Call,
  documentOf,
  type Route,
  refuse,
  route,
} from '../../cluster/endpoint.js';
import type { Security } from '../../cluster/security.js';
import { applicationProblem } from '../../privileges/application-privileges.js';
import { clusterPrivilegeProblem } from '../../privileges/cluster-privileges.js';
import { indexPrivilegeProblem } from '../../privileges/index-privileges.js';
import { parseApplication, parseIndices, readStrings } from '../../privileges/privileges-parser.js';
import type { ApplicationPrivileges, IndexPrivileges } from '../../privileges/role-descriptor.js';
import { illegalArgument, parseFailure } from '../../wire/envelope.js';
import { hashOf, inHashOrder } from '../../wire/hash-order.js';
import type { JsonDocument, JsonMember, JsonNode } from '../../wire/json-parser.js';
import type { JsonMap } from '../../wire/json-value.js';
import { refuseBroken, tokenName } from '../../wire/object-parser.js';

/** The privileges somebody asks about. */
export interface WantedPrivileges {
  readonly cluster: readonly string[];
  readonly index: readonly IndexPrivileges[];
  readonly application: readonly ApplicationPrivileges[];
}

interface CheckRequest extends WantedPrivileges {
  readonly username: string;
}

function readCheck(call: Call): CheckRequest {
  const username = call.segments.get('username') ?? call.authentication.user.username;
  const document = documentOf(call);
  return { username, ...parseWanted(document.root, document, `${username}/has_privileges`) };
}

/**
 * Reads the privileges somebody asks about; they are written as in a role.
 *
 * @param about what is being read, for complaints
 */
export function parseWanted(node: JsonNode, document: JsonDocument, about: string): WantedPrivileges {
  const complain = (problem: string): never =>
    refuse(parseFailure(`failed to parse privileges check [${about}]. ${problem}`));
  if (node.kind === 'broken') return refuseBroken(document);
  if (node.kind !== 'object') return complain(`expected an object but found [${tokenName(node)}] instead`);
  const found: Partial<{ -readonly [K in keyof WantedPrivileges]: WantedPrivileges[K] }> = {};
  for (const member of node.members) {
    if (member.value.kind === 'broken') refuseBroken(document);
    switch (member.name) {
      case 'cluster':
        found.cluster = readStrings(about, member, document) ?? [];
        break;
      case 'index':
        found.index = itemsOf(member, document, 'indices', about).map((item) =>
          parseIndices(about, item, document),
        );
        break;
      case 'application':
      case 'applications':
        found.application = itemsOf(member, document, 'application', about).map((item) =>
          parseApplication(about, item, document),
        );
        break;
      default:
        complain(`unexpected field [${member.name}]`);
    }
  }
  if (node.end === undefined) refuseBroken(document);
  const { cluster = [], index = [], application = [] } = found;
  if (Object.keys(found).length === 0) {
    complain('All privilege fields [cluster,index,applications] are missing');
  }
  const unsupported = (field: string): never =>
    refuse(parseFailure(`Field [${field}] is not supported in a has_privileges request`));
  if (index.some(limitsFields)) unsupported('field_security');
  if (index.some(({ query }) => query !== undefined)) unsupported('query');
  return { cluster, index, application };
}

function itemsOf(
  { name, value }: JsonMember,
  document: JsonDocument,
  what: string,
  about: string,
): readonly JsonNode[] {
  if (value.kind === 'array') return value.end === undefined ? refuseBroken(document) : value.items;
  const found = tokenName(value);
  return refuse(
    parseFailure(
      `failed to parse ${what} privileges for role [${about}]. expected field [${name}] value to be an array, but found [${found}] instead`,
    ),
  );
}

function limitsFields({ grantedFields, deniedFields = [] }: IndexPrivileges): boolean {
  const all = grantedFields === undefined || (grantedFields.length === 1 && grantedFields[0] === '*');
  return !all || deniedFields.length > 0;
}

/** What is wrong with the privileges somebody asks about. */
export function wantedProblems({ cluster, index, application }: WantedPrivileges): string[] {
  const problems = application.map((item) => applicationProblem(item.application));
  const empty = cluster.length + index.length + application.length === 0;
  return [...problems, empty ? 'must specify at least one privilege' : undefined].filter(
    (problem) => problem !== undefined,
  );
}

/** The answers to all that was asked. */
export interface HeldPrivileges {
  readonly all: boolean;
  readonly cluster: JsonMap;
  readonly index: JsonMap;
  readonly application: JsonMap;
}

/**
 * Looks everything up.
 *
 * @param limits of which each has to hold a privilege
 * @throws Refusal if there is no such privilege
 */
export function check(
  limits: readonly Permissions[],
  wanted: WantedPrivileges,
  { version }: Security,
): HeldPrivileges {
  let all = true;
  function held(holds: (limit: Permissions) => boolean): boolean {
    const granted = limits.every(holds);
    all &&= granted;
    return granted;
  }

  for (const name of wanted.cluster) refuseProblem(clusterPrivilegeProblem(name, version));
  for (const name of wanted.index.flatMap((item) => item.privileges)) {
    refuseProblem(indexPrivilegeProblem(name, version));
  }
  const cluster = new Map(
    inHashOrder(wanted.cluster, hashOf).map((name) => [
      name,
      held((limit) => limit.hasClusterPrivilege(name)),
    ]),
  );
  const index = new Tally();
  for (const { names, privileges, allowRestrictedIndices } of wanted.index) {
    for (const name of names) {
      for (const privilege of privileges) {
        const granted = held((limit) => limit.hasIndexPrivilege(privilege, name, allowRestrictedIndices));
        index.add(name, privilege, granted);
      }
    }
  }
  const applications = new Map<string, Tally>();
  for (const { application, privileges, resources } of wanted.application) {
    const tally = applications.get(application) ?? new Tally();
    applications.set(application, tally);
    for (const resource of resources) {
      for (const privilege of privileges) {
        const granted = held((limit) => limit.hasApplicationPrivilege(application, privilege, resource));
        tally.add(resource, privilege, granted);
      }
    }
  }
  const application = new Map(
    inHashOrder([...applications], ([name]) => hashOf(name)).map(([name, tally]) => [name, tally.sorted()]),
  );
  return { all, cluster, index: index.sorted(), application };
}

function refuseProblem(problem: string | undefined): void {
  if (problem !== undefined) refuse(illegalArgument(problem));
}

/** What is held on which resource: asked for twice, it has to be held both times. */
class Tally {
  readonly #resources = new Map<string, Map<string, boolean>>();

  add(resource: string, privilege: string, granted: boolean): void {
    const privileges = this.#resources.get(resource) ?? new Map<string, boolean>();
    this.#resources.set(resource, privileges.set(privilege, granted && privileges.get(privilege) !== false));
  }

  sorted(): JsonMap {
    return sortedByName(
      new Map([...this.#resources].map(([resource, privileges]) => [resource, sortedByName(privileges)])),
    );
  }
}

function sortedByName<T>(entries: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function has(security: Security, request: CheckRequest, { authentication }: Call): Answer {
  const { username } = request;
  if (username !== authentication.user.username) {
    refuse(illegalArgument('users may only check the privileges of their own account'));
  }
  const { all, ...held } = check(security.authorization.limits(authentication), request, security);
  return answer({ username, has_all_requested: all, ...held });
}

/** The routes of this chapter. */
export const hasPrivilegesRoutes: readonly Route[] = [
  route<CheckRequest>({
    methods: ['GET', 'POST'],
    paths: ['/_security/user/_has_privileges', '/_security/user/{username}/_has_privileges'],
    body: 'required',
    takesSource: true,
    read: readCheck,
    validate: wantedProblems,
    action: () => 'cluster:admin/xpack/security/user/has_privileges',
    needs: ({ application }) => (application.length > 0 ? ['documents'] : []),
    // Everybody may ask about himself.
    free: ({ username }, { user }) => username === user.username,
    run: has,
  }),
];
