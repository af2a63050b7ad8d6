// What follows from the times of tokens: until when they are used, and from when on they are renewed.

import type { GetTokenResponse } from '../calls/rest-types.js';
import type { StoredTokens } from './token-store.js';

/** Tokens with what follows from their times. */
export interface Known {
  readonly tokens: StoredTokens;
  /** From here on it is renewed, by whoever asks first. */
  readonly renewAt: number;
  readonly usableUntil: number;
}

/** @param refused a header that is not good any more, whatever its times say */
export function knownOf(tokens: StoredTokens, refused: string | undefined): Known {
  if (headerOf(tokens) === refused) return { tokens, renewAt: past, usableUntil: past };
  const lifetimeMs = tokens.expiresAt - tokens.issuedAt;
  // Many that got theirs at one instant must not renew at one instant.
  const aheadMs = lifetimeMs * (0.2 + 0.1 * Math.random());
  // A request takes its time to arrive, and their clock is not ours.
  const marginMs = Math.min(30_000, lifetimeMs / 10);
  return { tokens, renewAt: tokens.expiresAt - aheadMs, usableUntil: tokens.expiresAt - marginMs };
}

export const past: number = Number.NEGATIVE_INFINITY;

export function tokensOf(answer: GetTokenResponse, askedAt: number): StoredTokens {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in } = answer;
  return {
    accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    issuedAt: askedAt,
    expiresAt: askedAt + expires_in * 1000,
  };
}

export function headerOf({ accessToken }: StoredTokens): string {
  return `Bearer ${accessToken}`;
}
