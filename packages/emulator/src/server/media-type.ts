/**
 * `Accept` and `Content-Type`: which version of the API is spoken, what a body is written in, and what the answer
 * is written in and how it is labelled.
 */

import {
  type ContentType,
  contentTypeOf,
  contentTypeOfParameter,
  type Format,
  isToken,
  json,
} from '../wire/content-types.js';
import { type ApiError, illegalArgument } from '../wire/envelope.js';
import type { Version } from '../wire/version.js';

/** What the headers of a request amount to. */
export interface Negotiated {
  /** What the answer is written in. */
  readonly format: Format;
  /** The `Content-Type` of the answer. */
  readonly answerType: string;
  /** What a body of this request is; `undefined` if it can not be read. */
  readonly bodyFormat: Format | undefined;
  /** Whether it is lines of JSON, which a few endpoints take in place of one document. */
  readonly bodyHasLines: boolean;
}

/** A header that Elasticsearch's parser throws up on: it hangs up without a word. */
export type Unspeakable = 'unspeakable';

interface MediaType {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** What is asked of a negotiation. */
export interface Question {
  readonly accept: string | undefined;
  readonly contentType: string | undefined;
  /** `?format=` */
  readonly format: string | undefined;
  readonly hasBody: boolean;
}

/** Reads the headers of requests to one release. */
export interface MediaTypes {
  /** What an answer is where the headers can not be read. */
  readonly plain: Negotiated;
  /** @returns what the headers amount to, or the error that they are */
  negotiate(question: Question): Negotiated | ApiError | Unspeakable;
}

/** @param version the release that is imitated */
export function createMediaTypes(version: Version): MediaTypes {
  const plainType = version.plainJsonType ? 'application/json' : 'application/json; charset=UTF-8';
  const plain = {
    format: 'json',
    answerType: plainType,
    bodyFormat: undefined,
    bodyHasLines: false,
  } as const;
  const remembered = new Map<string, Negotiated | ApiError | Unspeakable>();

  /** `AbstractRestChannel.newBuilder`: the parameter, then what is accepted, then what the request is. */
  function answerIn(
    parameter: string | undefined,
    accept: MediaType | undefined,
    sent: ContentType | undefined,
  ): Pick<Negotiated, 'format' | 'answerType'> {
    const asked = parameter === undefined ? undefined : contentTypeOfParameter(parameter.toLowerCase());
    const { format, name } = asked ?? contentTypeOf(accept?.name ?? '') ?? sent ?? json;
    // There is nothing here that writes SMILE.
    if (format === 'smile') return { format: 'json', answerType: plainType };
    // Of JSON, 7.17 always says the same; its other types are taken to be as those of 8.
    if (name === json.name && !version.plainJsonType) return { format, answerType: plainType };
    return { format, answerType: [name, ...parametersOf(accept)].join(';') };
  }

  function negotiate({
    accept: acceptHeader,
    contentType: contentTypeHeader,
    format,
    hasBody,
  }: Question): Negotiated | ApiError | Unspeakable {
    const accept = parse(acceptHeader, 'Accept');
    if (accept !== undefined && 'status' in accept) return accept;
    const contentType = parse(contentTypeHeader, 'Content-Type');
    if (contentType !== undefined && 'status' in contentType) return contentType;
    const [acceptVersion, contentVersion] = [compatibleWith(accept), compatibleWith(contentType)];
    if (acceptVersion === 'unspeakable' || contentVersion === 'unspeakable') return 'unspeakable';
    const problem = versionProblem(version, acceptVersion, contentVersion, hasBody);
    if (problem !== undefined) {
      const reason = problem.replace('ACCEPT', `Accept=${acceptHeader ?? 'null'}`);
      return mediaTypeError(['Accept', 'Content-Type'], {
        status: 400,
        type: 'status_exception',
        reason: reason.replace('CONTENT_TYPE', `Content-Type=${contentTypeHeader ?? 'null'}`),
      });
    }
    const sent = contentTypeOf(contentType?.name ?? '');
    return {
      ...answerIn(format, accept, sent),
      bodyFormat: sent?.format,
      bodyHasLines: sent?.hasLines ?? false,
    };
  }

  return {
    plain,
    negotiate(question) {
      // Clients send the same few headers over and over.
      const { hasBody, accept, contentType, format } = question;
      const key = `${hasBody}${keyPart(accept)}${keyPart(contentType)}${keyPart(format)}`;
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const result = negotiate(question);
      if (remembered.size < 1000) remembered.set(key, result);
      return result;
    },
  };
}

// A header that is absent is not the same as one that is empty.
const keyPart = (header: string | undefined): string => (header === undefined ? '\n-' : `\n=${header}`);

/** `ParsedMediaType.parseMediaType` */
function parse(header: string | undefined, name: string): MediaType | undefined | ApiError {
  // A list, such as browsers send, is treated like no header at all.
  if (header === undefined || header === '*/*' || header.includes(',')) return undefined;
  if (header.trim() === '')
    return mediaTypeError([name], illegalArgument(`Header [${name}] cannot be empty.`));
  const [type = '', ...rest] = header.toLowerCase().split(';');
  const parts = type.trim().split('/');
  if (parts.length !== 2 || !parts.every((part) => isToken(part.trim()))) {
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
  return { name: parts.map((part) => part.trim()).join('/'), parameters };
}

/** `Byte.parseByte`, which nothing catches. */
function compatibleWith(type: MediaType | undefined): number | undefined | Unspeakable {
  const text = type?.parameters.get('compatible-with');
  if (text === undefined) return undefined;
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  return number >= -128 && number <= 127 ? number : 'unspeakable';
}

/** `RestCompatibleVersionHelper` */
function versionProblem(
  { major }: Version,
  accept: number | undefined,
  contentType: number | undefined,
  hasBody: boolean,
): string | undefined {
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

/** The answer has the parameters of `Accept`, even if it is of another type. */
function parametersOf(accept: MediaType | undefined): string[] {
  return [...(accept?.parameters ?? [])].map(([key, value]) => `${key}=${value}`);
}

function mediaTypeError(headers: readonly string[], cause: ApiError): ApiError {
  const reason = `Invalid media-type value on headers [${headers.join(', ')}]`;
  return { status: 400, type: 'media_type_header_exception', reason, cause };
}
