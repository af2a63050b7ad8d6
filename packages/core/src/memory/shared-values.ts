// Values that many rows have in common, each with a number for the rows to have: a thousand identities are a short list
// that stays at hand, where a pointer beside each of a million rows is one more place in memory that a hit waits for.

/**
 * Which values are found again when another row has them: those that came last. What is not found gets a number more.
 */
const maxKnown = 1_024;

export class SharedValues<Value extends object> {
  private readonly values: (Value | undefined)[] = [];
  /** How many rows have it. */
  private readonly rows: number[] = [];
  private readonly weights: number[] = [];
  private readonly free: number[] = [];
  /** The oldest first. */
  private readonly known = new Map<Value, number>();

  /** What a value weighs, if it is one that is found again. It does not change: it is not weighed once more. */
  weightOf(value: Value): number | undefined {
    const known = this.known.get(value);
    return known === undefined ? undefined : this.weights[known];
  }

  /**
   * @param weight what it weighs.
   * @returns its number, for one row more.
   */
  take(value: Value, weight: number): number {
    const known = this.known.get(value);
    if (known !== undefined) {
      this.rows[known] = (this.rows[known] as number) + 1;
      return known;
    }
    const number = this.free.pop() ?? this.values.length;
    this.values[number] = value;
    this.rows[number] = 1;
    this.weights[number] = weight;
    this.known.set(value, number);
    const [oldest] = this.known.keys();
    if (this.known.size > maxKnown && oldest !== undefined) this.known.delete(oldest);
    return number;
  }

  /** For one row less. */
  release(number: number): void {
    const rows = (this.rows[number] as number) - 1;
    this.rows[number] = rows;
    if (rows > 0) return;
    const value = this.get(number);
    if (this.known.get(value) === number) this.known.delete(value);
    this.values[number] = undefined;
    this.free.push(number);
  }

  // The casts, here and above, hold for numbers that rows have.
  get(number: number): Value {
    return this.values[number] as Value;
  }

  clear(): void {
    for (const list of [this.values, this.rows, this.weights, this.free]) list.length = 0;
    this.known.clear();
  }
}
