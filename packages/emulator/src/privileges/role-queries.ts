/**
 * The queries by which roles hide documents: that they are queries is looked at when a role is stored, and again
 * when they are used, since API keys may bring along anything.
 */

import { parseQueryNode, type Query } from '../search/query-parser.js';
import { contentParseFailure, illegalArgument, parseFailure, Refusal } from '../wire/envelope.js';
import { type JsonDocument, type JsonNode, locationOf, parseJson } from '../wire/json-parser.js';
import { refuseBroken, tokenName } from '../wire/object-parser.js';
import type { RoleDescriptor } from './role-descriptor.js';

/** Queries inside of others: by the name of a query, the members that hold some. */
const inner: ReadonlyMap<string, readonly string[]> = new Map([
  ['bool', ['must', 'should', 'must_not', 'filter']],
  ['boosting', ['positive', 'negative']],
  ['constant_score', ['filter']],
  ['dis_max', ['queries']],
  ['function_score', ['query']],
]);
const neverAllowed: ReadonlySet<string> = new Set(['has_child', 'has_parent', 'percolate']);

/** What would look at other documents than the one in question, and may not be in a role (`DLSRoleQueryValidator`). */
function refuseForbidden(node: JsonNode): void {
  const forbid = (what: string): never => {
    throw new Refusal(illegalArgument(`${what} isn't supported as part of a role query`));
  };
  if (node.kind === 'array') node.items.forEach(refuseForbidden);
  const [clause] = node.kind === 'object' ? node.members : [];
  if (clause?.value.kind !== 'object') return;
  const { name, value } = clause;
  const has = (member: string): boolean =>
    value.members.some(
      ({ value: field }) => field.kind === 'object' && field.members.some((inside) => inside.name === member),
    );
  if (neverAllowed.has(name)) forbid(`${name} query`);
  if (name === 'terms' && has('path')) forbid('terms query with terms lookup');
  if (name === 'geo_shape' && has('indexed_shape')) forbid('geoshape query referring to indexed shapes');
  for (const member of value.members) {
    if (inner.get(name)?.includes(member.name) === true) refuseForbidden(member.value);
  }
}

/** @throws Refusal if the text is no query, or one that is filled in for each user */
export function parseRoleQuery(text: string): Query {
  const document = parseJson(text);
  const query = explained("failed to parse field 'query' from the role descriptor", () => {
    if (isTemplate(document)) return undefined;
    refuseForbidden(document.root);
    return parseQueryNode(document.root, document);
  });
  if (query !== undefined) return query;
  const reason = 'templates in the queries of roles are not supported by the emulator';
  throw new Refusal({ status: 400, type: 'illegal_argument_exception', reason });
}

/** @throws Refusal if a role has a query that is none */
export function checkRoleQueries({ indices }: RoleDescriptor): void {
  for (const [at, { names, query }] of indices.entries()) {
    if (query === undefined) continue;
    const document = parseJson(query);
    const place = `for indices [${names}] at index privilege [${at}] of role descriptor`;
    explained(`failed to parse field 'query' ${place}`, () => {
      if (isTemplate(document)) return;
      refuseForbidden(document.root);
      parseQueryNode(document.root, document);
    });
  }
}

function explained<T>(reason: string, parse: () => T): T {
  try {
    return parse();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    throw new Refusal(parseFailure(reason, refusal.error));
  }
}

function isTemplate(document: JsonDocument): boolean {
  const { root } = document;
  if (root.kind === 'broken') return refuseBroken(document);
  if (root.kind === 'object') return root.members[0]?.name === 'template';
  const place = locationOf(document, root.at);
  throw new Refusal(
    contentParseFailure(`[${place}] expected [START_OBJECT] but found [${tokenName(root)}] instead`),
  );
}
