/**
 * Bodies that are in the address of a request: `?source=…&source_content_type=…`, for clients that can send no body
 * with `GET` (`RestRequest.contentOrSourceParam`). Which endpoints look there is their own business.
 */

import { toJson } from '../wire/body-formats.js';
import { contentTypeOf, isToken } from '../wire/content-types.js';
import { contentParseFailure, illegalArgument, Refusal, validationFailure } from '../wire/envelope.js';
import type { Version } from '../wire/version.js';

/** The parameters that hold a body; whoever sends a real one beside them is told that they are not known. */
export const sourceParameters: readonly string[] = ['source', 'source_content_type'];

/**
 * @returns the body in JSON
 * @throws Refusal, at once or later, if there is no telling what it is
 */
export function sourceOf(query: ReadonlyMap<string, string>, version: Version): Buffer | Promise<Buffer> {
  const source = query.get('source');
  const typeName = query.get('source_content_type');
  if (source === undefined || typeName === undefined)
    return refuse('source and source_content_type parameters are required', version);
  const type = contentTypeOf(mediaTypeOf(typeName));
  if (type === undefined) return refuse(`Unknown value for source_content_type [${typeName}]`, version);
  const body = Buffer.from(source);
  if (type.format === 'json') return body;
  if (type.format === 'smile') throw new Refusal(contentParseFailure('[1:1] the emulator reads no SMILE'));
  return toJson(type.format, body).then((read) => {
    if ('status' in read) throw new Refusal(read);
    return read;
  });
}

/** `RestRequest.parseContentType`, which does not look at parameters. */
function mediaTypeOf(text: string): string {
  const [name] = text.split(/[ \t]*;/);
  if (/^[ \t;]*;$/.test(text)) throw new Refusal(illegalArgument('empty Content-Type header'));
  const [type = '', subtype = '', ...more] = (name ?? '').split('/');
  if (more.length > 0 || !isToken(type) || !isToken(subtype.trim()))
    throw new Refusal(illegalArgument(`invalid Content-Type header [${text}]`));
  return `${type}/${subtype.trim()}`.toLowerCase();
}

function refuse(problem: string, version: Version): never {
  if (version.blamesCallersForSource) throw new Refusal(validationFailure([problem], 'validation_exception'));
  throw new Refusal({ status: 500, type: 'illegal_state_exception', reason: problem });
}
