/**
 * `Accept` and `Content-Type`: which version of the API is spoken, whether a body can be read, and how the
 * answer is labelled. Only JSON is spoken, as one document or as lines.
 */

import { type ApiError, illegalArgument } from '../wire/envelope.js';
import type { Version } from '../wire/version.js';

/** What the two headers of a request amount to. */
export interface Negotiated {
  /** The `Content-Type` of the answer. */
  readonly answerType: string;
  /** What a body of this request is; `undefined` if it can not be read. */
  readonly bodyType: 'json' | 'ndjson' | undefined;
}

interface MediaType {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly compatibleWith: number | undefined;
}

const vendored = 'application/vnd.elasticsearch+json';
// Lines of JSON, which a few endpoints take in place of one document.
const bodyTypes: ReadonlyMap<string | undefined, 'json' | 'ndjson'> = new Map([
  ['application/json', 'json'],
  [vendored, 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/vnd.elasticsearch+x-ndjson', 'ndjson'],
]);
const token = /^[\w!#$%&'*+\-.^`|~]+$/;

/** Reads the headers of requests to one release. */
export interface MediaTypes {
  /** The `Content-Type` of an answer to a request that asks for none in particular. */
  readonly plain: string;
  /** @returns what the headers amount to, or the error that they are */
  negotiate(
    accept: string | undefined,
    contentType: string | undefined,
    hasBody: boolean,
  ): Negotiated | ApiError;
}

/** @param version the release that is imitated */
export function createMediaTypes(version: Version): MediaTypes {
  const plain = version.plainJsonType ? 'application/json' : 'application/json; charset=UTF-8';
  const remembered = new Map<string, Negotiated | ApiError>();

  function parse(header: string | undefined, name: string): MediaType | undefined | ApiError {
    // A list, such as browsers send, is treated like no header at all.
    if (header === undefined || header === '*/*' || header.includes(',')) return undefined;
    if (header.trim() === '')
      return mediaTypeError([name], illegalArgument(`Header [${name}] cannot be empty.`));
    const [type = '', ...rest] = header.toLowerCase().split(';');
    const parts = type.trim().split('/');
    if (parts.length !== 2 || !parts.every((part) => token.test(part.trim()))) {
      return mediaTypeError([name], illegalArgument(`invalid media-type [${header}]`));
    }
    const parameters = new Map<string, string>();
    for (const parameter of rest.map((text) => text.trim()).filter((text) => text !== '')) {
      const [key = '', value = '', ...more] = parameter.split('=');
      if (more.length > 0 || value === '' || key !== key.trimEnd() || value !== value.trimStart()) {
        return mediaTypeError([name], illegalArgument(`invalid parameters for header [${header}]`));
      }
      parameters.set(key, value);
    }
    const compatible = /^application\/vnd\.elasticsearch\+(json|x-ndjson)$/.test(type.trim())
      ? parameters.get('compatible-with')
      : undefined;
    return {
      name: parts.map((part) => part.trim()).join('/'),
      parameters,
      compatibleWith: compatible !== undefined && /^\d+$/.test(compatible) ? Number(compatible) : undefined,
    };
  }

  function negotiate(
    acceptHeader: string | undefined,
    contentTypeHeader: string | undefined,
    hasBody: boolean,
  ): Negotiated | ApiError {
    const accept = parse(acceptHeader, 'Accept');
    if (accept !== undefined && 'status' in accept) return accept;
    const contentType = parse(contentTypeHeader, 'Content-Type');
    if (contentType !== undefined && 'status' in contentType) return contentType;
    const problem = versionProblem(accept?.compatibleWith, contentType?.compatibleWith, hasBody);
    if (problem !== undefined) {
      const reason = problem.replace('ACCEPT', `Accept=${acceptHeader ?? 'null'}`);
      return mediaTypeError(['Accept', 'Content-Type'], {
        status: 400,
        type: 'status_exception',
        reason: reason.replace('CONTENT_TYPE', `Content-Type=${contentTypeHeader ?? 'null'}`),
      });
    }
    const wanted = accept === undefined ? contentType : accept;
    const answerType = wanted?.name === vendored ? show(wanted) : plain;
    return { answerType, bodyType: bodyTypes.get(contentType?.name) };
  }

  function versionProblem(
    accept: number | undefined,
    contentType: number | undefined,
    hasBody: boolean,
  ): string | undefined {
    const { major } = version;
    const range = `must be either version ${major} or ${major - 1}, but found`;
    const acceptVersion = accept ?? major;
    if (acceptVersion > major || acceptVersion < major - 1)
      return `Accept version ${range} ${acceptVersion}. ACCEPT`;
    if (!hasBody) return undefined;
    const contentVersion = contentType ?? major;
    if (contentVersion > major || contentVersion < major - 1) {
      return `Content-Type version ${range} ${contentVersion}. CONTENT_TYPE`;
    }
    const both =
      'A compatible version is required on both Content-Type and Accept headers if either one has requested a compatible version';
    if (contentVersion !== acceptVersion)
      return `${both} and the compatible versions must match. ACCEPT, CONTENT_TYPE`;
    if ((accept === undefined) !== (contentType === undefined)) return `${both}. ACCEPT, CONTENT_TYPE`;
    return undefined;
  }

  return {
    plain,
    negotiate(accept, contentType, hasBody) {
      // Clients send the same few headers over and over.
      const key = `${hasBody}${keyPart(accept)}${keyPart(contentType)}`;
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const result = negotiate(accept, contentType, hasBody);
      if (remembered.size < 1000) remembered.set(key, result);
      return result;
    },
  };
}

// A header that is absent is not the same as one that is empty.
const keyPart = (header: string | undefined): string => (header === undefined ? '\n-' : `\n=${header}`);

function show(type: MediaType): string {
  return [type.name, ...[...type.parameters].map(([key, value]) => `${key}=${value}`)].join(';');
}

function mediaTypeError(headers: readonly string[], cause: ApiError): ApiError {
  const reason = `Invalid media-type value on headers [${headers.join(', ')}]`;
  return { status: 400, type: 'media_type_header_exception', reason, cause };
}
