/**
 * A user, and the realm that knows it: what keys, tokens and identities hold on to. Where users are kept is in
 * `users.ts`.
 */

import type { JsonMap } from '../wire/json-value.js';

/** A realm. */
export interface Realm {
  readonly name: string;
  readonly type: string;
}

/** A user as it was at some instant. */
export interface User {
  readonly username: string;
  readonly roles: readonly string[];
  readonly fullName: string | null;
  readonly email: string | null;
  readonly metadata: JsonMap;
  readonly enabled: boolean;
}
