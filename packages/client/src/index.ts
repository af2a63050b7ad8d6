export type { CallOptions } from './calls/caller.js';
export type { ClientWarningCode, RefreshFailure, SecurityApiErrorCode } from './calls/errors.js';
export {
  ReauthenticationRequired,
  SecurityApiCause,
  SecurityApiError,
  UnreadableTokensError,
} from './calls/errors.js';
export type {
  ApiKeyChanges,
  ApiKeyInfo,
  ApplicationPrivileges,
  AuthenticateResponse,
  BulkUpdateApiKeysRequest,
  BulkUpdateApiKeysResponse,
  ChangePasswordRequest,
  CloneApiKeyRequest,
  CreateApiKeyRequest,
  CreateApiKeyResponse,
  GetApiKeysRequest,
  GetApiKeysResponse,
  GetTokenRequest,
  GetTokenResponse,
  GrantApiKeyRequest,
  HasPrivilegesRequest,
  HasPrivilegesResponse,
  IndicesPrivileges,
  InvalidateApiKeyRequest,
  InvalidateApiKeyResponse,
  InvalidateTokenRequest,
  InvalidateTokenResponse,
  JsonObject,
  QueryApiKeysRequest,
  QueryApiKeysResponse,
  RealmInfo,
  RoleDescriptor,
  UpdateApiKeyRequest,
  UpdateApiKeyResponse,
  UserRequest,
} from './calls/rest-types.js';
export type { OfficialClient } from './calls/revoke-on.js';
export { revokeOn } from './calls/revoke-on.js';
export type { Auth, SecurityClient, SecurityClientOptions } from './security-client.js';
export { createSecurityClient } from './security-client.js';
export type {
  LoginAttempt,
  SessionRequest,
  SessionResponse,
  SessionRoutes,
  SessionRoutesOptions,
} from './sessions/session-routes.js';
export { sessionRoutes } from './sessions/session-routes.js';
export type { AuthorizeOptions } from './tokens/authorize.js';
export { authorize } from './tokens/authorize.js';
export { fileTokenStore } from './tokens/file-token-store.js';
export type { Grant, TokenSource, TokenSourceOptions } from './tokens/token-source.js';
export { createTokenSource } from './tokens/token-source.js';
export type { StoredTokens, TokenStore } from './tokens/token-store.js';
export { memoryTokenStore } from './tokens/token-store.js';
