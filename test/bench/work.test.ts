// That every variant of every benchmark does its work, and that it is noticed if one does not: it is given
// credentials that nobody knows, a memory that is too small, a miss that is a hit. Measures nothing.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const run = fileURLToPath(new URL('../../bench/run.mjs', import.meta.url));

/** What it prints, and what it ends with. */
async function bench(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [run, ...args]);
    return { status: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, out: stdout, err: stderr };
  }
}

/** All that there are, as whoever asks for another is told. */
async function scenarios(): Promise<string[]> {
  const { err } = await bench('none');
  return err.trim().split('there are ')[1]?.split(', ') ?? [];
}

describe('benchmarks', { timeout: 600_000 }, () => {
  test('each variant does its work, and is noticed if it does not', async () => {
    const { status, out, err } = await bench('--check');
    expect(err).toBe('');
    expect(status).toBe(0);
    const done = out.match(/^(\w+): \d+ variants do their work$/gm) ?? [];
    expect(done.map((line) => line.split(':')[0])).toEqual(await scenarios());
    const noticed = out.match(/^\w+: of [1-9]\d* it is noticed if they cannot$/gm) ?? [];
    expect(noticed).toHaveLength(done.length);
  });

  test('a variant that does other work fails the run, and says which and what', async () => {
    const { status, err } = await bench('guard', '--spoil');
    expect(status).toBe(1);
    expect(err).toContain('guard: guard, roles did not do its work: forbidden');
  });

  test('a scenario that there is not is told so', async () => {
    const { status, err } = await bench('hits');
    expect(status).toBe(1);
    expect(err).toContain('there is no scenario "hits"; there are hit, ');
    expect((await scenarios()).length).toBeGreaterThan(8);
  });
});
