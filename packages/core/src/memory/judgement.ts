// Whether what is remembered still counts: it has not ended, and nothing has revoked it. When notes are summed up, all
// entries are told apart by them once more, some in each turn of the event loop: a million at once would take a second.

import type { Timeline } from '../time/timeline.js';
import type { Identity } from '../values/identity.js';
import type { Authenticated, Rejected } from '../values/verdict.js';
import type { EntryStore } from './entries.js';
import type { Fingerprint } from './fingerprint.js';
import type { Notes } from './notes.js';
import type { Slot } from './records.js';
import type { Judge, Revocations } from './revocation.js';

export type Store = EntryStore<Authenticated, Identity> | EntryStore<Rejected, Rejected>;

export interface Judgement {
  /** An entry that does not has to be dropped. */
  stillCounts(store: Store, slot: Slot, fingerprint: Fingerprint, now: number): boolean;
  /** When it returns, notes count for whoever asks for an entry; those that nobody asks for are dropped later. */
  readonly judge: Judge;
  /** For when all entries are dropped. */
  leave(): void;
}

/** Notes of which not all entries are known to be untouched. */
interface Trial {
  readonly notes: Notes;
  /** Entries that count up to this revision are not concerned. */
  readonly upTo: number;
  /** Where entries are that have yet to be looked at: in the first of these from a place on, and in the rest. */
  readonly stores: Store[];
  from: Slot;
}

/** So many are looked at in a millisecond. */
const placesInTurn = 2_048;

export function createJudgement(
  stores: readonly Store[],
  timeline: Timeline,
  revocations: Revocations,
): Judgement {
  let trial: Trial | undefined;

  return {
    stillCounts,

    judge(notes, upTo) {
      // If as many were revoked once more before all were looked at, the rest of them are now.
      while (trial !== undefined) lookOn(trial, Infinity);
      trial = { notes, upTo, stores: [...stores], from: 1 };
      goOn(trial);
    },

    leave() {
      trial = undefined;
    },
  };

  function stillCounts(store: Store, slot: Slot, fingerprint: Fingerprint, now: number): boolean {
    if (store.endsAt(slot) <= now) return false;
    const { revision } = revocations;
    let since = store.revision(slot);
    if (since === revision) return true;
    const shared = store.rows.valueAt(slot);
    const identity = 'subject' in shared ? shared : undefined;
    if (trial !== undefined && since < trial.upTo) {
      if (trial.notes.concern(since, fingerprint, identity)) return false;
      since = trial.upTo;
    }
    if (since !== revision && revocations.concern(since, fingerprint, identity)) return false;
    // Checked against everything noted so far: the next hit is back to one comparison.
    store.setRevision(slot, revision);
    return true;
  }

  function goOn(it: Trial): void {
    // Over already, because all had to be looked at, or were dropped.
    if (it !== trial) return;
    lookOn(it, placesInTurn);
    setImmediate(goOn, it).unref();
  }

  function lookOn(it: Trial, places: number): void {
    const [store] = it.stores;
    if (store === undefined) {
      trial = undefined;
      return;
    }
    const now = timeline.now();
    const isGood = (fingerprint: Fingerprint, _shared: unknown, slot: Slot) =>
      stillCounts(store, slot, fingerprint, now);
    it.from = store.rows.sweep(isGood, it.from, places);
    if (it.from > 0) return;
    it.stores.shift();
    it.from = 1;
  }
}
