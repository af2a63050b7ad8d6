// What may somebody do? In words: `read index:docs`, `monitor`, `write app:orders/*`. Several at once, and each side
// with commas between several.

import { InvalidPrivilegesError, type PrivilegesQuestion, unworded } from '@esauth/core';
import { UsageError } from '../terminal/exit.js';

/** One privilege on one resource. */
export interface Asked {
  readonly privilege: string;
  /** As it was written; `undefined`: the cluster. */
  readonly resource: string | undefined;
}

interface Target {
  readonly kind: 'index' | 'app';
  readonly name: string;
}

/**
 * @param words of the command; one of them may hold several with spaces between
 * @throws {UsageError} `usage`
 */
export function readQuestions(words: readonly string[]): readonly Asked[] {
  const rest = words.flatMap((word) => word.split(/\s+/)).filter((word) => word !== '');
  const asked: Asked[] = [];
  while (rest.length > 0) {
    const word = rest.shift() ?? '';
    if (isResource(word)) {
      throw new UsageError('usage', `what is to be done with ${word}? Say it before, such as: read ${word}`);
    }
    const privileges = word.split(',').filter((privilege) => privilege !== '');
    // Left out, the rest could be a yes that nobody gave.
    if (privileges.length === 0) throw new UsageError('usage', `${word} names no privilege`);
    const next = rest[0];
    const resources: (string | undefined)[] = [undefined];
    if (next !== undefined && isResource(next)) {
      rest.shift();
      resources.splice(0, 1, ...separate(next));
    }
    for (const resource of resources) {
      for (const privilege of privileges) asked.push({ privilege, resource });
    }
  }
  if (asked.length === 0) {
    throw new UsageError('usage', 'what? Such as: read index:docs, monitor, or write app:orders/*');
  }
  return asked;
}

/** The question as Elasticsearch takes it. */
export function questionOf(asked: readonly Asked[]): PrivilegesQuestion {
  const cluster = asked.filter(({ resource }) => resource === undefined).map(({ privilege }) => privilege);
  const targets = asked.flatMap(({ privilege, resource }) =>
    resource === undefined ? [] : [{ privilege, ...targetOf(resource) }],
  );
  const index = targets
    .filter(({ kind }) => kind === 'index')
    .map(({ name, privilege }) => ({ names: [name], privileges: [privilege] }));
  const application = targets
    .filter(({ kind }) => kind === 'app')
    .map(({ name, privilege }) => {
      const [application, resource] = applicationOf(name);
      return { application, privileges: [privilege], resources: [resource] };
    });
  return {
    ...(cluster.length > 0 && { cluster }),
    ...(index.length > 0 && { index }),
    ...(application.length > 0 && { application }),
  };
}

/**
 * What a question about privileges has failed with, as whoever typed it has to know it. Words alone are privileges on
 * the cluster; who left `index:` out is shown where it goes.
 */
export function mistakeIn(asked: readonly Asked[], error: unknown): unknown {
  if (!(error instanceof InvalidPrivilegesError)) return error;
  const text = unworded(error.message);
  // Of those on an index it says `unknown index privilege` (elastic/elasticsearch, `IndexPrivilege`).
  if (error.reason?.startsWith('unknown cluster privilege') !== true) {
    return new UsageError('invalid_privileges', text);
  }
  const alone = asked.flatMap(({ privilege, resource }) => (resource === undefined ? [privilege] : []));
  const [privileges, name] = alone.length > 1 ? [alone.slice(0, -1), alone.at(-1)] : [alone, 'docs'];
  const hint = `a word alone is a privilege on the cluster; on an index: ${privileges.join(',')} index:${name}`;
  return new UsageError('invalid_privileges', `${text}; ${hint}`);
}

/** What the answer says of one of them. */
export function isGranted(
  { privilege, resource }: Asked,
  granted: {
    readonly cluster: Readonly<Record<string, boolean>>;
    readonly index: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
    readonly application: Readonly<
      Record<string, Readonly<Record<string, Readonly<Record<string, boolean>>>>>
    >;
  },
): boolean {
  if (resource === undefined) return granted.cluster[privilege] === true;
  const { kind, name } = targetOf(resource);
  if (kind === 'index') return granted.index[name]?.[privilege] === true;
  const [application, on] = applicationOf(name);
  return granted.application[application]?.[on]?.[privilege] === true;
}

function isResource(word: string): boolean {
  return /^(?:index|indices|app|application):/.test(word);
}

/** `index:docs,logs-*` are two; resources of an application may have commas of their own. */
function separate(word: string): readonly string[] {
  const { kind, name } = targetOf(word);
  const names = name.split(',').filter((each) => each !== '');
  if (names.length === 0) throw new UsageError('usage', `${word} names nothing`);
  return kind === 'app' ? [word] : names.map((each) => `index:${each}`);
}

function targetOf(resource: string): Target {
  const colon = resource.indexOf(':');
  return { kind: resource.startsWith('app') ? 'app' : 'index', name: resource.slice(colon + 1) };
}

/** `orders/order/17`: the resource `order/17` of the application `orders`. Without one, all there are. */
function applicationOf(name: string): readonly [application: string, resource: string] {
  const slash = name.indexOf('/');
  return slash < 0 ? [name, '*'] : [name.slice(0, slash), name.slice(slash + 1) || '*'];
}
