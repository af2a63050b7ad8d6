// Values that many rows have in common, each with a number for the rows to have: a thousand identities are a short list
// that stays at hand, where a pointer beside each of a million rows is one more place in memory that a hit waits for.
//
// Where there are more values than rows that have the same, those that only one row has are packed, and are made again
// for whoever asks: to the collector a packed value is one text, with nothing behind it.

/** How values are packed: what one has alone, as a text, and what is the same object for many. */
export interface Packing<Value> {
  /** @returns `undefined` for one that stays as it is. */
  pack(value: Value): { readonly own: string; readonly common: object } | undefined;
  /** @param common what `pack` gave with it. */
  unpack(own: string, common: object): Value;
}

/**
 * Which values are found again when another row has them: those that came last. What is not found gets a number more.
 */
const maxKnown = 1_024;

/** So many are not packed: as many entries stay objects (`entries.ts`), which have theirs anyway. */
const maxObjects = 8_192;
/** How many numbers are looked at, for each that comes, to find one to be packed. */
const maxSteps = 64;

interface Known {
  readonly number: number;
  readonly weight: number;
}

export class SharedValues<Value extends object> {
  /** A packed one is the text of what it has alone. */
  private readonly values: (Value | string | undefined)[] = [];
  /** What packed ones have in common with others. */
  private readonly commons: (object | undefined)[] = [];
  /** How many rows have it. */
  private readonly rows: number[] = [];
  private readonly free: number[] = [];
  /** The oldest first. */
  private readonly known = new Map<Value, Known>();
  private readonly packing: Packing<Value> | undefined;
  /** How many are not packed, and up to which number it was tried last. */
  private objects = 0;
  private tried = 0;

  constructor(packing?: Packing<Value>) {
    this.packing = packing;
  }

  /** What a value weighs, if it is one that is found again. It does not change: it is not weighed once more. */
  weightOf(value: Value): number | undefined {
    return this.known.get(value)?.weight;
  }

  /**
   * @param weight what it weighs.
   * @returns its number, for one row more.
   */
  take(value: Value, weight: number): number {
    const known = this.known.get(value);
    if (known !== undefined) {
      this.rows[known.number] = (this.rows[known.number] as number) + 1;
      return known.number;
    }
    const number = this.free.pop() ?? this.values.length;
    this.values[number] = value;
    this.rows[number] = 1;
    this.objects += 1;
    this.known.set(value, { number, weight });
    const [oldest] = this.known.keys();
    if (this.known.size > maxKnown && oldest !== undefined) this.known.delete(oldest);
    if (this.objects > maxObjects) this.packNext();
    return number;
  }

  /** For one row less. */
  release(number: number): void {
    const rows = (this.rows[number] as number) - 1;
    this.rows[number] = rows;
    if (rows > 0) return;
    const value = this.values[number];
    if (typeof value === 'object') {
      this.objects -= 1;
      if (this.known.get(value)?.number === number) this.known.delete(value);
    } else {
      this.commons[number] = undefined;
    }
    this.values[number] = undefined;
    this.free.push(number);
  }

  /** Equal each time, and the same one as long as it is not packed. */
  get(number: number): Value {
    const value = this.values[number];
    // The casts hold for numbers that rows have: what is packed has something in common, and was packed.
    if (typeof value !== 'string') return value as Value;
    return (this.packing as Packing<Value>).unpack(value, this.commons[number] as object);
  }

  clear(): void {
    for (const list of [this.values, this.commons, this.rows, this.free]) list.length = 0;
    this.known.clear();
    this.objects = 0;
    this.tried = 0;
  }

  /** Packs one more, if one is found soon that only one row has and that is not found again for others. */
  private packNext(): void {
    for (let step = 0; step < maxSteps; step += 1) {
      this.tried = this.tried + 1 < this.values.length ? this.tried + 1 : 0;
      const value = this.values[this.tried];
      if (typeof value === 'object' && this.rows[this.tried] === 1 && !this.known.has(value)) {
        this.packAt(this.tried, value);
        return;
      }
    }
  }

  private packAt(number: number, value: Value): void {
    const packed = this.packing?.pack(value);
    if (packed === undefined) return;
    this.values[number] = packed.own;
    this.commons[number] = packed.common;
    this.objects -= 1;
  }
}
