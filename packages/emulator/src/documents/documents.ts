/**
 * One index: its documents by id, with their versions, and the fields by which they are found. What is
 * written can be found at once; there is nothing to refresh. Who may see or write what is decided elsewhere.
 */

import type { Clock } from '../controls/clock.js';
import type { FieldValue } from '../search/fields.js';
import { type ApiError, Refusal } from '../wire/envelope.js';
import { type JsonDocument, jsonValueOf, locationOf } from '../wire/json-parser.js';
import { isMap, type JsonMap } from '../wire/json-value.js';
import { refuseBroken } from '../wire/object-parser.js';
import type { Version } from '../wire/version.js';
import type { IndexDefinition } from './index-definition.js';
import { createMapping, type IndexedDocument, type Mapping } from './mapping.js';

/** A document. It is never changed; a newer one takes its place. */
export interface StoredDocument {
  readonly index: Index;
  readonly id: string;
  readonly version: number;
  /** The number of the operation that stored it. */
  readonly seqNo: number;
  readonly source: JsonMap;
  /** What it is found by: the values of each field. */
  readonly values: ReadonlyMap<string, readonly FieldValue[]>;
}

/** What a write has done. */
export interface Written {
  readonly result: 'created' | 'updated' | 'deleted' | 'not_found' | 'noop';
  readonly id: string;
  readonly version: number;
  readonly seqNo: number;
}

/** A document that fits into its index and can be stored there. */
export interface Draft extends IndexedDocument {
  readonly id: string;
  readonly source: JsonMap;
}

/** One index. */
export interface Index extends Pick<IndexDefinition, 'shards' | 'replicas'> {
  readonly name: string;
  readonly uuid: string;
  readonly createdAt: number;
  readonly mapping: Mapping;
  get(id: string): StoredDocument | undefined;
  all(): Iterable<StoredDocument>;
  /** @throws Refusal if the document does not fit */
  draft(document: JsonDocument, id: string): Draft;
  /**
   * @param onlyNew whether to refuse a document whose id is taken
   * @throws Refusal
   */
  put(draft: Draft, onlyNew: boolean): Written;
  remove(id: string): Written;
}

// `index.gc_deletes` of Elasticsearch.
const rememberedMs = 60_000;

/** What is known of an index when it is made. */
export interface IndexParts {
  readonly name: string;
  readonly uuid: string;
  readonly clock: Clock;
  readonly definition: IndexDefinition;
  readonly version: Version;
}

/** @throws Refusal if the index has too many fields */
export function createIndex({ name, uuid, clock, definition, version }: IndexParts): Index {
  const documents = new Map<string, StoredDocument>();
  const removed = new Map<string, { readonly version: number; readonly at: number }>();
  const mapping = createMapping((place, reason, cause) => unfit(version, place, reason, cause));
  mapping.add(definition.fields);
  let operations = 0;

  /** The version of what is stored next under an id; that of a removed document is remembered for a while. */
  function nextVersion(id: string): number {
    const tombstone = removed.get(id);
    const last = tombstone !== undefined && clock.now() - tombstone.at < rememberedMs ? tombstone.version : 0;
    return (documents.get(id)?.version ?? last) + 1;
  }

  const index: Index = {
    name,
    uuid,
    createdAt: clock.now(),
    shards: definition.shards,
    replicas: definition.replicas,
    mapping,
    get: (id) => documents.get(id),
    all: () => documents.values(),
    draft(document, id) {
      try {
        const indexed = mapping.index(document, id);
        const source = jsonValueOf(document.root, () => refuseBroken(document));
        return { ...indexed, id, source: isMap(source) ? source : new Map() };
      } catch (refusal) {
        // What was said about the document itself has no place any more.
        if (!(refusal instanceof Refusal) || refusal.at === undefined) throw refusal;
        const { error, at } = refusal;
        const place = locationOf(document, at);
        throw new Refusal(unfit(version, place, `failed to parse: ${error.reason}`, error));
      }
    },
    put({ id, source, values, added }, onlyNew) {
      const before = documents.get(id);
      if (onlyNew && before !== undefined) {
        const reason = `[${id}]: version conflict, document already exists (current version [${before.version}])`;
        throw new Refusal(documentError(index, 409, 'version_conflict_engine_exception', reason));
      }
      mapping.add(added);
      const stored = { index, id, version: nextVersion(id), seqNo: operations++, source, values };
      removed.delete(id);
      // The newest comes last.
      documents.delete(id);
      documents.set(id, stored);
      return {
        result: before === undefined ? 'created' : 'updated',
        id,
        version: stored.version,
        seqNo: stored.seqNo,
      };
    },
    remove(id) {
      const version = nextVersion(id);
      const found = documents.delete(id);
      removed.set(id, { version, at: clock.now() });
      return { result: found ? 'deleted' : 'not_found', id, version, seqNo: operations++ };
    },
  };
  return index;
}

/** An error about one document. */
export function documentError(index: Index, status: number, type: string, reason: string): ApiError {
  return { status, type, reason, metadata: { index_uuid: index.uuid, shard: '0', index: index.name } };
}

/** 400, a document that is none, or not one of this index. */
function unfit(version: Version, place: string | undefined, reason: string, cause?: ApiError): ApiError {
  const [type, text] = version.locatesDocumentErrors
    ? ['document_parsing_exception', place === undefined ? reason : `[${place}] ${reason}`]
    : ['mapper_parsing_exception', reason];
  return { status: 400, type, reason: text, ...(cause && { cause }) };
}
