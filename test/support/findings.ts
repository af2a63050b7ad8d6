// What a witness finds: how often it saw what, and the first thing that was wrong.

export interface Findings {
  /** How often what was seen. */
  readonly seen: Readonly<Record<string, number>>;
  count(what: string): void;
  /** Notes what does not hold, in the words of the contract. */
  check(holds: unknown, sentence: string, ...details: unknown[]): void;
  /** Throws the first thing that was wrong. */
  report(): void;
}

/** @param story what has happened so far, to be told with what was wrong. */
export function createFindings(story: () => string = () => ''): Findings {
  const seen: Record<string, number> = {};
  let wrong: Error | undefined;
  return {
    seen,
    count(what) {
      seen[what] = (seen[what] ?? 0) + 1;
    },
    check(holds, sentence, ...details) {
      if (!holds) wrong ??= new Error(`${sentence} ${JSON.stringify(details)}${story()}`);
    },
    report() {
      if (wrong !== undefined) throw wrong;
    },
  };
}
