// Values in this process, at most so many, and of a bounded weight altogether: the least recently used one makes
// room. Knows nothing of lifetimes; what a value means and how long it counts is `cache.ts`'s business.
//
// Names, links and numbers lie in typed arrays (`records.ts`). An LRU library keeps for each entry a string, a place in
// a map and in four lists, and objects for what is a number here (`docs/decisions/20-rows-in-typed-arrays.md`). A name
// is found by a list of those that begin alike. Nobody can make one long: names are digests whose key never leaves the
// process, so they cannot be chosen.

import type { Fingerprint } from './fingerprint.js';
import { OrderOfUse } from './order-of-use.js';
import { Records, type Slot } from './records.js';
import { type Packing, SharedValues } from './shared-values.js';

/** A bounded map from fingerprints to values, each with some numbers beside it. */
export interface MemoryStore<Value> {
  /** Reading a value also makes it the most recently used one. */
  get(fingerprint: Fingerprint): Value | undefined;
  has(fingerprint: Fingerprint): boolean;
  /**
   * Keeps a value as the most recently used one. What is heavier than all may be together is not kept.
   *
   * @returns where, with all its numbers 0; 0 if it is not kept.
   */
  set(fingerprint: Fingerprint, value: Value): Slot;
  delete(fingerprint: Fingerprint): void;
  /**
   * Looks at values, without using them, and keeps those that are good.
   *
   * @param from where to begin, and `places` how many places to look at: for whoever cannot stand still for all.
   * @returns where to go on; 0 if that was all.
   */
  sweep(
    isGood: (fingerprint: Fingerprint, value: Value, slot: Slot) => boolean,
    from?: Slot,
    places?: number,
  ): Slot;
  clear(): void;
  readonly size: number;
  /** What they weigh together; 0 without a budget. */
  readonly bytes: number;
  /** How many values had to make room so far. */
  readonly evictions: number;

  /** Where a value is until it goes; 0 if there is none. Finding it also makes it the most recently used one. */
  use(fingerprint: Fingerprint): Slot;
  /** The same for who knows where it is. */
  useAt(slot: Slot): void;
  /** Where a value is if it is anywhere, but for one in some: there may be others whose names begin alike. */
  guess(fingerprint: Fingerprint): Slot;
  /** What is where a value was found or set, and has not gone. */
  valueAt(slot: Slot): Value;
  /** Another one for every value that is set, also for the next one in the same place; 0 where there is none. */
  stampAt(slot: Slot): number;
  numberAt(slot: Slot, index: number): number;
  setNumberAt(slot: Slot, index: number, number: number): void;
  /** Makes a value the most recently used one, with another weight: at most what all may weigh together. */
  weighAt(slot: Slot, bytes: number): void;
  deleteAt(slot: Slot): void;
}

export interface StoreOptions<Value> {
  /** How much values may weigh together, in integers; one may weigh less than 4 GiB. */
  readonly maxBytes?: number;
  /** What a value weighs when it is set. */
  readonly bytesOf?: (value: Value) => number;
  /** How those values are packed that nobody asked for lately; they are not, without. */
  readonly packing?: Packing<Value> | undefined;
  /** How many numbers there are beside each value. */
  readonly numbers?: number;
  /** Called when a value goes, for any reason but `clear`. */
  readonly onGone?: (slot: Slot) => void;
}

// A row begins with words: its name, the next row of its list, its stamp, the number of its value, and its weight.
// Then come the numbers, as doubles.
const nameWords = 8;
/** 128 bits tell digests under a secret key apart; to compare all 256 took 600 instructions of a hit. */
const comparedWords = 4;
const next = 8;
const stamp = 9;
const shared = 10;
const weight = 11;
const firstNumber = 6;

/** Row 0 is no value's, so that 0 is how links say that there is none. */
const nobody: Slot = 0;

const mostLists = 1 << 22;

export function createMemoryStore<Value extends object>(
  maxEntries: number,
  options: StoreOptions<Value> = {},
): MemoryStore<Value> {
  return new RecordStore(maxEntries, options);
}

class RecordStore<Value extends object> implements MemoryStore<Value> {
  size = 0;
  bytes = 0;
  evictions = 0;
  private readonly maxEntries: number;
  private readonly maxBytes: number;
  private readonly bytesOf: (value: Value) => number;
  private readonly numbers: number;
  private readonly onGone: (slot: Slot) => void;
  private readonly rows: Records;
  private readonly values: SharedValues<Value>;
  /** The first row of each list. Two for each value: what is not touched yet takes no memory but in name. */
  private readonly lists: Int32Array;
  private readonly order: OrderOfUse;
  /** How many rows were ever in use, and the first of those that are free again. */
  private used = 0;
  private free: Slot = nobody;
  private stamps = 0;

  constructor(maxEntries: number, options: StoreOptions<Value>) {
    const { maxBytes = Infinity, bytesOf = () => 0, numbers = 0, onGone = () => {} } = options;
    this.maxEntries = maxEntries;
    this.maxBytes = maxBytes;
    this.bytesOf = bytesOf;
    this.numbers = numbers;
    this.onGone = onGone;
    this.values = new SharedValues(options.packing);
    this.rows = new Records(maxEntries + 1, firstNumber + numbers);
    this.order = new OrderOfUse(maxEntries);
    this.lists = new Int32Array(Math.min(mostLists, 2 ** Math.ceil(Math.log2(2 * maxEntries))));
  }

  get(fingerprint: Fingerprint): Value | undefined {
    const slot = this.use(fingerprint);
    return slot === nobody ? undefined : this.valueAt(slot);
  }

  has(fingerprint: Fingerprint): boolean {
    return this.find(fingerprint) !== nobody;
  }

  use(fingerprint: Fingerprint): Slot {
    const slot = this.find(fingerprint);
    if (slot !== nobody) this.order.makeNewest(slot);
    return slot;
  }

  useAt(slot: Slot): void {
    this.order.makeNewest(slot);
  }

  guess(fingerprint: Fingerprint): Slot {
    return this.lists[wordOf(fingerprint, 0) & (this.lists.length - 1)] as number;
  }

  set(fingerprint: Fingerprint, value: Value): Slot {
    this.delete(fingerprint);
    // An identity is weighed with the first of its rows: 11 000 instructions of each lookup that brings it again.
    const bytes = this.values.weightOf(value) ?? this.bytesOf(value);
    if (bytes > this.maxBytes) return nobody;
    while (this.size >= this.maxEntries || this.bytes + bytes > this.maxBytes) this.evict();
    const slot = this.take();
    const { rows } = this;
    for (let index = 0; index < nameWords; index += 1) rows.setWord(slot, index, wordOf(fingerprint, index));
    const list = this.listOf(slot);
    rows.setWord(slot, next, this.lists[list] as number);
    this.lists[list] = slot;
    this.order.add(slot);
    this.stamps = (this.stamps + 1) | 0 || 1;
    rows.setWord(slot, stamp, this.stamps);
    rows.setWord(slot, shared, this.values.take(value, bytes));
    rows.setWord(slot, weight, bytes);
    for (let index = 0; index < this.numbers; index += 1) rows.setDouble(slot, firstNumber + index, 0);
    this.size += 1;
    this.bytes += bytes;
    return slot;
  }

  delete(fingerprint: Fingerprint): void {
    const slot = this.find(fingerprint);
    if (slot !== nobody) this.deleteAt(slot);
  }

  deleteAt(slot: Slot): void {
    const { rows } = this;
    const list = this.listOf(slot);
    const after = rows.word(slot, next);
    let before = this.lists[list] as number;
    if (before === slot) {
      this.lists[list] = after;
    } else {
      while (rows.word(before, next) !== slot) before = rows.word(before, next);
      rows.setWord(before, next, after);
    }
    this.order.remove(slot);
    rows.setWord(slot, stamp, 0);
    this.values.release(rows.word(slot, shared));
    this.size -= 1;
    this.bytes -= this.weightOf(slot);
    rows.setWord(slot, next, this.free);
    this.free = slot;
    this.onGone(slot);
  }

  weighAt(slot: Slot, bytes: number): void {
    this.order.makeNewest(slot);
    this.bytes += bytes - this.weightOf(slot);
    this.rows.setWord(slot, weight, bytes);
    while (this.bytes > this.maxBytes) this.evict();
  }

  sweep(
    isGood: (fingerprint: Fingerprint, value: Value, slot: Slot) => boolean,
    from: Slot = 1,
    places = Infinity,
  ): Slot {
    const end = Math.min(from + places, this.used + 1);
    for (let slot = from; slot < end; slot += 1) {
      if (this.stampAt(slot) !== 0 && !isGood(this.nameAt(slot), this.valueAt(slot), slot))
        this.deleteAt(slot);
    }
    return end > this.used ? nobody : end;
  }

  clear(): void {
    this.lists.fill(nobody);
    this.rows.clear();
    this.values.clear();
    this.order.clear();
    this.used = 0;
    this.free = nobody;
    this.size = 0;
    this.bytes = 0;
  }

  valueAt(slot: Slot): Value {
    return this.values.get(this.rows.word(slot, shared));
  }

  stampAt(slot: Slot): number {
    return slot > this.used ? 0 : this.rows.word(slot, stamp);
  }

  numberAt(slot: Slot, index: number): number {
    return this.rows.double(slot, firstNumber + index);
  }

  setNumberAt(slot: Slot, index: number, number: number): void {
    this.rows.setDouble(slot, firstNumber + index, number);
  }

  private find(fingerprint: Fingerprint): Slot {
    const { rows } = this;
    const first = wordOf(fingerprint, 0);
    let slot = this.guess(fingerprint);
    while (slot !== nobody && !(rows.word(slot, 0) === first && this.isNamed(slot, fingerprint))) {
      slot = rows.word(slot, next);
    }
    return slot;
  }

  private isNamed(slot: Slot, fingerprint: Fingerprint): boolean {
    for (let index = 1; index < comparedWords; index += 1) {
      if (this.rows.word(slot, index) !== wordOf(fingerprint, index)) return false;
    }
    return true;
  }

  private weightOf(slot: Slot): number {
    return this.rows.word(slot, weight) >>> 0;
  }

  private listOf(slot: Slot): number {
    return this.rows.word(slot, 0) & (this.lists.length - 1);
  }

  private nameAt(slot: Slot): Fingerprint {
    const characters: number[] = [];
    for (let index = 0; index < nameWords; index += 1) {
      const word = this.rows.word(slot, index);
      characters.push(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24);
    }
    // The cast holds: it was taken apart from one.
    return String.fromCharCode(...characters) as Fingerprint;
  }

  private take(): Slot {
    const slot = this.free;
    if (slot !== nobody) {
      this.free = this.rows.word(slot, next);
      return slot;
    }
    this.used += 1;
    this.rows.reach(this.used);
    return this.used;
  }

  private evict(): void {
    this.evictions += 1;
    this.deleteAt(this.order.oldest);
  }
}

/** Four characters of a name, each of which is a byte. */
function wordOf(fingerprint: Fingerprint, index: number): number {
  const at = 4 * index;
  return (
    fingerprint.charCodeAt(at) |
    (fingerprint.charCodeAt(at + 1) << 8) |
    (fingerprint.charCodeAt(at + 2) << 16) |
    (fingerprint.charCodeAt(at + 3) << 24)
  );
}
