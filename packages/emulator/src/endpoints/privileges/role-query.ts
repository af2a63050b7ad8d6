/** Searching roles: `/_security/_query/role`. */

import { isReservedRole } from '../../authorization/reserved-roles.js';
import { type Answer, answer, type Route, route } from '../../cluster/endpoint.js';
import { checkWindow, searchProblems, searchReader } from '../../cluster/search-request.js';
import type { Security } from '../../cluster/security.js';
import { type RoleDescriptor, showRole } from '../../privileges/role-descriptor.js';
import {
  flattened,
  type SearchField,
  type SearchFields,
  unsortableField,
  unsupportedQuery,
  wordsOf,
} from '../../search/query.js';
import { type Search, search } from '../../search/search.js';
import { hashOf, inHashOrder } from '../../wire/hash-order.js';

interface NamedRole {
  readonly name: string;
  readonly role: RoleDescriptor;
}

function keywords(values: (role: NamedRole) => readonly string[]): SearchField<NamedRole> {
  return { type: 'keyword', sortable: true, values };
}

const known: ReadonlyMap<string, SearchField<NamedRole>> = new Map([
  ['name', keywords(({ name }) => [name])],
  ['description', { type: 'text', sortable: false, values: ({ role }) => wordsOf(role.description ?? '') }],
  [
    'applications.application',
    keywords(({ role }) => role.applications.map(({ application }) => application)),
  ],
  [
    'applications.privileges',
    keywords(({ role }) => role.applications.flatMap(({ privileges }) => privileges)),
  ],
  ['applications.resources', keywords(({ role }) => role.applications.flatMap(({ resources }) => resources))],
  ['metadata', keywords(({ role }) => flattened(role.metadata, []))],
]);

const fields: SearchFields<NamedRole> = {
  id: ({ name }) => `role-${name}`,
  field(name) {
    if (!name.startsWith('metadata.')) return known.get(name);
    const path = name.split('.').slice(1);
    return keywords(({ role }) => flattened(role.metadata, path));
  },
  unsupported: unsupportedQuery,
  refusal: (name) => `Field [${name}] is not allowed for querying or aggregation`,
  unsortable: unsortableField,
};

/** What searches find is kept in an index: the reserved roles are copied there, before the others. */
function indexed({ roles, version }: Security): NamedRole[] {
  const all = [...roles.all()].map(([name, role]) => ({ name, role }));
  const isReserved = ({ name }: NamedRole): boolean => isReservedRole(name, version);
  const reserved = version.storesReservedRoles ? all.filter(isReserved) : [];
  return [...reserved, ...all.filter((role) => !isReserved(role))];
}

/** Out of the index every role is enabled, and metadata are in the order of a hash map. */
function show({ name, role }: NamedRole, { version }: Security): ReturnType<typeof showRole> {
  const metadata = new Map(inHashOrder([...role.metadata], ([key]) => hashOf(key)));
  return { name, ...showRole({ ...role, metadata, isSuperuser: false }, version) };
}

function query(security: Security, request: Search): Answer {
  checkWindow(request);
  const { total, hits } = search(indexed(security), fields, request, security.clock.now());
  const found = hits.map(({ entry, sort }) => ({ ...show(entry, security), _sort: sort }));
  return answer({ total, count: found.length, roles: found });
}

/** The route of this chapter. */
export const roleQueryRoute: Route = route<Search>({
  methods: ['GET', 'POST'],
  paths: ['/_security/_query/role'],
  exists: (version) => version.managesSeveralRoles,
  body: 'optional',
  takesSource: true,
  read: searchReader('query_role_request_payload'),
  validate: searchProblems,
  action: () => 'cluster:admin/xpack/security/role/query',
  needs: ['documents'],
  run: query,
});
