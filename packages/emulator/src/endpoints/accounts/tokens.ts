/** The token service: `POST` and `DELETE /_security/oauth2/token`. */

import type { AuthenticationResult } from '../../authentication/credentials.js';
import { lostTokens, notStorable, waitInVain } from '../../cluster/ailments.js';
import {
  type Answer,
  answer,
  type Call,
  documentOf,
  type Route,
  refuse,
  route,
  textOrNothing,
} from '../../cluster/endpoint.js';
import { notEnabled, withoutTokens } from '../../cluster/features.js';
import type { Security } from '../../cluster/security.js';
import { type Authentication, showIdentity } from '../../identities/identity.js';
import type { IssuedTokens } from '../../identities/tokens.js';
import { decodeBase64 } from '../../wire/base64.js';
import { type ApiError, contentParseFailure, illegalArgument, validationText } from '../../wire/envelope.js';
import { objectParser, text } from '../../wire/object-parser.js';

interface TokenRequest {
  readonly grant_type?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly kerberos_ticket?: string | undefined;
  readonly scope?: string | undefined;
  readonly refresh_token?: string | undefined;
}

const tokenRequest = objectParser<TokenRequest>('token_request', {
  grant_type: text,
  username: text,
  password: text,
  kerberos_ticket: text,
  scope: text,
  refresh_token: text,
});

type GrantField = 'username' | 'password' | 'kerberos_ticket' | 'refresh_token';

const grantFields: readonly GrantField[] = ['username', 'password', 'kerberos_ticket', 'refresh_token'];

/** Which fields each grant needs; it refuses the others. */
const grants: ReadonlyMap<string, readonly GrantField[]> = new Map([
  ['password', ['username', 'password']],
  ['_kerberos', ['kerberos_ticket']],
  ['refresh_token', ['refresh_token']],
  ['client_credentials', []],
]);

/** What is wrong with a token request. The fields that are not allowed are named before those that are missing. */
function grantProblems(request: TokenRequest): string[] {
  const needed = grants.get(request.grant_type ?? '');
  if (needed === undefined)
    return [`grant_type only supports the values: [${[...grants.keys()].join(', ')}]`];
  const superfluous = grantFields.filter((field) => !needed.includes(field) && request[field] !== undefined);
  const missing = needed.filter((field) => (request[field] ?? '') === '');
  return [
    ...superfluous.map((field) => `${field} is not supported with the ${request.grant_type} grant_type`),
    ...missing.map((field) => `${field} is missing`),
  ];
}

/** The answer of OAuth 2.0, whose `error` is a string. */
function oauthError(error: string, description: string): Answer {
  return { ...answer({ error, error_description: description }, 400), isError: true };
}

function ensureEnabled({ settings }: Security): void {
  if (!settings.tokenService) refuse(notEnabled('security tokens', 'security_tokens'));
}

const createAction = 'cluster:admin/xpack/security/token/create';

/** Whether the tokens are in an index that is lost. */
function areLost({ states, tokens }: Security): boolean {
  return tokens.hasIssued() && states.has('tokens index lost');
}

function create(security: Security, request: TokenRequest, caller: Authentication): Answer | Promise<Answer> {
  ensureEnabled(security);
  switch (request.grant_type) {
    case 'refresh_token': {
      if (areLost(security)) return oauthError('invalid_grant', 'could not refresh the requested token');
      const refreshed = security.tokens.refresh(request.refresh_token ?? '', caller);
      if ('problem' in refreshed) return oauthError('invalid_grant', refreshed.problem);
      return created(security, refreshed, request);
    }
    case 'password': {
      const { username = '', password = '' } = request;
      const result = security.credentials.readUser(username, password, `action [${createAction}]`);
      return createFor(security, request, caller, result);
    }
    case '_kerberos': {
      const decoded = decodeBase64(request.kerberos_ticket ?? '');
      if (!('bytes' in decoded)) {
        const cause = illegalArgument(decoded.problem);
        const reason = `could not decode base64 kerberos ticket ${request.kerberos_ticket}`;
        return refuse({ status: 500, type: 'unsupported_operation_exception', reason, cause });
      }
      const result = security.credentials.readTicket(decoded.bytes, `action [${createAction}]`);
      return createFor(security, request, caller, result);
    }
    default:
      // Validation has let only one other grant pass: `client_credentials`.
      if (caller.serviceToken !== undefined) {
        const reason = 'OAuth2 token creation is not supported for service accounts';
        return refuse({ status: 500, type: 'exception', reason });
      }
      return store(security, request, () => security.tokens.issue(caller, caller, false));
  }
}

/** Tokens for an end user, whose credential is in the body. */
function createFor(
  security: Security,
  request: TokenRequest,
  caller: Authentication,
  result: AuthenticationResult,
): Answer | Promise<Answer> {
  if (result.kind === 'authenticated') {
    const responseToken = result.negotiate?.slice('Negotiate '.length);
    const issue = (): IssuedTokens => security.tokens.issue(result.authentication, caller, true);
    return store(security, request, issue, responseToken);
  }
  const [challenge = ''] = result.error.challenges ?? [];
  if (request.grant_type !== '_kerberos' || !challenge.startsWith('Negotiate')) return refuse(result.error);
  // The handshake goes on: the ticket for its next round is what would be in the header.
  const token = challenge.slice('Negotiate'.length).trim();
  return answer({ error: '_unauthorized', error_description: token === '' ? null : token }, 400);
}

/** New tokens have to be stored before anybody gets them. */
function store(
  security: Security,
  request: TokenRequest,
  issue: () => IssuedTokens,
  responseToken?: string,
): Answer | Promise<Answer> {
  if (security.states.has('just started')) refuse(notStorable);
  if (areLost(security)) return waitInVain('tokens index', security.clock);
  return created(security, issue(), request, responseToken);
}

function created(
  { settings, version }: Security,
  tokens: IssuedTokens,
  request: TokenRequest,
  responseToken?: string,
): Answer {
  return answer({
    access_token: tokens.accessToken,
    type: 'Bearer',
    expires_in: Math.floor(settings.tokenTimeoutMs / 1000),
    refresh_token: tokens.refreshToken,
    // Whatever was asked for, the token may do all that its user may.
    scope: (request.scope ?? '') === '' ? undefined : 'full',
    kerberos_authentication_response_token: responseToken,
    authentication: showIdentity(tokens.authentication, version),
  });
}

interface InvalidationRequest {
  readonly token?: string | undefined;
  readonly refresh_token?: string | undefined;
  readonly realm_name?: string | undefined;
  readonly username?: string | undefined;
}

const invalidationRequest = objectParser<InvalidationRequest>('invalidate_token', {
  token: text,
  refresh_token: text,
  realm_name: text,
  username: text,
});

function readInvalidation(call: Call): InvalidationRequest {
  const request = invalidationRequest.parse(documentOf(call));
  if (request.token && request.refresh_token) {
    const cause = illegalArgument('only one of [token, refresh_token] may be sent per request');
    const reason = 'Failed to build [invalidate_token] after last required field arrived';
    refuse(contentParseFailure(reason, cause));
  }
  return request;
}

function invalidationProblems(request: InvalidationRequest): string[] {
  const token = request.token || request.refresh_token;
  if (textOrNothing(request.realm_name) === undefined && textOrNothing(request.username) === undefined) {
    return token ? [] : ['token string must be provided when not specifying a realm name or a username'];
  }
  if (!token) return [];
  return [
    'token string must not be provided when realm name or username is specified',
    'token type must not be provided when realm name or username is specified',
  ];
}

const none = { invalidated: 0, previouslyInvalidated: 0 };
const unperformed: ApiError = {
  status: 503,
  type: 'security_exception',
  reason: 'unable to perform requested action',
  cause: lostTokens('primary'),
};
const noIndex: ApiError = { status: 400, type: 'security_exception', reason: 'failed to invalidate token' };

function invalidate(security: Security, request: InvalidationRequest): Answer {
  ensureEnabled(security);
  const { tokens, version } = security;
  const token = request.token || request.refresh_token;
  if (areLost(security)) refuse(token ? unperformed : lostTokens('search'));
  const found = token
    ? tokens.invalidate(request.token ? 'access' : 'refresh', token)
    : tokens.invalidateAll(textOrNothing(request.username), textOrNothing(request.realm_name));
  if (found === 'no index') return refuse(noIndex);
  const counts = found === 'unknown' ? none : found;
  return answer(
    {
      invalidated_tokens: counts.invalidated,
      previously_invalidated_tokens: counts.previouslyInvalidated,
      error_count: 0,
    },
    found === 'unknown' && version.unknownTokenIsNotFound ? 404 : 200,
  );
}

const paths = ['/_security/oauth2/token'];

/** The routes of this chapter. */
export const tokenRoutes: readonly Route[] = [
  route<TokenRequest>({
    methods: ['POST'],
    paths,
    unavailable: withoutTokens,
    body: 'required',
    read: (call) => tokenRequest.parse(documentOf(call)),
    validate: grantProblems,
    // Elasticsearch decides between the two codes by looking for this word in its own messages.
    invalid: (problems) =>
      oauthError(
        problems.some((problem) => problem.includes('grant_type'))
          ? 'unsupported_grant_type'
          : 'invalid_request',
        validationText(problems),
      ),
    action: (request) =>
      request.grant_type === 'refresh_token' ? 'cluster:admin/xpack/security/token/refresh' : createAction,
    run: (security, request, call) => create(security, request, call.authentication),
  }),
  route<InvalidationRequest>({
    methods: ['DELETE'],
    paths,
    unavailable: withoutTokens,
    body: 'required',
    read: readInvalidation,
    validate: invalidationProblems,
    action: () => 'cluster:admin/xpack/security/token/invalidate',
    run: invalidate,
  }),
];
