// Makes a client of Elasticsearch's security API: what it may be told, and its methods.

import {
  type Clock,
  ConfigurationError,
  type ConnectionOptions,
  openConnections,
  systemClock,
  type Verifier,
} from '@esauth/core';
import { type CallOptions, createCaller } from './calls/caller.js';
import * as calls from './calls/calls.js';
import { checkOptions } from './calls/option-section.js';
import type * as rest from './calls/rest-types.js';

/** With whose credential the calls are made. */
export type Auth =
  | { readonly username: string; readonly password: string }
  /** Encoded, or as it was created. */
  | { readonly apiKey: string | { readonly id: string; readonly api_key: string } }
  /** An access token, a service token or a JWT. */
  | { readonly bearer: string }
  /** The value of an `Authorization` header, asked for with every call: `() => source.authorization()`. */
  | { readonly authorization: () => string | Promise<string> };

/** How a client is made. Where Elasticsearch is and how to trust it is said as to a verifier. */
export interface SecurityClientOptions extends ConnectionOptions {
  readonly auth: Auth;
  /** Forgets what is not valid any more before the call that ended it returns, also if its answer was lost. */
  readonly verifier?: Verifier | undefined;
  /** How long a call may take in all, in milliseconds, 1 to 86 400 000. Default 10 000. */
  readonly timeoutMs?: number | undefined;
  /**
   * With `tls.cert`: whether calls may be made as somebody else (`authorization` of a call). If a PKI realm maps the
   * certificate to a user, a bad credential runs as that user. Default `false`.
   */
  readonly allowClientCertificate?: boolean | undefined;
  /** Tells how long ago a refresh was sent, if its answer is lost. Default: the system's. */
  readonly clock?: Pick<Clock, 'wall'> | undefined;
}

/**
 * Elasticsearch's security API. Parameters and answers have its field names; a call that did not do what it should
 * rejects with a `SecurityApiError`. Any can be `unauthorized`, `forbidden`, `disabled`, `overloaded`, `unavailable` or
 * `bad_response`, and `InvalidArgumentError` before it is sent; what a method can be besides stands with it. The
 * privileges are those of the cluster that Elasticsearch wants of whoever makes the call; `manage_security` and `all` are
 * always enough.
 */
export interface SecurityClient {
  /**
   * New tokens, by one of four grants. Privilege `manage_token`; any paid licence, or a trial.
   *
   * @throws {SecurityApiError} `invalid_grant` for what is in the body, with `reason` of a refresh token;
   *   `invalid_request`, `unsupported_grant_type`, `validation_failed` (also by a service account), `license`
   */
  getToken(params: rest.GetTokenRequest, options?: CallOptions): Promise<rest.GetTokenResponse>;
  /**
   * Ends tokens. Privilege `manage_token`, for the own ones too.
   *
   * @throws {SecurityApiError} `not_found` if there is no such token, `validation_failed` for none or two ways to name
   *   them, `incomplete` if some stay good
   */
  invalidateToken(
    params: rest.InvalidateTokenRequest,
    options?: CallOptions,
  ): Promise<rest.InvalidateTokenResponse>;
  /**
   * A key that the caller owns. Privilege `manage_own_api_key` or `manage_api_key`.
   *
   * @throws {SecurityApiError} `invalid_request`, `validation_failed` (also where an API key would make one with rights)
   */
  createApiKey(params: rest.CreateApiKeyRequest, options?: CallOptions): Promise<rest.CreateApiKeyResponse>;
  /**
   * A key that somebody else owns, whose credential is given; he needs no privilege. Since 7.9; privilege `grant_api_key`
   * or `manage_api_key`.
   *
   * @throws {SecurityApiError} `invalid_grant` for the credential in the body, `invalid_request`, `validation_failed`
   */
  grantApiKey(params: rest.GrantApiKeyRequest, options?: CallOptions): Promise<rest.CreateApiKeyResponse>;
  /**
   * A key like another one, whose secret is given. Since 9.4; privilege `clone_api_key` or `manage_api_key`.
   *
   * @throws {SecurityApiError} `invalid_grant` for the key in the body, `invalid_request`, `validation_failed`
   */
  cloneApiKey(params: rest.CloneApiKeyRequest, options?: CallOptions): Promise<rest.CreateApiKeyResponse>;
  /**
   * Keys without their secrets. Privilege `manage_own_api_key` with `owner`, else `read_security` or `manage_api_key`.
   *
   * @throws {SecurityApiError} `not_found` for an `id` that there is not, `validation_failed`
   */
  getApiKeys(params?: rest.GetApiKeysRequest, options?: CallOptions): Promise<rest.GetApiKeysResponse>;
  /**
   * A search of keys. Since 7.15; privilege `read_security` or `manage_api_key`; who has only `manage_own_api_key` finds the
   * own ones.
   *
   * @throws {SecurityApiError} `invalid_request`, `validation_failed` for a query of fields that are not searched
   */
  queryApiKeys(params?: rest.QueryApiKeysRequest, options?: CallOptions): Promise<rest.QueryApiKeysResponse>;
  /**
   * Changes a key; only its owner can, and not by an API key. Since 8.4; privilege `manage_own_api_key`.
   *
   * @throws {SecurityApiError} `not_found` also for somebody else's, `validation_failed` for one that has ended or a caller
   *   that is an API key, `invalid_request`, `conflict`
   */
  updateApiKey(params: rest.UpdateApiKeyRequest, options?: CallOptions): Promise<rest.UpdateApiKeyResponse>;
  /**
   * Changes several alike. Since 8.5; else as `updateApiKey`.
   *
   * @throws {SecurityApiError} `incomplete` if some were not changed, be it that there are none; `invalid_request`,
   *   `validation_failed`
   */
  bulkUpdateApiKeys(
    params: rest.BulkUpdateApiKeysRequest,
    options?: CallOptions,
  ): Promise<rest.BulkUpdateApiKeysResponse>;
  /**
   * Ends keys. An unknown id is no error, and in no list of the answer. Privilege `manage_own_api_key` for the own ones,
   * else `manage_api_key`. `ids` since 7.10.
   *
   * @throws {SecurityApiError} `incomplete` if some stay good (a full disk, cross-cluster keys), `validation_failed`
   */
  invalidateApiKey(
    params: rest.InvalidateApiKeyRequest,
    options?: CallOptions,
  ): Promise<rest.InvalidateApiKeyResponse>;
  /** Who makes the call. No privilege; `forbidden` for a key that is restricted to workflows. */
  authenticate(options?: CallOptions): Promise<rest.AuthenticateResponse>;
  /**
   * What whoever makes the call may do. No privilege.
   *
   * @throws {SecurityApiError} `invalid_request`, `validation_failed` for none, or one that there is not
   */
  hasPrivileges(
    params: rest.HasPrivilegesRequest,
    options?: CallOptions,
  ): Promise<rest.HasPrivilegesResponse>;
  /**
   * Gives a native or reserved user another password. Tokens and keys stay good. Privilege `manage_security`; none for
   * the own one.
   *
   * @throws {SecurityApiError} `validation_failed` for one that is too short, or a user who is not there
   */
  changePassword(params: rest.ChangePasswordRequest, options?: CallOptions): Promise<void>;
  /**
   * Lets a user sign in again. Privilege `manage_security`.
   *
   * @throws {SecurityApiError} `validation_failed` for a user who is not there
   */
  enableUser(params: rest.UserRequest, options?: CallOptions): Promise<void>;
  /**
   * Has a user's password be refused. Tokens and keys stay good. Privilege `manage_security`.
   *
   * @throws {SecurityApiError} `validation_failed` for a user who is not there
   */
  disableUser(params: rest.UserRequest, options?: CallOptions): Promise<void>;
  /** Ends what is under way, and connections of its own; those calls and later ones are `unavailable`. */
  close(): Promise<void>;
}

const known = [
  ...['nodes', 'cloudId', 'tls', 'proxy', 'dispatcher'],
  ...['auth', 'verifier', 'timeoutMs', 'allowClientCertificate', 'clock'],
];

/**
 * A client of the security API. It opens no connection before the first call.
 *
 * @throws {ConfigurationError} `invalid_option`
 */
export function createSecurityClient(options: SecurityClientOptions): SecurityClient {
  checkOptions(options, known);
  const { timeoutMs = 10_000, tls, verifier, allowClientCertificate = false, clock = systemClock } = options;
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 86_400_000) {
    throw new ConfigurationError('timeoutMs', 'must be an integer from 1 to 86400000');
  }
  if (typeof allowClientCertificate !== 'boolean') {
    throw new ConfigurationError('allowClientCertificate', 'must be true or false');
  }
  if (verifier !== undefined && typeof verifier?.revoke !== 'function') {
    throw new ConfigurationError('verifier', 'must be a verifier of createVerifier');
  }
  if (typeof clock?.wall !== 'function') throw new ConfigurationError('clock', 'must have the method wall');
  const authorization = readAuth(options.auth);
  // So that there is time for another node, where one neither accepts nor refuses.
  const connections = openConnections(options, Math.min(timeoutMs, Math.max(1_000, timeoutMs / 3)));
  const mayImpersonate = tls?.cert === undefined || allowClientCertificate;
  const caller = createCaller({ connections, authorization, timeoutMs, verifier, mayImpersonate, clock });

  /** The answer has what its type says: Elasticsearch's own shapes are not checked member by member. */
  const make = <Answer>(made: calls.Call, options?: CallOptions) =>
    caller.make(made, options) as Promise<Answer>;
  const asked = async (made: calls.Call, options?: CallOptions) => void (await caller.make(made, options));

  return {
    getToken: async (params, options) => make(calls.getToken(params), options),
    invalidateToken: async (params, options) => make(calls.invalidateToken(params), options),
    createApiKey: async (params, options) => make(calls.createApiKey(params), options),
    grantApiKey: async (params, options) => make(calls.grantApiKey(params), options),
    cloneApiKey: async (params, options) => make(calls.cloneApiKey(params), options),
    getApiKeys: async (params = {}, options) => make(calls.getApiKeys(params), options),
    queryApiKeys: async (params = {}, options) => make(calls.queryApiKeys(params), options),
    updateApiKey: async (params, options) => make(calls.updateApiKey(params), options),
    bulkUpdateApiKeys: async (params, options) => make(calls.bulkUpdateApiKeys(params), options),
    invalidateApiKey: async (params, options) => make(calls.invalidateApiKey(params), options),
    authenticate: async (options) => make(calls.authenticate(), options),
    hasPrivileges: async (params, options) => make(calls.hasPrivileges(params), options),
    changePassword: async (params, options) => asked(calls.changePassword(params), options),
    enableUser: async (params, options) => asked(calls.enableUser(params), options),
    disableUser: async (params, options) => asked(calls.disableUser(params), options),
    close: () => caller.close(),
  };
}

/** @returns the value of the header, for each call */
function readAuth(auth: unknown): () => string | Promise<string> {
  const given: Readonly<Record<string, unknown>> =
    typeof auth === 'object' && auth !== null ? { ...auth } : {};
  const { username, password, apiKey, bearer, authorization } = given;
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
  const names = Object.keys(given).sort().join();
  if (names === 'password,username' && isText(username) && isText(password) && !username.includes(':')) {
    const value = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    return () => value;
  }
  const isOneWord = (value: unknown): value is string => isText(value) && /^[\x21-\x7e]+$/.test(value);
  if (names === 'apiKey' && isOneWord(apiKey)) return () => `ApiKey ${apiKey}`;
  if (names === 'apiKey' && typeof apiKey === 'object' && apiKey !== null) {
    const { id, api_key } = apiKey as Readonly<Record<string, unknown>>;
    if (isText(id) && isText(api_key)) {
      const value = `ApiKey ${Buffer.from(`${id}:${api_key}`).toString('base64')}`;
      return () => value;
    }
  }
  if (names === 'bearer' && isOneWord(bearer)) return () => `Bearer ${bearer}`;
  // Checked in the same line.
  if (names === 'authorization' && typeof authorization === 'function') {
    return authorization as () => string | Promise<string>;
  }
  // Mostly a variable of the environment that is not set.
  const empty = ['username', 'password', 'apiKey', 'bearer'].find(
    (name) => name in given && (given[name] === '' || given[name] === undefined),
  );
  throw new ConfigurationError(
    'auth',
    `must be { username, password }, { apiKey }, { bearer } or { authorization: () => … }${
      empty === undefined ? '' : `; ${empty} is empty`
    }`,
  );
}
