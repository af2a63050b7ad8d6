// The options of a verifier: their units and defaults, and the checks that fail when the application starts
// rather than at its first request.

import type { Dispatcher } from 'undici';
import type { CacheSettings } from '../memory/cache.js';
import type { Sharing } from '../sharing/port.js';
import type { SharedSettings } from '../sharing/shared-verdicts.js';
import { type Clock, systemClock } from '../time/clock.js';
import type { BreakerSettings } from '../upstream/breaker.js';
import { knownSchemes, type Scheme } from '../values/credential.js';
import type { Challenge } from '../values/denial.js';
import { ConfigurationError } from '../values/errors.js';
import { readChallenge } from './challenge-option.js';
import { type ConnectionSettings, readConnection } from './connection-options.js';
import type { TlsOptions } from './node-options.js';
import { duration, flag, integer, section } from './option-checks.js';
import { readSharing } from './sharing-option.js';

/** What `createVerifier` takes. Only `nodes` (or `cloudId`) is required; an unknown name is refused. */
export interface VerifierOptions {
  /**
   * Base URL of Elasticsearch, or several: a list, or one string with commas between them, as an environment variable
   * holds it. A path prefix is allowed; a user name or password is not. Plain `http:` to a host that is not loopback
   * sends credentials readably and warns once.
   */
  readonly nodes?: string | readonly string[] | undefined;
  /** Instead of `nodes`: the Cloud ID of a deployment on Elastic Cloud. */
  readonly cloudId?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  /**
   * The `http:` or `https:` URL of a proxy through which the nodes are reached, user name and password in it if it
   * wants them; or `'environment'`: what `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` (or the same in
   * lower case) say of each node when the verifier is made. A value there without a scheme is taken for one with the
   * node's. Each connection is a tunnel (CONNECT), and `tls` is about the node at its end: the proxy sees neither
   * credentials nor answers of an https node. An https proxy's own certificate must be of an authority that Node
   * trusts (`NODE_EXTRA_CA_CERTS`).
   */
  readonly proxy?: string | undefined;
  /**
   * Schemes that are accepted, in the order in which they are challenged. Default `['Bearer', 'ApiKey']`. With
   * `Basic`, put a rate limit in front: Elasticsearch never locks out who guesses passwords. And its challenge makes
   * browsers ask for a password.
   */
  readonly schemes?: readonly Scheme[] | undefined;
  /**
   * The JWT realm's shared secret (`ES-Client-Authentication`). Sent with lookups of Bearer credentials only, and
   * never taken from a caller.
   */
  readonly clientAuthentication?: string | undefined;
  /**
   * Whether a lookup of an API key also reads the key's own entry: its expiration, which then ends what is
   * remembered in time, its metadata and its role descriptors. A second request inside the same deadline, made with
   * the caller's key (`GET /_security/api_key`). Default `false`.
   */
  readonly apiKeyDetails?: boolean | undefined;
  /** What challenges say. Default `{ realm: 'elasticsearch' }`. */
  readonly challenge?: {
    readonly realm?: string | undefined;
    /** Absolute https URL of the protected resource's metadata (RFC 9728). */
    readonly resourceMetadata?: string | undefined;
  };
  /**
   * Longer `Authorization` headers are malformed. In characters, 1 to 15 872, default 8 192. No more, because
   * Elasticsearch answers a request whose head is over 16 384 bytes with 400 and reads nothing more on that connection,
   * and the rest of our head needs its room too.
   */
  readonly maxHeaderLength?: number | undefined;
  /** What is remembered; `false` asks Elasticsearch every time (callers at the same time still share). */
  readonly cache?: false | CacheOptions | undefined;
  readonly upstream?: UpstreamOptions | undefined;
  /**
   * One memory for many processes: what one has looked up the others need not ask for, and what is revoked at one is
   * forgotten at all. An engine such as `redisSharing({ client, secrets })` of `@esauth/redis`. Off by default.
   */
  readonly sharing?: Sharing | undefined;
  /** Where the time comes from. Default: the system's clocks. */
  readonly clock?: Clock | undefined;
  /**
   * Your own dispatcher to reach the nodes with, instead of `tls` and `proxy`: one of undici 7, whatever it was
   * composed of. One of another major, which Node's own global dispatcher may be, is refused. It is not closed by
   * `close`.
   */
  readonly dispatcher?: Dispatcher | undefined;
}

/** What may be asked of Elasticsearch, and how long its answers may take. */
export interface UpstreamOptions {
  /**
   * How long a caller waits at most, counted from its own call: queue, retries and repeats included. In
   * milliseconds, 1 to 86 400 000 (a day), default 3 000 (three seconds).
   */
  readonly timeoutMs?: number | undefined;
  /**
   * How often a question is asked again, on another node if there is one, after a connection error, 502, 503
   * or 504; never after 429 and never past the deadline. Default 1; 0 turns it off.
   */
  readonly retries?: number | undefined;
  /**
   * With another node to turn to: when one has said nothing for so long, the other is asked besides (in its place, if
   * `maxConcurrent` requests are under way), and the first verdict counts. At most one more request for a lookup, and
   * one for ten questions over time. In milliseconds, below `timeoutMs`; default a third of it; 0 turns it off.
   */
  readonly hedgeAfterMs?: number | undefined;
  /**
   * A lookup ends without a verdict (`bad_response`) if the body that says who somebody is, or what a key's entry is,
   * is longer. In bytes, 4 096 to 1 048 576 (one MiB). Default 65 536, with `apiKeyDetails` 262 144: an ordinary one
   * is 400, the rest is metadata and role descriptors. In memory it may take up to 28 times its length.
   */
  readonly maxBodyBytes?: number | undefined;
  /** Lookups on the wire at most, second requests included. Default 32. */
  readonly maxConcurrent?: number | undefined;
  /**
   * Lookups that wait for a place at most; more get `queue_full` at once. Waiting is fair between sources (see
   * `verify`), in order and in room. Default 1 000.
   */
  readonly maxQueue?: number | undefined;
  /**
   * For each node: after so many `failures` in a row (default 5) it is left alone for `openMs` milliseconds
   * (default 2 000, at least 1), and then one lookup tries it. A failure is no connection, a broken one, 502,
   * 503, 504, no reply in time, or none while another node answered (`hedgeAfterMs`); every other reply ends the row.
   * Callers who leave early say nothing of a node.
   */
  readonly breaker?:
    | { readonly failures?: number | undefined; readonly openMs?: number | undefined }
    | undefined;
}

/** Durations in milliseconds, 0 to 86 400 000 (a day); 0 remembers nothing. Counts 1 to 16 777 216. */
export interface CacheOptions {
  /**
   * No identity older than this is ever served; its age counts from when the lookup started. Default 60 000
   * (one minute). This is also how long a credential revoked in Elasticsearch may go on here, unless
   * `revoke` is called.
   */
  readonly ttlMs?: number | undefined;
  /**
   * An identity older than this is served and asked again in the background, one question at a time; so is an answer
   * about privileges. Default half of `ttlMs`, at most 30 000 (half a minute); 0 turns it off. Must be below `ttlMs`.
   */
  readonly refreshAfterMs?: number | undefined;
  /**
   * How much longer than `ttlMs` an identity may be served while Elasticsearch cannot say anything about it
   * (`unreachable`, `timeout`, `overloaded`, `server_error`, `circuit_open`). Never after a refusal or
   * `revoke`, nor when only our own queue kept the question from being asked. Default 0.
   */
  readonly staleIfErrorMs?: number | undefined;
  /**
   * How long a refusal is remembered, `ttlMs` at most. Default 5 000 (five seconds). Keep it short: a key
   * that is created right after somebody tried it is refused for this long.
   */
  readonly rejectedTtlMs?: number | undefined;
  /** Identities remembered at most. Default 10 000. */
  readonly maxEntries?: number | undefined;
  /**
   * What remembered identities, details of keys and answers about privileges may take together, as estimated from
   * what was received. The least recently used go first; a single one that takes more is served and not remembered.
   * In bytes, 1 048 576 (one MiB) to 17 179 869 184, default 67 108 864 (64 MiB). An ordinary identity is estimated
   * at 3.0 kB, an answer about one privilege at 0.3 kB.
   */
  readonly maxBytes?: number | undefined;
  /** Refusals remembered at most, in a store of their own. Default 2 000. */
  readonly maxRejectedEntries?: number | undefined;
  /**
   * By which part an entry's lifetimes are shortened at most, at random, so that what was learnt together is
   * not asked again together. 0 to 0.5, default 0.1; 0 turns it off.
   */
  readonly jitter?: number | undefined;
  /**
   * How many headers of callers who were let in are kept in memory as they are, so that one that comes again is compared
   * in place of hashed: `Bearer` and `ApiKey`, up to 4 096 characters, for a minute at most; `revoke` and `close` wipe
   * them. Everything else holds as without. 0 to 65 536, default 0: a credential in memory can be read from a heap
   * snapshot or a core dump (SECURITY.md). Several times as many as there are callers at a time are of use.
   */
  readonly recent?: number | undefined;
}

/** Options with every default filled in, checked. */
export interface Settings extends ConnectionSettings {
  /** How many headers may be kept as they are. */
  readonly recent: number;
  readonly clientAuthentication: string | undefined;
  readonly apiKeyDetails: boolean;
  readonly schemes: readonly Scheme[];
  readonly challenge: Challenge;
  readonly maxHeaderLength: number;
  readonly cache: CacheSettings;
  readonly upstream: UpstreamSettings;
  readonly sharing: SharedSettings | undefined;
  readonly clock: Clock;
}

export interface UpstreamSettings {
  readonly timeoutMs: number;
  readonly retries: number;
  readonly hedgeAfterMs: number;
  readonly maxBodyBytes: number;
  readonly maxConcurrent: number;
  readonly maxQueue: number;
  readonly breaker: BreakerSettings;
}

/** Leaves 512 of the 16 384 bytes of Elasticsearch's `http.max_header_size` to the rest of the head. */
const longestHeader = 15_872;

/** A budget of the cache, in bytes: below, two callers with a little metadata would push each other out. */
const leastBudget = 1_048_576;
const mostBudget = 17_179_869_184;
/** How long a body that is read may be at least and at most: ten ordinary ones, and what the transport takes. */
const shortestBody = 4_096;
const longestBody = 1_048_576;

/** What a JavaScript map can hold, and more than anybody needs of anything. */
const mapLimit = 16_777_216;
/** At 4 096 characters each these are 256 MiB. */
const mostRecent = 65_536;

/** @throws {ConfigurationError} `invalid_option`, naming the first option that is wrong. */
export function readOptions(given: unknown): Settings {
  const options = section('options', given);
  const connection = readConnection(options);
  const clientAuthentication = readSecret(options.clientAuthentication);
  const apiKeyDetails = flag('apiKeyDetails', options.apiKeyDetails);

  return {
    ...connection,
    schemes: readSchemes(options.schemes),
    clientAuthentication,
    apiKeyDetails,
    challenge: readChallenge(options.challenge),
    maxHeaderLength: integer('maxHeaderLength', options.maxHeaderLength, 8_192, longestHeader),
    cache: readCache(options.cache),
    recent: readRecent(options.cache),
    upstream: readUpstream(options.upstream, apiKeyDetails),
    sharing: readSharing(options.sharing, { nodes: connection.nodes, clientAuthentication, apiKeyDetails }),
    clock: readClock(options.clock),
  };
}

function readSchemes(given: unknown): readonly Scheme[] {
  if (given === undefined) return ['Bearer', 'ApiKey'];
  const schemes = Array.isArray(given) ? knownSchemes.filter((scheme) => given.includes(scheme)) : [];
  if (!Array.isArray(given) || schemes.length === 0 || schemes.length !== given.length) {
    throw new ConfigurationError('schemes', `must be a list of one or more of ${knownSchemes.join(', ')}`);
  }
  return [...given];
}

function readCache(given: unknown): CacheSettings {
  const cache = section('cache', given === false ? { ttlMs: 0 } : given);
  const ttlMs = duration('cache.ttlMs', cache.ttlMs, 60_000, 0, 1_000);
  const defaultRefresh = Math.min(ttlMs / 2, 30_000);
  const refreshAfterMs = duration('cache.refreshAfterMs', cache.refreshAfterMs, defaultRefresh, 0, 1_000);
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
    staleIfErrorMs: duration('cache.staleIfErrorMs', cache.staleIfErrorMs, 0, 0, 1_000),
    rejectedTtlMs: duration('cache.rejectedTtlMs', cache.rejectedTtlMs, 5_000, 0, 100),
    maxEntries: integer('cache.maxEntries', cache.maxEntries, 10_000, mapLimit),
    maxBytes: integer('cache.maxBytes', cache.maxBytes, 67_108_864, mostBudget, leastBudget),
    maxRejectedEntries: integer('cache.maxRejectedEntries', cache.maxRejectedEntries, 2_000, mapLimit),
    jitter,
  };
}

function readRecent(given: unknown): number {
  const { recent } = section('cache', given === false ? {} : given);
  return integer('cache.recent', recent, 0, mostRecent, 0);
}

function readUpstream(given: unknown, apiKeyDetails: boolean): UpstreamSettings {
  const upstream = section('upstream', given);
  const breaker = section('upstream.breaker', upstream.breaker);
  const timeoutMs = duration('upstream.timeoutMs', upstream.timeoutMs, 3_000, 1, 100);
  const hedgeAfterMs = duration('upstream.hedgeAfterMs', upstream.hedgeAfterMs, timeoutMs / 3, 0);
  if (hedgeAfterMs >= timeoutMs) {
    throw new ConfigurationError('upstream.hedgeAfterMs', 'must be below upstream.timeoutMs');
  }
  return {
    timeoutMs,
    hedgeAfterMs,
    retries: integer('upstream.retries', upstream.retries, 1, mapLimit, 0),
    maxBodyBytes: integer(
      'upstream.maxBodyBytes',
      upstream.maxBodyBytes,
      apiKeyDetails ? 262_144 : 65_536,
      longestBody,
      shortestBody,
    ),
    maxConcurrent: integer('upstream.maxConcurrent', upstream.maxConcurrent, 32, mapLimit),
    maxQueue: integer('upstream.maxQueue', upstream.maxQueue, 1_000, mapLimit),
    breaker: {
      failures: integer('upstream.breaker.failures', breaker.failures, 5, mapLimit),
      openMs: duration('upstream.breaker.openMs', breaker.openMs, 2_000, 1, 100),
    },
  };
}

function readSecret(given: unknown): string | undefined {
  if (given === undefined) return undefined;
  // One header line has to carry it, which Elasticsearch reads without the spaces around it, but with those inside
  // (`JwtUtil.getHeaderValue`; `test/recorded`, `jwt-hmac-client`).
  if (typeof given === 'string' && given.startsWith('SharedSecret ')) {
    throw new ConfigurationError(
      'clientAuthentication',
      'is the secret alone, without SharedSecret before it',
    );
  }
  if (typeof given === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(given)) return given;
  throw new ConfigurationError(
    'clientAuthentication',
    'must be a string of printable ASCII characters, without a space or a line break around it',
  );
}

function readClock(given: unknown): Clock {
  if (given === undefined) return systemClock;
  const methods = ['wall', 'monotonic', 'after'] as const;
  const clock: Partial<Clock> = typeof given === 'object' && given !== null ? given : {};
  if (methods.every((name) => typeof clock[name] === 'function')) {
    // Checked in the line above.
    return clock as Clock;
  }
  throw new ConfigurationError('clock', `must have the methods ${methods.join(', ')}, as emulator.clock has`);
}
