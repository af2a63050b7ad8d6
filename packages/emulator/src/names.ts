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

/**
 * Whether a name is among those that a pattern of a privilege stands for: `*` and `?` in a text, or a regular
 * expression between slashes.
 */
export function matchesName(pattern: string, name: string): boolean {
  return expressionOf(pattern).test(name);
}

const expressions = new Map<string, RegExp>();

function expressionOf(pattern: string): RegExp {
  const known = expressions.get(pattern);
  if (known !== undefined) return known;
  const expression = toExpression(pattern);
  // Patterns come from roles, of which a test has a handful.
  if (expressions.size > 1000) expressions.clear();
  expressions.set(pattern, expression);
  return expression;
}

function toExpression(pattern: string): RegExp {
  if (pattern.length > 1 && pattern.startsWith('/') && pattern.endsWith('/')) {
    try {
      return new RegExp(`^(?:${pattern.slice(1, -1)})$`, 's');
    } catch {
      // A dialect of its own that JavaScript does not know: it stands for nothing.
      return /(?!)/;
    }
  }
  const escaped = pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('\\*', '.*').replaceAll('\\?', '.')}$`, 's');
}
