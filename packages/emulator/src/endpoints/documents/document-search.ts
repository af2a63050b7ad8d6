/**
 * Searching documents: in several indices at once, each with the part of it that the caller may see. The
 * queries themselves are in `query.ts`.
 */

import { nodeId } from '../../cluster/node.js';
import { checkWindow } from '../../cluster/search-request.js';
import type { DocumentAccess } from '../../documents/document-access.js';
import type { Index, StoredDocument } from '../../documents/documents.js';
import {
  type FieldValue,
  queryShardError,
  type SearchField,
  type SearchFields,
  type Test,
  withoutFielddata,
} from '../../search/fields.js';
import { compile } from '../../search/query.js';
import type { Query } from '../../search/query-parser.js';
import { scoreOf, shortest } from '../../search/scoring.js';
import { type Criterion, page, type Search, type SearchResult, type SortKey } from '../../search/search.js';
import { type ApiError, illegalArgument, members, Refusal, rootCause } from '../../wire/envelope.js';
import type { JsonValue } from '../../wire/json-value.js';

/** An index and what somebody may see of it. */
export interface VisibleIndex {
  readonly index: Index;
  readonly access: DocumentAccess;
}

/** Whether somebody may see a document. */
export function isVisible({ index, access }: VisibleIndex, document: StoredDocument, now: number): boolean {
  const fields = fieldsOf(index, () => true);
  return access.queries().every((query) => compile(query, fields, now)(document));
}

/** What was found, and the indices that could not answer. */
export interface DocumentsFound extends SearchResult<StoredDocument> {
  /** How well the query fits a document that was found. */
  score(document: StoredDocument): number;
  /** The best of them. */
  readonly bestScore: number;
  readonly failures: readonly ShardFailure[];
}

/** Why an index could not answer. */
export interface ShardFailure {
  readonly index: Index;
  readonly error: ApiError;
}

interface Prepared {
  readonly documents: readonly StoredDocument[];
  readonly order: readonly SearchField<StoredDocument>[];
}

/**
 * @param now what `now` stands for in queries, in milliseconds
 * @throws Refusal if there is no index that can answer the question, although there are some
 */
export function searchDocuments(
  indices: readonly VisibleIndex[],
  request: Search,
  now: number,
): DocumentsFound {
  const prepared = new Map<Index, Prepared>();
  const failures: ShardFailure[] = [];
  const scores = new Map<StoredDocument, number>();
  const score = (document: StoredDocument): number => scores.get(document) ?? 0;
  for (const visible of indices) {
    const { index } = visible;
    try {
      checkWindow(request);
      const test = testOf(visible, request.query, now);
      const documents = [...index.all()].filter(test);
      for (const [document, score] of scored(documents, visible, request, now)) scores.set(document, score);
      const order = request.sort.map((key) => sortField(key, visible, score));
      prepared.set(index, { documents, order });
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      failures.push({ index, error: onShard(index, refusal.error) });
    }
  }
  const [first] = failures;
  if (first !== undefined && prepared.size === 0) throw new Refusal(allFailed(failures, first));
  // Documents of several indices in one order: each is looked up in the fields of its own.
  const order = request.sort.map(
    (key, at): Criterion<StoredDocument> => ({
      key,
      values: (document) => prepared.get(document.index)?.order[at]?.values(document) ?? [],
    }),
  );
  const found = [...prepared.values()].flatMap(({ documents }) => documents);
  if (order.length === 0) found.sort((one, other) => score(other) - score(one));
  const bestScore = found.reduce((best, document) => Math.max(best, score(document)), 0);
  return { ...page(found, order, request), failures, score, bestScore };
}

/** The scores of documents of an index, if they matter. */
function scored(
  documents: readonly StoredDocument[],
  { index, access }: VisibleIndex,
  { query, sort }: Search,
  now: number,
): [StoredDocument, number][] {
  if (sort.length > 0 && sort.every((key) => key.field !== '_score')) return [];
  if (query === undefined) return documents.map((document) => [document, 1]);
  const score = scoreOf(query, fieldsOf(index, access.seesField), [...index.all()], now);
  return documents.map((document) => [document, shortest(score(document))]);
}

function testOf(
  { index, access }: VisibleIndex,
  query: Query | undefined,
  now: number,
): Test<StoredDocument> {
  const whole = fieldsOf(index, () => true);
  // What hides documents looks at all fields, also at those that the caller can not see.
  const tests = access.queries().map((roleQuery) => compile(roleQuery, whole, now));
  if (query !== undefined) tests.push(compile(query, fieldsOf(index, access.seesField), now));
  return (document) => tests.every((test) => test(document));
}

function constant(value: FieldValue): SearchField<StoredDocument> {
  return { type: 'keyword', sortable: true, values: () => [value] };
}

/** A field that does not exist, or must not be seen, is one without values. */
function fieldsOf(index: Index, sees: (path: string) => boolean): SearchFields<StoredDocument> {
  const { mapping } = index;
  return {
    id: ({ id }) => id,
    names: () =>
      [...mapping.fields()].flatMap(([path, { fields }]) => [
        path,
        ...[...(fields ?? new Map()).keys()].map((name) => `${path}.${name}`),
      ]),
    field(name) {
      if (name === '_id') return { type: 'keyword', sortable: true, values: ({ id }) => [id] };
      if (name === '_index') return constant(index.name);
      const type = mapping.typeOf(name);
      return {
        type: type ?? 'keyword',
        sortable: type !== undefined && type !== 'text' && sees(name),
        values: ({ values }) => (sees(name) ? (values.get(name) ?? []) : []),
        // An object has no values of its own, but exists if there is something in it.
        ...(type === undefined && {
          exists: ({ values }) =>
            [...values].some(
              ([path, inner]) => path.startsWith(`${name}.`) && inner.length > 0 && sees(path),
            ),
        }),
      };
    },
    unsupported: (query) => `[${query}] queries are not supported by the emulator`,
    refusal: (name) => withoutFielddata(name, index.name),
    unordered: (name) => withoutFielddata(name, index.name),
  };
}

function sortField(
  { field: name }: SortKey,
  { index, access }: VisibleIndex,
  score: (document: StoredDocument) => number,
): SearchField<StoredDocument> {
  if (name === '_score') return { type: 'double', sortable: true, values: (document) => [score(document)] };
  // The order in which they were stored is the one they are in.
  if (name === '_doc') return { ...constant(0), values: () => [] };
  const fields = fieldsOf(index, access.seesField);
  const field = fields.field(name);
  if (field?.sortable === true) return field;
  if (index.mapping.typeOf(name) !== undefined && access.seesField(name)) {
    throw new Refusal(illegalArgument(fields.unordered(name)));
  }
  throw new Refusal(queryShardError(`No mapping found for [${name}] in order to sort on`));
}

/** What goes wrong with a query names the index; what Elasticsearch itself refuses does not. */
function onShard(index: Index, error: ApiError): ApiError {
  if (error.type !== 'query_shard_exception') return error;
  return { ...error, metadata: { index_uuid: index.uuid, index: index.name } };
}

function allFailed(failures: readonly ShardFailure[], { error }: ShardFailure): ApiError {
  return {
    status: error.status,
    type: 'search_phase_execution_exception',
    reason: 'all shards failed',
    metadata: { phase: 'query', grouped: true, failed_shards: failures.map(showFailure) },
    root: rootCause(error),
  };
}

/** A failure as the answer to a search shows it. */
export function showFailure({ index, error }: ShardFailure): JsonValue {
  return { shard: 0, index: index.name, node: nodeId, reason: members(error, error.cause) };
}
