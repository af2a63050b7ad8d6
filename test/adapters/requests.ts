// The table of requests: what is sent, and what every framework answers to it, to the letter. Data only.

import type { VerifierOptions } from '@esauth/core';
import { errorBody, identityBody, respond, type Script } from '../support/scripted-node.js';

/** Of an answer: what we decide. A header that is not there is not listed. */
export interface Answer {
  readonly status: number;
  readonly challenges?: readonly string[];
  readonly retryAfter?: string;
  readonly body: string;
}

/** Credentials that the emulator has issued, by what they are in the table. */
export type Credentials = Readonly<
  Record<'token' | 'superuser' | 'apiKey' | 'invalidated' | 'basic', string>
>;

export interface Row {
  readonly name: string;
  /** The value of `Authorization`, or how to make it of what was issued. Without: no such header. */
  readonly authorization?: string | ((issued: Credentials) => string);
  /** Answers in the place of the emulator. */
  readonly elasticsearch?: Script;
  readonly verifier?: Omit<VerifierOptions, 'nodes'>;
  /** On a route that needs no credentials, if the answer is another there. */
  readonly optional?: Answer;
  readonly answer: Answer;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export function denied(
  status: number,
  code: string,
  detail: string,
  headers: Pick<Answer, 'challenges' | 'retryAfter'> = {},
): Answer {
  const title = titles[status];
  return { status, ...headers, body: JSON.stringify({ type: 'about:blank', title, status, code, detail }) };
}

const bearer = 'Bearer realm="elasticsearch"';
const apiKey = 'ApiKey realm="elasticsearch"';
const invalid = 'error="invalid_token"';
const badRequest = 'error="invalid_request"';

export const missing: Answer = denied(
  401,
  'credentials_missing',
  'The request has no Authorization header.',
  { challenges: [bearer, apiKey] },
);
const unsupported = denied(401, 'scheme_unsupported', 'This authentication scheme is not accepted here.', {
  challenges: [bearer, apiKey],
});
export const malformed = (scheme: string): Answer =>
  denied(400, 'credentials_malformed', 'The Authorization header is malformed.', {
    challenges: [`${scheme} realm="elasticsearch", ${badRequest}`],
  });
export const notAccepted = (scheme: 'Bearer' | 'ApiKey'): Answer =>
  denied(401, 'credentials_invalid', 'Elasticsearch does not accept this credential.', {
    challenges: [
      scheme === 'Bearer' ? `${bearer}, ${invalid}` : bearer,
      scheme === 'ApiKey' ? `${apiKey}, ${invalid}` : apiKey,
    ],
  });
export const forbidden = (
  scheme: 'Bearer' | 'ApiKey',
  detail = 'The identity does not meet the requirements of this route.',
): Answer =>
  denied(403, 'forbidden', detail, {
    challenges: [`${scheme} realm="elasticsearch", error="insufficient_scope"`],
  });
const expired = denied(401, 'credentials_expired', 'This credential has expired or was invalidated.', {
  challenges: [`${bearer}, ${invalid}, error_description="The access token expired"`, apiKey],
});
export const notAdmitted: Answer = denied(
  500,
  'not_admitted',
  'This route is not set up to authenticate its callers.',
);
export const closed: Answer = denied(503, 'closed', 'This service is shutting down.', { retryAfter: '1' });

export const found = (username: string | null): Answer => ({
  status: 200,
  body: JSON.stringify({ username }),
});

const known = 'Bearer aSBhbSBhbiBhY2Nlc3MgdG9rZW4=';

/** Every way to be let in, and every refusal. */
export const verdicts: readonly Row[] = [
  { name: 'an access token', authorization: ({ token }) => token, answer: found('jane') },
  { name: 'an API key', authorization: (issued) => issued.apiKey, answer: found('jane') },
  {
    name: 'another spelling of the scheme, and more spaces',
    authorization: (issued) => issued.apiKey.replace('ApiKey ', 'aPIkEY   ').replace(/=+$/, ''),
    answer: found('jane'),
  },
  {
    name: 'a password, where that is enabled',
    authorization: ({ basic }) => basic,
    verifier: { schemes: ['Basic'] },
    answer: found('jane'),
  },
  { name: 'no header', answer: missing, optional: found(null) },
  { name: 'an unknown scheme', authorization: 'Digest a="b"', answer: unsupported },
  { name: 'a scheme that is not enabled', authorization: ({ basic }) => basic, answer: unsupported },
  { name: 'an empty header', authorization: '', answer: malformed('Bearer') },
  { name: 'a scheme alone', authorization: 'ApiKey', answer: malformed('ApiKey') },
  { name: 'two words after the scheme', authorization: 'ApiKey a b', answer: malformed('ApiKey') },
  { name: 'two credentials in one line', authorization: 'Bearer a, Bearer b', answer: malformed('Bearer') },
  {
    name: 'a header that is too long',
    authorization: `Bearer ${'a'.repeat(8_192)}`,
    answer: malformed('Bearer'),
  },
  { name: 'an unknown token', authorization: 'Bearer bm9ib2R5', answer: notAccepted('Bearer') },
  { name: 'an unknown API key', authorization: 'ApiKey aWQ6c2VjcmV0', answer: notAccepted('ApiKey') },
  { name: 'an API key without its secret', authorization: 'ApiKey aWQ=', answer: notAccepted('ApiKey') },
  { name: 'an invalidated token', authorization: ({ invalidated }) => invalidated, answer: expired },
  {
    name: 'a wrong password, where other schemes are enabled too',
    authorization: 'Basic amFuZTp3cm9uZw==',
    verifier: { schemes: ['Basic', 'Bearer'] },
    answer: {
      ...notAccepted('Bearer'),
      challenges: ['Basic realm="elasticsearch", error="invalid_token"', bearer],
    },
  },
  {
    name: 'no header, where challenges name a realm and metadata',
    verifier: {
      challenge: { realm: 'the "a" team', resourceMetadata: 'https://api.example.com/.well-known/x' },
    },
    answer: {
      ...missing,
      challenges: [
        'Bearer realm="the \\"a\\" team", resource_metadata="https://api.example.com/.well-known/x"',
        'ApiKey realm="the \\"a\\" team"',
      ],
    },
    optional: found(null),
  },
  {
    name: 'an API key that is restricted to a workflow',
    authorization: 'ApiKey aWQ6c2VjcmV0',
    elasticsearch: respond({ status: 403, body: errorBody(403, 'restricted') }),
    answer: denied(
      403,
      'credentials_restricted',
      'This credential is restricted to a workflow that does not include this request.',
    ),
  },
  {
    name: 'a token that Elasticsearch takes for nobody in particular',
    authorization: known,
    elasticsearch: respond({ body: identityBody({ authentication_type: 'anonymous' }) }),
    answer: denied(401, 'anonymous_refused', 'Anonymous access is not accepted here.', {
      challenges: [bearer, apiKey],
    }),
  },
  {
    name: 'a token, answered as for somebody who sent something else',
    authorization: known,
    elasticsearch: respond({ body: identityBody({ authentication_type: 'api_key' }) }),
    answer: notAccepted('Bearer'),
  },
];

const outage = (
  code: string,
  detail: string,
  elasticsearch: Script,
  upstream: VerifierOptions['upstream'] = {},
  retryAfter = '1',
): Row => ({
  name: code,
  authorization: known,
  elasticsearch,
  verifier: { upstream: { retries: 0, ...upstream } },
  answer: denied(503, code, detail, { retryAfter }),
});
const hangUp: Script = (socket) => void socket.destroy();

/** Every outage that one request meets. `circuit_open`, `queue_full` and `closed` need more than one. */
export const outages: readonly Row[] = [
  outage('timeout', 'Elasticsearch did not answer in time.', () => {}, { timeoutMs: 20 }),
  outage('unreachable', 'Elasticsearch cannot be reached.', hangUp),
  outage(
    'overloaded',
    'Elasticsearch is overloaded.',
    respond({ status: 429, headers: { 'retry-after': '7' } }),
    {},
    '7',
  ),
  outage('server_error', 'Elasticsearch failed to check the credential.', respond({ status: 500 })),
  outage(
    'not_elasticsearch',
    'The service that checks credentials did not answer as Elasticsearch.',
    respond({ headers: { 'x-elastic-product': undefined } }),
  ),
  outage('bad_response', 'Elasticsearch gave an answer that cannot be used.', respond({ body: '{}' })),
];

export const circuitOpen: Answer = denied(
  503,
  'circuit_open',
  'Elasticsearch failed repeatedly and is being left alone for a moment.',
  { retryAfter: '60' },
);
export const queueFull: Answer = denied(
  503,
  'queue_full',
  'Too many credentials are waiting to be checked.',
  {
    retryAfter: '1',
  },
);
