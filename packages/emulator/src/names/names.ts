/** What users and roles may be called. */

const printable = /^[\x20-\x7e]+$/;
// 7.x and 8.x allow 1024 characters, the specification of 9.x says 507; the source is followed.
const longestName = 1024;

/** What is wrong with a name, in Elasticsearch's words, or `undefined` if nothing is. */
export function nameProblem(kind: 'User' | 'Role', name: string): string | undefined {
  const fine =
    name.length <= longestName && printable.test(name) && !name.startsWith(' ') && !name.endsWith(' ');
  if (fine) return undefined;
  return (
    `${kind} names must be at least 1 and no more than ${longestName} characters. ` +
    'They can contain alphanumeric characters (a-z, A-Z, 0-9), spaces, punctuation, and printable symbols in the ' +
    'Basic Latin (ASCII) block. Leading or trailing whitespace is not allowed.'
  );
}
