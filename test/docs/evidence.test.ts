// The numbers that docs/how-it-works tells are those that tests and benchmarks have counted. `npm run docs:evidence`
// counts again, and writes `promises.md` by this file; `npm run bench:report` writes `cost.md`.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Evidence, readEvidence } from '../support/evidence.js';

const page = fileURLToPath(new URL('../../docs/how-it-works/promises.md', import.meta.url));
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('what is promised has been tried as often as it says; `npm run docs:evidence` counts again', async () => {
  await expect(fill(readFileSync(page, 'utf8'), readEvidence())).toMatchFileSnapshot(page);
});

test('everything that was counted is told', () => {
  const told = [...readFileSync(page, 'utf8').matchAll(/<!-- count: (.*?) -->/g)].map(
    ([, name = '']) => name,
  );
  for (const name of Object.keys(readEvidence().counts)) {
    expect([name, told.some((each) => names(each, name))]).toEqual([name, true]);
  }
});

test('each promise names a test that is there', () => {
  const sections = readFileSync(page, 'utf8').split(/^## /m).slice(1, -1);
  expect(sections).toHaveLength(11);
  for (const section of sections) {
    const tests = [...section.matchAll(/\]\(\.\.\/\.\.\/(test\/[^)]+)\)/g)].map(([, path = '']) => path);
    expect([section.split('\n')[0], tests.length > 0]).toEqual([section.split('\n')[0], true]);
    for (const path of tests)
      expect([path, existsSync(new URL(`../../${path}`, import.meta.url))]).toEqual([path, true]);
  }
});

test('the page of what it costs shows the drawings of RESULTS.md; `npm run bench:report` writes it', async () => {
  const { withCharts } = await import(new URL('../../bench/report/page.mjs', import.meta.url).href);
  const cost = read('docs/how-it-works/cost.md');
  expect(withCharts(cost, read('bench/RESULTS.md'))).toBe(cost);
  expect(cost.match(/!\[.*\]\(\.\.\/\.\.\/bench\/charts\/\w+\.svg\)/g)?.length).toBeGreaterThan(0);
});

/** `<!-- count: NAME -->…<!-- /count -->` holds what was counted under this name. */
function fill(text: string, { counts, attack }: Evidence): string {
  const ofAttack = Object.entries(attack.figures).flatMap(([name, figures]) =>
    Object.entries(figures).map(([what, count]) => [`attack: ${name}: ${what}`, count] as const),
  );
  const known = [...Object.entries(counts), ...ofAttack, ['attack: seconds', attack.seconds] as const];
  return text
    .replace(
      /(<!-- count: (.*?) -->).*?(<!-- \/count -->)/g,
      (_, start: string, name: string, end: string) => {
        const found = known.filter(([each]) => names(name, each)).map(([, count]) => count);
        if (found.length === 0) throw new Error(`promises.md: nothing was counted as "${name}"`);
        const sum = found.reduce((all, count) => all + count);
        return `${start}${String(sum).replace(/\B(?=(\d{3})+$)/g, ' ')}${end}`;
      },
    )
    .replace(/(<!-- day of the attack -->).*?(<!-- \/day -->)/g, `$1${attack.date}$2`);
}

/** What ends in `…` names all that begin so: their sum is told. */
function names(told: string, counted: string): boolean {
  return told.endsWith('…') ? counted.startsWith(told.slice(0, -1)) : told === counted;
}
