export type { CallOptions } from './calls/caller.js';
export type { RefreshFailure, SecurityApiErrorCode } from './calls/errors.js';
export { ReauthenticationRequired, SecurityApiCause, SecurityApiError } from './calls/errors.js';
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
export type { Auth, SecurityClient, SecurityClientOptions } from './security-client.js';
export { createSecurityClient } from './security-client.js';
