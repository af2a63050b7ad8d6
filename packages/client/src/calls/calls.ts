// Every call: where it goes, whether it may be sent twice, and what is not valid any more when it has been made.

import type { Revocable } from '@esauth/core';
import type * as rest from './rest-types.js';

/** A call, once its parameters are known. */
export interface Call {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /**
   * Whether it comes to the same when it is made twice: it is sent again where nobody knows whether it arrived. A
   * refresh does for thirty seconds (`recorded`, `token-refresh-rules`).
   */
  readonly repeatable: boolean;
  /** Credentials in its body, which no message repeats. */
  readonly secrets: readonly string[];
  /** The action in whose name a credential in the body is refused. */
  readonly grants?: string;
  /** Whose verdicts are to be forgotten, whatever became of it. */
  readonly revokes?: (answer: unknown) => readonly Revoked[];
}

/** Somebody whose verdicts are forgotten, or whoever makes the call. */
export type Revoked = Revocable | 'caller';

const apiKeys = '/_security/api_key';
const tokens = '/_security/oauth2/token';
// The realm of API keys: which ones there are by a name, or of a realm, is not known here.
const anyApiKey: Revocable = { realm: '_es_api_key' };

const segment = encodeURIComponent;

export function getToken(request: rest.GetTokenRequest): Call {
  const { grant_type } = request;
  return {
    name: 'getToken',
    method: 'POST',
    path: tokens,
    body: request,
    repeatable: grant_type === 'refresh_token',
    secrets: [
      ...(grant_type === 'password' ? [request.password] : []),
      ...(grant_type === 'refresh_token' ? [request.refresh_token] : []),
      ...(grant_type === '_kerberos' ? [request.kerberos_ticket] : []),
    ],
    grants: 'cluster:admin/xpack/security/token/create',
  };
}

export function invalidateToken(request: rest.InvalidateTokenRequest): Call {
  return {
    name: 'invalidateToken',
    method: 'DELETE',
    path: tokens,
    body: request,
    repeatable: true,
    secrets: [
      ...('token' in request ? [request.token] : []),
      ...('refresh_token' in request ? [request.refresh_token] : []),
    ],
    revokes() {
      if ('token' in request) return bearerOf(request.token);
      if ('refresh_token' in request) return [];
      return [userOrRealm(request)];
    },
  };
}

export function createApiKey({ refresh, ...body }: rest.CreateApiKeyRequest): Call {
  return { ...creation('createApiKey', apiKeys, body, refresh), secrets: [] };
}

export function grantApiKey({ refresh, ...body }: rest.GrantApiKeyRequest): Call {
  return {
    ...creation('grantApiKey', `${apiKeys}/grant`, body, refresh),
    secrets: [
      ...(body.grant_type === 'password' ? [body.password] : [body.access_token]),
      ...(body.grant_type === 'access_token' && body.client_authentication !== undefined
        ? [body.client_authentication.value]
        : []),
    ],
    grants: 'cluster:admin/xpack/security/api_key/grant',
  };
}

export function cloneApiKey({ refresh, ...body }: rest.CloneApiKeyRequest): Call {
  return {
    ...creation('cloneApiKey', `${apiKeys}/clone`, body, refresh),
    secrets: [body.api_key, Buffer.from(body.api_key, 'base64').toString()],
    grants: 'cluster:admin/xpack/security/api_key/clone',
  };
}

function creation(
  name: string,
  path: string,
  body: object,
  refresh: rest.CreateApiKeyRequest['refresh'],
): Omit<Call, 'secrets'> {
  return { name, method: 'POST', path, ...refreshing(refresh), body, repeatable: false };
}

export function getApiKeys(request: rest.GetApiKeysRequest): Call {
  return {
    name: 'getApiKeys',
    method: 'GET',
    path: apiKeys,
    query: textsOf(request),
    repeatable: true,
    secrets: [],
  };
}

export function queryApiKeys(request: rest.QueryApiKeysRequest): Call {
  const { with_limited_by, with_profile_uid, typed_keys, ...body } = request;
  return {
    name: 'queryApiKeys',
    method: 'POST',
    path: '/_security/_query/api_key',
    query: textsOf({ with_limited_by, with_profile_uid, typed_keys }),
    body,
    repeatable: true,
    secrets: [],
  };
}

export function updateApiKey({ id, ...body }: rest.UpdateApiKeyRequest): Call {
  return {
    name: 'updateApiKey',
    method: 'PUT',
    path: `${apiKeys}/${segment(id)}`,
    body,
    repeatable: true,
    secrets: [],
    revokes: () => [{ apiKeyIds: [id] }],
  };
}

export function bulkUpdateApiKeys(request: rest.BulkUpdateApiKeysRequest): Call {
  return {
    name: 'bulkUpdateApiKeys',
    method: 'POST',
    path: `${apiKeys}/_bulk_update`,
    body: request,
    repeatable: true,
    secrets: [],
    revokes: () => [keysOf(request.ids)],
  };
}

export function invalidateApiKey(request: rest.InvalidateApiKeyRequest): Call {
  return {
    name: 'invalidateApiKey',
    method: 'DELETE',
    path: apiKeys,
    body: request,
    repeatable: true,
    secrets: [],
    revokes(answer) {
      if ('ids' in request) return [keysOf(request.ids)];
      if ('username' in request) return [userOrRealm(request)];
      const ids = (answer as Partial<rest.InvalidateApiKeyResponse> | undefined)?.invalidated_api_keys;
      return [ids === undefined ? anyApiKey : keysOf(ids)];
    },
  };
}

export function authenticate(): Call {
  return {
    name: 'authenticate',
    method: 'GET',
    path: '/_security/_authenticate',
    repeatable: true,
    secrets: [],
  };
}

export function hasPrivileges(request: rest.HasPrivilegesRequest): Call {
  return {
    name: 'hasPrivileges',
    method: 'POST',
    path: '/_security/user/_has_privileges',
    body: request,
    repeatable: true,
    secrets: [],
  };
}

export function changePassword({ username, refresh, ...body }: rest.ChangePasswordRequest): Call {
  return {
    name: 'changePassword',
    method: 'PUT',
    path: `/_security/user/${username === undefined ? '' : `${segment(username)}/`}_password`,
    ...refreshing(refresh),
    body,
    repeatable: true,
    secrets: 'password' in body ? [body.password] : [body.password_hash],
    revokes: () => [username === undefined ? 'caller' : { username }],
  };
}

export function enableUser(request: rest.UserRequest): Call {
  return { ...toggling('enable', request), revokes: () => [] };
}

export function disableUser(request: rest.UserRequest): Call {
  return { ...toggling('disable', request), revokes: () => [{ username: request.username }] };
}

function toggling(what: 'enable' | 'disable', { username, refresh }: rest.UserRequest): Call {
  return {
    name: `${what}User`,
    method: 'PUT',
    path: `/_security/user/${segment(username)}/_${what}`,
    ...refreshing(refresh),
    repeatable: true,
    secrets: [],
  };
}

function refreshing(refresh: boolean | 'wait_for' | undefined): Pick<Call, 'query'> {
  return refresh === undefined ? {} : { query: { refresh: String(refresh) } };
}

function textsOf(values: object): Readonly<Record<string, string>> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

/** Nobody, where it cannot be one: nothing is remembered of such. */
export function bearerOf(token: unknown): readonly Revocable[] {
  const isToken68 = typeof token === 'string' && /^[\w.~+/-]+=*$/.test(token);
  return isToken68 ? [{ credential: `Bearer ${token}` }] : [];
}

/** Nobody, where the list is empty: Elasticsearch refuses such a call, or has nothing to say. */
function keysOf(ids: readonly string[]): Revocable {
  return { apiKeyIds: ids };
}

function userOrRealm(of: { readonly username?: string; readonly realm_name?: string }): Revocable {
  const { username, realm_name: realm } = of;
  if (username === undefined) return { realm: realm ?? '' };
  return { username, ...(realm !== undefined && { realm }) };
}
