// What a reader asks on the first day, each with the page and the section that answers it: the section is there, and says
// something. A question without an anchor is answered by what stands above the page's first heading of the second rank, or
// by the whole page if code is wanted.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { slugify } from '../../docs/.vitepress/slug.js';
import { blocksOf, proseOf, read } from './documents.js';

interface Question {
  readonly question: string;
  /** Below `docs`. */
  readonly page: string;
  readonly anchor?: string;
  /** How many words the answer has at least. */
  readonly words?: number;
  /** Whether the answer has to show code. */
  readonly code?: true;
}

const questions: readonly Question[] = JSON.parse(
  readFileSync(new URL('questions.json', import.meta.url), 'utf8'),
);

test('there are thirty at least, each asked once', () => {
  expect(questions.length).toBeGreaterThanOrEqual(30);
  expect(new Set(questions.map(({ question }) => question)).size).toBe(questions.length);
});

describe.each(questions)('$question', ({ page, anchor, words = 0, code = false }) => {
  test(`docs/${page}${anchor === undefined ? '' : `#${anchor}`} answers it`, () => {
    const { path, text } = read(`docs/${page}`);
    const answer = { path, text: anchor === undefined && code ? text : sectionOf(text, anchor) };
    expect(wordsOf(proseOf(answer))).toBeGreaterThanOrEqual(Math.max(words, 10));
    const shown = blocksOf(answer).filter(({ language }) => ['js', 'ts', 'sh', 'yaml'].includes(language));
    expect(shown.length).toBeGreaterThanOrEqual(code ? 1 : 0);
  });
});

/** From a heading to the next one of its rank or above; without an anchor, what stands before the second heading. */
function sectionOf(text: string, anchor: string | undefined): string {
  const headings = [...proseOf({ path: '', text }).matchAll(/^(#+) (.*)$/gm)].map(
    ({ 1: rank = '', 2: heading = '', index }) => ({ rank: rank.length, anchor: slugify(heading), index }),
  );
  const lines = (index: number) => proseOf({ path: '', text }).slice(0, index).split('\n').length - 1;
  const from = headings.findIndex((heading) => anchor === undefined || heading.anchor === anchor);
  const begin = headings[from];
  if (begin === undefined)
    throw new Error(`there is no section #${anchor}, but ${headings.map((each) => each.anchor)}`);
  const lowest = anchor === undefined ? 2 : begin.rank;
  const end = headings.find(({ rank }, at) => at > from && rank <= lowest);
  return text
    .split('\n')
    .slice(lines(begin.index) + 1, end && lines(end.index))
    .join('\n');
}

function wordsOf(prose: string): number {
  return prose.split(/\s+/).filter((word) => /[\p{Letter}\p{Number}]/u.test(word)).length;
}
