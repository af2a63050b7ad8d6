// What an answer of Elasticsearch's means for a call: its body, or why it did not do what it should. Pure. The
// sentences are those of `test/recorded` (9.5.0), where no other source is named.

import { own, parseJson, strikeOut } from '@esauth/core';
import {
  type RefreshFailure,
  SecurityApiCause,
  SecurityApiError,
  type SecurityApiErrorCode,
} from './errors.js';

/** An answer as it came. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** `undefined`: it was longer than any answer to such a call. */
  readonly text: string | undefined;
}

/** What a call says of itself, so that its answer can be read. */
export interface Expectation {
  /** For messages: `getToken`. */
  readonly call: string;
  /** What must not be repeated: the credential that it is made with, and those in its body. */
  readonly secrets: readonly string[];
  /** Whether a credential in the body is what is refused by a 401 that names this action. */
  readonly grants?: string | undefined;
  /** What a good answer must have, and of which type. */
  readonly has?: Readonly<Record<string, 'string' | 'number' | 'boolean'>> | undefined;
}

/**
 * @returns the body, as JSON
 * @throws {SecurityApiError}
 */
export function readAnswered(answered: Answered, expectation: Expectation): unknown {
  const { status, text } = answered;
  const body = text === undefined ? undefined : parseJson(text);
  const isElasticsearch = namesProduct(answered.headers);
  if (status === 200 || status === 201) {
    if (!isElasticsearch)
      throw failure('bad_response', 'the answer is not Elasticsearch’s', answered, expectation);
    if (typeof body !== 'object' || body === null) {
      throw failure('bad_response', 'the answer is not a JSON object', answered, expectation);
    }
    const errors = own(body, 'error_count') ?? own(own(body, 'errors'), 'count');
    if (typeof errors === 'number' && errors > 0) {
      throw new SecurityApiError(
        'incomplete',
        sentence(expectation, `${errors} of what was asked was not done`),
        {
          details: strikeOutIn(body, expectation.secrets),
          cause: causeOf(own(body, 'error_details'), expectation.secrets),
        },
      );
    }
    for (const [name, type] of Object.entries(expectation.has ?? {})) {
      // Its value may be a secret.
      if (typeof own(body, name) === type) continue;
      throw failure('bad_response', `the answer has no ${name} that is a ${type}`, answered, expectation);
    }
    return body;
  }
  const said = readRefusal(body);
  throw failure(codeOf(status, said, isElasticsearch, expectation), said.reason, answered, expectation, said);
}

/** What a refusal says, in whichever of its forms. */
interface Said {
  /** `error.type` of the standard envelope, or OAuth's `error`. */
  readonly type: string | undefined;
  readonly reason: string | undefined;
  readonly form: 'standard' | 'oauth' | 'plain' | 'unknown';
  readonly unlicensed: boolean;
}

const nothing: Said = { type: undefined, reason: undefined, form: 'unknown', unlicensed: false };

function readRefusal(body: unknown): Said {
  const error = own(body, 'error');
  const description = own(body, 'error_description');
  if (typeof error === 'string') {
    const isOAuth = description !== undefined;
    return {
      ...nothing,
      form: isOAuth ? 'oauth' : 'plain',
      type: isOAuth ? error : undefined,
      reason: isOAuth ? textOf(description) : error,
    };
  }
  const type = textOf(own(error, 'type'));
  if (type === undefined) return nothing;
  const unlicensed = own(error, 'license.expired.feature') !== undefined;
  return { form: 'standard', type, reason: textOf(own(error, 'reason')), unlicensed };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

const oauthCodes: Readonly<Record<string, SecurityApiErrorCode>> = {
  invalid_grant: 'invalid_grant',
  invalid_request: 'invalid_request',
  unsupported_grant_type: 'unsupported_grant_type',
  // A Kerberos handshake that failed, or goes on.
  _unauthorized: 'invalid_grant',
};

const parsersTypes: ReadonlySet<string> = new Set([
  'x_content_parse_exception',
  'x_content_e_o_f_exception',
  'parse_exception',
  'parsing_exception',
]);

function codeOf(
  status: number,
  said: Said,
  isElasticsearch: boolean,
  { grants }: Expectation,
): SecurityApiErrorCode {
  const { type = '', reason = '', form } = said;
  // Elasticsearch takes the product header from 401 and 403; of others in between it says nothing.
  if (status === 401 || status === 403) {
    if (form !== 'standard') return 'bad_response';
    // A closed or blocked index is refused like this too.
    if (type !== 'security_exception') return 'unavailable';
    if (said.unlicensed) return 'license';
    if (grants !== undefined && saysOfGrant(status, reason, grants)) return 'invalid_grant';
    return status === 401 ? 'unauthorized' : 'forbidden';
  }
  if (status === 429) return type === 'cluster_block_exception' ? 'unavailable' : 'overloaded';
  if (status === 500) {
    // Both have a status that says something else (reference 9.1).
    if (
      type === 'unsupported_operation_exception' &&
      reason.startsWith('could not decode base64 kerberos ticket')
    ) {
      return 'invalid_grant';
    }
    if (reason === 'OAuth2 token creation is not supported for service accounts') return 'validation_failed';
    // The keys are invalidated; nodes that were not told may take them for five minutes (reference 7, 19.5).
    if (reason.startsWith('clearing the API key cache failed')) return 'incomplete';
  }
  if (status >= 500) return 'unavailable';
  if (!isElasticsearch) return 'bad_response';
  if (form === 'oauth') return oauthCodes[type] ?? 'bad_response';
  if (form === 'plain') return reason.startsWith('no handler found for uri') ? 'disabled' : 'invalid_request';
  // An unknown token and an unknown id have the body of a 200.
  if (status === 404) return 'not_found';
  if (form === 'unknown') return 'bad_response';
  if (status === 409) return 'conflict';
  if (type === 'feature_not_enabled_exception') return 'disabled';
  if (type === 'index_closed_exception' || type === 'cluster_block_exception') return 'unavailable';
  // There is no index to look for a token in, or it is closed.
  if (reason === 'failed to invalidate token') return 'unavailable';
  return parsersTypes.has(type) ? 'invalid_request' : 'validation_failed';
}

/** Whether it is not the caller's own credential that is refused, but the one in the body. */
function saysOfGrant(status: number, reason: string, action: string): boolean {
  if (status === 401) return reason.includes(` for action [${action}]`);
  return reason === 'Failed to authenticate api key grant' || reason === 'Failed to clone API key';
}

// In the order of Elasticsearch's checks (reference 9.1).
const refreshFailures: readonly (readonly [start: string, RefreshFailure])[] = [
  ['could not refresh the requested token', 'unknown'],
  ['token document has expired', 'expired'],
  ['token has been invalidated', 'invalidated'],
  ['tokens must be refreshed by the creating client', 'other_client'],
  ['token has already been refreshed', 'already_refreshed'],
  ['token has been refreshed', 'already_refreshed'],
];

function failure(
  code: SecurityApiErrorCode,
  what: string | undefined,
  { status, headers }: Answered,
  expectation: Expectation,
  said: Said = nothing,
): SecurityApiError {
  const { secrets } = expectation;
  const { type, reason, form } = said;
  const found = refreshFailures.find(([start]) => form === 'oauth' && reason?.startsWith(start) === true);
  const words = what === undefined ? `HTTP status ${status}` : strikeOut(what, secrets);
  const cause = reason === undefined ? undefined : causeFrom(reason, type, secrets);
  return new SecurityApiError(code, sentence(expectation, words), {
    // Of anything else, such as a redirect, frameworks would make their own answer.
    ...(status >= 400 && { status }),
    ...(code === 'invalid_grant' && { reason: found?.[1] }),
    cause,
    retryAfterMs: retryAfter(headers['retry-after']),
  });
}

function causeOf(details: unknown, secrets: readonly string[]): SecurityApiCause | undefined {
  const [first] = Array.isArray(details) ? details : [];
  const inner = own(first, 'caused_by') ?? first;
  const reason = textOf(own(inner, 'reason'));
  if (reason === undefined) return undefined;
  return causeFrom(reason, textOf(own(inner, 'type')), secrets);
}

function causeFrom(reason: string, type: string | undefined, secrets: readonly string[]): SecurityApiCause {
  return new SecurityApiCause(strikeOut(reason, secrets), type && strikeOut(type, secrets));
}

/** All texts of an answer, names too. */
function strikeOutIn(value: unknown, secrets: readonly string[]): unknown {
  const struck = JSON.stringify(value, (_, each) => {
    if (typeof each === 'string') return strikeOut(each, secrets);
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(
      Object.entries(each).map(([name, member]) => [strikeOut(name, secrets), member]),
    );
  });
  return JSON.parse(struck);
}

function sentence({ call }: Expectation, words: string): string {
  return `${call}: ${words}`;
}

function namesProduct(headers: Answered['headers']): boolean {
  const product = [headers['x-elastic-product']].flat();
  return product.length > 0 && product.every((value) => value === 'Elasticsearch');
}

/** At most a minute, and only in seconds. */
function retryAfter(value: string | string[] | undefined): number | undefined {
  return typeof value === 'string' && /^\d{1,5}$/.test(value)
    ? Math.min(Number(value), 60) * 1000
    : undefined;
}
