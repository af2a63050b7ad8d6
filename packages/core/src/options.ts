// The options of a verifier: their units and defaults, and the checks that fail when the application starts
// rather than at its first request.

import type { CacheSettings } from './cache.js';
import { type Clock, systemClock } from './clock.js';
import { knownSchemes, type Scheme } from './credential.js';
import type { Challenge } from './denial.js';
import { ConfigurationError } from './errors.js';

/** What `createVerifier` takes. Only `nodes` is required; an unknown name is refused. */
export interface VerifierOptions {
  /**
   * Base URL of Elasticsearch, or several. A path prefix is allowed; a user name or password is not. Plain
   * `http:` to a host that is not loopback sends credentials readably and warns once.
   */
  readonly nodes: string | readonly string[];
  readonly tls?: {
    /** Certificates (PEM) of the authorities to trust, instead of the system's. */
    readonly ca?: string | Buffer | readonly (string | Buffer)[];
  };
  /** Schemes that are accepted, in the order in which they are challenged. Default `['Bearer', 'ApiKey']`. */
  readonly schemes?: readonly Scheme[];
  /** What challenges say. Default `{ realm: 'elasticsearch' }`. */
  readonly challenge?: {
    readonly realm?: string;
    /** Absolute https URL of the protected resource's metadata (RFC 9728). */
    readonly resourceMetadata?: string;
  };
  /** Longer `Authorization` headers are malformed. In characters, 1 to 65 536, default 8 192. */
  readonly maxHeaderLength?: number;
  /** What is remembered; `false` asks Elasticsearch every time (callers at the same time still share). */
  readonly cache?: false | CacheOptions;
  readonly upstream?: {
    /**
     * How long a caller waits at most, counted from its own call, repeats included. In milliseconds, 1 to
     * 86 400 000 (a day), default 3 000 (three seconds).
     */
    readonly timeoutMs?: number;
  };
  /** Where the time comes from. Default: the system's clocks. */
  readonly clock?: Clock;
}

/** Durations in milliseconds, 0 to 86 400 000 (a day); 0 remembers nothing. Counts 1 to 16 777 216. */
export interface CacheOptions {
  /**
   * No identity older than this is ever served; its age counts from when the lookup started. Default 60 000
   * (one minute). This is also how long a credential revoked in Elasticsearch may go on here, unless
   * `revoke` is called.
   */
  readonly ttlMs?: number;
  /**
   * An identity older than this is served and asked again in the background, one question at a time. Default
   * half of `ttlMs`, at most 30 000 (half a minute); 0 turns it off. Must be below `ttlMs`.
   */
  readonly refreshAfterMs?: number;
  /**
   * How much longer than `ttlMs` an identity may be served while Elasticsearch cannot say anything about it
   * (`unreachable`, `timeout`, `overloaded`, `server_error`, `circuit_open`). Never after a refusal or
   * `revoke`. Default 0.
   */
  readonly staleIfErrorMs?: number;
  /**
   * How long a refusal is remembered, `ttlMs` at most. Default 5 000 (five seconds). Keep it short: a key
   * that is created right after somebody tried it is refused for this long.
   */
  readonly rejectedTtlMs?: number;
  /** Identities remembered at most. Default 10 000. */
  readonly maxEntries?: number;
  /** Refusals remembered at most, in a store of their own. Default 2 000. */
  readonly maxRejectedEntries?: number;
  /**
   * By which part an entry's lifetimes are shortened at most, at random, so that what was learnt together is
   * not asked again together. 0 to 0.5, default 0.1; 0 turns it off.
   */
  readonly jitter?: number;
}

/** Options with every default filled in, checked. */
export interface Settings {
  readonly nodes: readonly URL[];
  readonly ca: string | Buffer | (string | Buffer)[] | undefined;
  readonly schemes: readonly Scheme[];
  readonly challenge: Challenge;
  readonly maxHeaderLength: number;
  readonly cache: CacheSettings;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

const dayMs = 86_400_000;
/** What a JavaScript map can hold; the LRU library indexes its entries with one. */
const mapLimit = 16_777_216;

/** @throws {ConfigurationError} `invalid_option`, naming the first option that is wrong. */
export function readOptions(given: unknown): Settings {
  const options = section('options', given, [
    'nodes',
    'tls',
    'schemes',
    'challenge',
    'maxHeaderLength',
    'cache',
    'upstream',
    'clock',
  ]);
  const tls = section('tls', options.tls, ['ca']);
  const challenge = section('challenge', options.challenge, ['realm', 'resourceMetadata']);
  const upstream = section('upstream', options.upstream, ['timeoutMs']);
  return {
    nodes: readNodes(options.nodes),
    ca: readCa(tls.ca),
    schemes: readSchemes(options.schemes),
    challenge: {
      realm: readRealm(challenge.realm),
      ...(challenge.resourceMetadata !== undefined && {
        resourceMetadata: readMetadataUrl(challenge.resourceMetadata),
      }),
    },
    maxHeaderLength: integer('maxHeaderLength', options.maxHeaderLength, 8_192, 65_536),
    cache: readCache(options.cache),
    timeoutMs: duration('upstream.timeoutMs', upstream.timeoutMs, 3_000, 1),
    clock: readClock(options.clock),
  };
}

function readNodes(given: unknown): readonly URL[] {
  const list = Array.isArray(given) ? given : [given];
  if (given === undefined || list.length === 0) {
    throw new ConfigurationError('nodes', 'required: the base URL of Elasticsearch, or a list of them');
  }
  const nodes = list.map(readNode);
  if (new Set(nodes.map((node) => node.href)).size < nodes.length) {
    throw new ConfigurationError('nodes', 'the same node is listed twice');
  }
  return nodes;
}

// No message repeats the value: a URL that is refused may be refused for the password in it.
function readNode(given: unknown): URL {
  const node = parseUrl(given);
  if (node === undefined || !['http:', 'https:'].includes(node.protocol)) {
    throw new ConfigurationError('nodes', 'must be absolute http: or https: URLs');
  }
  if (node.username !== '' || node.password !== '') {
    throw new ConfigurationError('nodes', 'must not hold a user name or password: callers bring their own');
  }
  if (node.search !== '' || node.hash !== '') {
    throw new ConfigurationError('nodes', 'must not have a query or a fragment');
  }
  return node;
}

function readCa(given: unknown): Settings['ca'] {
  if (given === undefined) return undefined;
  const certificates: unknown[] = Array.isArray(given) ? given : [given];
  const readable = (ca: unknown) => (typeof ca === 'string' && ca !== '') || Buffer.isBuffer(ca);
  if (certificates.length === 0 || !certificates.every(readable)) {
    throw new ConfigurationError('tls.ca', 'must be a PEM string or Buffer, or a list of them');
  }
  // Checked in the line above.
  return certificates as (string | Buffer)[];
}

function readSchemes(given: unknown): readonly Scheme[] {
  if (given === undefined) return ['Bearer', 'ApiKey'];
  const schemes = Array.isArray(given) ? knownSchemes.filter((scheme) => given.includes(scheme)) : [];
  if (!Array.isArray(given) || schemes.length === 0 || schemes.length !== given.length) {
    throw new ConfigurationError('schemes', `must be a list of one or more of ${knownSchemes.join(', ')}`);
  }
  return [...given];
}

function readRealm(given: unknown): string {
  if (given === undefined) return 'elasticsearch';
  // A quoted-string (RFC 9110 §5.6.4), kept to printable ASCII so that one header line can carry it.
  if (typeof given === 'string' && /^[\x20-\x7e]+$/.test(given)) return given;
  throw new ConfigurationError('challenge.realm', 'must be a string of printable ASCII characters');
}

function readMetadataUrl(given: unknown): string {
  const url = parseUrl(given);
  if (url?.protocol === 'https:') return url.href;
  throw new ConfigurationError('challenge.resourceMetadata', 'must be an absolute https: URL');
}

function parseUrl(given: unknown): URL | undefined {
  return typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined;
}

function readCache(given: unknown): CacheSettings {
  const cache = section('cache', given === false ? { ttlMs: 0 } : given, [
    'ttlMs',
    'refreshAfterMs',
    'staleIfErrorMs',
    'rejectedTtlMs',
    'maxEntries',
    'maxRejectedEntries',
    'jitter',
  ]);
  const ttlMs = duration('cache.ttlMs', cache.ttlMs, 60_000, 0);
  const defaultRefresh = Math.min(ttlMs / 2, 30_000);
  const refreshAfterMs = duration('cache.refreshAfterMs', cache.refreshAfterMs, defaultRefresh, 0);
  if (refreshAfterMs > 0 && refreshAfterMs >= ttlMs) {
    throw new ConfigurationError('cache.refreshAfterMs', 'must be below cache.ttlMs');
  }
  const { jitter = 0.1 } = cache;
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 0.5)) {
    throw new ConfigurationError('cache.jitter', 'must be a number from 0 to 0.5');
  }
  return {
    ttlMs,
    refreshAfterMs,
    staleIfErrorMs: duration('cache.staleIfErrorMs', cache.staleIfErrorMs, 0, 0),
    rejectedTtlMs: duration('cache.rejectedTtlMs', cache.rejectedTtlMs, 5_000, 0),
    maxEntries: integer('cache.maxEntries', cache.maxEntries, 10_000, mapLimit),
    maxRejectedEntries: integer('cache.maxRejectedEntries', cache.maxRejectedEntries, 2_000, mapLimit),
    jitter,
  };
}

function readClock(given: unknown): Clock {
  if (given === undefined) return systemClock;
  const methods = ['wall', 'monotonic', 'after'] as const;
  const clock: Partial<Clock> = typeof given === 'object' && given !== null ? given : {};
  if (methods.every((name) => typeof clock[name] === 'function')) {
    // Checked in the line above.
    return clock as Clock;
  }
  throw new ConfigurationError('clock', `must have the methods ${methods.join(', ')}`);
}

function duration(option: string, given: unknown, fallback: number, least: number): number {
  if (given === undefined) return fallback;
  if (typeof given === 'number' && given >= least && given <= dayMs) return given;
  throw new ConfigurationError(option, `must be a number of milliseconds from ${least} to ${dayMs}`);
}

function integer(option: string, given: unknown, fallback: number, most: number): number {
  if (given === undefined) return fallback;
  if (Number.isInteger(given) && Number(given) >= 1 && Number(given) <= most) return Number(given);
  throw new ConfigurationError(option, `must be an integer from 1 to ${most}`);
}

/** An object with no other members than these; absent reads as empty. */
function section(path: string, given: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  if (given === undefined && path !== 'options') return {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigurationError(path, 'must be an object');
  }
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const option = path === 'options' ? name : `${path}.${name}`;
    throw new ConfigurationError(option, `unknown option; known are ${names.join(', ')}`);
  }
  return { ...given };
}
