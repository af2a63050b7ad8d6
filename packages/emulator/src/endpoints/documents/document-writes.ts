/**
 * Storing, changing and removing documents: what each write needs to be allowed, and what it does. How writes
 * are asked for is in `documents.ts` and `bulk.ts` beside it.
 */

import type { Security } from '../../cluster/security.js';
import { type Draft, documentError, type Index, type Written } from '../../documents/documents.js';
import { noSuchIndex } from '../../documents/index-names.js';
import { illegalArgument, Refusal, validationFailure } from '../../wire/envelope.js';
import { type JsonDocument, parseJson } from '../../wire/json-parser.js';
import { isMap, type JsonMap, type JsonValue, sameJson, writeJson } from '../../wire/json-value.js';
import { anything, type Field, flag, map, objectParser } from '../../wire/object-parser.js';
import type { Caller } from './index-request.js';

/** A write. Without an id, one is drawn. */
export type Write =
  | {
      readonly kind: 'index' | 'create';
      readonly index: string;
      readonly id: string | undefined;
      readonly document: JsonDocument;
    }
  | { readonly kind: 'delete'; readonly index: string; readonly id: string }
  | { readonly kind: 'update'; readonly index: string; readonly id: string; readonly change: Change };

/** What an update does. */
export interface Change {
  /** What is put over the document; objects in it over objects. */
  readonly doc: JsonMap | undefined;
  /** What is stored if there is no document. */
  readonly upsert: JsonMap | undefined;
  readonly docAsUpsert: boolean;
  /** Whether to do nothing if nothing would change. */
  readonly detectNoop: boolean;
}

const writeActions = 'indices:data/write';
const itemActions: Readonly<Record<Write['kind'], string>> = {
  index: `${writeActions}/index:op_type/index`,
  create: `${writeActions}/index:op_type/create`,
  delete: `${writeActions}/delete`,
  update: `${writeActions}/update`,
};

/** The action of a request that is one write. */
export const requestActions: Readonly<Record<Write['kind'], string>> = {
  ...itemActions,
  index: `${writeActions}/index`,
  create: `${writeActions}/index`,
};

/** The action of a request that is several writes. */
export const bulkAction: string = `${writeActions}/bulk`;

/** What a write has done, and where. */
export interface WriteResult extends Written {
  readonly index: Index;
}

/**
 * @param inBulk whether it is one of several
 * @throws Refusal if the write is not allowed or not possible
 */
export function carryOut(
  { indices, secrets }: Security,
  caller: Caller,
  write: Write,
  inBulk = false,
): WriteResult {
  const may = (action: string): void => caller.ensureMay(action, write.index);
  let index = indices.find(write.index);
  if (index === undefined) {
    if (write.kind === 'delete') throw new Refusal(noSuchIndex(write.index));
    may('indices:admin/auto_create');
    index = indices.create(write.index);
  }
  may(`${bulkAction}[s]`);
  may(itemActions[write.kind]);
  const store: Store = (place, draft, onlyNew) => {
    if (draft.added.size > 0) may('indices:admin/mapping/auto_put');
    return { index: place, ...place.put(draft, onlyNew) };
  };
  switch (write.kind) {
    case 'delete':
      return { index, ...index.remove(write.id) };
    case 'update':
      ensureSeesAll(caller, index, inBulk);
      return update(index, write.id, write.change, store);
    default:
      return store(index, index.draft(write.document, write.id ?? secrets.id()), write.kind === 'create');
  }
}

type Store = (index: Index, draft: Draft, onlyNew: boolean) => WriteResult;

/** Whoever sees only a part of the documents must not change what he can not see. */
function ensureSeesAll(caller: Caller, index: Index, inBulk: boolean): void {
  const [seen] = caller.visible(requestActions.update, [index]);
  if (seen === undefined || !(seen.access.hidesDocuments || seen.access.limitsFields)) return;
  const what = inBulk ? 'a bulk item request with update requests embedded' : 'an update request';
  const reason = `Can't execute ${what} if field or document level security is enabled`;
  throw new Refusal({ status: 400, type: 'security_exception', reason });
}

function update(
  index: Index,
  id: string,
  { doc, upsert, docAsUpsert, detectNoop }: Change,
  store: Store,
): WriteResult {
  const before = index.get(id);
  const source = before === undefined ? (docAsUpsert ? doc : upsert) : over(before.source, doc ?? new Map());
  if (source === undefined) {
    throw new Refusal(documentError(index, 404, 'document_missing_exception', `[${id}]: document missing`));
  }
  if (before !== undefined && detectNoop && sameJson(before.source, source)) {
    return { index, id, result: 'noop', version: before.version, seqNo: before.seqNo };
  }
  return store(index, index.draft(parseJson(writeJson(source)), id), false);
}

function over(below: JsonMap, above: JsonMap): JsonMap {
  const merged = new Map<string, JsonValue>(below);
  for (const [name, value] of above) {
    const present = merged.get(name);
    merged.set(name, isMap(present) && isMap(value) ? over(present, value) : value);
  }
  return merged;
}

// The longest id that Elasticsearch takes, in bytes.
const longestId = 512;

/** What is wrong with a write that could be read. */
export function writeProblems({ id }: Pick<Write, 'id'>): string[] {
  const length = Buffer.byteLength(id ?? '');
  if (length <= longestId) return [];
  return [`id [${id}] is too long, must be no longer than ${longestId} bytes but was: ${length}`];
}

interface UpdateBody {
  readonly script?: JsonValue | undefined;
  readonly scripted_upsert?: boolean | undefined;
  readonly upsert?: JsonMap | undefined;
  readonly doc?: JsonMap | undefined;
  readonly doc_as_upsert?: boolean | undefined;
  readonly detect_noop?: boolean | undefined;
  readonly _source?: JsonValue | undefined;
  readonly if_seq_no?: JsonValue | undefined;
  readonly if_primary_term?: JsonValue | undefined;
}

const number: Field<JsonValue | undefined> = { ...anything, tokens: ['number', 'string'] };
const updateParser = objectParser<UpdateBody>('UpdateRequest', {
  script: { ...anything, tokens: ['object', 'string'] },
  scripted_upsert: flag,
  upsert: map,
  doc: map,
  doc_as_upsert: flag,
  detect_noop: flag,
  _source: { ...anything, tokens: ['object', 'array', 'boolean', 'string'] },
  if_seq_no: number,
  if_primary_term: number,
});
const unsupported = ['script', 'scripted_upsert', '_source', 'if_seq_no', 'if_primary_term'] as const;

/** @throws Refusal if the body of an update makes no sense (`UpdateRequest`) */
export function parseChange(document: JsonDocument): Change {
  const body = updateParser.parse(document);
  const beyond = unsupported.find((name) => body[name] !== undefined);
  if (beyond !== undefined)
    throw new Refusal(illegalArgument(`[UpdateRequest] [${beyond}] is not supported by the emulator`));
  const { doc, upsert, doc_as_upsert: docAsUpsert = false, detect_noop: detectNoop = true } = body;
  if (doc === undefined) {
    const more = docAsUpsert ? ['doc must be specified if doc_as_upsert is enabled'] : [];
    throw new Refusal(validationFailure(['script or doc is missing', ...more]));
  }
  return { doc, upsert, docAsUpsert, detectNoop };
}
