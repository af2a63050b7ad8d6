// A token that is valid now: from the store, by refreshing, or by the grant, one flight at a time. It is renewed ahead of
// its end, when somebody asks for it; no timer keeps a process alive.

import { type Clock, ConfigurationError } from '@esauth/core';
import { ReauthenticationRequired, SecurityApiError } from '../calls/errors.js';
import type { GetTokenRequest, GetTokenResponse, InvalidateTokenRequest } from '../calls/rest-types.js';
import type { SecurityClient } from '../security-client.js';
import { isSame, memoryTokenStore, type StoredTokens, type TokenStore } from './token-store.js';

/** How tokens are got when there is nothing to refresh. */
export type Grant = Exclude<GetTokenRequest, { readonly grant_type: 'refresh_token' }>;

/** How a source is made. */
export interface TokenSourceOptions {
  /** Only `getToken` and `invalidateToken` are called. Tokens can only be refreshed by whoever asked for them. */
  readonly client: Pick<SecurityClient, 'getToken' | 'invalidateToken'>;
  /** Kept, and used whenever a refresh token is of no use. Without one the store has to have tokens already. */
  readonly grant?: Grant | (() => Grant | Promise<Grant>) | undefined;
  /** Default: in memory, for this process. */
  readonly store?: TokenStore | undefined;
  /** Default: the real one. */
  readonly clock?: Pick<Clock, 'wall' | 'after'> | undefined;
}

/** A token that renews itself. */
export interface TokenSource {
  /**
   * @returns an `Authorization` value that is valid now
   * @throws {ReauthenticationRequired} if only whoever owns the tokens can get new ones
   * @throws {SecurityApiError} if there is no valid token, and none could be had
   */
  authorization(): Promise<string>;
  /** Has the next call ask for another token than this value, which somebody has refused as expired. */
  renew(refused: string): void;
  /**
   * Ends the tokens in Elasticsearch, and this source: a logout.
   *
   * @throws {SecurityApiError} if not all of them could be ended; it can be tried again
   */
  invalidate(): Promise<void>;
  /** Ends this source, and leaves the tokens as they are. */
  close(): void;
}

/** The same refresh token gives the same pair once more for so long (`recorded`, `token-refresh-rules`): 30 s, with a margin. */
const graceMs = 25_000;
const longestPauseMs = 30_000;
/** While there is no valid token. */
const shortPauseMs = 1_000;

/** @throws {ConfigurationError} `invalid_option` */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { client, grant, store = memoryTokenStore(), clock = realClock } = options;
  for (const method of ['getToken', 'invalidateToken'] as const) {
    if (typeof client?.[method] === 'function') continue;
    throw new ConfigurationError('client', 'must be a client of createSecurityClient');
  }
  let known: Known | undefined;
  /** Ours, but not in the store yet: that failed. */
  let unstored: Unstored | undefined;
  let previous: StoredTokens | undefined;
  /** A header that is not good any more, whatever its times say. */
  let refused: string | undefined;
  let flight: Promise<void> | undefined;
  let failures = 0;
  let lastError: unknown;
  let nextTryAt = Number.NEGATIVE_INFINITY;
  /** The refresh token that was sent, and when first: what comes back is as old as that. */
  let asked: { readonly refreshToken: string; readonly at: number } | undefined;
  let stopTimer = () => {};
  let ended: 'no' | 'invalidated' | 'closed' = 'no';

  return {
    async authorization() {
      check();
      const now = clock.wall();
      if (known !== undefined && now < known.usableUntil) {
        if (now >= known.renewAt && flight === undefined && now >= nextTryAt) start();
        return headerOf(known.tokens);
      }
      if (flight === undefined) {
        if (now < nextTryAt) throw lastError;
        start();
      }
      try {
        await flight;
      } catch (error) {
        check();
        // It may have brought a token, and failed to store it.
        if (known === undefined || clock.wall() >= known.usableUntil) throw error;
      }
      check();
      // What the flight brought.
      return headerOf((known as Known).tokens);
    },

    renew(value) {
      refused = value;
      if (known === undefined || headerOf(known.tokens) !== refused) return;
      known = { ...known, usableUntil: Number.NEGATIVE_INFINITY };
    },

    async invalidate() {
      if (ended === 'closed') check();
      await flight?.catch(() => {});
      const stored = await store.get();
      const all = [...new Set([stored, known?.tokens, unstored?.next, previous])];
      const tokens = all.filter((each) => each !== undefined);
      const problems = await Promise.all(tokens.flatMap(endOf));
      const problem = problems.find((each) => each !== undefined);
      if (problem !== undefined) throw problem;
      end('invalidated');
      await store.compareAndSet(stored, undefined);
    },

    close: () => end('closed'),
  };

  function check(): void {
    if (ended === 'invalidated') throw new ReauthenticationRequired('invalidated_here');
    if (ended === 'closed') throw new SecurityApiError('unavailable', 'esauth: the token source was closed');
  }

  function end(how: 'invalidated' | 'closed'): void {
    ended = how;
    known = undefined;
    unstored = undefined;
    previous = undefined;
    stopTimer();
  }

  function start(): void {
    flight = renewal().then(
      () => {
        failures = 0;
        nextTryAt = Number.NEGATIVE_INFINITY;
        asked = undefined;
      },
      (error: unknown) => {
        lastError = error;
        pause(error);
        throw error;
      },
    );
    // Whoever has a valid token does not wait for it.
    flight
      .catch(() => {})
      .finally(() => {
        flight = undefined;
      });
  }

  function pause(error: unknown): void {
    failures += 1;
    const now = clock.wall();
    const isUsable = known !== undefined && now < known.usableUntil;
    const longest = isUsable ? longestPauseMs : shortPauseMs;
    const pauseMs = Math.min(longest, 250 * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
    const wished = error instanceof SecurityApiError ? (error.retryAfterMs ?? 0) : 0;
    nextTryAt = now + Math.max(pauseMs, Math.min(wished, longest));
    // The answer may have been lost, and with it the session, unless it is asked again in time.
    const isOpen = asked !== undefined && nextTryAt < asked.at + graceMs && isUnknown(error);
    if (!isOpen || ended !== 'no') return;
    stopTimer = clock.after(nextTryAt - now, () => {
      if (flight === undefined && ended === 'no') start();
    });
  }

  async function renewal(): Promise<void> {
    stopTimer();
    if (unstored !== undefined) return keep(unstored.stored, unstored.next);
    const stored = await store.get();
    // Somebody else has done it.
    if (stored !== undefined && !isSame(stored, known?.tokens) && headerOf(stored) !== refused) {
      const theirs = knownOf(stored);
      if (clock.wall() < theirs.renewAt) return take(theirs);
    }
    const refreshed =
      stored?.refreshToken === undefined ? undefined : await refresh(stored, stored.refreshToken);
    if (refreshed === 'taken') return;
    if (refreshed !== undefined) return keep(stored, refreshed);
    return keep(stored, await obtain());
  }

  /** @returns `taken` if somebody else did it meanwhile, `undefined` if the grant has to do it. */
  async function refresh(
    stored: StoredTokens,
    refreshToken: string,
  ): Promise<StoredTokens | 'taken' | undefined> {
    if (asked?.refreshToken !== refreshToken) asked = { refreshToken, at: clock.wall() };
    const { at } = asked;
    try {
      const answer = await client.getToken({ grant_type: 'refresh_token', refresh_token: refreshToken });
      return tokensOf(answer, at);
    } catch (error) {
      if (!(error instanceof SecurityApiError) || error.code !== 'invalid_grant') throw error;
      const now = await store.get();
      if (now !== undefined && !isSame(now, stored)) {
        const theirs = knownOf(now);
        if (clock.wall() < theirs.usableUntil) {
          take(theirs);
          return 'taken';
        }
      }
      if (grant === undefined) throw new ReauthenticationRequired(error.reason ?? 'unknown', error);
      return undefined;
    }
  }

  async function obtain(): Promise<StoredTokens> {
    if (grant === undefined) throw new ReauthenticationRequired('no_refresh_token');
    const at = clock.wall();
    return tokensOf(await client.getToken(typeof grant === 'function' ? await grant() : grant), at);
  }

  /** A successor is stored before it is used to get another one. */
  async function keep(stored: StoredTokens | undefined, next: StoredTokens): Promise<void> {
    take(knownOf(next));
    unstored = { stored, next };
    let isStored: boolean;
    try {
      isStored = await store.compareAndSet(stored, next);
    } catch (error) {
      // Until it can be stored it lives here, and storing it is the next thing to do.
      known = { ...knownOf(next), renewAt: Number.NEGATIVE_INFINITY };
      throw error;
    }
    unstored = undefined;
    if (isStored) return;
    const theirs = await store.get();
    if (isSame(theirs, next)) return;
    // Ours is of no use to anybody: what the others have is what counts, be it nothing.
    void Promise.all(endOf(next));
    if (theirs === undefined) {
      end('invalidated');
      check();
      return;
    }
    take(knownOf(theirs));
  }

  function take(next: Known): void {
    if (known !== undefined && !isSame(known.tokens, next.tokens)) previous = known.tokens;
    known = next;
  }

  /** Ends both tokens. @returns what went wrong; to end what is not there is none. */
  function endOf({ accessToken, refreshToken }: StoredTokens): Promise<unknown>[] {
    const requests: InvalidateTokenRequest[] = [{ token: accessToken }];
    if (refreshToken !== undefined) requests.unshift({ refresh_token: refreshToken });
    return requests.map((request) =>
      client.invalidateToken(request).then(
        () => undefined,
        (error) => (error instanceof SecurityApiError && error.code === 'not_found' ? undefined : error),
      ),
    );
  }
}

interface Unstored {
  readonly stored: StoredTokens | undefined;
  readonly next: StoredTokens;
}

/** Tokens with what follows from their times. */
interface Known {
  readonly tokens: StoredTokens;
  /** From here on it is renewed, by whoever asks first. */
  readonly renewAt: number;
  readonly usableUntil: number;
}

function knownOf(tokens: StoredTokens): Known {
  const lifetimeMs = tokens.expiresAt - tokens.issuedAt;
  // Many that got theirs at one instant must not renew at one instant.
  const aheadMs = lifetimeMs * (0.2 + 0.1 * Math.random());
  // A request takes its time to arrive, and their clock is not ours.
  const marginMs = Math.min(30_000, lifetimeMs / 10);
  return { tokens, renewAt: tokens.expiresAt - aheadMs, usableUntil: tokens.expiresAt - marginMs };
}

function tokensOf(answer: GetTokenResponse, askedAt: number): StoredTokens {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in } = answer;
  return {
    accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    issuedAt: askedAt,
    expiresAt: askedAt + expires_in * 1000,
  };
}

function headerOf({ accessToken }: StoredTokens): string {
  return `Bearer ${accessToken}`;
}

/** Whether it may have been done although it failed. */
function isUnknown(error: unknown): boolean {
  return error instanceof SecurityApiError && (error.code === 'unavailable' || error.code === 'bad_response');
}

const realClock: Pick<Clock, 'wall' | 'after'> = {
  wall: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
