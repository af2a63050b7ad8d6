// What can be known about a credential: the three kinds of verdict and every code that they carry. Types
// and constants only; how a verdict is reached is in `elasticsearch.ts`, what a client is told in `denial.ts`.

import type { RejectionCode, UnavailableCode } from './codes.js';
import type { LookupError } from './errors.js';
import type { Identity } from './identity.js';
import type { Privileges } from './privileges.js';

/** Elasticsearch accepted the credential. */
export interface Authenticated {
  readonly kind: 'authenticated';
  readonly identity: Identity;
  /** When the lookup behind this verdict started, in milliseconds since the epoch. */
  readonly verifiedAt: number;
  /** It is past `cache.ttlMs` and served because the lookup failed (`cache.staleIfErrorMs`). */
  readonly stale?: true;
}

/** The request is refused, and asking again with the same credential would not help. */
export interface Rejected {
  readonly kind: 'rejected';
  readonly code: RejectionCode;
}

/** No verdict was reached. Never a yes, never a no, never remembered: the client keeps its credential. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly code: UnavailableCode;
  /** How long the client should wait before it tries again, in milliseconds; at least 1 000. */
  readonly retryAfterMs: number;
  /** For logs; nothing of it reaches the client. */
  readonly cause: LookupError;
}

/** What is known about a credential. */
export type Verdict = Authenticated | Rejected | Unavailable;

/** Who is calling, and which of the privileges asked for he has; or why that is not known. */
export type PrivilegesVerdict = PrivilegesAnswered | Rejected | Unavailable;

/** Elasticsearch has said who is calling, and which of the privileges he has. */
export interface PrivilegesAnswered {
  readonly kind: 'answered';
  readonly identity: Identity;
  /** When the oldest lookup behind this answer started, in milliseconds since the epoch. */
  readonly verifiedAt: number;
  readonly privileges: Privileges;
}

/** The shared, frozen verdict of a code: refusals are attacker-paced, so making one must cost nothing. */
export function rejected(code: RejectionCode): Rejected {
  return rejections[code];
}

const rejections: Readonly<Record<RejectionCode, Rejected>> = {
  credentials_missing: rejection('credentials_missing'),
  scheme_unsupported: rejection('scheme_unsupported'),
  credentials_malformed: rejection('credentials_malformed'),
  credentials_invalid: rejection('credentials_invalid'),
  credentials_expired: rejection('credentials_expired'),
  credentials_restricted: rejection('credentials_restricted'),
  anonymous_refused: rejection('anonymous_refused'),
  forbidden: rejection('forbidden'),
};

function rejection(code: RejectionCode): Rejected {
  return Object.freeze({ kind: 'rejected', code });
}

/** @param retryAfterMs what the answer asked for, if anything; 1 000 otherwise and at the least. */
export function unavailable(cause: LookupError, retryAfterMs = 0): Unavailable {
  return Object.freeze({
    kind: 'unavailable',
    code: cause.code,
    retryAfterMs: Math.max(1_000, retryAfterMs),
    cause,
  });
}
