// What the guide shows of revocation delays was measured, is within what is promised, and is drawn and written as it
// was measured; and the command that it names does measure. Real clock, at lifetimes of half a second.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';

// Processes are started: on a busy machine that takes seconds.
vi.setConfig({ testTimeout: 120_000 });

interface Figures {
  readonly rows: readonly {
    readonly name: string;
    readonly kind: string;
    readonly boundMs: number;
    readonly callers: number;
    readonly firstRefusal: { readonly min: number; readonly median: number; readonly max: number };
    readonly lastAdmission: number;
  }[];
}

const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const script = inRepository('bench/revocation-delay.mjs');
const run = (...args: string[]) => promisify(execFile)(process.execPath, [script, ...args]);
const kept = async (): Promise<Figures> =>
  JSON.parse(await readFile(inRepository('docs/charts/revocation-delay.json'), 'utf8'));

test('nobody was let in later than the guide promises', async () => {
  const { rows } = await kept();
  expect(rows.length).toBeGreaterThan(8);
  for (const { lastAdmission, boundMs } of rows) expect(lastAdmission).toBeLessThanOrEqual(boundMs);
});

test('the chart and the table show the figures that are kept', async () => {
  const { rows } = await kept();
  await expect((await run('--draw')).stdout).toMatchFileSnapshot(
    inRepository('docs/charts/revocation-delay.svg'),
  );

  const guide = inRepository('docs/guides/lifetimes.md');
  const start = '<!-- delays: written by `vitest -u docs/lifetimes` -->\n';
  const [before, rest] = (await readFile(guide, 'utf8')).split(start);
  const [, after] = (rest ?? '').split('<!-- /delays -->');
  const cells = [
    ['', 'let in for at most', 'longest seen', 'first refusal, median'],
    ...rows.map(({ name, boundMs, lastAdmission, firstRefusal }) => [
      name
        .replace(/^with verifier\.revoke$/, '`verifier.revoke` after it')
        .replace(/^(\w.*\d|cache: false)$/, '`$1`'),
      boundMs === 0 ? 'not at all' : seconds(boundMs),
      lastAdmission === 0 ? 'not at all' : seconds(lastAdmission),
      seconds(firstRefusal.median),
    ]),
  ];
  const widths = (cells[0] ?? []).map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  const lines = cells.map(
    (line) => `| ${line.map((text, at) => text.padEnd(widths[at] ?? 0)).join(' | ')} |`,
  );
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  await expect(`${before}${start}${lines.join('\n')}\n<!-- /delays -->${after}`).toMatchFileSnapshot(guide);
});

test('the command measures, and on this machine too nobody is let in later', async () => {
  const { rows } = JSON.parse((await run('--quick')).stdout) as Figures;
  expect(rows.length).toBeGreaterThan(4);
  // That each of them was refused in the end it has waited for itself.
  for (const { lastAdmission, boundMs } of rows) expect(lastAdmission).toBeLessThanOrEqual(boundMs);
});

const seconds = (ms: number) => `${(ms / 1_000).toFixed(ms < 100 ? 2 : 1)} s`;
