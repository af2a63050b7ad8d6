/** What can be wrong with a role descriptor that could be read. */

import type { Version } from '../wire/version.js';
import { actionProblem, applicationProblem } from './application-privileges.js';
import { clusterPrivilegeProblem } from './cluster-privileges.js';
import { managedIndices } from './global-privileges.js';
import { indexPrivilegeProblem } from './index-privileges.js';
import type { RoleDescriptor, RoleDescriptors } from './role-descriptor.js';

const longestDescription = 1000;

const workflows: readonly string[] = ['search_application_query'];

/** What is wrong with descriptors that go into an API key. */
export function roleProblems(roles: RoleDescriptors, version: Version): string[] {
  const problems = [...roles.values()].flatMap((role) => descriptorProblems(role, version));
  return [...problems, ...workflowProblems(roles)];
}

/** What is wrong with one descriptor. */
export function descriptorProblems(role: RoleDescriptor, version: Version): string[] {
  const cluster = role.cluster.map((name) => clusterPrivilegeProblem(name, version));
  const indices = [...role.indices, ...(role.remoteIndices ?? []), ...managedIndices(role.global)]
    .flatMap((item) => item.privileges)
    .map((name) => indexPrivilegeProblem(name, version));
  const applications = role.applications.flatMap(({ application, privileges }) => [
    applicationProblem(application, true),
    ...privileges.map(actionProblem),
  ]);
  const problems = [...cluster, ...indices, ...applications].filter((problem) => problem !== undefined);
  if ([...role.metadata.keys()].some((key) => key.startsWith('_'))) {
    problems.push('role descriptor metadata keys may not start with [_]');
  }
  if ((role.description?.length ?? 0) > longestDescription) {
    problems.push(`Role description must be less than ${longestDescription} characters.`);
  }
  return problems;
}

function workflowProblems(roles: RoleDescriptors): string[] {
  return [...roles.values()]
    .flatMap((role) => role.workflows ?? [])
    .filter((name) => !workflows.includes(name))
    .map(
      (name) =>
        `Unknown workflow [${name}]. A workflow must be one of the predefined workflow names [${workflows}].`,
    );
}
