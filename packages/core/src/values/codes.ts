// Every code that answers, errors, events, logs and warnings carry: why a request is turned away, which mistake was
// made, what an operator is warned of. Each has an entry in `docs/errors.md`; `errorCodes` is what is checked.

/**
 * Why a request is refused.
 *
 * - `credentials_missing`: no `Authorization` header.
 * - `scheme_unsupported`: a scheme that this verifier does not accept.
 * - `credentials_malformed`: two headers, an empty or over-long one, or not `scheme 1*SP token68`; or Elasticsearch
 * says that the request's head is longer than it reads.
 * - `credentials_invalid`: Elasticsearch does not accept it, or it cannot be a credential of its scheme.
 * - `credentials_expired`: Elasticsearch says that it expired. It says so of invalidated tokens too.
 * - `credentials_restricted`: Elasticsearch refuses it with 403 (`security_exception`): a workflow restriction keeps it
 *   from being used here.
 * - `anonymous_refused`: Elasticsearch answered as its anonymous user.
 * - `forbidden`: authenticated, but a requirement of the route is not met.
 */
export type RejectionCode = (typeof rejectionCodes)[number];

export const rejectionCodes = [
  'credentials_missing',
  'scheme_unsupported',
  'credentials_malformed',
  'credentials_invalid',
  'credentials_expired',
  'credentials_restricted',
  'anonymous_refused',
  'forbidden',
] as const;

/**
 * Why no verdict was reached.
 *
 * - `timeout`: no answer within `upstream.timeoutMs`.
 * - `unreachable`: no connection, or a broken one; name resolution and TLS included.
 * - `overloaded`: Elasticsearch said 429.
 * - `server_error`: 5xx, or an error of Elasticsearch's that is not about the credential: the check itself failed
 * (401), the security index is closed or blocked, the licence does not allow it.
 * - `not_elasticsearch`: a 401 or 403 that is not an error as Elasticsearch writes it, or any other answer but 429
 * and 5xx without `X-elastic-product: Elasticsearch`. Elasticsearch takes that header away from 401 and 403.
 * - `bad_response`: Elasticsearch's, but security is off, or it is a redirect, another status, or a body that is too
 * large, encoded or not as expected; or what came is no HTTP that can be read.
 * - `circuit_open`, `queue_full`: not asked, to protect Elasticsearch.
 * - `closed`: the verifier was closed.
 */
export type UnavailableCode = (typeof unavailableCodes)[number];

export const unavailableCodes = [
  'timeout',
  'unreachable',
  'overloaded',
  'server_error',
  'not_elasticsearch',
  'bad_response',
  'circuit_open',
  'queue_full',
  'closed',
] as const;

/**
 * What an application forgot, told to its callers as its own fault.
 *
 * - `not_admitted`: a guard, `identityOf` or `callerHeaders` was reached, but no middleware of ours ran before it.
 */
export type MistakeCode = 'not_admitted';

/**
 * Mistakes in a program, as exceptions: an option, an argument, or a question about privileges that can not be taken.
 */
export type ThrownCode = 'invalid_option' | 'invalid_argument' | 'invalid_privileges';

/** What is said with `process.emitWarning` besides the reasons for which there is no verdict. */
export type OwnWarningCode = (typeof ownWarningCodes)[number];

const ownWarningCodes = [
  'ESAUTH_ANY_CERTIFICATE',
  'ESAUTH_BASIC_OFF',
  'ESAUTH_KEY_AS_BEARER',
  'ESAUTH_MISFIT',
  'ESAUTH_NOT_AWAITED',
  'ESAUTH_NOT_LOOKED_AT',
  'ESAUTH_NO_CLIENT_AUTHENTICATION',
  'ESAUTH_NO_MIDDLEWARE',
  'ESAUTH_NO_ROLES',
  'ESAUTH_PLAIN_HTTP',
  'ESAUTH_PROPERTY',
  'ESAUTH_REFRESH',
  'ESAUTH_SHARING',
  'ESAUTH_SILENT',
  'ESAUTH_SMALL_DURATION',
  'ESAUTH_SOURCE',
  'ESAUTH_TRUST_PROXY',
  'ESAUTH_TWO_CACHES',
  'ESAUTH_TWO_VERSIONS',
  'ESAUTH_UNSEALED',
] as const;

/** The code of every warning: one of our own, or that a lookup of a node gave no verdict. */
export type WarningCode = OwnWarningCode | `ESAUTH_${Uppercase<UnavailableCode>}`;

/** All that have an entry of their own. A warning that there is no verdict is explained with the code it is made of. */
export type ErrorCode = RejectionCode | UnavailableCode | MistakeCode | ThrownCode | OwnWarningCode;

export const errorCodes: readonly ErrorCode[] = [
  ...rejectionCodes,
  ...unavailableCodes,
  'not_admitted',
  'invalid_option',
  'invalid_argument',
  'invalid_privileges',
  ...ownWarningCodes,
];
