// What is remembered of credentials, in a store for each kind of verdict. There an entry is numbers beside what it
// shares with others: an identity, or a refusal. It becomes an object with a verdict when somebody asks for it, and
// those that were asked for lately stay objects: so a hit makes none, and a million entries are not a million objects.

import type { Authenticated, Rejected } from '../values/verdict.js';
import type { Fingerprint } from './fingerprint.js';
import { createMemoryStore, type MemoryStore } from './memory-store.js';
import type { PrivilegeMemory } from './privilege-memory.js';
import type { Slot } from './records.js';

type Remembered = Authenticated | Rejected;

/**
 * A remembered verdict. Instants are on the timeline. Once it was dropped, replaced or found revoked it is over for
 * whoever still holds it, too: its instants are 0, and it knows no privileges.
 */
export interface Entry<Kind extends Remembered = Remembered> {
  readonly verdict: Kind;
  readonly startedAt: number;
  /** Up to which revision nothing has revoked it. */
  readonly revision: number;
  /** From here on a hit asks again in the background; 0: never. */
  refreshAt: number;
  /** From here on it is served only if a lookup fails. */
  readonly expiresAt: number;
  /** Before that instant it neither expires nor has to be asked again; there may be nothing to do for longer. */
  readonly quietUntil: number;
  /** What is known of an identity's privileges; `undefined` until somebody asked. */
  readonly privileges: PrivilegeMemory | undefined;
  /** Of the credential. */
  readonly name: Fingerprint;
  /**
   * Whether it may be served as it is: for whoever has it already, and need not find it again.
   *
   * @param revision up to which it has to be known that nothing has revoked it.
   */
  isQuiet(now: number, revision: number): boolean;
}

/** All that is kept of a verdict. */
export interface NewEntry<Kind extends Remembered>
  extends Readonly<Omit<Entry<Kind>, 'quietUntil' | 'name' | 'isQuiet'>> {
  /** Of its lookup. */
  readonly order: number;
  /** From here on it is not served at all. */
  readonly endsAt: number;
}

/** Which number of a row is what; those that every hit reads come first. */
const endsAt = 0;
const revision = 1;
const expiresAt = 2;
const refreshAt = 3;
const verifiedAt = 4;
const startedAt = 5;
const order = 6;
const numbers = 7;

/** So many entries stay objects: 2 MiB of them, with their names. */
const maxObjects = 8_192;

export interface EntryStoreOptions<Kind extends Remembered, Shared extends object> {
  readonly maxEntries: number;
  readonly maxBytes?: number;
  /** What an entry takes without what is known of privileges; nothing where it does not say. */
  readonly bytesOf?: (shared: Shared) => number;
  /** What a verdict shares with others of its kind, and how it is made of that again. */
  readonly sharedBy: (verdict: Kind) => Shared;
  readonly verdictOf: (shared: Shared, verifiedAt: number) => Kind;
}

export class EntryStore<Kind extends Remembered, Shared extends object> {
  readonly rows: MemoryStore<Shared>;
  private readonly options: EntryStoreOptions<Kind, Shared>;
  /** Each where the last bits of its slot say. */
  private readonly objects: (StoredEntry<Kind, Shared> | undefined)[];
  /** Their slots, 0 for none: who is not there is not looked at. */
  private readonly slots: Int32Array;
  private made = 0;
  private readonly privileges = new Map<Slot, PrivilegeMemory>();

  constructor(options: EntryStoreOptions<Kind, Shared>) {
    const { maxEntries, maxBytes = Infinity, bytesOf = () => 0 } = options;
    const onGone = (slot: Slot) => {
      this.privileges.delete(slot);
      const place = this.placeOf(slot);
      if (this.slots[place] === slot) this.put(place, 0, undefined);
    };
    this.rows = createMemoryStore<Shared>(maxEntries, { maxBytes, bytesOf, numbers, onGone });
    this.options = options;
    const places = Math.min(maxObjects, 2 ** Math.ceil(Math.log2(maxEntries + 1)));
    this.objects = new Array(places).fill(undefined);
    this.slots = new Int32Array(places);
  }

  /**
   * What nearly every hit is: an object, known by its name, of which nothing has to be looked up. It reads no row, which
   * saves 1 600 instructions of 2 000.
   *
   * @param revision up to which it has to be known that nothing has revoked it.
   */
  useQuiet(fingerprint: Fingerprint, now: number, revision: number): Entry<Kind> | undefined {
    const slot = this.rows.guess(fingerprint);
    const place = this.placeOf(slot);
    if (slot === 0 || this.slots[place] !== slot) return undefined;
    const entry = this.objects[place] as StoredEntry<Kind, Shared>;
    if (entry.name !== fingerprint || entry.quietUntil <= now || entry.upTo !== revision) return undefined;
    this.rows.useAt(slot);
    return entry;
  }

  /** @param slot where the entry of this name is. */
  entryAt(slot: Slot, fingerprint: Fingerprint): Entry<Kind> {
    const place = this.placeOf(slot);
    if (this.slots[place] === slot) {
      // The cast, here and above, holds: they are put there together.
      const entry = this.objects[place] as StoredEntry<Kind, Shared>;
      entry.settle();
      return entry;
    }
    const { rows, options } = this;
    const verdict = options.verdictOf(rows.valueAt(slot), rows.numberAt(slot, verifiedAt));
    const entry = new StoredEntry(this, slot, fingerprint, verdict);
    // Where there is another one, one in sixteen takes its place: who is asked for often comes to have it, and the
    // objects of all others die young, which costs the collector nothing.
    this.made = (this.made + 1) & 15;
    if (this.slots[place] === 0 || this.made === 0) this.put(place, slot, entry);
    return entry;
  }

  /** In the place of what was remembered of the credential; not at all if it is heavier than all may be. */
  keep(fingerprint: Fingerprint, entry: NewEntry<Kind>): void {
    const { rows, options } = this;
    const slot = rows.set(fingerprint, options.sharedBy(entry.verdict));
    if (slot === 0) return;
    rows.setNumberAt(slot, endsAt, entry.endsAt);
    rows.setNumberAt(slot, revision, entry.revision);
    rows.setNumberAt(slot, expiresAt, entry.expiresAt);
    rows.setNumberAt(slot, refreshAt, entry.refreshAt);
    rows.setNumberAt(slot, startedAt, entry.startedAt);
    rows.setNumberAt(slot, order, entry.order);
    if (entry.verdict.kind === 'authenticated') rows.setNumberAt(slot, verifiedAt, entry.verdict.verifiedAt);
    this.put(this.placeOf(slot), slot, new StoredEntry(this, slot, fingerprint, entry.verdict));
    if (entry.privileges !== undefined) this.keepPrivileges(slot, entry.privileges);
  }

  startedAt(slot: Slot): number {
    return this.rows.numberAt(slot, startedAt);
  }
  expiresAt(slot: Slot): number {
    return this.rows.numberAt(slot, expiresAt);
  }
  endsAt(slot: Slot): number {
    return this.rows.numberAt(slot, endsAt);
  }
  /** Of its lookup. */
  order(slot: Slot): number {
    return this.rows.numberAt(slot, order);
  }
  /** Up to which nothing has revoked it. */
  revision(slot: Slot): number {
    return this.rows.numberAt(slot, revision);
  }
  setRevision(slot: Slot, to: number): void {
    this.rows.setNumberAt(slot, revision, to);
  }

  privilegesAt(slot: Slot): PrivilegeMemory | undefined {
    return this.privileges.get(slot);
  }

  /** To be called again when they have grown. They are not kept where there is only room for who it is. */
  keepPrivileges(slot: Slot, privileges: PrivilegeMemory): void {
    const { rows, options } = this;
    const { maxBytes = Infinity, bytesOf = () => 0 } = options;
    const without = bytesOf(rows.valueAt(slot));
    const bytes = without + privileges.bytes;
    if (bytes > maxBytes) {
      this.privileges.delete(slot);
      rows.weighAt(slot, without);
    } else {
      this.privileges.set(slot, privileges);
      rows.weighAt(slot, bytes);
    }
  }

  clear(): void {
    this.rows.clear();
    this.objects.fill(undefined);
    this.slots.fill(0);
    this.privileges.clear();
  }

  private put(place: number, slot: Slot, entry: StoredEntry<Kind, Shared> | undefined): void {
    this.slots[place] = slot;
    this.objects[place] = entry;
  }

  private placeOf(slot: Slot): number {
    return slot & (this.objects.length - 1);
  }
}

/** Reads and writes what the store has, as long as it has it. */
class StoredEntry<Kind extends Remembered, Shared extends object> implements Entry<Kind> {
  readonly verdict: Kind;
  readonly slot: Slot;
  readonly name: Fingerprint;
  quietUntil = 0;
  /** Up to which revision nothing has revoked it, for as long as it is quiet. */
  upTo = 0;
  private readonly store: EntryStore<Kind, Shared>;
  private readonly stamp: number;

  constructor(store: EntryStore<Kind, Shared>, slot: Slot, name: Fingerprint, verdict: Kind) {
    this.verdict = verdict;
    this.slot = slot;
    this.name = name;
    this.store = store;
    this.stamp = store.rows.stampAt(slot);
  }

  /** Takes from its row what hits need. There, the one instant never moves and the other one only forward. */
  settle(): void {
    this.quietUntil = Math.min(this.expiresAt, this.refreshAt || Infinity);
    this.upTo = this.revision;
  }

  isQuiet(now: number, revision: number): boolean {
    return this.quietUntil > now && this.upTo === revision && this.isThere();
  }

  get startedAt(): number {
    return this.number(startedAt);
  }
  get revision(): number {
    return this.number(revision);
  }
  get expiresAt(): number {
    return this.number(expiresAt);
  }
  get refreshAt(): number {
    return this.number(refreshAt);
  }
  set refreshAt(instant: number) {
    if (this.isThere()) this.store.rows.setNumberAt(this.slot, refreshAt, instant);
  }
  get privileges(): PrivilegeMemory | undefined {
    return this.isThere() ? this.store.privilegesAt(this.slot) : undefined;
  }

  private number(index: number): number {
    return this.isThere() ? this.store.rows.numberAt(this.slot, index) : 0;
  }
  private isThere(): boolean {
    return this.store.rows.stampAt(this.slot) === this.stamp;
  }
}
