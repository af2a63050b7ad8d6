// How often a second node may be asked because the first keeps silent. A cluster that is slow as a whole must not be
// asked twice as much for that: at most a tenth of all questions over time, and ten on credit.

/** In tenths of a second question. */
const price = 10;
const most = 100;

export interface HedgeBudget {
  /** For each question that is asked. */
  earn(): void;
  /** Whether a second one may be asked. */
  readonly left: boolean;
  spend(): void;
  /** How many have been. */
  readonly spent: number;
}

export function createHedgeBudget(): HedgeBudget {
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
