// What can be observed, through `node:diagnostics_channel`. Payloads name callers by `subject` and never hold
// a credential; while nobody listens to a channel, nothing is made for it.

import { channel } from 'node:diagnostics_channel';
import type { RejectionCode, UnavailableCode } from '../values/codes.js';
import type { Identity } from '../values/identity.js';
import type { Verdict } from '../values/verdict.js';
import type { BreakerState, Counters } from './stats.js';

/** Of which verifier an event is. */
interface Scoped {
  /** Itself, to be compared with `===`: all verifiers of a process publish on the same channels. */
  readonly verifier: object;
}

/** What a verdict says, as far as it may be told to anybody who listens. */
interface Said extends Scoped {
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
  /** Base URL of the node whose answer, or failure, came last; `undefined` if none could be asked. */
  readonly node: string | undefined;
  /** Which lookup it belongs to: the same as in the `WaitEvent` of everybody who waited for it. */
  readonly lookup: object;
  /** Nobody waited for it: a remembered identity was asked again ahead of its end. */
  readonly background: boolean;
}

/**
 * On `esauth:wait`, whenever somebody begins to wait for a lookup: who starts it, a background refresh too, and who
 * joins it. Published at once, in the async context of whoever waits, so that a listener can find out which request
 * that is.
 */
export interface WaitEvent {
  /** Which one: an object that says nothing else, and that a `WeakMap` can hold. */
  readonly lookup: object;
}

/** On `esauth:revocation`, whenever `revoke` was called. */
export interface RevocationEvent extends Scoped {
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
export interface SharingEvent extends Scoped {
  /**
   * `hit`: an identity that somebody else has looked up; `miss`: none that counts; `unsealed`: something that cannot be
   * opened; `blind`: the log of revocations was not read for `sharing.blindAfterMs`; `seeing`: it is read again;
   * `lost`: part of it is gone, so that everything was forgotten.
   */
  readonly kind: 'hit' | 'miss' | 'unsealed' | 'blind' | 'seeing' | 'lost';
}

const verdicts = channel('esauth:verdict');
const lookups = channel('esauth:lookup');
const waits = channel('esauth:wait');
const revocations = channel('esauth:revocation');
const nodes = channel('esauth:node');
const sharing = channel('esauth:sharing');

interface Tokened {
  readonly token: object;
}

/** Verifiers by their counters, by which their parts know them. */
const verifiers = new WeakMap<Counters, object>();

/** To be called before anything is published with these counters. */
export function countFor(verifier: object, count: Counters): void {
  verifiers.set(count, verifier);
}

/** Whether anybody listens who may want to know whose request it is. */
export function isObserved(): boolean {
  return verdicts.hasSubscribers || waits.hasSubscribers;
}

export function publishVerdict(verdict: Verdict, source: VerdictEvent['source'], count: Counters): void {
  if (!verdicts.hasSubscribers) return;
  // Every hit comes here: an object that is spread into another one takes several times as long.
  const { kind } = verdict;
  const code = kind === 'authenticated' ? undefined : verdict.code;
  const subject = kind === 'authenticated' ? verdict.identity.subject : undefined;
  const event: VerdictEvent = { kind, code, subject, source, verifier: verifierOf(count) };
  verdicts.publish(event);
}

export function publishForbidden({ subject }: Identity, verifier: object): void {
  if (!verdicts.hasSubscribers) return;
  const event: VerdictEvent = { kind: 'rejected', code: 'forbidden', subject, source: 'none', verifier };
  verdicts.publish(event);
}

/** @param lookup with a token that is made when it is read. */
export function publishWait(lookup: Tokened): void {
  if (!waits.hasSubscribers) return;
  const event: WaitEvent = { lookup: lookup.token };
  waits.publish(event);
}

/** Whether anybody listens to lookups: how long one took need not be known else. */
export function areLookupsObserved(): boolean {
  return lookups.hasSubscribers;
}

export function publishLookup(
  about: LookupEvent['about'],
  outcome: Verdict | 'invalid',
  durationMs: number,
  background: boolean,
  node: string | undefined,
  lookup: Tokened,
  count: Counters,
): void {
  if (!lookups.hasSubscribers) return;
  const invalid = { kind: 'invalid', code: undefined, subject: undefined } as const;
  const what = outcome === 'invalid' ? invalid : said(outcome);
  const verifier = verifierOf(count);
  const event: LookupEvent = {
    ...{ about, ...what, durationMs, background, node, verifier },
    lookup: lookup.token,
  };
  lookups.publish(event);
}

export function publishRevocation(event: RevocationEvent): void {
  if (revocations.hasSubscribers) revocations.publish(event);
}

export function publishSharing(kind: SharingEvent['kind'], count: Counters): void {
  if (!sharing.hasSubscribers) return;
  const event: SharingEvent = { kind, verifier: verifierOf(count) };
  sharing.publish(event);
}

export function publishNode(event: NodeEvent): void {
  if (nodes.hasSubscribers) nodes.publish(event);
}

function verifierOf(count: Counters): object {
  // The cast holds: a verifier is there before its first event.
  return verifiers.get(count) as object;
}

function said(verdict: Verdict): Omit<Said, 'verifier'> {
  const authenticated = verdict.kind === 'authenticated';
  return {
    kind: verdict.kind,
    code: authenticated ? undefined : verdict.code,
    subject: authenticated ? verdict.identity.subject : undefined,
  };
}
