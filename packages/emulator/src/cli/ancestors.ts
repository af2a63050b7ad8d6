/**
 * Whether those who started this process are still there: its parent, and theirs. With `npx` in between it is a
 * grandparent whose end matters, such as the shell of a step in CI.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Calls back once, when the first of them has ended. Does not keep the process alive. */
export function onEndOfAncestor(callback: () => void): void {
  const ancestors = ancestorsOf(process.pid);
  const timer = setInterval(() => {
    if (ancestors.every(isAlive)) return;
    clearInterval(timer);
    callback();
  }, 250);
  timer.unref();
}

/** From the parent up, without the first of all, which never ends. */
function ancestorsOf(pid: number): number[] {
  const parent = pid === process.pid ? process.ppid : parentOf(pid);
  return parent === undefined || parent <= 1 ? [] : [parent, ...ancestorsOf(parent)];
}

function parentOf(pid: number): number | undefined {
  try {
    // The name, in brackets, may have anything in it; state and parent follow (proc_pid_stat(5)).
    const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(parent);
  } catch {
    return askPs(pid);
  }
}

/** Where there is no `/proc`. */
function askPs(pid: number): number | undefined {
  try {
    return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { stdio: 'pipe' })) || undefined;
  } catch {
    // Neither is there on this system: the parent alone is watched.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
