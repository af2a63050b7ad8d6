/**
 * The queries by which roles hide documents: that they are queries is looked at when a role is stored, and again
 * when they are used, since API keys may bring along anything.
 */

import { parseQueryNode, type Query } from '../search/query-parser.js';
import { contentParseFailure, parseFailure, Refusal } from '../wire/envelope.js';
import { type JsonDocument, locationOf, parseJson } from '../wire/json-parser.js';
import { refuseBroken, tokenName } from '../wire/object-parser.js';
import type { RoleDescriptor } from './role-descriptor.js';

/** @throws Refusal if the text is no query, or one that is filled in for each user */
export function parseRoleQuery(text: string): Query {
  const document = parseJson(text);
  const query = explained("failed to parse field 'query' from the role descriptor", () =>
    isTemplate(document) ? undefined : parseQueryNode(document.root, document),
  );
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
      if (!isTemplate(document)) parseQueryNode(document.root, document);
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
