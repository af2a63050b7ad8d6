// What this package throws and warns of, worded as `@esauth/core` does: with the address of an entry in
// `docs/errors.md`. Told apart by `code`; `instanceof` also works across two copies of it in one process, by registered
// symbols.

import { carries, mark, unworded, wordedAt } from '@esauth/core';

const securityApi = Symbol.for('esauth.SecurityApiError');
const reauthentication = Symbol.for('esauth.ReauthenticationRequired');
const unreadable = Symbol.for('esauth.UnreadableTokensError');

/**
 * Why a call did not do what it should:
 *
 * - `invalid_grant`: what a token or a key was asked for with is not good (any more): a refresh token (`reason` says
 *   why), a user's password, a ticket, the token or the key in the body. Ask whoever owns it.
 * - `invalid_request`: the body is not one of this endpoint.
 * - `unsupported_grant_type`: no such grant, or a field that does not go with it.
 * - `validation_failed`: a value is wrong, or does not go with another. Nothing was done.
 * - `unauthorized`: Elasticsearch does not accept the credential that made the call.
 * - `forbidden`: it does, but it may not do this.
 * - `not_found`: there is no such token, key or user.
 * - `conflict`: somebody else changed the same at the same time. Ask again.
 * - `license`: the licence has no such feature, or has expired.
 * - `disabled`: the feature, or security, is turned off in the cluster's settings.
 * - `overloaded`: ask later.
 * - `unavailable`: there was no answer in time, or the cluster could not do it now. What was asked may have been done.
 * - `incomplete`: it was done in part; `details` says what.
 * - `bad_response`: the answer makes no sense, or is not Elasticsearch's. What was asked may have been done.
 */
export type SecurityApiErrorCode = (typeof securityApiErrorCodes)[number];

export const securityApiErrorCodes = [
  'invalid_grant',
  'invalid_request',
  'unsupported_grant_type',
  'validation_failed',
  'unauthorized',
  'forbidden',
  'not_found',
  'conflict',
  'license',
  'disabled',
  'overloaded',
  'unavailable',
  'incomplete',
  'bad_response',
] as const;

/** What is said with `process.emitWarning`. */
export type ClientWarningCode = (typeof clientWarningCodes)[number];

export const clientWarningCodes = [
  'ESAUTH_SESSION_FAILED',
  'ESAUTH_TOKENS_LEFT',
  'ESAUTH_TOKENS_UNSTORED',
] as const;

/** Why a refresh token gives no new pair. */
export type RefreshFailure = 'expired' | 'invalidated' | 'already_refreshed' | 'other_client' | 'unknown';

/** Elasticsearch's own words, or the network's: the `cause` of a `SecurityApiError`. No credential is in them. */
export class SecurityApiCause extends Error {
  override readonly name = 'SecurityApiCause';
  /** `error.type` of the standard envelope, `error` of OAuth's, or the network's code. */
  readonly type: string | undefined;

  constructor(message: string, type?: string) {
    super(message);
    // As of the error that it explains: its functions held credentials.
    void this.stack;
    this.type = type;
  }
}

/** What is known about a call that failed. */
export interface Failure {
  readonly status?: number | undefined;
  readonly reason?: RefreshFailure | undefined;
  readonly details?: unknown;
  readonly cause?: SecurityApiCause | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** A call that did not do what it should. No part of a credential is in it. */
export class SecurityApiError extends Error {
  override readonly name = 'SecurityApiError';
  readonly code: SecurityApiErrorCode;
  /**
   * HTTP status of Elasticsearch's refusal, 400 or more. `undefined` if there was none: no answer, one that is none of
   * Elasticsearch's, or a 200 that says that it is incomplete. Frameworks answer with it, and with 500 where there is
   * none; it is about your call and not about your caller's, so catch the error before that.
   */
  readonly status: number | undefined;
  /** Frameworks do not show the message to a client. */
  readonly expose = false;
  /** Of `invalid_grant` at a refresh. */
  readonly reason: RefreshFailure | undefined;
  /** Of `incomplete`: the answer as it came, but for credentials. */
  readonly details: unknown;
  /** When Elasticsearch said to ask again, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;
  declare readonly cause: SecurityApiCause | undefined;

  /** @param text what went wrong, without a credential; the message says besides where it is explained */
  constructor(code: SecurityApiErrorCode, text: string, failure: Failure = {}) {
    // Some of these codes are also core's, about other things.
    super(wordedAt(`SecurityApiError ${code}`, text.replace(/\.$/, '')), { cause: failure.cause });
    // Until it is printed, a stack keeps alive what its functions held: credentials.
    void this.stack;
    mark(this, securityApi);
    this.code = code;
    this.status = failure.status;
    this.reason = failure.reason;
    this.details = failure.details;
    this.retryAfterMs = failure.retryAfterMs;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return carries(value, securityApi);
  }
}

/** A token source has nothing left to ask with: whoever owns the tokens has to sign in again. */
export class ReauthenticationRequired extends Error {
  override readonly name = 'ReauthenticationRequired';
  readonly code = 'reauthentication_required';
  /** Why the refresh token is of no use. */
  readonly reason: RefreshFailure | 'no_refresh_token' | 'invalidated_here';

  constructor(reason: ReauthenticationRequired['reason'], cause?: unknown) {
    const text = `no token can be had without signing in again (${reason})`;
    super(wordedAt('reauthentication_required', text), { cause });
    mark(this, reauthentication);
    this.reason = reason;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return carries(value, reauthentication);
  }
}

/** A token store holds something that is no tokens; what, is not said: a token may be in it. */
export class UnreadableTokensError extends Error {
  override readonly name = 'UnreadableTokensError';
  readonly code = 'unreadable_tokens';

  /** @param where what names the store to its owner, such as a path */
  constructor(where: string) {
    super(wordedAt('unreadable_tokens', `${where} does not hold tokens; take it away, and sign in again`));
    mark(this, unreadable);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return carries(value, unreadable);
  }
}

/** Of what nobody waits for. @param reason what was caught */
export function warn(code: ClientWarningCode, text: string, reason: unknown): void {
  const words = reason instanceof Error ? unworded(reason.message) : String(reason);
  process.emitWarning(wordedAt(code, `${text}: ${words}`), { type: 'EsauthWarning', code });
}
