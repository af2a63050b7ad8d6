/**
 * How Elasticsearch words and wraps an error. What went wrong is a plain value; it becomes a response body
 * only at the edge. Which errors exist is decided by the files that raise them.
 */

import type { JsonValue } from './json-value.js';

/** An error as Elasticsearch reports it. */
export interface ApiError {
  readonly status: number;
  readonly type: string;
  readonly reason: string;
  /** Members that follow `reason`. */
  readonly metadata?: Readonly<Record<string, JsonValue>>;
  /** Values of `WWW-Authenticate`; they are repeated in the body. */
  readonly challenges?: readonly string[];
  readonly cause?: ApiError;
  /** What went wrong beside it. */
  readonly suppressed?: readonly ApiError[];
  /** What `root_cause` shows, where that is not found by following the causes. */
  readonly root?: ApiError;
}

/** Carries an `ApiError` from wherever it was found to where the response is written. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly error: ApiError;
  /** Where in a body, if it is about one: whoever wraps the error names the place. */
  readonly at: number | undefined;

  constructor(error: ApiError, at?: number) {
    super(error.reason);
    this.error = error;
    this.at = at;
  }
}

/** Says where in a body something went wrong, unless that is known more exactly. */
export function locate<T>(at: number, work: () => T): T {
  try {
    return work();
  } catch (refusal) {
    if (!(refusal instanceof Refusal) || refusal.at !== undefined) throw refusal;
    throw new Refusal(refusal.error, at);
  }
}

/** 400, a value that makes no sense. */
export function illegalArgument(reason: string): ApiError {
  return { status: 400, type: 'illegal_argument_exception', reason };
}

/** 400, a body that can not be read, from the older parsers: no line, no column. */
export function parseFailure(reason: string, cause?: ApiError): ApiError {
  return { status: 400, type: 'parse_exception', reason, ...(cause && { cause }) };
}

/** 400, a body that can not be read, with the place where. */
export function contentParseFailure(reason: string, cause?: ApiError): ApiError {
  return { status: 400, type: 'x_content_parse_exception', reason, ...(cause && { cause }) };
}

/** 400, what Java says of a text that should be a number. */
export function notANumber(text: string): ApiError {
  return { status: 400, type: 'number_format_exception', reason: `For input string: "${text}"` };
}

/** 403, something that the licence does not include. */
export function notLicensed(feature: string, metadata: ApiError['metadata'] = {}): ApiError {
  const reason = `current license is non-compliant for [${feature}]`;
  return {
    status: 403,
    type: 'security_exception',
    reason,
    metadata: { 'license.expired.feature': feature, ...metadata },
  };
}

/** 400, everything that is wrong with a request that could be read. */
export function validationFailure(
  messages: readonly string[],
  type = 'action_request_validation_exception',
): ApiError {
  return { status: 400, type, reason: validationText(messages) };
}

/** Everything that is wrong, in one sentence. */
export function validationText(messages: readonly string[]): string {
  return `Validation Failed: ${messages.map((message, index) => `${index + 1}: ${message};`).join('')}`;
}

/** The body of an error: shape 1 of Elasticsearch's four. */
export function errorBody(error: ApiError): JsonValue {
  return {
    error: { root_cause: [members(error.root ?? rootCause(error))], ...members(error, error.cause) },
    status: error.status,
  };
}

/** The members of an error object, without `root_cause`. */
export function members(error: ApiError, cause?: ApiError): Record<string, JsonValue> {
  return {
    type: error.type,
    reason: error.reason,
    ...error.metadata,
    ...(cause && { caused_by: members(cause, cause.cause) }),
    ...(error.suppressed && { suppressed: error.suppressed.map((other) => members(other, other.cause)) }),
    ...(error.challenges && { header: { 'WWW-Authenticate': single(error.challenges) } }),
  };
}

function single(values: readonly string[]): JsonValue {
  return values.length === 1 && values[0] !== undefined ? values[0] : values;
}

// Elasticsearch looks for the root cause only as long as both the error and its cause are of its own making;
// errors of Java's library and of validation end the search.
const foreign: ReadonlySet<string> = new Set([
  'illegal_argument_exception',
  'action_request_validation_exception',
  'validation_exception',
  'media_type_header_exception',
  'status_exception',
  'bad_parameter_exception',
  'named_object_not_found_exception',
  'number_format_exception',
  'x_content_e_o_f_exception',
  'json_parse_exception',
  'json_e_o_f_exception',
  'stream_constraints_exception',
  'mustache_exception',
  'mustache_not_found_exception',
]);
// Not of its own making either, but looked into where it is the first.
const unparsed = 'x_content_parse_exception';

/** Whether an error is not one of Elasticsearch's own. */
export function isForeign({ type }: ApiError): boolean {
  return foreign.has(type);
}

/** What is shown as the root cause of an error (`ElasticsearchException.guessRootCauses`). */
export function rootCause(error: ApiError): ApiError {
  const { cause } = error;
  if (cause === undefined || foreign.has(error.type) || foreign.has(cause.type)) return error;
  if (cause.type === unparsed && error.type !== unparsed) return error;
  return rootCause(cause);
}
