// Login, refresh, logout, and who is signed in, for any framework: a request as a plain object in, status, headers and
// body out. Cookies, CSRF and pages are the application's.

import { ConfigurationError, DenialError, type Verifier } from '@esauth/core';
import { bearerOf } from '../calls/calls.js';
import { SecurityApiError, warn } from '../calls/errors.js';
import { forget } from '../calls/forget.js';
import { checkOptions } from '../calls/option-section.js';
import type { GetTokenResponse, InvalidateTokenRequest } from '../calls/rest-types.js';
import type { SecurityClient } from '../security-client.js';
import { readFields } from './session-body.js';

/** What a route is asked. */
export interface SessionRequest {
  /** The value of the `Authorization` header, if there is one. */
  readonly authorization?: string | undefined;
  /**
   * As it arrives, at most 16 KiB: a request of Node's or another stream, bytes, or a text. Or what a parser made of it.
   * No body is no members.
   */
  readonly body?: unknown;
  /** For `throttle`: from where it came, such as an address. */
  readonly source?: string | undefined;
}

/** What is to be answered. */
export interface SessionResponse {
  readonly status: number;
  /** Names in lower case; lists are the caller's own, as the frameworks' types want them. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** JSON; empty with 204. */
  readonly body: string;
}

/** An attempt to sign in. */
export interface LoginAttempt {
  readonly username: string;
  readonly source: string | undefined;
}

/** How the routes are made. */
export interface SessionRoutesOptions {
  /** The application's own: tokens can only be refreshed by whoever asked for them. Give it the same `verifier`. */
  readonly client: Pick<SecurityClient, 'getToken' | 'invalidateToken'>;
  readonly verifier: Pick<Verifier, 'verify' | 'denial' | 'revoke'>;
  /**
   * Asked before each attempt to sign in: for how many milliseconds there must be none; `Infinity` for no end. 0 or
   * nothing lets it pass.
   * Elasticsearch does not lock anybody out.
   */
  readonly throttle?:
    | ((attempt: LoginAttempt) => number | undefined | Promise<number | undefined>)
    | undefined;
}

/** The routes. None of them rejects. */
export interface SessionRoutes {
  /** `POST`, `{ username, password }`: 200 with the pair and `expires_in`; 401 for whoever it is not. */
  login(request: SessionRequest): Promise<SessionResponse>;
  /** `POST`, `{ refresh_token }`: 200 with the next pair; 401 if there is none. */
  refresh(request: SessionRequest): Promise<SessionResponse>;
  /** `POST`, `{ access_token?, refresh_token? }`, or the token of the header: 204, also if they were ended before; 400 for none. */
  logout(request: SessionRequest): Promise<SessionResponse>;
  /** `GET`: 200 with the identity of the header's credential, or its refusal. */
  session(request: SessionRequest): Promise<SessionResponse>;
}

/**
 * Login, refresh, logout and the present session, for the routes of any framework.
 *
 * @throws {ConfigurationError} `invalid_option`
 */
export function sessionRoutes(options: SessionRoutesOptions): SessionRoutes {
  checkOptions(options, ['client', 'verifier', 'throttle']);
  const { client, verifier, throttle } = options;
  if (typeof client?.getToken !== 'function' || typeof client.invalidateToken !== 'function') {
    throw new ConfigurationError('client', 'must be a client of createSecurityClient');
  }
  if (typeof verifier?.verify !== 'function') {
    throw new ConfigurationError('verifier', 'must be a verifier of createVerifier');
  }
  if (throttle !== undefined && typeof throttle !== 'function') {
    throw new ConfigurationError('throttle', 'must be a function');
  }

  return {
    login: ({ body, source }) =>
      answering(async () => {
        const fields = await readFields(body, ['username', 'password']);
        if ('status' in fields) return problem(fields.status, fields.code, fields.detail);
        const { username = '', password = '' } = fields;
        if (username === '' || password === '') {
          return problem(400, 'invalid_request', 'Send username and password as JSON.');
        }
        const waitMs = (await throttle?.({ username, source })) ?? 0;
        if (waitMs > 0) {
          const headers = waitMs < 1e12 ? { 'retry-after': String(Math.ceil(waitMs / 1000)) } : {};
          return problem(429, 'too_many_attempts', 'Try again later.', headers);
        }
        return granted(await client.getToken({ grant_type: 'password', username, password }));
      }),

    refresh: ({ body }) =>
      answering(async () => {
        const fields = await readFields(body, ['refresh_token']);
        if ('status' in fields) return problem(fields.status, fields.code, fields.detail);
        const { refresh_token = '' } = fields;
        if (refresh_token === '') return problem(400, 'invalid_request', 'Send refresh_token as JSON.');
        return granted(await client.getToken({ grant_type: 'refresh_token', refresh_token }));
      }),

    logout: ({ authorization = '', body }) =>
      answering(async () => {
        const fields = await readFields(body, ['access_token', 'refresh_token']);
        if ('status' in fields) return problem(fields.status, fields.code, fields.detail);
        const [, bearer = ''] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
        const { access_token: token = bearer, refresh_token = '' } = fields;
        // First what could bring the other one back.
        const ends: InvalidateTokenRequest[] = [];
        if (refresh_token !== '') ends.push({ refresh_token });
        if (token !== '') ends.push({ token });
        // Whoever has misspelt a name must not believe that it is ended.
        if (ends.length === 0) {
          return problem(400, 'invalid_request', 'Send access_token, refresh_token or both as JSON.');
        }
        const ended = await Promise.allSettled(ends.map((each) => client.invalidateToken(each)));
        // Here it is ended whatever became of it there, and whether or not the client knows this verifier.
        forget(verifier, bearerOf(token));
        for (const each of ended) if (each.status === 'rejected') unlessUnknown(each.reason);
        return { status: 204, headers: { 'cache-control': 'no-store' }, body: '' };
      }),

    session: ({ authorization }) =>
      answering(async () => {
        const verdict = await verifier.verify(authorization);
        if (verdict.kind === 'authenticated') return json(200, verdict.identity);
        // Its lists are not shared with others who are refused.
        const { status, headers, body } = new DenialError(verifier.denial(verdict, authorization));
        return { status, headers: { ...headers, ...problemType }, body: JSON.stringify(body) };
      }),
  };
}

function granted({ access_token, type, expires_in, refresh_token }: GetTokenResponse): SessionResponse {
  return json(200, { access_token, type, expires_in, refresh_token });
}

/** To end what is not there is no mistake, and must not tell what is. */
function unlessUnknown(error: unknown): void {
  if (!(error instanceof SecurityApiError) || error.code !== 'not_found') throw error;
}

async function answering(work: () => Promise<SessionResponse>): Promise<SessionResponse> {
  try {
    return await work();
  } catch (error) {
    return explain(error);
  }
}

function explain(error: unknown): SessionResponse {
  const { code, retryAfterMs = 1000 } = error instanceof SecurityApiError ? error : {};
  // The same for an unknown user, a wrong password, a disabled one, and for every refresh token that is of no use.
  if (code === 'invalid_grant') {
    return problem(401, 'credentials_invalid', 'This does not sign in anybody.', {
      'www-authenticate': 'Bearer realm="elasticsearch"',
    });
  }
  if (code === 'invalid_request' || code === 'validation_failed') {
    return problem(400, 'invalid_request', 'Elasticsearch does not take these values.');
  }
  if (code === 'unavailable' || code === 'overloaded' || code === 'bad_response' || code === 'incomplete') {
    const retryAfter = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
    return problem(503, 'unavailable', 'Try again later.', { 'retry-after': retryAfter });
  }
  // The application's own credential, its rights, the licence, or a mistake: nothing that its caller could mend.
  warn('ESAUTH_SESSION_FAILED', 'a session route failed', error);
  return problem(500, 'session_failed', 'This cannot be done now.');
}

const problemType = { 'content-type': 'application/problem+json; charset=utf-8' };

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

function problem(
  status: number,
  code: string,
  detail: string,
  headers: SessionResponse['headers'] = {},
): SessionResponse {
  const body = { type: 'about:blank', title: titles[status], status, code, detail };
  return {
    status,
    headers: { ...headers, ...problemType, 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}

function json(status: number, value: object): SessionResponse {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  return { status, headers, body: JSON.stringify(value) };
}
