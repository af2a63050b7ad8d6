// Compiled and never run: what must type-check for users of `@esauth/client`, and what must not: the parameters and
// answers of every method, errors, and what is built upon a client.

import type { IncomingMessage } from 'node:http';
import {
  type ApiKeyInfo,
  type AuthenticateResponse,
  authorize,
  type BulkUpdateApiKeysResponse,
  type CallOptions,
  type ClientWarningCode,
  type CreateApiKeyResponse,
  createSecurityClient,
  createTokenSource,
  fileTokenStore,
  type GetTokenResponse,
  type HasPrivilegesResponse,
  type InvalidateApiKeyResponse,
  type InvalidateTokenResponse,
  memoryTokenStore,
  ReauthenticationRequired,
  type RefreshFailure,
  revokeOn,
  type SecurityApiCause,
  SecurityApiError,
  type SecurityApiErrorCode,
  type SecurityClient,
  type SessionRequest,
  type SessionResponse,
  sessionRoutes,
  type TokenSource,
  type TokenStore,
  type UpdateApiKeyResponse,
} from '@esauth/client';
import type { Verifier } from '@esauth/core';
import type { Client as Client8 } from 'elasticsearch8';
import type { Client as Client9 } from 'elasticsearch9';
import type express from 'express';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type Koa from 'koa';
import { Agent, fetch, request } from 'undici';

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only if the two types are the same. */
declare function same<A, B>(proof: Equals<A, B>): void;

declare const verifier: Verifier;
declare const client: SecurityClient;

// ---- Making one: where it is as for a verifier, and one way to sign in.

const nodes = 'https://es.internal:9200';
const auth = { username: 'my-app', password: 'x' };
createSecurityClient({ nodes: [nodes], tls: { ca: 'x' }, auth, verifier, timeoutMs: 5_000 });
createSecurityClient({ cloudId: 'a:b', auth: { apiKey: 'x' } });
createSecurityClient({ nodes, auth: { apiKey: { id: 'x', api_key: 'y' } } });
createSecurityClient({ nodes, auth: { bearer: 'x' } });
createSecurityClient({ nodes, auth: { authorization: async () => 'Bearer x' } });
// @ts-expect-error there is no client without a credential
createSecurityClient({ nodes });
// @ts-expect-error half of a credential
createSecurityClient({ nodes, auth: { username: 'my-app' } });
// @ts-expect-error there is no such option
createSecurityClient({ nodes, auth, timeout: 5_000 });

// ---- Tokens: each grant with its own fields, each way to end them.

same<Awaited<ReturnType<SecurityClient['getToken']>>, GetTokenResponse>(true);
same<GetTokenResponse['refresh_token'], string | undefined>(true);
same<GetTokenResponse['expires_in'], number>(true);
void client.getToken({ grant_type: 'client_credentials', scope: 'full' });
void client.getToken({ grant_type: 'password', username: 'alice', password: 'x' });
void client.getToken({ grant_type: 'refresh_token', refresh_token: 'x' });
void client.getToken({ grant_type: '_kerberos', kerberos_ticket: 'x' });
// @ts-expect-error whose password
void client.getToken({ grant_type: 'password', password: 'x' });
// @ts-expect-error a field of another grant
void client.getToken({ grant_type: 'client_credentials', password: 'x' });
// @ts-expect-error no such grant
void client.getToken({ grant_type: 'authorization_code' });
// @ts-expect-error a grant is needed
void client.getToken();

same<Awaited<ReturnType<SecurityClient['invalidateToken']>>, InvalidateTokenResponse>(true);
void client.invalidateToken({ token: 'x' });
void client.invalidateToken({ refresh_token: 'x' });
void client.invalidateToken({ username: 'alice', realm_name: 'native1' });
void client.invalidateToken({ realm_name: 'native1' });
// @ts-expect-error Elasticsearch takes one or the other
void client.invalidateToken({ token: 'x', username: 'alice' });
// @ts-expect-error whose
void client.invalidateToken({});
// @ts-expect-error as the REST API names it
void client.invalidateToken({ access_token: 'x' });

// ---- API keys.

same<Awaited<ReturnType<SecurityClient['createApiKey']>>, CreateApiKeyResponse>(true);
const role_descriptors = {
  reader: { indices: [{ names: ['docs'], privileges: ['read'], query: { term: { public: true } } }] },
};
void client.createApiKey({
  name: 'x',
  expiration: '1d',
  role_descriptors,
  metadata: { a: 1 },
  refresh: 'wait_for',
});
// @ts-expect-error a duration is a text
void client.createApiKey({ name: 'x', expiration: 86_400_000 });
// @ts-expect-error a key has a name
void client.createApiKey({});
same<Awaited<ReturnType<SecurityClient['grantApiKey']>>, CreateApiKeyResponse>(true);
void client.grantApiKey({
  grant_type: 'access_token',
  access_token: 'x',
  run_as: 'bob',
  api_key: { name: 'x' },
});
// @ts-expect-error what is the key to be called
void client.grantApiKey({ grant_type: 'password', username: 'alice', password: 'x' });
same<Awaited<ReturnType<SecurityClient['cloneApiKey']>>, CreateApiKeyResponse>(true);
void client.cloneApiKey({ api_key: 'x', name: 'y', expiration: null });

void client.getApiKeys().then(({ api_keys }) => same<typeof api_keys, readonly ApiKeyInfo[]>(true));
void client.getApiKeys({ id: 'x', owner: true });
// @ts-expect-error one id
void client.getApiKeys({ id: ['x'] });
void client.queryApiKeys({ query: { match_all: {} }, sort: ['name'] }).then(({ total, count, api_keys }) => {
  same<[typeof total, typeof count, typeof api_keys], [number, number, readonly ApiKeyInfo[]]>(true);
});
same<Awaited<ReturnType<SecurityClient['updateApiKey']>>, UpdateApiKeyResponse>(true);
void client.updateApiKey({ id: 'x', role_descriptors: {} });
// @ts-expect-error which key
void client.updateApiKey({ metadata: {} });
same<Awaited<ReturnType<SecurityClient['bulkUpdateApiKeys']>>, BulkUpdateApiKeysResponse>(true);
void client.bulkUpdateApiKeys({ ids: ['x'], expiration: '1d' });
// @ts-expect-error several are a list
void client.bulkUpdateApiKeys({ ids: 'x' });
same<Awaited<ReturnType<SecurityClient['invalidateApiKey']>>, InvalidateApiKeyResponse>(true);
void client.invalidateApiKey({ ids: ['x'], owner: true });
void client.invalidateApiKey({ owner: true });
// @ts-expect-error nobody's
void client.invalidateApiKey({ owner: false });

// ---- Who somebody is, what they may do, and users.

same<Awaited<ReturnType<SecurityClient['authenticate']>>, AuthenticateResponse>(true);
void client.authenticate({ authorization: 'Bearer x' });
same<Awaited<ReturnType<SecurityClient['hasPrivileges']>>, HasPrivilegesResponse>(true);
void client.hasPrivileges({ cluster: ['monitor'], index: [{ names: 'docs', privileges: ['read'] }] });
same<ReturnType<SecurityClient['changePassword']>, Promise<void>>(true);
void client.changePassword({ password: 'x' });
void client.changePassword({ username: 'alice', password_hash: 'x' });
// @ts-expect-error to what
void client.changePassword({ username: 'alice' });
void client.enableUser({ username: 'alice' });
void client.disableUser({ username: 'alice', refresh: true });
// @ts-expect-error whom
void client.disableUser({});

// ---- Every call can be given up, timed and made as somebody else; nothing can be written into an answer.

const how: CallOptions = { signal: AbortSignal.timeout(1), timeoutMs: 1, authorization: 'Bearer x' };
void client.createApiKey({ name: 'x' }, how);
// @ts-expect-error no such option
void client.authenticate({ timeout: 5 });
declare const made: CreateApiKeyResponse;
// @ts-expect-error it is as it came
made.id = 'y';

// ---- Errors: narrowed by class, and by code without a default.

export function meaning(error: unknown): string | undefined {
  if (error instanceof ReauthenticationRequired) {
    same<typeof error.reason, RefreshFailure | 'no_refresh_token' | 'invalidated_here'>(true);
    return error.code;
  }
  if (!(error instanceof SecurityApiError)) return undefined;
  same<typeof error.code, SecurityApiErrorCode>(true);
  same<typeof error.status, number | undefined>(true);
  same<typeof error.cause, SecurityApiCause | undefined>(true);
  // @ts-expect-error no such code
  if (error.code === 'expired') return 'never';
  if (error.code === 'invalid_grant') same<typeof error.reason, RefreshFailure | undefined>(true);
  return error.code;
}
same<ClientWarningCode, 'ESAUTH_SESSION_FAILED' | 'ESAUTH_TOKENS_LEFT' | 'ESAUTH_TOKENS_UNSTORED'>(true);

// ---- Sources and stores: one's own store, and a client's part.

const store: TokenStore = fileTokenStore('tokens.json');
const source: TokenSource = createTokenSource({ client, grant: { grant_type: 'client_credentials' }, store });
createTokenSource({ client, store: memoryTokenStore() });
createTokenSource({ client, grant: async () => ({ grant_type: '_kerberos', kerberos_ticket: 'x' }) });
// @ts-expect-error a refresh token is not kept
createTokenSource({ client, grant: { grant_type: 'refresh_token', refresh_token: 'x' } });
// @ts-expect-error a store compares
createTokenSource({ client, store: { get: async () => undefined } });
same<ReturnType<TokenSource['authorization']>, Promise<string>>(true);

const dispatcher = new Agent().compose(authorize(source, { origins: [nodes] }));
void fetch(nodes, { dispatcher });
void request(nodes, { dispatcher });
// @ts-expect-error where the token may go
authorize(source);

// ---- The official client, in each of its majors.

declare const eight: Client8;
declare const nine: Client9;
same<ReturnType<typeof revokeOn>, () => void>(true);
revokeOn(eight, verifier);
revokeOn(nine, verifier);
// @ts-expect-error a verifier revokes
revokeOn(nine, {});

// ---- Session routes.

declare const incoming: IncomingMessage;
const routes = sessionRoutes({ client, verifier, throttle: ({ username }) => username.length });
const asked: SessionRequest = { body: incoming, source: '192.0.2.1' };
same<ReturnType<typeof routes.login>, Promise<SessionResponse>>(true);
void routes.login(asked);
void routes.refresh({ body: { refresh_token: 'x' } });
void routes.logout({ authorization: 'Bearer x', body: null });
// @ts-expect-error a route is given a request
void routes.session();

// What comes from a framework, and goes to one, fits as it is.
declare const ctx: Koa.Context;
declare const [asking, reply]: [FastifyRequest, FastifyReply];
declare const res: express.Response;
void routes.login({ body: asking.body, source: asking.ip }).then(({ status, headers, body }) => {
  res.status(status).set(headers).send(body);
  ctx.set(headers);
  return reply.code(status).headers(headers).send(body);
});
