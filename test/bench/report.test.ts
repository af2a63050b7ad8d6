// What is made of a benchmark's results: the table of goals, in which bold is what falls short, a table and a drawing for
// each scenario; and how counted instructions are read.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const report = fileURLToPath(new URL('../../bench/report.mjs', import.meta.url));
const callgrind = new URL('../../bench/measure/callgrind.mjs', import.meta.url).href;
const node = (...args: string[]) => promisify(execFile)(process.execPath, args);

const cell = (median: number, ratio: number) => ({
  ...{ median, min: median * 0.9, max: median * 1.1, ratio, ratioMin: ratio * 0.9, ratioMax: ratio * 1.1 },
});

const guards = {
  ...{ scenario: 'guard', commit: 'abc1234', date: '2026-11-26T06:00', seconds: 90, counter: 'callgrind' },
  machine: { processor: 'a processor', cores: 2, memory: '8 GiB', system: 'linux x64', node: 'v20.19.0' },
  tables: [
    {
      ...{ id: 'guard', title: 'A guard <first>', reference: 'no guard' },
      columns: { time: 'ns', instructions: 'of the user' },
      rows: [
        { name: 'no guard', kind: 'ours', cells: { time: cell(1_000, 1), instructions: cell(8_000, 1) } },
        {
          name: 'one privilege',
          kind: 'ours',
          cells: { time: cell(3_000, 3), instructions: cell(9_600, 1.2) },
        },
        { name: 'three privileges combined', kind: 'ours', cells: { time: cell(5_000, 5) } },
      ],
      notes: ['A note.'],
    },
  ],
};

describe('the report of benchmarks', () => {
  test('tells what is reached, with a table and a drawing of each scenario', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'esauth-report-'));
    try {
      await mkdir(join(folder, 'results'));
      await writeFile(join(folder, 'results/guard.json'), JSON.stringify(guards));
      const { stdout } = await node(report, '--folder', folder);
      expect(stdout).toBe('RESULTS.md tells of 1 scenarios\n');
      const text = await readFile(join(folder, 'RESULTS.md'), 'utf8');
      expect(text).toContain(
        'a processor, 2 cores, 8 GiB, linux x64, Node v20.19.0, at commit abc1234, on 2026-11-26',
      );
      // Instructions where they were counted, else time: 1.2 and 5, of which 2 was to be reached.
      expect(text).toContain('| one ≤ 1.30; three combined ≤ 2.00 | one 1.20; three combined **5.00** |');
      expect(text).toMatch(/^\| `peek` ÷ jose, HS256 \| 0\.038 \| ≤ 0\.033 \| – \|$/m);
      expect(text).toMatch(
        /^\| one privilege +\| +3 000 \(2 700 – 3 300\) \| +3\.00 \(2\.70 – 3\.30\) \| +9 600/m,
      );
      expect(text).toContain('![A guard, from memory](charts/guard.svg)');
      const drawing = await readFile(join(folder, 'charts/guard.svg'), 'utf8');
      expect(drawing).toContain('A guard &lt;first>');
      // Two of three were counted.
      expect(drawing.match(/<circle class="ours"/g)).toHaveLength(2);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('says of what falls short why, and of nothing else', async () => {
    const { goalTable } = await import(new URL('../../bench/report/goal-table.mjs', import.meta.url).href);
    const goal = (what: string, value: number | undefined) => ({
      ...{ what, today: '2', why: `Because of ${what}.` },
      parts: [{ of: '', read: () => value, atMost: 1 }],
    });
    const text = goalTable([goal('dear', 1.5), goal('cheap', 0.5), goal('unknown', undefined)], {});
    expect(text).toMatch(/\n\n### What falls short, and why\n\n- \*\*dear\.\*\* Because of dear\.$/);
    expect(goalTable([goal('cheap', 0.5)], {})).not.toContain('why');
  });

  test('says so if nothing was measured', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'esauth-report-'));
    try {
      await expect(node(report, '--folder', folder)).rejects.toMatchObject({
        ...{ code: 1, stderr: 'there are no results yet: npm run bench\n' },
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('takes from counted instructions what SHA-256 has by itself, not what it was called with', async () => {
    const profile = [
      ...[
        'events: Ir',
        'fn=(1) main',
        '10 100',
        'cfn=(2) sha256_block_data_order_avx2',
        'calls=1 0',
        '11 4000',
      ],
      ...[
        '+1 7',
        'fn=(2)',
        '20 3900',
        '* 100',
        'cfn=(3) other',
        'calls=1 0',
        '+2 55',
        'fn=(3)',
        '30 55',
        'totals: 4162',
      ],
    ].join('\n');
    const script = `import { readWindow } from '${callgrind}'; console.log(JSON.stringify(readWindow(process.argv[1])));`;
    const { stdout } = await node('--input-type=module', '--eval', script, profile);
    expect(JSON.parse(stdout)).toEqual({ total: 4_162, sha: 4_000 });
  });
});
