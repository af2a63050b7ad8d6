/** What the parsers of queries share: the members of a query's object, and complaints with their place. */

import { type ApiError, illegalArgument, Refusal } from '../wire/envelope.js';
import {
  type JsonDocument,
  type JsonMember,
  type JsonNode,
  type JsonObject,
  jsonValueOf,
  locationOf,
} from '../wire/json-parser.js';
import type { JsonValue } from '../wire/json-value.js';
import { refuseBroken } from '../wire/object-parser.js';

/** @throws Refusal that says what is wrong, and where */
export function fail(
  document: JsonDocument,
  node: { readonly at: number },
  reason: string,
  cause?: ApiError,
): never {
  const [line, col] = locationOf(document, node.at).split(':').map(Number);
  const metadata = { line: line ?? 1, col: col ?? 1 };
  throw new Refusal(
    { status: 400, type: 'parsing_exception', reason, metadata, ...(cause && { cause }) },
    node.at,
  );
}

/** Parameters that any query may have and that have no effect on what it finds. */
export const indifferent: ReadonlySet<string> = new Set(['boost', '_name']);

/** What stands in a node. */
export function readValue(node: JsonNode, document: JsonDocument): JsonValue {
  return jsonValueOf(node, () => refuseBroken(document));
}

/** The object that a query is. */
export function objectOf(name: string, node: JsonNode, document: JsonDocument): JsonObject {
  if (node.kind === 'object') return node;
  if (node.kind === 'broken') return refuseBroken(document);
  return fail(document, node, `[${name}] query malformed, no start_object after query name`);
}

/** The one field of a query, which has a value or an object of parameters. */
export function singleField(name: string, body: JsonNode, document: JsonDocument): JsonMember {
  const members = objectOf(name, body, document).members.filter((member) => !indifferent.has(member.name));
  const [first, second] = members;
  if (first === undefined) {
    throw new Refusal(illegalArgument('field name is null or empty'));
  }
  if (second !== undefined) {
    return fail(
      document,
      second.value,
      `[${name}] query doesn't support multiple fields, found [${first.name}] and [${second.name}]`,
    );
  }
  if (first.value.kind === 'array') {
    return fail(document, first.value, `[${name}] query does not support array of values`);
  }
  return first;
}
