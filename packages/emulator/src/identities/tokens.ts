/**
 * Access and refresh tokens: how they look, how long they live, and the rules of refreshing. Tokens are kept
 * only as digests. Who may ask for one is decided elsewhere.
 */

import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { Clock } from '../controls/clock.js';
import { decodeBase64 } from '../wire/base64.js';
import type { Version } from '../wire/version.js';
import { type Authentication, tokenIdentity } from './identity.js';
import { type Digest, digest, type Secrets } from './secrets.js';

/** A new token, the only time it can be seen, and whose it is. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** The identity that was put into the token. */
  readonly authentication: Authentication;
}

/** What became of an invalidation. */
export interface TokenCounts {
  readonly invalidated: number;
  readonly previouslyInvalidated: number;
}

/** The tokens of an emulator. */
export interface Tokens {
  /**
   * @param authentication for whom the token is
   * @param client who asked for it: only the same may refresh it
   */
  issue(authentication: Authentication, client: Authentication, refreshable: boolean): IssuedTokens;
  /** @returns whom the token stands for, `expired` also if it was invalidated, or `undefined` if it is unknown */
  authenticate(token: string): Authentication | 'expired' | undefined;
  /** @returns the new pair, or why there is none */
  refresh(token: string, client: Authentication): IssuedTokens | { readonly problem: string };
  /** @returns `no index` if no token was ever issued, so that there is nothing to look for something like a token in */
  invalidate(kind: 'access' | 'refresh', token: string): TokenCounts | 'unknown' | 'no index';
  /** Invalidates whatever is alive of a user, of a realm, or of a user in a realm. */
  invalidateAll(username: string | undefined, realmName: string | undefined): TokenCounts;
  /** The tokens of which something is alive, the oldest first. */
  live(): LiveToken[];
  /** Whether there ever was a token. */
  hasIssued(): boolean;
  /** Invalidates a live token and its refresh token. @returns whether there was one with this number */
  invalidateNumber(number: number): boolean;
}

/** A token, or a pair of an access and a refresh token, without what would let anybody use it. */
export interface LiveToken {
  /** No two tokens of an emulator have the same. */
  readonly number: number;
  readonly authentication: Authentication;
  /** When the access token ends, or `undefined` if it has ended. */
  readonly accessEndsAt: number | undefined;
  /** Until when it can be refreshed, or `undefined` if it can not. */
  readonly refreshEndsAt: number | undefined;
}

interface TokenRecord {
  readonly number: number;
  readonly access: Digest;
  readonly refresh: Digest | undefined;
  readonly authentication: Authentication;
  readonly client: Authentication;
  readonly createdAt: number;
  accessInvalidated: boolean;
  refreshInvalidated: boolean;
  refreshedAt: number | undefined;
  /** The pair that replaced this one, readable only with this record's refresh token. */
  successor: Buffer | undefined;
}

const accessFlag = ['accessInvalidated'] as const;
const bothFlags = ['accessInvalidated', 'refreshInvalidated'] as const;

const graceMs = 30_000;
const refreshLifetimeMs = 24 * 3_600_000;
// Documents older than a day are removed by a job that runs every half an hour. Here they are gone exactly
// half an hour after their day, whether or not anything ran.
const retentionMs = refreshLifetimeMs + 30 * 60_000;

/** @param lifetimeMs how long an access token lives */
export function createTokens(clock: Clock, secrets: Secrets, version: Version, lifetimeMs: number): Tokens {
  const byAccess = new Map<Digest, TokenRecord>();
  const byRefresh = new Map<Digest, TokenRecord>();
  let issued = 0;

  function issue(authentication: Authentication, client: Authentication, refreshable: boolean): IssuedTokens {
    issued++;
    removeOld();
    const shared = version.pairedTokens ? Buffer.from(secrets.bytes(8)) : undefined;
    const access = newToken(shared);
    const refresh = refreshable ? newToken(shared) : undefined;
    const record: TokenRecord = {
      number: issued,
      access: digest('access', access),
      refresh: refresh && digest('refresh', refresh),
      authentication: tokenIdentity(authentication),
      client,
      createdAt: clock.now(),
      accessInvalidated: false,
      refreshInvalidated: false,
      refreshedAt: undefined,
      successor: undefined,
    };
    byAccess.set(record.access, record);
    if (record.refresh !== undefined) byRefresh.set(record.refresh, record);
    const accessToken = access.toString('base64');
    return { accessToken, refreshToken: refresh?.toString('base64'), authentication };
  }

  /** Bytes of a new token. The two of a pair end in the same eight random bytes. */
  function newToken(shared: Buffer | undefined): Buffer {
    const prefix = variableInteger(version.tokenVersion);
    if (shared === undefined) {
      return Buffer.concat([Buffer.from([...prefix, 22]), Buffer.from(secrets.secret(), 'latin1')]);
    }
    const end = Buffer.alloc(version.endsTokens ? 0 : 3);
    return Buffer.concat([Buffer.from([...prefix, 24]), secrets.bytes(16), shared, end]);
  }

  function find(records: Map<Digest, TokenRecord>, kind: string, token: string): TokenRecord | undefined {
    const decoded = decodeBase64(token);
    if (!('bytes' in decoded)) return undefined;
    const record = records.get(digest(kind, decoded.bytes));
    if (record === undefined || clock.now() - record.createdAt > retentionMs) return undefined;
    return record;
  }

  function removeOld(): void {
    for (const record of byAccess.values()) {
      if (clock.now() - record.createdAt <= retentionMs) return;
      byAccess.delete(record.access);
      if (record.refresh !== undefined) byRefresh.delete(record.refresh);
    }
  }

  /** What of a record is alive, or `undefined` if nothing is. */
  function alive(record: TokenRecord): LiveToken | undefined {
    const { number, authentication, createdAt } = record;
    const accessEnd = createdAt + lifetimeMs;
    const refreshEnd = createdAt + refreshLifetimeMs;
    const hasAccess = !record.accessInvalidated && clock.now() <= accessEnd;
    const isRefreshable =
      record.refresh !== undefined &&
      !record.refreshInvalidated &&
      record.refreshedAt === undefined &&
      clock.now() <= refreshEnd;
    if (!hasAccess && !isRefreshable) return undefined;
    return {
      number,
      authentication,
      accessEndsAt: hasAccess ? accessEnd : undefined,
      refreshEndsAt: isRefreshable ? refreshEnd : undefined,
    };
  }

  function refresh(token: string, client: Authentication): ReturnType<Tokens['refresh']> {
    const record = find(byRefresh, 'refresh', token);
    if (record === undefined) return { problem: 'could not refresh the requested token' };
    const now = clock.now();
    if (now - record.createdAt > refreshLifetimeMs) return { problem: 'token document has expired' };
    if (record.refreshInvalidated) return { problem: 'token has been invalidated' };
    if (!isSameClient(record.client, client))
      return { problem: 'tokens must be refreshed by the creating client' };
    if (record.refreshedAt === undefined || record.successor === undefined) {
      const pair = issue(record.authentication, client, true);
      record.refreshedAt = now;
      record.successor = seal(token, `${pair.accessToken} ${pair.refreshToken}`);
      return pair;
    }
    if (now - record.refreshedAt > graceMs) {
      return { problem: 'token has already been refreshed more than 30 seconds in the past' };
    }
    const opened = open(token, record.successor);
    if (opened === undefined) return { problem: 'could not refresh the requested token' };
    const [accessToken = '', refreshToken] = opened.split(' ');
    return { accessToken, refreshToken, authentication: record.authentication };
  }

  return {
    issue,
    refresh,
    authenticate(token) {
      const record = find(byAccess, 'access', token);
      if (record === undefined) return undefined;
      const expired = clock.now() > record.createdAt + lifetimeMs;
      return expired || record.accessInvalidated ? 'expired' : record.authentication;
    },
    invalidate(kind, token) {
      const record = find(kind === 'access' ? byAccess : byRefresh, kind, token);
      if (record === undefined) return issued > 0 || !isWellFormed(token) ? 'unknown' : 'no index';
      const flag = kind === 'access' ? 'accessInvalidated' : 'refreshInvalidated';
      const before = record[flag];
      record[flag] = true;
      return before
        ? { invalidated: 0, previouslyInvalidated: 1 }
        : { invalidated: 1, previouslyInvalidated: 0 };
    },
    live: () => [...byAccess.values()].flatMap((record) => alive(record) ?? []),
    hasIssued: () => issued > 0,
    invalidateNumber(number) {
      const record = [...byAccess.values()].find((other) => other.number === number && alive(other));
      if (record === undefined) return false;
      for (const flag of bothFlags) record[flag] = true;
      return true;
    },
    invalidateAll(username, realmName) {
      const now = clock.now();
      let invalidated = 0;
      let previouslyInvalidated = 0;
      for (const record of byAccess.values()) {
        const { user, lookupRealm } = record.authentication;
        if (username !== undefined && user.username !== username) continue;
        if (realmName !== undefined && lookupRealm.name !== realmName) continue;
        const accessLives = !record.accessInvalidated && now <= record.createdAt + lifetimeMs;
        const refreshable = record.refresh !== undefined && now - record.createdAt <= refreshLifetimeMs;
        if (!accessLives && (!refreshable || record.refreshInvalidated)) continue;
        // The two of a pair are one document: what lives of it is found, and then both are invalidated.
        const flags = record.refresh === undefined ? accessFlag : bothFlags;
        for (const flag of flags) {
          if (record[flag]) previouslyInvalidated++;
          else invalidated++;
          record[flag] = true;
        }
      }
      return { invalidated, previouslyInvalidated };
    },
  };
}

/** Same user in the same realm, with or without a token in between; of API keys, the very same key. */
function isSameClient(a: Authentication, b: Authentication): boolean {
  if (a.apiKey !== undefined || b.apiKey !== undefined) return a.apiKey?.id === b.apiKey?.id;
  return a.user.username === b.user.username && a.lookupRealm.name === b.lookupRealm.name;
}

/** Seven bits to a byte, the lowest first: how Elasticsearch writes small numbers. */
function variableInteger(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...variableInteger(value >>> 7)];
}

/** Whether a text is a version and a payload of the length that it says, whatever follows. */
function isWellFormed(token: string): boolean {
  const decoded = decodeBase64(token);
  if (!('bytes' in decoded)) return false;
  const { bytes } = decoded;
  // The last byte of a number has no highest bit.
  const afterNumber = (from: number): number => bytes.findIndex((byte, at) => at >= from && byte < 128) + 1;
  const length = afterNumber(0);
  const payload = length === 0 ? 0 : afterNumber(length);
  return payload > 0 && payload === length + 1 && bytes.length >= payload + (bytes[length] ?? 0);
}

// Within the grace window the same pair has to be returned once more, but no token may be kept. So the new
// pair is encrypted with a key that only the old refresh token yields, spelled as it was: with another padding it
// opens nothing, as in Elasticsearch (recorded). A key encrypts once, hence the fixed nonce.
const nonce = Buffer.alloc(12);

function sealingKey(refreshToken: string): Buffer {
  return createHash('sha256').update(`successor of ${refreshToken}`).digest();
}

function seal(refreshToken: string, plain: string): Buffer {
  const cipher = createCipheriv('aes-256-gcm', sealingKey(refreshToken), nonce);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(refreshToken: string, sealed: Buffer): string | undefined {
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(refreshToken), nonce);
  decipher.setAuthTag(sealed.subarray(-16));
  const plain = decipher.update(sealed.subarray(0, -16));
  try {
    return Buffer.concat([plain, decipher.final()]).toString();
  } catch {
    return undefined;
  }
}
