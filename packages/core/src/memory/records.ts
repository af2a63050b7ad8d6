// Rows of numbers in pages of typed arrays: the collector looks at some objects for each page and not for each row, and
// growing copies nothing.

/** Where a row is: an integer from 0. */
export type Slot = number;

interface Page {
  readonly words: Int32Array;
  /** The same bytes as `words`. */
  readonly doubles: Float64Array;
}

/**
 * A page has so many rows at most that a million rows are a few hundred pages, which stay at hand: with 256 a hit among
 * a million took a fifth longer. What is not touched yet takes no memory but in name.
 */
const mostBits = 12;

/**
 * A class, because every hit reads here: methods that all share are inlined where they are called, those of a closure
 * are each time another function.
 */
export class Records {
  private pages: Page[] = [];
  private readonly words: number;
  private readonly doubles: number;
  private readonly bits: number;
  private readonly inPage: number;

  /**
   * @param rows how many there will be at most.
   * @param doubles numbers of 64 bits in each; one may be used as two of 32 bits instead: the first one as words 0 and
   *   1.
   */
  constructor(rows: number, doubles: number) {
    this.words = 2 * doubles;
    this.doubles = doubles;
    this.bits = Math.min(mostBits, Math.ceil(Math.log2(rows)));
    this.inPage = 2 ** this.bits - 1;
  }

  /** Makes sure that a row is there; the numbers of a new one are 0. */
  reach(slot: Slot): void {
    const rows = this.inPage + 1;
    while (slot >= this.pages.length * rows) {
      const doubles = new Float64Array(this.doubles * rows);
      this.pages.push({ words: new Int32Array(doubles.buffer), doubles });
    }
  }

  clear(): void {
    this.pages = [];
  }

  word(slot: Slot, index: number): number {
    return this.page(slot).words[(slot & this.inPage) * this.words + index] as number;
  }

  setWord(slot: Slot, index: number, word: number): void {
    this.page(slot).words[(slot & this.inPage) * this.words + index] = word;
  }

  double(slot: Slot, index: number): number {
    return this.page(slot).doubles[(slot & this.inPage) * this.doubles + index] as number;
  }

  setDouble(slot: Slot, index: number, double: number): void {
    this.page(slot).doubles[(slot & this.inPage) * this.doubles + index] = double;
  }

  // The casts, here and above, hold for rows that are there.
  private page(slot: Slot): Page {
    return this.pages[slot >>> this.bits] as Page;
  }
}
