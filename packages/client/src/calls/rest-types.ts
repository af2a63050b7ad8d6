// What goes to Elasticsearch's REST API and comes back, with its own names. Times of API keys are milliseconds since
// 1970, `expires_in` is seconds, and durations that are sent are texts such as `1d`.

/** Any JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What a role or an API key may do. */
export interface RoleDescriptor {
  readonly cluster?: readonly string[];
  readonly indices?: readonly IndicesPrivileges[];
  readonly applications?: readonly ApplicationPrivileges[];
  readonly run_as?: readonly string[];
  readonly metadata?: JsonObject;
  readonly description?: string;
  /** Workflows to which a key is restricted. Since 8.9. */
  readonly restriction?: { readonly workflows: readonly string[] };
  readonly [further: string]: unknown;
}

/** Privileges on indices. */
export interface IndicesPrivileges {
  readonly names: string | readonly string[];
  readonly privileges: readonly string[];
  readonly field_security?: { readonly grant?: readonly string[]; readonly except?: readonly string[] };
  /** Which documents: a query, as an object or as its text. */
  readonly query?: JsonObject | string;
  readonly allow_restricted_indices?: boolean;
}

/** Privileges in an application. */
export interface ApplicationPrivileges {
  readonly application: string;
  readonly privileges: readonly string[];
  readonly resources: readonly string[];
}

/** Who somebody is, as `GET /_security/_authenticate` shows it. */
export interface AuthenticateResponse {
  readonly username: string;
  readonly roles: readonly string[];
  readonly full_name: string | null;
  readonly email: string | null;
  readonly metadata: JsonObject;
  readonly enabled: boolean;
  readonly authentication_realm: RealmInfo;
  readonly lookup_realm: RealmInfo;
  readonly authentication_type: 'realm' | 'api_key' | 'token' | 'anonymous' | 'internal';
  /** Since 7.14, of an API key. */
  readonly api_key?: { readonly id: string; readonly name?: string; readonly managed_by?: string };
  readonly token?: { readonly name?: string; readonly type?: string; readonly managed_by?: string };
  readonly operator?: boolean;
}

/** A realm. */
export interface RealmInfo {
  readonly name: string;
  readonly type: string;
  readonly domain?: string;
}

/** One of the grants. */
export type GetTokenRequest = (
  | { readonly grant_type: 'client_credentials' }
  | { readonly grant_type: 'password'; readonly username: string; readonly password: string }
  | { readonly grant_type: 'refresh_token'; readonly refresh_token: string }
  | { readonly grant_type: '_kerberos'; readonly kerberos_ticket: string }
) & { readonly scope?: string };

/** New tokens. */
export interface GetTokenResponse {
  readonly access_token: string;
  readonly type: 'Bearer';
  /** Seconds, the whole time from its creation, also if the answer is a repeated one. */
  readonly expires_in: number;
  /** Not with `client_credentials`. Good for 24 hours, once. */
  readonly refresh_token?: string;
  readonly scope?: string;
  readonly kerberos_authentication_response_token?: string;
  /** Of whom. Since 7.11. */
  readonly authentication?: AuthenticateResponse;
}

/** Which tokens: one, or those of a user, of a realm, or of a user of a realm. */
export type InvalidateTokenRequest =
  | Only<'token'>
  /** The access token that came with it stays good. */
  | Only<'refresh_token'>
  | Only<'username' | 'realm_name', 'realm_name'>
  | Only<'realm_name'>;

/** These members, and no other way to say which tokens: Elasticsearch refuses two at once. */
type Only<Given extends TokenMember, Perhaps extends TokenMember = never> = {
  readonly [Member in Exclude<Given, Perhaps>]: string;
} & { readonly [Member in Perhaps]?: string } & {
  readonly [Member in Exclude<TokenMember, Given>]?: never;
};
type TokenMember = 'token' | 'refresh_token' | 'username' | 'realm_name';

/** How many tokens a call has ended. */
export interface InvalidateTokenResponse {
  /** Access and refresh tokens count apart. */
  readonly invalidated_tokens: number;
  readonly previously_invalidated_tokens: number;
  readonly error_count: number;
}

/** What is chosen about a new API key. */
export interface CreateApiKeyRequest {
  readonly name: string;
  /** A duration such as `1d`. Default: for ever. */
  readonly expiration?: string;
  /** Default: all that its owner may. An API key can make only a key that may do nothing. */
  readonly role_descriptors?: Readonly<Record<string, RoleDescriptor>>;
  /** Since 7.13. */
  readonly metadata?: JsonObject;
  /** Whether the key is found by searches when the call is over. */
  readonly refresh?: boolean | 'wait_for';
}

/** A new API key; this is the only time that its secret is shown. */
export interface CreateApiKeyResponse {
  readonly id: string;
  readonly name: string;
  readonly expiration?: number;
  readonly api_key: string;
  /** What follows `ApiKey ` in the header. Since 7.16. */
  readonly encoded?: string;
}

/** A key for somebody else, whose credential is in the body. */
export type GrantApiKeyRequest = (
  | { readonly grant_type: 'password'; readonly username: string; readonly password: string }
  | {
      readonly grant_type: 'access_token';
      /** Elasticsearch's own, or a JWT. */
      readonly access_token: string;
      /** Of a JWT realm. */
      readonly client_authentication?: { readonly scheme: 'SharedSecret'; readonly value: string };
    }
) & {
  /** As whom the owner of that credential acts. Since 8.4. */
  readonly run_as?: string;
  readonly api_key: Omit<CreateApiKeyRequest, 'refresh'>;
  readonly refresh?: boolean | 'wait_for';
};

/** A copy of a key. Since 9.4. */
export interface CloneApiKeyRequest {
  /** The source, encoded. */
  readonly api_key: string;
  readonly name: string;
  /** `null`: for ever. Default: that of the source. */
  readonly expiration?: string | null;
  readonly metadata?: JsonObject;
  readonly refresh?: boolean | 'wait_for';
}

/** Which keys; without any of these all that the caller may see. */
export interface GetApiKeysRequest {
  readonly id?: string;
  /** May end in `*`. */
  readonly name?: string;
  readonly username?: string;
  readonly realm_name?: string;
  /** Only the caller's own. */
  readonly owner?: boolean;
  /** Since 8.10. */
  readonly active_only?: boolean;
  /** Since 8.5. */
  readonly with_limited_by?: boolean;
  /** Since 8.14. */
  readonly with_profile_uid?: boolean;
}

/** An API key without its secret. */
export interface ApiKeyInfo {
  readonly id: string;
  readonly name: string | null;
  readonly type?: 'rest' | 'cross_cluster';
  readonly creation: number;
  readonly expiration?: number;
  readonly invalidated: boolean;
  readonly invalidation?: number;
  readonly username: string;
  readonly realm: string;
  readonly realm_type?: string;
  readonly metadata?: JsonObject;
  readonly role_descriptors?: Readonly<Record<string, RoleDescriptor>>;
  readonly limited_by?: readonly Readonly<Record<string, RoleDescriptor>>[];
  readonly profile_uid?: string;
  /** Of a search with `sort`. */
  readonly _sort?: readonly unknown[];
  readonly [further: string]: unknown;
}

/** The keys that were found, without their secrets. */
export interface GetApiKeysResponse {
  readonly api_keys: readonly ApiKeyInfo[];
}

/** A search of keys. Since 7.15. */
export interface QueryApiKeysRequest {
  readonly query?: JsonObject;
  readonly from?: number;
  /** Default 10. */
  readonly size?: number;
  readonly sort?: unknown;
  readonly search_after?: readonly unknown[];
  /** Since 8.14. */
  readonly aggs?: JsonObject;
  readonly with_limited_by?: boolean;
  readonly with_profile_uid?: boolean;
  readonly typed_keys?: boolean;
}

/** A page of the keys that were found, and how many there are in all. */
export interface QueryApiKeysResponse extends GetApiKeysResponse {
  readonly total: number;
  readonly count: number;
  readonly aggregations?: JsonObject;
}

/** What is to be another; what is left out stays. */
export interface ApiKeyChanges {
  readonly role_descriptors?: Readonly<Record<string, RoleDescriptor>>;
  readonly metadata?: JsonObject;
  /** From now. Since 8.13. */
  readonly expiration?: string;
}

/** Only the owner can do it. Since 8.4. */
export type UpdateApiKeyRequest = { readonly id: string } & ApiKeyChanges;

/** Whether anything is different now. */
export interface UpdateApiKeyResponse {
  readonly updated: boolean;
}

/** Since 8.5. */
export type BulkUpdateApiKeysRequest = { readonly ids: readonly string[] } & ApiKeyChanges;

/** Which keys are different now, and for which there was nothing to do. */
export interface BulkUpdateApiKeysResponse {
  readonly updated: readonly string[];
  readonly noops: readonly string[];
}

/** Which keys, in one of these ways. */
export type InvalidateApiKeyRequest =
  | { readonly ids: readonly string[]; readonly owner?: boolean }
  | { readonly name: string; readonly owner?: boolean }
  | { readonly owner: true }
  | { readonly username: string; readonly realm_name?: string }
  | { readonly realm_name: string };

/** Which keys are over now. */
export interface InvalidateApiKeyResponse {
  /** An unknown id is in neither list, and no error. */
  readonly invalidated_api_keys: readonly string[];
  readonly previously_invalidated_api_keys: readonly string[];
  readonly error_count: number;
}

/** Which privileges are asked for. */
export interface HasPrivilegesRequest {
  readonly cluster?: readonly string[];
  readonly index?: readonly {
    readonly names: string | readonly string[];
    readonly privileges: readonly string[];
    readonly allow_restricted_indices?: boolean;
  }[];
  readonly application?: readonly ApplicationPrivileges[];
}

type Granted = Readonly<Record<string, boolean>>;

/** Which of the privileges asked for the owner of the credential has. */
export interface HasPrivilegesResponse {
  readonly username: string;
  readonly has_all_requested: boolean;
  readonly cluster: Granted;
  readonly index: Readonly<Record<string, Granted>>;
  readonly application: Readonly<Record<string, Readonly<Record<string, Granted>>>>;
}

/** A new password, or its hash. */
export type ChangePasswordRequest = {
  /** Default: whoever makes the call. */
  readonly username?: string;
  readonly refresh?: boolean | 'wait_for';
} & ({ readonly password: string } | { readonly password_hash: string });

/** Which user. */
export interface UserRequest {
  readonly username: string;
  readonly refresh?: boolean | 'wait_for';
}
