// Every call: where it goes, whether it may be sent twice, and what is not valid any more when it has been made.

import { own, type Revocable } from '@esauth/core';
import { checkParameters, segment, textsIn } from './parameters.js';
import type * as rest from './rest-types.js';

/** A call, once its parameters are known. */
export interface Call {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** For how long it comes to the same when it is made twice: so long it is sent again if it may not have arrived. */
  readonly repeatableMs: number;
  /** Credentials in its body, which no message repeats. */
  readonly secrets: readonly string[];
  /** The action in whose name a credential in the body is refused. */
  readonly grants?: string;
  /** What its answer must have, if it is to be of use: members, and their types. */
  readonly has?: Readonly<Record<string, 'string' | 'number' | 'boolean'>>;
  /**
   * Whose verdicts are to be forgotten, whatever became of it.
   *
   * @param answer if it was sent once, and this is all that came of it
   */
  readonly revokes?: (answer: unknown) => readonly Revoked[];
}

/** Somebody whose verdicts are forgotten, or whoever makes the call. */
export type Revoked = Revocable | 'caller';

const apiKeys = '/_security/api_key';
const tokens = '/_security/oauth2/token';
// The realm of API keys: which ones there are by a name, or of a realm, is not known here.
const anyApiKey: Revocable = { realm: '_es_api_key' };

/** For reading, and for what comes to the same at any time. */
const always = Number.POSITIVE_INFINITY;
const never = 0;
/** A refresh token gives the same pair once more for 30 s (`recorded`, `token-refresh-rules`); with a margin. */
const refreshMs = 25_000;

export function getToken(request: rest.GetTokenRequest): Call {
  checkParameters('getToken', request);
  return {
    name: 'getToken',
    method: 'POST',
    path: tokens,
    body: request,
    repeatableMs: request.grant_type === 'refresh_token' ? refreshMs : never,
    secrets: textsIn(request, ['password', 'refresh_token', 'kerberos_ticket']),
    grants: 'cluster:admin/xpack/security/token/create',
    has: { access_token: 'string', expires_in: 'number' },
  };
}

export function invalidateToken(request: rest.InvalidateTokenRequest): Call {
  checkParameters('invalidateToken', request);
  return {
    name: 'invalidateToken',
    method: 'DELETE',
    path: tokens,
    body: request,
    repeatableMs: always,
    secrets: textsIn(request, ['token', 'refresh_token']),
    revokes: () => [...bearerOf(own(request, 'token')), ...userOrRealm(request)],
  };
}

export function createApiKey(request: rest.CreateApiKeyRequest): Call {
  return { ...creation('createApiKey', apiKeys, request), secrets: [] };
}

export function grantApiKey(request: rest.GrantApiKeyRequest): Call {
  const call = creation('grantApiKey', `${apiKeys}/grant`, request);
  const shared = own(request, 'client_authentication');
  return {
    ...call,
    secrets: [
      ...textsIn(request, ['password', 'access_token']),
      ...(typeof shared === 'object' && shared !== null ? textsIn(shared, ['value']) : []),
    ],
    grants: 'cluster:admin/xpack/security/api_key/grant',
  };
}

export function cloneApiKey(request: rest.CloneApiKeyRequest): Call {
  const call = creation('cloneApiKey', `${apiKeys}/clone`, request);
  const encoded = textsIn(request, ['api_key']);
  return {
    ...call,
    secrets: [...encoded, ...encoded.map((each) => Buffer.from(each, 'base64').toString())],
    grants: 'cluster:admin/xpack/security/api_key/clone',
  };
}

function creation(name: string, path: string, request: Refreshing): Omit<Call, 'secrets'> {
  checkParameters(name, request);
  const { refresh, ...body } = request;
  return {
    name,
    method: 'POST',
    path,
    ...refreshing(refresh),
    body,
    repeatableMs: never,
    has: { id: 'string', api_key: 'string' },
  };
}

export function getApiKeys(request: rest.GetApiKeysRequest): Call {
  checkParameters('getApiKeys', request);
  return {
    name: 'getApiKeys',
    method: 'GET',
    path: apiKeys,
    query: textsOf(request),
    repeatableMs: always,
    secrets: [],
  };
}

export function queryApiKeys(request: rest.QueryApiKeysRequest): Call {
  checkParameters('queryApiKeys', request);
  const { with_limited_by, with_profile_uid, typed_keys, ...body } = request;
  return {
    name: 'queryApiKeys',
    method: 'POST',
    path: '/_security/_query/api_key',
    query: textsOf({ with_limited_by, with_profile_uid, typed_keys }),
    body,
    repeatableMs: always,
    secrets: [],
  };
}

export function updateApiKey(request: rest.UpdateApiKeyRequest): Call {
  checkParameters('updateApiKey', request);
  const { id, ...body } = request;
  return {
    name: 'updateApiKey',
    method: 'PUT',
    path: `${apiKeys}/${segment('updateApiKey', 'id', id)}`,
    body,
    repeatableMs: always,
    secrets: [],
    revokes: () => [{ apiKeyIds: [id] }],
  };
}

export function bulkUpdateApiKeys(request: rest.BulkUpdateApiKeysRequest): Call {
  checkParameters('bulkUpdateApiKeys', request);
  return {
    name: 'bulkUpdateApiKeys',
    method: 'POST',
    path: `${apiKeys}/_bulk_update`,
    body: request,
    repeatableMs: always,
    secrets: [],
    revokes: () => keysOf(own(request, 'ids')),
  };
}

export function invalidateApiKey(request: rest.InvalidateApiKeyRequest): Call {
  checkParameters('invalidateApiKey', request);
  return {
    name: 'invalidateApiKey',
    method: 'DELETE',
    path: apiKeys,
    body: request,
    repeatableMs: always,
    secrets: [],
    revokes(answer) {
      const ids = own(request, 'ids') ?? idsIn(own(request, 'id'));
      if (ids !== undefined) return keysOf(ids);
      if (own(request, 'username') !== undefined) return userOrRealm(request);
      return keysOf(own(answer, 'invalidated_api_keys'));
    },
  };
}

export function authenticate(): Call {
  return {
    name: 'authenticate',
    method: 'GET',
    path: '/_security/_authenticate',
    repeatableMs: always,
    secrets: [],
  };
}

export function hasPrivileges(request: rest.HasPrivilegesRequest): Call {
  checkParameters('hasPrivileges', request);
  return {
    name: 'hasPrivileges',
    method: 'POST',
    path: '/_security/user/_has_privileges',
    body: request,
    repeatableMs: always,
    secrets: [],
  };
}

export function changePassword(request: rest.ChangePasswordRequest): Call {
  checkParameters('changePassword', request);
  const { username, refresh, ...body } = request;
  const whose = username === undefined ? '' : `${segment('changePassword', 'username', username)}/`;
  return {
    name: 'changePassword',
    method: 'PUT',
    path: `/_security/user/${whose}_password`,
    ...refreshing(refresh),
    body,
    repeatableMs: always,
    secrets: textsIn(body, ['password', 'password_hash']),
    revokes: () => [username === undefined ? 'caller' : { username }],
  };
}

export function enableUser(request: rest.UserRequest): Call {
  return toggling('enable', request);
}

export function disableUser(request: rest.UserRequest): Call {
  return { ...toggling('disable', request), revokes: () => [{ username: request.username }] };
}

function toggling(what: 'enable' | 'disable', request: rest.UserRequest): Call {
  const name = `${what}User`;
  checkParameters(name, request);
  const { username, refresh } = request;
  return {
    name,
    method: 'PUT',
    path: `/_security/user/${segment(name, 'username', username)}/_${what}`,
    ...refreshing(refresh),
    repeatableMs: always,
    secrets: [],
  };
}

interface Refreshing {
  readonly refresh?: boolean | 'wait_for';
}

function refreshing(refresh: Refreshing['refresh']): Pick<Call, 'query'> {
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

/** Any key where there is no list; nobody where it is empty: Elasticsearch refuses such a call, or has done nothing. */
function keysOf(ids: unknown): readonly Revocable[] {
  if (!Array.isArray(ids)) return [anyApiKey];
  return ids.length === 0 ? [] : [{ apiKeyIds: ids }];
}

/** The one of Elasticsearch 7, where it is given. */
function idsIn(id: unknown): readonly unknown[] | undefined {
  return id === undefined ? undefined : [id];
}

/** Nobody, where none is given. */
function userOrRealm(of: object): readonly Revocable[] {
  const username = own(of, 'username') as string | undefined;
  const realm = own(of, 'realm_name') as string | undefined;
  if (username !== undefined) return [{ username, ...(realm !== undefined && { realm }) }];
  return realm === undefined ? [] : [{ realm }];
}
