// On what was measured, without a name of the machine or of a folder: what makes figures comparable, and nothing that
// tells whose they are.

import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export function machine() {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${process.platform} ${process.arch}`,
    node: process.version,
  };
}

/**
 * The last commit that changed what is measured, or how; with a `+` if something of it is not committed. Results are
 * not of it, so that committing them does not make them old.
 */
export function commit() {
  const what = [
    'packages',
    'bench',
    'pnpm-lock.yaml',
    ':!bench/results',
    ':!bench/charts',
    ':!bench/RESULTS.md',
  ];
  const git = (...args) =>
    execFileSync('git', [...args, '--', ...what], { cwd: root, encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain') !== '';
    return git('log', '-1', '--format=%h') + (changed ? '+' : '');
  } catch {
    // A downloaded archive has no history.
    return 'unknown';
  }
}
