// What an API key's own entry (`GET /_security/api_key`) adds to its identity: when it ends, its metadata and what
// it was limited to.

import { apiKeyIdOf, type Credential } from '../values/credential.js';
import { type Identity, percentEncode } from '../values/identity.js';
import { deepFreeze, isRecord, parseJson } from '../values/json.js';

/** @returns where a key's entry is read. Before 7.16 an identity does not name its key, but the key does. */
export function apiKeyPath(identity: Identity, credential: Credential): string {
  return `/_security/api_key?id=${percentEncode(idOf(identity, credential))}`;
}

function idOf({ apiKey }: Identity, credential: Credential): string {
  return apiKey?.id ?? apiKeyIdOf(credential) ?? '';
}

/**
 * @param text the body of an answer with status 200.
 * @returns the identity with what its key's entry says; as it was if there is no entry, as for cloud keys.
 *   `'invalidated'` if the key is not good any more, `undefined` for what is no list of entries, or not of this key.
 */
export function readApiKeyDetails(
  text: string,
  identity: Identity,
  credential: Credential,
): Identity | 'invalidated' | undefined {
  const body = parseJson(text);
  if (!isRecord(body) || !Array.isArray(body.api_keys)) return undefined;
  const [entry] = body.api_keys;
  if (entry === undefined) return identity;
  const id = idOf(identity, credential);
  if (!isRecord(entry) || entry.id !== id || body.api_keys.length > 1) return undefined;
  if (entry.invalidated === true) return 'invalidated';
  const { name, expiration, metadata, role_descriptors: roleDescriptors } = entry;
  const ends = typeof expiration === 'number' ? { expiresAt: expiration } : {};
  return deepFreeze({
    ...identity,
    ...ends,
    apiKey: {
      id,
      ...(typeof name === 'string' && { name }),
      ...identity.apiKey,
      ...ends,
      ...(isRecord(metadata) && { metadata }),
      ...(isRecord(roleDescriptors) && { roleDescriptors }),
    },
  });
}
