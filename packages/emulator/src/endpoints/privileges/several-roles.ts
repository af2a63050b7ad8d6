/**
 * Several roles in one request: `POST` and `DELETE` of `/_security/role`. What is wrong with one of them does not keep
 * the others from being stored.
 */

import { type Answer, answer, documentOf, type Route, refuse, route } from '../../cluster/endpoint.js';
import type { Security } from '../../cluster/security.js';
import { type RoleDescriptor, type RoleDescriptors, showRole } from '../../privileges/role-descriptor.js';
import { roleDescriptorsField } from '../../privileges/role-descriptor-parser.js';
import { members, Refusal, validationFailure } from '../../wire/envelope.js';
import { type JsonValue, sameJson } from '../../wire/json-value.js';
import { objectParser, required, texts } from '../../wire/object-parser.js';
import { actions, putProblems, remove, roleDialect, store } from './roles.js';

const putParser = objectParser<{ readonly roles: RoleDescriptors }>('bulk_update_roles_request_payload', {
  roles: required(roleDescriptorsField(roleDialect, 'roles')),
});

const deleteParser = objectParser<{ readonly names: readonly string[] }>(
  'bulk_delete_roles_request_payload',
  {
    names: required(texts),
  },
);

/** Does something to each role, and lists them by what came of it, each kind where it first came. */
function each(names: Iterable<string>, work: (name: string) => string): Answer {
  const done = new Map<string, string[]>();
  const errors = new Map<string, JsonValue>();
  for (const name of names) {
    try {
      const result = work(name);
      done.set(result, [...(done.get(result) ?? []), name]);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      errors.set(name, members(refusal.error, refusal.error.cause));
    }
  }
  const failed = errors.size === 0 ? undefined : { count: errors.size, details: errors };
  return answer(new Map<string, JsonValue>([...done, ...(failed ? [['errors', failed] as const] : [])]));
}

function put(security: Security, name: string, role: RoleDescriptor): string {
  const { roles, version } = security;
  const problems = putProblems({ name, role }, version);
  if (problems.length > 0) refuse(validationFailure(problems));
  const before = roles.find(name);
  const isSame = before !== undefined && sameJson(showRole(before, version), showRole(role, version));
  if (isSame) return 'noop';
  return store(security, { name, role }) ? 'created' : 'updated';
}

/** The routes of this chapter. */
export const severalRolesRoutes: readonly Route[] = [
  route<RoleDescriptors>({
    methods: ['POST'],
    paths: ['/_security/role'],
    exists: (version) => version.managesSeveralRoles,
    query: ['refresh'],
    body: 'required',
    read: (call) => putParser.parse(documentOf(call)).roles,
    validate: (roles) => (roles.size === 0 ? ['roles are missing'] : []),
    action: () => `${actions}/bulk_put`,
    needs: ['changes'],
    roles: (roles) => [...roles.values()],
    run: (security, roles) =>
      each(roles.keys(), (name) => {
        const role = roles.get(name);
        return role === undefined ? 'noop' : put(security, name, role);
      }),
  }),
  route<readonly string[]>({
    methods: ['DELETE'],
    paths: ['/_security/role'],
    exists: (version) => version.managesSeveralRoles,
    query: ['refresh'],
    body: 'required',
    read: (call) => deleteParser.parse(documentOf(call)).names,
    action: () => `${actions}/bulk_delete`,
    needs: ['removal'],
    roles: () => [],
    run: (security, names) => each(names, (name) => (remove(security, name) ? 'deleted' : 'not_found')),
  }),
];
