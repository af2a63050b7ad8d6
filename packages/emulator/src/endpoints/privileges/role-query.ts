/** Searching roles: `/_security/_query/role`. */

import { isReservedRole } from '../../authorization/reserved-roles.js';
import { type Answer, answer, type Route, route } from '../../cluster/endpoint.js';
import { searchProblems, searchReader } from '../../cluster/search-request.js';
import type { Security } from '../../cluster/security.js';
import { keywords, securityFields } from '../../cluster/security-fields.js';
import { searchSecurity } from '../../cluster/security-search.js';
import { type RoleDescriptor, showRole } from '../../privileges/role-descriptor.js';
import { wordsIn } from '../../search/analysis.js';
import type { SearchField } from '../../search/fields.js';
import type { Search } from '../../search/search.js';
import { hashOf, inHashOrder } from '../../wire/hash-order.js';

interface NamedRole {
  readonly name: string;
  readonly role: RoleDescriptor;
}

const fields = securityFields<NamedRole>({
  id: ({ name }) => `role-${name}`,
  fields: new Map<string, SearchField<NamedRole>>([
    ['name', keywords(({ name }) => [name], 'runtime_role_name')],
    ['description', { type: 'text', sortable: false, values: ({ role }) => wordsIn(role.description ?? '') }],
    [
      'applications.application',
      keywords(({ role }) => role.applications.map(({ application }) => application)),
    ],
    [
      'applications.resources',
      keywords(({ role }) => role.applications.flatMap(({ resources }) => resources)),
    ],
    [
      'applications.privileges',
      keywords(({ role }) => role.applications.flatMap(({ privileges }) => privileges)),
    ],
  ]),
  metadata: ({ role }) => role.metadata,
});

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
  const { total, hits } = searchSecurity(security, indexed(security), fields, request);
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
