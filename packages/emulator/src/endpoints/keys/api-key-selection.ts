/** Which API keys a request is about, whose they are, and how they are listed. */

import type { Security } from '../../cluster/security.js';
import type { ApiKey } from '../../identities/api-keys.js';
import type { Authentication } from '../../identities/identity.js';
import { showRoles } from '../../privileges/role-descriptor.js';
import type { JsonValue } from '../../wire/json-value.js';
import type { Version } from '../../wire/version.js';

/** Which keys a request is about. */
export interface Selection {
  readonly ids: readonly string[] | undefined;
  readonly name: string | undefined;
  readonly username: string | undefined;
  readonly realmName: string | undefined;
}

/** With `owner`, all keys of the caller; with a key as the caller, all keys of that key's owner. */
export function selectionOf(
  request: Selection & { readonly owner: boolean },
  { apiKey, user, lookupRealm }: Authentication,
): Selection {
  if (!request.owner) return request;
  const realm = apiKey === undefined ? lookupRealm : apiKey.owner.realm;
  return { ...request, username: user.username, realmName: realm.name };
}

/** What `manage_own_api_key` covers: a user has whatever it owns, a key has nothing but itself. */
export function isOwn(
  { ids, username, realmName, owner }: Selection & { readonly owner: boolean },
  { apiKey, user, lookupRealm }: Authentication,
): boolean {
  if (apiKey !== undefined) return ids?.every((id) => id === apiKey.id) ?? false;
  return owner || (username === user.username && realmName === lookupRealm.name);
}

/** The keys that a request is about, the oldest first. */
export function* select(
  security: Security,
  { ids, name, username, realmName }: Selection,
): Generator<ApiKey> {
  const candidates = ids === undefined ? security.apiKeys.all() : ids.map((id) => security.apiKeys.find(id));
  for (const key of candidates) {
    if (key === undefined) continue;
    if (name !== undefined && !matchesName(key.name, name)) continue;
    if (username !== undefined && key.owner.user.username !== username) continue;
    if (realmName !== undefined && key.owner.realm.name !== realmName) continue;
    yield key;
  }
}

function matchesName(name: string, wanted: string): boolean {
  return wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
}

/** The profile of its owner, where that is asked for. */
export function ownersProfile(
  { profiles }: Security,
  { owner }: ApiKey,
  isWanted: boolean,
): Record<string, JsonValue | undefined> {
  return isWanted ? { profile_uid: profiles.of(owner.user.username, owner.realm)?.uid } : {};
}

/** A key as it is listed. */
export function showApiKey(
  key: ApiKey,
  version: Version,
  withLimitedBy: boolean,
): Record<string, JsonValue | undefined> {
  const limitedBy = withLimitedBy && version.showsRoleDescriptors && key.type === 'rest';
  return {
    id: key.id,
    name: key.name,
    type: version.crossClusterKeys ? key.type : undefined,
    creation: key.creation,
    expiration: key.expiration,
    invalidated: key.invalidation !== undefined,
    invalidation: version.showsInvalidationTime ? key.invalidation : undefined,
    username: key.owner.user.username,
    realm: key.owner.realm.name,
    realm_type: version.showsRealmType ? key.owner.realm.type : undefined,
    metadata: key.metadata,
    role_descriptors: version.showsRoleDescriptors ? showRoles(key.roleDescriptors, version) : undefined,
    limited_by: limitedBy ? [showRoles(key.owner.limitedBy, version)] : undefined,
    access: key.access,
    certificate_identity: key.certificateIdentity,
  };
}
