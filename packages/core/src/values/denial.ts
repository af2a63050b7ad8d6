// What the client is told: a verdict that is not a yes, as status, headers and body. One table for all
// adapters. Everything here comes from closed lists; nothing that Elasticsearch, the network or the client
// said can reach an answer.

import type { MistakeCode, RejectionCode, UnavailableCode } from './codes.js';
import { headerOf, isUnencodedKey, type Presented, type Scheme, schemeOf } from './credential.js';
import { carries, mark, StacklessError } from './errors.js';
import type { Rejected, Unavailable } from './verdict.js';

/** How this verifier challenges (RFC 9110 §11.6.1). */
export interface Challenge {
  readonly realm: string;
  /** URL of the protected resource's metadata (RFC 9728 §5.1), on every Bearer challenge. */
  readonly resourceMetadata?: string;
}

/** The body of a denial (RFC 9457). */
export interface ProblemDetails {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: RejectionCode | UnavailableCode | MistakeCode;
  readonly detail: string;
}

/** An answer to be written as it is, with the content type `application/problem+json; charset=utf-8`. */
export interface Denial {
  readonly status: 400 | 401 | 403 | 500 | 503;
  /** Names in lower case; `www-authenticate` is an array with one challenge each. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: ProblemDetails;
}

const denialError = Symbol.for('esauth.DenialError');

/**
 * A denial as an exception, for frameworks' error paths: Express, Koa and Fastify read `status`, `statusCode`
 * and `headers` from it. It has no stack, because it is made for requests: what went wrong is said in `code`.
 */
export class DenialError extends StacklessError {
  override readonly name: string = 'DenialError';
  readonly code: RejectionCode | UnavailableCode | MistakeCode;
  readonly status: number;
  readonly statusCode: number;
  readonly headers: Record<string, string | string[]>;
  readonly body: ProblemDetails;
  /** The message says nothing that the answer would not say. */
  readonly expose = true;

  constructor(denial: Denial) {
    super(denial.body.detail);
    mark(this, denialError);
    this.code = denial.body.code;
    this.status = denial.status;
    this.statusCode = denial.status;
    this.headers = Object.fromEntries(
      Object.entries(denial.headers).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : [...value],
      ]),
    );
    this.body = denial.body;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return carries(value, denialError);
  }
}

interface Told {
  readonly status: keyof typeof titles;
  readonly detail: string;
  /** `error` and `error_description` of RFC 6750 §3, for the challenge of the scheme that was presented. */
  readonly error?: string;
}

type Code = RejectionCode | UnavailableCode;

const answers: Readonly<Record<Code, Told>> = {
  credentials_missing: { status: 401, detail: 'The request has no Authorization header.' },
  scheme_unsupported: { status: 401, detail: 'This authentication scheme is not accepted here.' },
  credentials_malformed: {
    status: 400,
    detail: 'The Authorization header is malformed.',
    error: 'error="invalid_request"',
  },
  credentials_invalid: {
    status: 401,
    detail: 'Elasticsearch does not accept this credential.',
    error: 'error="invalid_token"',
  },
  credentials_expired: {
    status: 401,
    detail: 'This credential has expired or was invalidated.',
    error: 'error="invalid_token", error_description="The access token expired"',
  },
  credentials_restricted: {
    status: 403,
    detail: 'This credential is restricted to a workflow that does not include this request.',
  },
  anonymous_refused: { status: 401, detail: 'Anonymous access is not accepted here.' },
  forbidden: {
    status: 403,
    detail: 'The identity does not meet the requirements of this route.',
    error: 'error="insufficient_scope"',
  },
  timeout: { status: 503, detail: 'Elasticsearch did not answer in time.' },
  unreachable: { status: 503, detail: 'Elasticsearch cannot be reached.' },
  overloaded: { status: 503, detail: 'Elasticsearch is overloaded.' },
  server_error: { status: 503, detail: 'Elasticsearch failed to check the credential.' },
  not_elasticsearch: {
    status: 503,
    detail: 'The service that checks credentials did not answer as Elasticsearch.',
  },
  bad_response: { status: 503, detail: 'Elasticsearch gave an answer that cannot be used.' },
  circuit_open: {
    status: 503,
    detail: 'Elasticsearch failed repeatedly and is being left alone for a moment.',
  },
  queue_full: { status: 503, detail: 'Too many credentials are waiting to be checked.' },
  closed: { status: 503, detail: 'This service is shutting down.' },
};

/** Said in place of the sentence of `credentials_malformed` where the key's two parts were sent as they are. */
const unencoded =
  'An ApiKey credential is the member encoded of what Elasticsearch returned: the Base64 of id and api_key, with a colon between.';

const titles = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
} as const;

export type DenialOf = (verdict: Rejected | Unavailable, presented?: Presented) => Denial;

/**
 * Makes the function that turns a verdict into an answer, for these schemes (in their order) and challenge. Refusals are
 * attacker-paced: each is put together once, and copied for every request, so that none can alter that of another. That
 * is a tenth of what putting it together costs.
 */
export function createDenials(schemes: readonly Scheme[], challenge: Challenge): DenialOf {
  const made = new Map<Scheme | 'none' | 'unencoded', Map<string, Denial>>();

  return (verdict, presented) => {
    const { code } = verdict;
    const scheme = answers[code].error === undefined ? undefined : presentedScheme(presented);
    const isUnencoded = code === 'credentials_malformed' && isUnencodedKey(presented);
    const form = isUnencoded ? 'unencoded' : (scheme ?? 'none');
    let denials = made.get(form);
    if (denials === undefined) {
      denials = new Map();
      made.set(form, denials);
    }
    let denial = denials.get(code);
    if (denial === undefined) {
      denial = denialOf(code, scheme, isUnencoded);
      denials.set(code, denial);
    }
    return copyOf(denial, verdict.kind === 'unavailable' ? retryAfter(verdict) : undefined);
  };

  function denialOf(code: Code, scheme: Scheme | undefined, isUnencoded: boolean): Denial {
    const { status, error, detail } = answers[code];
    const challenges = challengesOf(status, error, scheme);
    return {
      status,
      headers: {
        ...(challenges.length > 0 && { 'www-authenticate': challenges }),
        'cache-control': 'no-store',
      },
      body: {
        type: 'about:blank',
        title: titles[status],
        status,
        code,
        detail: isUnencoded ? unencoded : detail,
      },
    };
  }

  function presentedScheme(presented: Presented): Scheme | undefined {
    const header = headerOf(presented);
    return typeof header === 'string' ? schemeOf(header, schemes) : undefined;
  }

  function challengesOf(
    status: Denial['status'],
    error: string | undefined,
    presented: Scheme | undefined,
  ): readonly string[] {
    if (status === 401) {
      return schemes.map((scheme) => challengeOf(scheme, scheme === presented ? error : undefined));
    }
    const scheme = presented ?? schemes[0];
    return error === undefined || scheme === undefined ? [] : [challengeOf(scheme, error)];
  }

  function challengeOf(scheme: Scheme, error: string | undefined): string {
    const metadata = scheme === 'Bearer' && challenge.resourceMetadata;
    return [
      `${scheme} realm=${quoted(challenge.realm)}`,
      ...(error === undefined ? [] : [error]),
      ...(metadata ? [`resource_metadata=${quoted(metadata)}`] : []),
    ].join(', ');
  }
}

// Member by member: V8 knows the forms of what is written so, and spreading took three times as many instructions.
function copyOf({ status, headers, body }: Denial, wait: string | undefined): Denial {
  const { type, title, code, detail } = body;
  const copied = copiedHeaders(headers['www-authenticate']);
  if (wait !== undefined) copied['retry-after'] = wait;
  return { status, headers: copied, body: { type, title, status, code, detail } };
}

function copiedHeaders(
  challenges: string | readonly string[] | undefined,
): Record<string, string | string[]> {
  if (challenges === undefined) return { 'cache-control': 'no-store' };
  return { 'www-authenticate': challenges.slice() as string[], 'cache-control': 'no-store' };
}

// Whole seconds (RFC 9110 §10.2.3), rounded up: a client that comes back early is refused again.
function retryAfter(verdict: Unavailable): string {
  return String(Math.max(1, Math.ceil(verdict.retryAfterMs / 1_000)));
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
