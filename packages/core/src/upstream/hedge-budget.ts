// How often a second node may be asked because the first keeps silent. A cluster that is slow as a whole must not be
// asked twice as much for that: at most a tenth of all questions over time, and on credit as many as can be on the wire
// when a node falls silent.

/** In tenths of a second question. */
const price = 10;

export interface HedgeBudget {
  /** For each question that is asked. */
  earn(): void;
  /** Whether a second one may be asked. */
  readonly left: boolean;
  spend(): void;
  /** How many have been. */
  readonly spent: number;
}

/** @param onCredit second questions, from the start and after a time without any. */
export function createHedgeBudget(onCredit: number): HedgeBudget {
  const most = price * onCredit;
  let credit = most;
  let spent = 0;
  return {
    earn() {
      credit = Math.min(credit + 1, most);
    },
    get left() {
      return credit >= price;
    },
    spend() {
      credit -= price;
      spent += 1;
    },
    get spent() {
      return spent;
    },
  };
}
