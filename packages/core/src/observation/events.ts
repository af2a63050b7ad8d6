// What can be observed, through `node:diagnostics_channel`. Payloads name callers by `subject` and never hold
// a credential; while nobody listens to a channel, nothing is made for it.

import { channel } from 'node:diagnostics_channel';
import type { RejectionCode, UnavailableCode } from '../values/codes.js';
import type { Identity } from '../values/identity.js';
import type { Verdict } from '../values/verdict.js';
import type { BreakerState } from './stats.js';

/** What a verdict says, as far as it may be told to anybody who listens. */
interface Said {
  readonly kind: Verdict['kind'];
  /** Of a verdict that is not a yes. */
  readonly code: RejectionCode | UnavailableCode | undefined;
  /** `identity.subject` of one that is, and of who does not meet a route's requirement (`forbidden`). */
  readonly subject: string | undefined;
}

/**
 * On `esauth:verdict`, whenever `verify` or `peek` gives a verdict, and whenever `hasPrivileges` does: of the
 * identity first, and if it is then refused or nothing can be said of its privileges, of that too. And
 * whenever a guard refuses somebody who does not meet its requirement.
 */
export interface VerdictEvent extends Said {
  /**
   * Where it came from: `memory`, `lookup` (also one that others started), `shared` (another process had looked it up),
   * `stale` (from memory because the lookup failed), or `none` (nothing had to be asked).
   */
  readonly source: 'memory' | 'lookup' | 'shared' | 'stale' | 'none';
}

/** On `esauth:lookup`, whenever a question to Elasticsearch is over. */
export interface LookupEvent extends Omit<Said, 'kind'> {
  /** What was asked: who somebody is, or which privileges he has. */
  readonly about: 'identity' | 'privileges';
  /** As in a verdict. `invalid`: there are no such privileges. */
  readonly kind: Verdict['kind'] | 'invalid';
  readonly durationMs: number;
  /** Nobody waited for it: a remembered identity was asked again ahead of its end. */
  readonly background: boolean;
}

/** On `esauth:revocation`, whenever `revoke` was called. */
export interface RevocationEvent {
  /** What was revoked; of a credential only that it was one. */
  readonly revoked:
    | 'credential'
    | 'all'
    | { readonly apiKeyIds: readonly string[] }
    | { readonly username: string; readonly realm?: string | undefined }
    | { readonly realm: string };
}

/** On `esauth:node`, whenever a node's breaker changes. */
export interface NodeEvent {
  /** Base URL. */
  readonly node: string;
  /** `open`: it is left alone; `half_open`: one lookup tries it; `closed`: it is asked as usual. */
  readonly state: BreakerState;
}

/** On `esauth:sharing`, whenever something is shared or is not: with the option `sharing` only. */
export interface SharingEvent {
  /**
   * `hit`: an identity that somebody else has looked up; `miss`: none that counts; `unsealed`: something that cannot be
   * opened; `blind`: the log of revocations was not read for `sharing.blindAfterMs`; `seeing`: it is read again;
   * `lost`: part of it is gone, so that everything was forgotten.
   */
  readonly kind: 'hit' | 'miss' | 'unsealed' | 'blind' | 'seeing' | 'lost';
}

const verdicts = channel('esauth:verdict');
const lookups = channel('esauth:lookup');
const revocations = channel('esauth:revocation');
const nodes = channel('esauth:node');
const sharing = channel('esauth:sharing');

export function publishVerdict(verdict: Verdict, source: VerdictEvent['source']): void {
  if (!verdicts.hasSubscribers) return;
  const event: VerdictEvent = { ...said(verdict), source };
  verdicts.publish(event);
}

export function publishForbidden({ subject }: Identity): void {
  if (!verdicts.hasSubscribers) return;
  const event: VerdictEvent = { kind: 'rejected', code: 'forbidden', subject, source: 'none' };
  verdicts.publish(event);
}

export function publishLookup(
  about: LookupEvent['about'],
  outcome: Verdict | 'invalid',
  durationMs: number,
  background: boolean,
): void {
  if (!lookups.hasSubscribers) return;
  const invalid = { kind: 'invalid', code: undefined, subject: undefined } as const;
  const what = outcome === 'invalid' ? invalid : said(outcome);
  const event: LookupEvent = { about, ...what, durationMs, background };
  lookups.publish(event);
}

export function publishRevocation(event: RevocationEvent): void {
  if (revocations.hasSubscribers) revocations.publish(event);
}

export function publishSharing(event: SharingEvent): void {
  if (sharing.hasSubscribers) sharing.publish(event);
}

export function publishNode(event: NodeEvent): void {
  if (nodes.hasSubscribers) nodes.publish(event);
}

function said(verdict: Verdict): Said {
  const authenticated = verdict.kind === 'authenticated';
  return {
    kind: verdict.kind,
    code: authenticated ? undefined : verdict.code,
    subject: authenticated ? verdict.identity.subject : undefined,
  };
}
