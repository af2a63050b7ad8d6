// A token that is valid now: from the store, by refreshing, or by the grant, one flight at a time. It is renewed ahead
// of its end, when somebody asks for it; no timer keeps a process alive.

import { type Clock, ConfigurationError, systemClock } from '@esauth/core';
import { ReauthenticationRequired, SecurityApiError, warn } from '../calls/errors.js';
import { checkOptions } from '../calls/option-section.js';
import type { GetTokenRequest, InvalidateTokenRequest } from '../calls/rest-types.js';
import type { SecurityClient } from '../security-client.js';
import { headerOf, type Known, knownOf, past, tokensOf } from './known-tokens.js';
import { storeInTime } from './store-in-time.js';
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
   * @throws {SecurityApiError} if there is no valid token, and none could be had; or what the store or `grant` has thrown
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

/** For so long a refresh token gives the same pair once more (`recorded`, `token-refresh-rules`); with a margin. */
const windowMs = 30_000;
const graceMs = 25_000;
/** As often other processes may be quicker before it is given up. */
const mostTurns = 5;
const longestPauseMs = 30_000;
/** While there is no valid token. */
const shortPauseMs = 1_000;

/**
 * A source of tokens that are valid now. It asks for the first one when it is called for.
 *
 * @throws {ConfigurationError} `invalid_option`
 */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { client, grant, store, clock } = readOptions(options);
  let known: Known | undefined;
  /** Ours, but not in the store yet: that failed. */
  let unstored: Unstored | undefined;
  let previous: StoredTokens | undefined;
  /** A header that is not good any more, whatever its times say. */
  let refused: string | undefined;
  let flight: Promise<void> | undefined;
  let failures = 0;
  let lastError: unknown;
  let failedAt = past;
  let wishedPauseMs = 0;
  /** The refresh token that was sent, and when first: what comes back is as old as that. */
  let asked: { readonly refreshToken: string; readonly at: number } | undefined;
  /** The refresh token that gives no pairs any more, and what was said of it. */
  let spent: { readonly refreshToken: string; readonly at: number; readonly error: Error } | undefined;
  let stopTimer = () => {};
  let ended: 'no' | 'invalidated' | 'closed' = 'no';

  return {
    async authorization() {
      for (let turn = 0; turn < mostTurns; turn += 1) {
        check();
        const now = clock.wall();
        if (known !== undefined && now < known.usableUntil) {
          if (now >= known.renewAt && flight === undefined && now >= nextTryAt()) start();
          return headerOf(known.tokens);
        }
        if (flight === undefined) {
          if (now < nextTryAt()) throw lastError;
          start();
        }
        try {
          await flight;
        } catch (error) {
          check();
          // It may have brought a token, and failed to store it.
          if (known === undefined || clock.wall() >= known.usableUntil) throw error;
        }
      }
      throw new SecurityApiError(
        'unavailable',
        'the token source: all tokens that came had ended; compare the clocks of who shares the store',
      );
    },

    renew(value) {
      refused = value;
      if (known !== undefined)
        known = headerOf(known.tokens) === refused ? knownOf(known.tokens, refused) : known;
    },

    async invalidate() {
      if (ended === 'closed') check();
      // From here on nobody is given a token, nor asks for another one.
      const before = ended;
      ended = 'invalidated';
      stopTimer();
      try {
        await flight?.catch(() => {});
        for (let isTaken = false; !isTaken; ) {
          const stored = await store.get();
          const all = [...new Set([stored, known?.tokens, unstored?.next, previous])];
          const tokens = all.filter((each) => each !== undefined);
          const problems = await Promise.all(tokens.flatMap((each) => endOf(each)));
          const problem = problems.find((each) => each !== undefined);
          if (problem !== undefined) throw problem;
          // Another process may have got a pair just before that.
          isTaken = await store.compareAndSet(stored, undefined);
        }
        end('invalidated');
      } catch (error) {
        ended = before;
        throw error;
      }
    },

    close: () => end('closed'),
  };

  function check(): void {
    if (ended === 'invalidated') throw new ReauthenticationRequired('invalidated_here');
    if (ended === 'closed') throw new SecurityApiError('unavailable', 'the token source was closed');
  }

  function end(how: 'invalidated' | 'closed'): void {
    ended = how;
    known = undefined;
    unstored = undefined;
    previous = undefined;
    asked = undefined;
    spent = undefined;
    stopTimer();
  }

  function start(): void {
    flight = renewal().then(
      () => {
        failures = 0;
        failedAt = past;
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
    // Another process may store a pair at any time, and finding out asks the store alone.
    if (error instanceof ReauthenticationRequired) return;
    failures += 1;
    failedAt = clock.wall();
    const backoffMs = 250 * 2 ** Math.min(failures, 10) * (0.5 + Math.random() / 2);
    wishedPauseMs = Math.max(backoffMs, error instanceof SecurityApiError ? (error.retryAfterMs ?? 0) : 0);
    const at = nextTryAt();
    // The answer may have been lost, and with it the session, unless it is asked again in time.
    const isOpen = asked !== undefined && at < asked.at + graceMs && isUnknown(error);
    if (!isOpen || ended !== 'no') return;
    stopTimer = clock.after(at - failedAt, () => {
      if (flight === undefined && ended === 'no') start();
    });
  }

  /** Read when it is needed: a pause that was chosen while a token was good does not outlive that token. */
  function nextTryAt(): number {
    const isUsable = known !== undefined && clock.wall() < known.usableUntil;
    return failedAt + Math.min(wishedPauseMs, isUsable ? longestPauseMs : shortPauseMs);
  }

  async function renewal(): Promise<void> {
    stopTimer();
    if (unstored !== undefined) {
      await keep(unstored.stored, unstored.next);
      if (isFresh()) return;
    }
    for (let turn = 0; turn < mostTurns; turn += 1) {
      const stored = await store.get();
      // Somebody else may have done it.
      if (stored !== undefined && !isSame(stored, known?.tokens)) {
        take(stored);
        if (isFresh()) return;
      }
      const next =
        stored?.refreshToken === undefined ? await obtain() : await refresh(stored, stored.refreshToken);
      if (next !== undefined) return keep(stored, next);
    }
    throw new SecurityApiError('unavailable', 'the token source: the store changes all the time');
  }

  function isFresh(): boolean {
    return known !== undefined && clock.wall() < known.renewAt;
  }

  /** @returns `undefined` if somebody else did it meanwhile */
  async function refresh(stored: StoredTokens, refreshToken: string): Promise<StoredTokens | undefined> {
    const now = clock.wall();
    if (spent?.refreshToken === refreshToken && now < spent.at + shortPauseMs) throw spent.error;
    if (asked?.refreshToken !== refreshToken) asked = { refreshToken, at: now };
    // As old as its first request, if that was obeyed and this is given the same; no older than that is possible.
    const at = Math.min(now, Math.max(asked.at, now - windowMs));
    try {
      const answer = await client.getToken({ grant_type: 'refresh_token', refresh_token: refreshToken });
      return { ...tokensOf(answer, at), previousAccessToken: stored.accessToken };
    } catch (error) {
      if (!(error instanceof SecurityApiError) || error.code !== 'invalid_grant') throw error;
      if (!isSame(await store.get(), stored)) return undefined;
      if (grant !== undefined) return obtain();
      spent = {
        refreshToken,
        at: clock.wall(),
        error: new ReauthenticationRequired(error.reason ?? 'unknown', error),
      };
      throw spent.error;
    }
  }

  async function obtain(): Promise<StoredTokens> {
    if (grant === undefined) throw new ReauthenticationRequired('no_refresh_token');
    const request = typeof grant === 'function' ? await grant() : grant;
    const at = clock.wall();
    return tokensOf(await client.getToken(request), at);
  }

  /** A successor is stored before it is used to get another one. */
  async function keep(stored: StoredTokens | undefined, next: StoredTokens): Promise<void> {
    take(next);
    const isLate = unstored !== undefined;
    unstored = { stored, next };
    let theirs: StoredTokens | undefined;
    try {
      const isStored = await store.compareAndSet(stored, next);
      theirs = isStored ? next : await store.get();
    } catch (error) {
      if (!isLate) warn('ESAUTH_TOKENS_UNSTORED', 'a new token is in this process alone', nameOf(error));
      // Until it can be stored it lives here, and storing it is the next thing to do.
      if (known !== undefined) known = { ...known, renewAt: past };
      throw error;
    }
    unstored = undefined;
    if (isSame(theirs, next)) return;
    // What the others have is what counts, be it nothing. Ours is not renewed any more; its access token may be in use,
    // and lives on to its end, unless somebody has signed out.
    void discard(next, theirs === undefined ? ['refresh_token', 'token'] : ['refresh_token']);
    if (theirs !== undefined) return take(theirs);
    known = undefined;
    previous = undefined;
    if (grant === undefined) throw new ReauthenticationRequired('no_refresh_token');
  }

  function take(tokens: StoredTokens): void {
    if (known !== undefined && !isSame(known.tokens, tokens)) previous = known.tokens;
    known = knownOf(tokens, refused);
  }

  async function discard(tokens: StoredTokens, which: readonly TokenKind[]): Promise<void> {
    const problem = (await Promise.all(endOf(tokens, which))).find((each) => each !== undefined);
    if (problem === undefined) return;
    warn('ESAUTH_TOKENS_LEFT', 'tokens of nobody live on until their end', problem);
  }

  /** Ends tokens, first what could bring the other one back. @returns what went wrong; not that one is not there. */
  function endOf(
    tokens: StoredTokens,
    which: readonly TokenKind[] = ['refresh_token', 'token'],
  ): Promise<unknown>[] {
    const { accessToken: token, refreshToken: refresh_token, previousAccessToken: before } = tokens;
    const requests = which.flatMap((kind): InvalidateTokenRequest[] => {
      if (kind === 'token') return [{ token }, ...(before === undefined ? [] : [{ token: before }])];
      return refresh_token === undefined ? [] : [{ refresh_token }];
    });
    return requests.map((request) =>
      client.invalidateToken(request).then(
        () => undefined,
        (error) => (error instanceof SecurityApiError && error.code === 'not_found' ? undefined : error),
      ),
    );
  }
}

/** @throws {ConfigurationError} */
function readOptions(options: TokenSourceOptions) {
  checkOptions(options, ['client', 'grant', 'store', 'clock']);
  const { client, grant, store = memoryTokenStore(), clock = systemClock } = options;
  for (const method of ['getToken', 'invalidateToken'] as const) {
    if (typeof client?.[method] === 'function') continue;
    throw new ConfigurationError('client', 'must be a client of createSecurityClient');
  }
  const isGrant = typeof grant === 'object' && grants.includes(grant?.grant_type);
  if (grant !== undefined && typeof grant !== 'function' && !isGrant) {
    throw new ConfigurationError('grant', `must have a grant_type (${grants.join(', ')}), or be a function`);
  }
  if (typeof store?.get !== 'function' || typeof store.compareAndSet !== 'function') {
    throw new ConfigurationError('store', 'must have the methods get and compareAndSet');
  }
  if (typeof clock?.wall !== 'function' || typeof clock.after !== 'function') {
    throw new ConfigurationError('clock', 'must have the methods wall and after');
  }
  return { client, grant, store: storeInTime(store, clock), clock };
}

const grants: readonly string[] = ['client_credentials', 'password', '_kerberos'];

type TokenKind = 'token' | 'refresh_token';

interface Unstored {
  readonly stored: StoredTokens | undefined;
  readonly next: StoredTokens;
}

/** The words of a store that is not ours may have a token in them. */
function nameOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  return String(code ?? name ?? 'the store has failed');
}

/** Whether it may have been done although it failed. */
function isUnknown(error: unknown): boolean {
  return error instanceof SecurityApiError && (error.code === 'unavailable' || error.code === 'bad_response');
}
