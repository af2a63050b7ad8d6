// What can be observed, through `node:diagnostics_channel`. Payloads name callers by `subject` and never hold
// a credential; while nobody listens to a channel, nothing is made for it.

import { channel } from 'node:diagnostics_channel';
import type { RejectionCode, UnavailableCode, Verdict } from './verdict.js';

/** What a verdict says, as far as it may be told to anybody who listens. */
interface Said {
  readonly kind: Verdict['kind'];
  /** Of a verdict that is not a yes. */
  readonly code: RejectionCode | UnavailableCode | undefined;
  /** `identity.subject` of one that is. */
  readonly subject: string | undefined;
}

/** On `esauth:verdict`, whenever `verify` or `peek` gives a verdict. */
export interface VerdictEvent extends Said {
  /**
   * Where it came from: `memory`, `lookup` (also one that others started), `stale` (from memory because the
   * lookup failed), or `none` (nothing had to be asked).
   */
  readonly source: 'memory' | 'lookup' | 'stale' | 'none';
}

/** On `esauth:lookup`, whenever a question to Elasticsearch is over. */
export interface LookupEvent extends Said {
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

const verdicts = channel('esauth:verdict');
const lookups = channel('esauth:lookup');
const revocations = channel('esauth:revocation');

export function publishVerdict(verdict: Verdict, source: VerdictEvent['source']): void {
  if (!verdicts.hasSubscribers) return;
  const event: VerdictEvent = { ...said(verdict), source };
  verdicts.publish(event);
}

export function publishLookup(verdict: Verdict, durationMs: number, background: boolean): void {
  if (!lookups.hasSubscribers) return;
  const event: LookupEvent = { ...said(verdict), durationMs, background };
  lookups.publish(event);
}

export function publishRevocation(event: RevocationEvent): void {
  if (revocations.hasSubscribers) revocations.publish(event);
}

function said(verdict: Verdict): Said {
  const authenticated = verdict.kind === 'authenticated';
  return {
    kind: verdict.kind,
    code: authenticated ? undefined : verdict.code,
    subject: authenticated ? verdict.identity.subject : undefined,
  };
}
