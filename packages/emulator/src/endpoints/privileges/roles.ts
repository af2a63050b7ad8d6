/** Roles: `/_security/role`. */

import { isReservedRole } from '../../authorization/reserved-roles.js';
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
import { withoutHiding } from '../../cluster/features.js';
import type { Security } from '../../cluster/security.js';
import { nameProblem } from '../../names/names.js';
import { type RoleDescriptor, showRole } from '../../privileges/role-descriptor.js';
import { parseRole, type RoleDialect } from '../../privileges/role-descriptor-parser.js';
import { checkRoleQueries } from '../../privileges/role-queries.js';
import { descriptorProblems } from '../../privileges/role-validation.js';
import { illegalArgument } from '../../wire/envelope.js';
import type { JsonValue } from '../../wire/json-value.js';
import type { Version } from '../../wire/version.js';
import { namesIn } from '../accounts/users.js';

/** What the names of all actions on roles begin with. */
export const actions = 'cluster:admin/xpack/security/role';

/** A role that is to be stored. */
export interface PutRequest {
  readonly name: string;
  readonly role: RoleDescriptor;
}

function readPut(call: Call): PutRequest {
  const name = segment(call, 'name');
  const document = documentOf(call);
  return { name, role: parseRole(name, document.root, document, roleDialect) };
}

/** What a role may have in contrast to the descriptors of API keys. */
export const roleDialect: RoleDialect = { restriction: false, description: true };

/** What is wrong with a role that could be read. */
export function putProblems({ name, role }: PutRequest, version: Version): string[] {
  const problem = isReservedRole(name, version)
    ? `Role [${name}] is reserved and may not be used.`
    : nameProblem('Role', name, version);
  return [...(problem === undefined ? [] : [problem]), ...descriptorProblems(role, version)];
}

/** Whether the role shows only some documents or some fields; the single pattern `*` shows every field. */
function hidesSomething({ indices }: RoleDescriptor): boolean {
  return indices.some(
    ({ query, grantedFields = ['*'], deniedFields = [] }) =>
      query !== undefined || deniedFields.length > 0 || grantedFields.join() !== '*',
  );
}

/**
 * @returns whether the role is new
 * @throws Refusal if it can not be used
 */
export function store(security: Security, { name, role }: PutRequest): boolean {
  checkRoleQueries(role);
  const unlicensed = hidesSomething(role) ? withoutHiding(security) : undefined;
  if (unlicensed !== undefined) refuse(unlicensed);
  return security.roles.put(name, role);
}

/**
 * @returns whether there was such a role
 * @throws Refusal if it is reserved
 */
export function remove({ roles, version }: Security, name: string): boolean {
  if (isReservedRole(name, version))
    refuse(illegalArgument(`role [${name}] is reserved and cannot be deleted`));
  return roles.remove(name);
}

function get(security: Security, names: readonly string[] | undefined): Answer {
  const roles = names === undefined ? security.roles.all() : security.roles.findAll(names);
  const found = new Map<string, JsonValue>(
    [...roles].map(([name, role]) => [name, showRole(role, security.version)]),
  );
  return answer(found, names !== undefined && found.size === 0 ? 404 : 200);
}

/** The routes of this chapter. */
export const roleRoutes: readonly Route[] = [
  route<PutRequest>({
    methods: ['PUT', 'POST'],
    paths: ['/_security/role/{name}'],
    query: ['refresh'],
    body: 'required',
    read: readPut,
    validate: putProblems,
    action: () => `${actions}/put`,
    needs: ['changes'],
    roles: ({ role }) => [role],
    run: (security, request) => answer({ role: { created: store(security, request) } }),
  }),
  route<string[] | undefined>({
    methods: ['GET'],
    paths: ['/_security/role', '/_security/role/{name}'],
    read: (call) => namesIn(segment(call, 'name')),
    action: () => `${actions}/get`,
    needs: ['documents'],
    run: get,
  }),
  route<string>({
    methods: ['DELETE'],
    paths: ['/_security/role/{name}'],
    query: ['refresh'],
    read: (call) => segment(call, 'name'),
    action: () => `${actions}/delete`,
    needs: ['removal'],
    roles: () => [],
    run(security, name) {
      const found = remove(security, name);
      return answer({ found }, found ? 200 : 404);
    },
  }),
];
