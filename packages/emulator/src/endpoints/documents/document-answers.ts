/** How documents and what was done to them are shown. */

import type { Index } from '../../documents/documents.js';
import type { JsonValue } from '../../wire/json-value.js';
import type { Version } from '../../wire/version.js';
import type { WriteResult } from './document-writes.js';

/** The release's name for where a document is. */
export function showPlace(
  { name }: Pick<Index, 'name'>,
  id: string | null,
  version: Version,
): Record<string, JsonValue | undefined> {
  return { _index: name, _type: version.major === 7 ? '_doc' : undefined, _id: id };
}

/** The shards that a write has reached: of replicas there is none, since there is but one node. */
function showWrittenShards({ shards, replicas }: Pick<Index, 'shards' | 'replicas'>): JsonValue {
  return { total: shards * (1 + replicas), successful: shards, failed: 0 };
}

/** @param refreshed whether the caller has asked for that */
export function showWritten(
  { index, id, result, version, seqNo }: WriteResult,
  release: Version,
  refreshed: boolean,
): Record<string, JsonValue | undefined> {
  const shards = result === 'noop' ? { shards: 0, replicas: 0 } : { shards: 1, replicas: index.replicas };
  return {
    ...showPlace(index, id, release),
    _version: version,
    result,
    forced_refresh: refreshed && result !== 'noop' ? true : undefined,
    _shards: showWrittenShards(shards),
    _seq_no: seqNo,
    _primary_term: 1,
  };
}

/** The status of an answer to a write. */
export function statusOf({ result }: WriteResult): number {
  if (result === 'created') return 201;
  return result === 'not_found' ? 404 : 200;
}

/** Where a document is (`DocWriteResponse.getLocation`, with the encoding of Java's `URLEncoder`). */
export function locationOf({ index, id }: WriteResult): string {
  return `/${encoded(index.name)}/_doc/${encoded(id)}`;
}

function encoded(text: string): string {
  const percent = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return [...Buffer.from(text)]
    .map((byte) => (/[\w.*-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : percent(byte)))
    .join('')
    .replaceAll('%20', '+');
}
