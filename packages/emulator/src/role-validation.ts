/** What can be wrong with a role descriptor that could be read. */

import { privilegeProblem } from './privileges.js';
import type { RoleDescriptor, RoleDescriptors } from './role-descriptor.js';

const indexPrivileges: ReadonlySet<string> = new Set(
  (
    'none,all,auto_configure,create,create_doc,create_index,cross_cluster_replication,cross_cluster_replication_internal,delete,' +
    'delete_index,index,maintenance,manage,manage_data_stream_lifecycle,manage_failure_store,manage_follow_index,manage_ilm,' +
    'manage_leader_index,monitor,read,read_cross_cluster,read_failure_store,view_index_metadata,write'
  ).split(','),
);

/** What is wrong with descriptors that go into an API key. */
export function roleProblems(roles: RoleDescriptors): string[] {
  return [...[...roles.values()].flatMap(descriptorProblems), ...restrictionProblems(roles)];
}

/** What is wrong with one descriptor. */
export function descriptorProblems(role: RoleDescriptor): string[] {
  const cluster = role.cluster.map(privilegeProblem);
  const indices = [...role.indices, ...(role.remoteIndices ?? [])]
    .flatMap((item) => item.privileges)
    .map(indexProblem);
  const problems = [...cluster, ...indices].filter((problem) => problem !== undefined);
  if ([...role.metadata.keys()].some((key) => key.startsWith('_'))) {
    problems.push('role descriptor metadata keys may not start with [_]');
  }
  return problems;
}

function indexProblem(privilege: string): string | undefined {
  const name = privilege.toLowerCase();
  if (
    indexPrivileges.has(name) ||
    name.startsWith('indices:') ||
    name.startsWith('internal:transport/proxy/indices:')
  ) {
    return undefined;
  }
  return (
    `unknown index privilege [${name}]. a privilege must be either one of the predefined fixed indices privileges ` +
    `[${[...indexPrivileges].join(',')}] or a pattern over one of the available index actions`
  );
}

function restrictionProblems(roles: RoleDescriptors): string[] {
  const restricted = [...roles.values()].filter((role) => role.workflows !== undefined).length;
  if (restricted === 0) return [];
  if (restricted > 1) return ['more than one role descriptor with restriction is not supported'];
  return roles.size > 1 ? ['combining role descriptors with and without restriction is not supported'] : [];
}
