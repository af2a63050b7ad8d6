/**
 * The queries by which roles hide documents: that they are queries is looked at when a role is stored, and again
 * when they are used, since API keys may bring along anything. Templates are filled in then, for whoever asks.
 */

import { parseQueryNode, type Query } from '../search/query-parser.js';
import { contentParseFailure, illegalArgument, parseFailure, Refusal } from '../wire/envelope.js';
import { type JsonDocument, type JsonNode, locationOf, parseJson } from '../wire/json-parser.js';
import type { JsonMap, JsonValue } from '../wire/json-value.js';
import { refuseBroken, tokenName } from '../wire/object-parser.js';
import { parseScript, runScript } from '../wire/script.js';
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

/** What a template can know of the user that it is filled in for. */
export interface TemplateUser {
  readonly username: string;
  readonly fullName: string | null;
  readonly email: string | null;
  readonly roles: readonly string[];
  readonly metadata: JsonMap;
}

/** @throws Refusal if the text is no query, or what it becomes for this user is none */
export function parseRoleQuery(text: string, user: TemplateUser): Query {
  const document = derived(text);
  const template = templateToFill(document);
  const filled = template === undefined ? undefined : fillIn(template, document, user);
  try {
    return parseQuery(filled === undefined ? document : derived(filled));
  } catch (refusal) {
    // What Elasticsearch understands, but does not want, is said as it is.
    if (!(refusal instanceof Refusal) || refusal.error.type === 'illegal_argument_exception') throw refusal;
    throw new Refusal(parseFailure("failed to parse field 'query' from the role descriptor", refusal.error));
  }
}

/** `SecurityQueryTemplateEvaluator.evaluateTemplate` */
function fillIn(template: JsonNode, document: JsonDocument, user: TemplateUser): string {
  if (template.kind !== 'object')
    throw new Refusal(parseFailure(`Unexpected token [${tokenName(template)}]`));
  return runScript(parseScript(document, template), new Map([['_user', modelOf(user)]]));
}

function modelOf({ username, fullName, email, roles, metadata }: TemplateUser): JsonMap {
  return new Map<string, JsonValue>([
    ['username', username],
    ['full_name', fullName],
    ['email', email],
    ['roles', roles],
    ['metadata', metadata],
  ]);
}

function parseQuery(document: JsonDocument): Query {
  refuseForbidden(document.root);
  return parseQueryNode(document.root, document);
}

/** @throws Refusal if a role has a query that is none; what templates become is not known before they are used */
export function checkRoleQueries({ indices }: RoleDescriptor): void {
  for (const [at, { names, query }] of indices.entries()) {
    if (query === undefined) continue;
    const document = parseJson(query);
    const place = `for indices [${names}] at index privilege [${at}] of role descriptor`;
    try {
      if (templateIn(document) === undefined) parseQuery(document);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      throw new Refusal(parseFailure(`failed to parse field 'query' ${place}`, refusal.error));
    }
  }
}

/** `XContentFactory.xContent`: what is no object is no JSON. */
function derived(text: string): JsonDocument {
  if (/^\s*\{/.test(text)) return parseJson(text);
  throw new Refusal(contentParseFailure('Failed to derive xcontent'));
}

/** What stands under `template`, if that is the first member; what is no object is complained about in other words. */
function templateToFill(document: JsonDocument): JsonNode | undefined {
  const { root } = document;
  if (root.kind === 'object' && root.members.length === 0 && root.end !== undefined)
    throw new Refusal(parseFailure('Unexpected token [END_OBJECT]'));
  return templateIn(document);
}

/** `DLSRoleQueryValidator.isTemplateQuery` */
function templateIn(document: JsonDocument): JsonNode | undefined {
  const { root } = document;
  if (root.kind === 'broken') return refuseBroken(document);
  if (root.kind !== 'object') {
    const place = locationOf(document, root.at);
    throw new Refusal(
      contentParseFailure(`[${place}] expected [START_OBJECT] but found [${tokenName(root)}] instead`),
    );
  }
  const [first] = root.members;
  if (first === undefined) {
    if (root.end === undefined) refuseBroken(document);
    const wanted =
      "expected [FIELD_NAME] with value a query name or 'template' but found [END_OBJECT] instead";
    throw new Refusal(contentParseFailure(`[${locationOf(document, root.end)}] ${wanted}`));
  }
  return first.name === 'template' ? first.value : undefined;
}
