/** What users and roles may be called. */

import type { Version } from '../wire/version.js';

const printable = /^[\x20-\x7e]+$/;
const longestDescriptor = 1024;

/**
 * What is wrong with a name, in Elasticsearch's words, or `undefined` if nothing is.
 *
 * @param version in which the name is to be stored; without one, it is that of a role descriptor
 */
export function nameProblem(kind: 'User' | 'Role', name: string, version?: Version): string | undefined {
  // The name is a part of the id of a document, which has a limit of its own.
  const longestName = version?.limitsNamesByIds === true ? 507 : longestDescriptor;
  const fine =
    name.length <= longestName && printable.test(name) && !name.startsWith(' ') && !name.endsWith(' ');
  if (fine) return undefined;
  return (
    `${kind} names must be at least 1 and no more than ${longestName} characters. ` +
    'They can contain alphanumeric characters (a-z, A-Z, 0-9), spaces, punctuation, and printable symbols in the ' +
    'Basic Latin (ASCII) block. Leading or trailing whitespace is not allowed.'
  );
}
