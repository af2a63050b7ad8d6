// How much a test has tried, told to the reader of docs/how-it-works/promises.md. Each test that is quoted there hands
// over its counts when it has passed; `npm run docs:evidence` runs these tests, collects the counts and writes them into
// docs/how-it-works/evidence.json and the page. In every other run a count that is not the one told there fails.

import { readFileSync } from 'node:fs';
import { expect, type TestContext } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** By what was counted, in words. */
    evidence?: Readonly<Record<string, number>>;
  }
}

/** What was counted last. */
export interface Evidence {
  readonly counts: Readonly<Record<string, number>>;
  /** Of the long attack, which makes other attempts each time. */
  readonly attack: {
    readonly date: string;
    readonly seconds: number;
    readonly figures: Readonly<Record<string, Readonly<Record<string, number>>>>;
  };
}

export const evidenceFile: string = new URL('../../docs/how-it-works/evidence.json', import.meta.url)
  .pathname;

export function readEvidence(): Evidence {
  return JSON.parse(readFileSync(evidenceFile, 'utf8'));
}

/** @param counts what this run has tried, the same in each run of the same tests. */
export function bearEvidence(
  { task }: Pick<TestContext, 'task'>,
  counts: Readonly<Record<string, number>>,
): void {
  task.meta.evidence = counts;
  if (process.env.ESAUTH_EVIDENCE !== undefined) return;
  const told = Object.fromEntries(Object.keys(counts).map((name) => [name, readEvidence().counts[name]]));
  expect(
    told,
    'docs/how-it-works/promises.md tells other counts; `npm run docs:evidence` renews them',
  ).toEqual(counts);
}
