// How user instructions are counted on this machine: by `perf stat` where the processor has counters for us, else by
// callgrind, else not at all, and then it is said why.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgrindWindows, readCallgrind, underCallgrind, whyNoCallgrind } from './callgrind.mjs';
import { perfWindows, readPerf, underPerf, whyNoPerf } from './perf.mjs';

/**
 * @typedef {object} Counter
 * @property {'perf stat' | 'callgrind'} name
 * @property {(file: string, args: string[], folder: string) => { command: string, args: string[] }} under
 * @property {(folder: string) => number[]} read
 */

/** @type {Record<string, Counter>} */
const counters = {
  'perf stat': { name: 'perf stat', under: underPerf, read: readPerf },
  callgrind: { name: 'callgrind', under: underCallgrind, read: readCallgrind },
};

/** @returns {{ counter?: Counter, why?: string }} */
export function findCounter() {
  const noPerf = whyNoPerf();
  if (noPerf === undefined) return { counter: counters['perf stat'] };
  const noCallgrind = whyNoCallgrind();
  if (noCallgrind === undefined) return { counter: counters.callgrind };
  return { why: `no instructions are counted: ${noPerf}, and ${noCallgrind}` };
}

/** For the process that is counted. */
export function windowsOf(name, folder) {
  return name === 'callgrind' ? callgrindWindows() : perfWindows(folder);
}

/**
 * Starts a process whose windows are counted. It is told by its first argument, as JSON, who counts and where.
 *
 * @param {Counter} counter
 * @param {string} file
 * @param {object} task what else the process is to know
 * @returns {{ child: import('node:child_process').ChildProcess, counted: Promise<number[]> }} windows in order, once
 *   the process has ended; with it what it wrote to its standard error is an error
 */
export function startCounted(counter, file, task, stdio = 'pipe') {
  const folder = mkdtempSync(join(tmpdir(), 'esauth-bench-'));
  const { command, args } = counter.under(
    file,
    [JSON.stringify({ ...task, counter: counter.name, folder })],
    folder,
  );
  const env = { ...process.env, NODE_ENV: 'production', NODE_NO_WARNINGS: '1' };
  const child = spawn(command, args, { env, stdio: ['ignore', stdio, 'pipe', 'ipc'] });
  let said = '';
  child.stderr.on('data', (data) => {
    said += data;
  });
  const counted = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      try {
        if (status !== 0) throw new Error(`the counted process ended with ${status}: ${said.slice(-2_000)}`);
        resolve(counter.read(folder));
      } catch (error) {
        reject(error);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });
  return { child, counted };
}
