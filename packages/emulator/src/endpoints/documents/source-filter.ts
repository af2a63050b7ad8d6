/** Which part of a document a request wants: how it is asked for, and what is left of the document. */

import type { Call } from '../../cluster/endpoint.js';
import {
  type DocumentAccess,
  filterFields,
  isUnder,
  visibleSource,
} from '../../documents/document-access.js';
import type { StoredDocument } from '../../documents/documents.js';
import { illegalArgument, Refusal } from '../../wire/envelope.js';
import { jsonValueOf } from '../../wire/json-parser.js';
import { isMap, type JsonMap, type JsonValue } from '../../wire/json-value.js';
import { type Field, refuseBroken } from '../../wire/object-parser.js';

/** Which part is wanted; `false`: nothing. */
export type SourceFilter = FieldPatterns | false;

interface FieldPatterns {
  /** Patterns; none: everything. */
  readonly includes: readonly string[];
  readonly excludes: readonly string[];
}

/** The whole document. */
export const wholeSource: SourceFilter = { includes: [], excludes: [] };

/** The parameters that say it. */
export const sourceParameters: readonly string[] = ['_source', '_source_includes', '_source_excludes'];

const list = (text: string | undefined): string[] => text?.split(',').filter((part) => part !== '') ?? [];

/** Reads it from the parameters of a request, where they say so. */
export function readSourceParameters({ query }: Call): SourceFilter | undefined {
  const source = query.get('_source');
  if (source === 'false') return false;
  const named = source === 'true' || source === '' ? undefined : source;
  const includes = [...list(named), ...list(query.get('_source_includes'))];
  const excludes = list(query.get('_source_excludes'));
  return sourceParameters.some((name) => query.has(name)) ? { includes, excludes } : undefined;
}

/** `_source` in the body of a search. */
export const sourceField: Pick<Field<SourceFilter>, 'read'> = {
  read(node, document) {
    const value = jsonValueOf(node, () => refuseBroken(document));
    if (typeof value === 'boolean') return value ? wholeSource : false;
    if (!isMap(value)) return { includes: patterns(value), excludes: [] };
    const other = [...value.keys()].find((name) => !['includes', 'excludes'].includes(name));
    if (other !== undefined) throw new Refusal(illegalArgument(`[_source] does not support [${other}]`));
    return { includes: patterns(value.get('includes')), excludes: patterns(value.get('excludes')) };
  },
};

function patterns(value: JsonValue | undefined): string[] {
  const items = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return items.map((item: JsonValue) => {
    if (typeof item === 'string') return item;
    throw new Refusal(illegalArgument('[_source] takes the names of fields, in strings'));
  });
}

/** The part of a document that is wanted and may be seen; `undefined` if none is wanted. */
export function sourceOf(
  { source }: StoredDocument,
  access: DocumentAccess,
  wanted: SourceFilter,
): JsonMap | undefined {
  if (wanted === false) return undefined;
  const seen = visibleSource(source, access);
  const { includes, excludes } = wanted;
  if (includes.length === 0 && excludes.length === 0) return seen;
  return filterFields(
    seen,
    (path) => (includes.length === 0 || isUnder(path, includes)) && !isUnder(path, excludes),
  );
}
