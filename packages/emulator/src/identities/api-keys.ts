/**
 * API keys: creation, use, and the end of their lives. A key is kept with a snapshot of its owner, and its
 * secret only as a digest. Who may do what with a key is decided in the endpoints.
 */

import type { Clock } from '../controls/clock.js';
import type { RoleDescriptors } from '../privileges/role-descriptor.js';
import { decodeBase64 } from '../wire/base64.js';
import type { JsonMap, JsonValue } from '../wire/json-value.js';
import type { Version } from '../wire/version.js';
import { type Digest, digest, type Secrets } from './secrets.js';
import type { Realm, User } from './user.js';

/** Whose key it is, and what that user was allowed at the time. */
export interface ApiKeyOwner {
  readonly user: User;
  readonly realm: Realm;
  /** The owner's roles when the key was made or last updated; the key never gets more than these. */
  readonly limitedBy: RoleDescriptors;
}

/** A key. It is never changed but replaced, so that a token that was made with it keeps what it was. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly type: 'rest' | 'cross_cluster';
  readonly secret: Digest;
  readonly creation: number;
  readonly expiration: number | undefined;
  readonly invalidation: number | undefined;
  readonly owner: ApiKeyOwner;
  /** Empty: all that the owner was allowed. */
  readonly roleDescriptors: RoleDescriptors;
  readonly metadata: JsonMap;
  /** Of a cross-cluster key: the access as it was asked for. */
  readonly access?: JsonValue;
  readonly certificateIdentity?: string | undefined;
}

/** What is chosen about a key when it is made. */
export type ApiKeySpec = Pick<ApiKey, 'name' | 'type' | 'owner' | 'roleDescriptors' | 'metadata'> &
  Partial<Pick<ApiKey, 'access' | 'certificateIdentity'>> & {
    /** Milliseconds from now, which may be over, or `undefined` for ever. */
    readonly lifetimeMs: number | undefined;
    /** The instant at which it ends, instead of a lifetime. */
    readonly expiresAt?: number | undefined;
  };

/** A new key and, the only time it can be seen, its secret. */
export interface CreatedApiKey {
  readonly key: ApiKey;
  readonly secret: string;
}

/** Why a credential is refused, in Elasticsearch's words. */
export interface ApiKeyProblem {
  readonly problem: string;
  /** Set if the key is in order but is of the type that may not be used over REST. */
  readonly wrongType?: ApiKey;
}

/** The API keys of an emulator. */
export interface ApiKeys {
  create(spec: ApiKeySpec): CreatedApiKey;
  find(id: string): ApiKey | undefined;
  /** Every key that was not removed yet, the oldest first. */
  all(): Iterable<ApiKey>;
  /** Puts a key in the place of the one with its id. */
  replace(key: ApiKey): void;
  isActive(key: ApiKey): boolean;
  /** @param encoded what follows `ApiKey ` in the header */
  authenticate(encoded: string): ApiKey | ApiKeyProblem;
  verify(credential: ApiKeyCredential): ApiKey | ApiKeyProblem;
  /**
   * The same owner, as an object that many keys can share.
   *
   * @param generation changes whenever a role does
   */
  sharedOwner(owner: ApiKeyOwner, generation: number): ApiKeyOwner;
}

/** What a client presents. */
export interface ApiKeyCredential {
  readonly id: string;
  readonly secret: string;
}

// Expired and invalidated keys stay visible for seven days.
const retentionMs = 7 * 86_400_000;

/** Whether keys can be looked for. */
export interface KeyAccess {
  /** Whether something can be looked for by an id, and would be an API key. */
  isReadable(id: string): boolean;
  /**
   * @returns whether a key can be read that is there
   * @throws Refusal if nobody has time to look at it
   */
  canBeUsed(id: string): boolean;
}

/** Makes the store. */
export function createApiKeys(clock: Clock, secrets: Secrets, version: Version, access: KeyAccess): ApiKeys {
  const keys = new Map<string, ApiKey>();
  const owners = new WeakMap<User, { readonly owner: ApiKeyOwner; readonly generation: number }>();

  function isRemoved(key: ApiKey): boolean {
    const end = Math.min(
      key.expiration ?? Number.POSITIVE_INFINITY,
      key.invalidation ?? Number.POSITIVE_INFINITY,
    );
    return clock.now() - end > retentionMs;
  }

  function find(id: string): ApiKey | undefined {
    const key = keys.get(id);
    if (key === undefined || !isRemoved(key)) return key;
    keys.delete(id);
    return undefined;
  }

  const isExpired = (key: ApiKey): boolean => key.expiration !== undefined && key.expiration <= clock.now();

  function verify({ id, secret }: ApiKeyCredential): ApiKey | ApiKeyProblem {
    const key = find(id);
    if (key === undefined || !access.canBeUsed(id)) {
      const problem = access.isReadable(id)
        ? `unable to find apikey with id ${id}`
        : `apikey authentication for id ${id} encountered a failure`;
      return { problem };
    }
    if (key.invalidation !== undefined) return { problem: `api key [${id}] has been invalidated` };
    if (digest(`key:${id}`, secret) !== key.secret) {
      return {
        problem: version.namesKeyWithWrongSecret
          ? `invalid credentials for API key [${id}]`
          : 'invalid credentials',
      };
    }
    if (key.type !== 'rest') {
      const problem = `authentication expected API key type of [rest], but API key [${id}] has type [${key.type}]`;
      return { problem, wrongType: key };
    }
    return isExpired(key) ? { problem: 'api key is expired' } : key;
  }

  return {
    find,
    create({ lifetimeMs, expiresAt, ...spec }) {
      const id = secrets.id();
      const secret = secrets.secret();
      const creation = clock.now();
      const expiration = lifetimeMs === undefined ? expiresAt : endOf(creation, lifetimeMs);
      const key = {
        ...spec,
        id,
        creation,
        expiration,
        invalidation: undefined,
        secret: digest(`key:${id}`, secret),
      };
      keys.set(id, key);
      return { key, secret };
    },
    *all() {
      for (const [id, key] of keys) {
        if (isRemoved(key)) keys.delete(id);
        else yield key;
      }
    },
    replace(key) {
      keys.set(key.id, key);
    },
    isActive: (key) => key.invalidation === undefined && !isExpired(key),
    verify,
    authenticate(encoded) {
      const credential = parseApiKey(encoded);
      return 'problem' in credential ? credential : verify(credential);
    },
    sharedOwner(owner, generation) {
      const known = owners.get(owner.user);
      if (known !== undefined && known.generation === generation && known.owner.realm === owner.realm) {
        return known.owner;
      }
      owners.set(owner.user, { owner, generation });
      return owner;
    },
  };
}

/** Reads what follows `ApiKey ` in a header; whether there is such a key is another question. */
export function parseApiKey(encoded: string): ApiKeyCredential | ApiKeyProblem {
  const decoded = decodeBase64(encoded);
  if (!('bytes' in decoded)) return { problem: decoded.problem };
  const text = decoded.bytes.toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return { problem: 'invalid ApiKey value' };
  return { id: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** When a key ends that lives so long. Elasticsearch counts whole seconds. */
export function endOf(start: number, lifetimeMs: number): number {
  return start + Math.trunc(lifetimeMs / 1000) * 1000;
}

/** The value for an `Authorization: ApiKey` header. */
export function encodeApiKey(id: string, secret: string): string {
  return Buffer.from(`${id}:${secret}`).toString('base64');
}
