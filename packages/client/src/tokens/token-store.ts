// Where a token source keeps its tokens: what a store is, and one for a single process. Whoever can read a store can
// act as the owner of what is in it.

/** An access token, and what it can be renewed with. */
export interface StoredTokens {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  /** The access token before it, which may live for some more minutes: a sign-out ends it as well. */
  readonly previousAccessToken?: string | undefined;
  /** When it was asked for, in milliseconds since 1970. */
  readonly issuedAt: number;
  /** When the access token ends, likewise. */
  readonly expiresAt: number;
}

/** Shared by all processes that use one family of tokens: a refresh token is good once. */
export interface TokenStore {
  /** @returns what was stored last; `undefined` if nothing was, or it was taken away. */
  get(): Promise<StoredTokens | undefined>;
  /**
   * Stores `next` if what is stored still is `expected`, as told by the access token, in one step: of two that do it at
   * once only one can.
   *
   * @param next `undefined` takes away what is there.
   * @returns whether it did.
   */
  compareAndSet(expected: StoredTokens | undefined, next: StoredTokens | undefined): Promise<boolean>;
}

/** For one process; nothing is left when it ends. */
export function memoryTokenStore(): TokenStore {
  let stored: StoredTokens | undefined;
  return {
    async get() {
      return stored;
    },
    async compareAndSet(expected, next) {
      if (!isSame(stored, expected)) return false;
      stored = next;
      return true;
    },
  };
}

/** Whether two are the same tokens. */
export function isSame(a: StoredTokens | undefined, b: StoredTokens | undefined): boolean {
  return a?.accessToken === b?.accessToken;
}
