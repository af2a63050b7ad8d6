// Every reason for which a request can be turned away, as the codes that answers, errors, events and logs carry.

/**
 * Why a request is refused.
 *
 * - `credentials_missing`: no `Authorization` header.
 * - `scheme_unsupported`: a scheme that this verifier does not accept.
 * - `credentials_malformed`: two headers, an empty or over-long one, or not `scheme 1*SP token68`; or Elasticsearch says
 *   that the request's head is longer than it reads.
 * - `credentials_invalid`: Elasticsearch does not accept it, or it cannot be a credential of its scheme.
 * - `credentials_expired`: Elasticsearch says that it expired. It says so of invalidated tokens too.
 * - `credentials_restricted`: Elasticsearch refuses it with 403 (`security_exception`): a workflow restriction keeps it
 *   from being used here.
 * - `anonymous_refused`: Elasticsearch answered as its anonymous user.
 * - `forbidden`: authenticated, but a requirement of the route is not met.
 */
export type RejectionCode =
  | 'credentials_missing'
  | 'scheme_unsupported'
  | 'credentials_malformed'
  | 'credentials_invalid'
  | 'credentials_expired'
  | 'credentials_restricted'
  | 'anonymous_refused'
  | 'forbidden';

/**
 * Why no verdict was reached.
 *
 * - `timeout`: no answer within `upstream.timeoutMs`.
 * - `unreachable`: no connection, or a broken one; name resolution and TLS included.
 * - `overloaded`: Elasticsearch said 429.
 * - `server_error`: 5xx, or an error of Elasticsearch's that is not about the credential: the check itself failed (401),
 *   the security index is closed or blocked, the licence does not allow it.
 * - `not_elasticsearch`: a 401 or 403 that is not an error as Elasticsearch writes it, or any other answer but 429 and 5xx
 *   without `X-elastic-product: Elasticsearch`. Elasticsearch takes that header away from 401 and 403.
 * - `bad_response`: Elasticsearch's, but security is off, or it is a redirect, another status, or a body that is too large,
 *   encoded or not as expected; or what came is no HTTP that can be read.
 * - `circuit_open`, `queue_full`: not asked, to protect Elasticsearch.
 * - `closed`: the verifier was closed.
 */
export type UnavailableCode =
  | 'timeout'
  | 'unreachable'
  | 'overloaded'
  | 'server_error'
  | 'not_elasticsearch'
  | 'bad_response'
  | 'circuit_open'
  | 'queue_full'
  | 'closed';

/**
 * What an application forgot, told to its callers as its own fault.
 *
 * - `not_admitted`: a guard, `identityOf` or `callerHeaders` was reached, but no middleware of ours ran before it.
 */
export type MistakeCode = 'not_admitted';
