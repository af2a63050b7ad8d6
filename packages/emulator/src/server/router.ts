/**
 * From method and path to a route, with Elasticsearch's answers for when there is none. Literal parts of a
 * path are compared as they were sent, so `%5F` is not an underscore and `..` is a name like any other.
 */

import type { Route } from '../cluster/endpoint.js';

/** A route and what its template found in the path. */
export type Match =
  | { readonly kind: 'found'; readonly route: Route; readonly segments: ReadonlyMap<string, string> }
  /** The path exists for other methods. */
  | { readonly kind: 'wrong method'; readonly allowed: readonly string[] }
  /** A name in the path is not properly encoded. */
  | { readonly kind: 'undecodable'; readonly problem: string; readonly allowed: readonly string[] }
  | { readonly kind: 'unknown' };

/** Finds routes. */
export interface Router {
  match(method: string, path: string): Match;
}

interface Node {
  readonly literals: Map<string, Node>;
  wildcard: Node | undefined;
  /** The names of the wildcards that led here. */
  names: readonly string[];
  readonly routes: Map<string, Route>;
}

const noSegments: ReadonlyMap<string, string> = new Map();
// As Elasticsearch's list of methods has them.
const order = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE', 'CONNECT'];

// Endpoints of Elasticsearch that are not here. Without this list they would be taken for names of indices, and
// whoever asks for one would be told of a wrong method or a wrong name.
const absent: ReadonlySet<string> = new Set(
  (
    '_alias,_aliases,_analyze,_cat,_component_template,_data_stream,_features,_field_caps,_flush,_forcemerge,' +
    '_health_report,_index_template,_inference,_mget,_migration,_msearch,_mtermvectors,_nodes,_pit,_query,_query_rules,' +
    '_rank_eval,_recovery,_reindex,_render,_script_context,_script_language,_scripts,_search_shards,_segments,_settings,' +
    '_shard_stores,_snapshot,_sql,_stats,_synonyms,_tasks,_template,_transform'
  ).split(','),
);

/** Whether Elasticsearch knows a method, if only to refuse it. */
export function isMethod(name: string): boolean {
  return order.includes(name);
}

/** @param routes everything that can be asked for */
export function createRouter(routes: readonly Route[]): Router {
  const root = newNode();
  const exact = new Map<string, Node>();
  for (const route of routes) {
    for (const path of route.paths) {
      const node = insert(root, path);
      for (const method of route.methods) node.routes.set(method, route);
      if (!path.includes('{')) exact.set(path, node);
    }
  }

  return {
    match(method, path) {
      const literal = exact.get(path);
      const route = literal?.routes.get(method);
      // Nearly every request ends here.
      if (route !== undefined) return { kind: 'found', route, segments: noSegments };
      return search(root, method, path);
    },
  };
}

function newNode(): Node {
  return { literals: new Map(), wildcard: undefined, names: [], routes: new Map() };
}

function insert(root: Node, path: string): Node {
  let node = root;
  const names: string[] = [];
  for (const part of partsOf(path)) {
    if (part.startsWith('{')) {
      names.push(part.slice(1, -1));
      node.wildcard ??= newNode();
      node = node.wildcard;
    } else {
      const next = node.literals.get(part) ?? newNode();
      node.literals.set(part, next);
      node = next;
    }
  }
  node.names = names;
  return node;
}

/** The parts between the slashes; slashes at the end do not count. */
function partsOf(path: string): string[] {
  const parts = path.split('/');
  while (parts.length > 0 && parts.at(-1) === '') parts.pop();
  return parts[0] === '' ? parts.slice(1) : parts;
}

function search(root: Node, method: string, path: string): Match {
  const parts = partsOf(path);
  if (absent.has(parts[0] ?? '')) return { kind: 'unknown' };
  const found = find(root, parts, 0, []);
  if (found === undefined) return { kind: 'unknown' };
  const { node, values } = found;
  const allowed = order.filter((name) => node.routes.has(name));
  const route = node.routes.get(method);
  if (route === undefined) return { kind: 'wrong method', allowed };
  const segments = new Map<string, string>();
  for (const [index, name] of node.names.entries()) {
    const decoded = decodeComponent(values[index] ?? '', false);
    if (typeof decoded !== 'string') return { kind: 'undecodable', problem: decoded.problem, allowed };
    segments.set(name, decoded);
  }
  return { kind: 'found', route, segments };
}

interface Found {
  readonly node: Node;
  readonly values: readonly string[];
}

/**
 * What a path leads to (`PathTrie`): a literal part before a name, whatever the method, so that
 * `PUT /_security/user/_privileges` is no user but a wrong method.
 */
function find(
  node: Node,
  parts: readonly string[],
  index: number,
  values: readonly string[],
): Found | undefined {
  const part = parts[index];
  if (part === undefined) return node.routes.size > 0 ? { node, values } : undefined;
  const literal = node.literals.get(part);
  const found = literal && find(literal, parts, index + 1, values);
  if (found !== undefined || node.wildcard === undefined) return found;
  return find(node.wildcard, parts, index + 1, [...values, part]);
}

/**
 * Decodes a part of a request target.
 *
 * @param plusIsSpace as in query strings
 * @returns the text, or what is wrong with it in Elasticsearch's words
 */
export function decodeComponent(text: string, plusIsSpace: boolean): string | { readonly problem: string } {
  const spaced = plusIsSpace ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  const bytes: number[] = [];
  for (let at = 0; at < spaced.length; at++) {
    if (spaced[at] !== '%') {
      bytes.push(...Buffer.from(spaced.charAt(at), 'latin1'));
      continue;
    }
    const digits = spaced.slice(at + 1, at + 3);
    if (spaced[at + 1] === '%') {
      // A doubled percent sign is one.
      bytes.push(37);
      at++;
      continue;
    }
    if (digits === '') return { problem: `unterminated escape sequence at end of string: ${text}` };
    if (digits.length < 2) return { problem: `partial escape sequence at end of string: ${text}` };
    if (!/^[\da-fA-F]{2}$/.test(digits)) {
      return { problem: `invalid escape sequence \`%${digits}' at index ${at} of: ${text}` };
    }
    bytes.push(Number.parseInt(digits, 16));
    at += 2;
  }
  return Buffer.from(bytes).toString('utf8');
}

/**
 * Reads the part of a request target behind the question mark.
 *
 * @returns the parameters, the last of equal names, or what is wrong with them
 */
export function parseQuery(text: string): Map<string, string> | { readonly problem: string } {
  const parameters = new Map<string, string>();
  for (const pair of text.split(/[&;]/)) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodeComponent(equals < 0 ? pair : pair.slice(0, equals), true);
    const value = decodeComponent(equals < 0 ? '' : pair.slice(equals + 1), true);
    if (typeof name !== 'string') return name;
    if (typeof value !== 'string') return value;
    parameters.set(name, value);
  }
  return parameters;
}
