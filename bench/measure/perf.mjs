// User instructions by the processor's own counters, with `perf stat`: exact, at full speed. It is off until the
// program opens a window, by a word in one pipe and the answer in another.

import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Another event, for trying this out on a machine without counters. */
const event = process.env.ESAUTH_BENCH_EVENT ?? 'instructions:u';

/** @returns {string | undefined} why it cannot count here */
export function whyNoPerf() {
  const { status, stderr, error } = spawnSync('perf', ['stat', '-x,', '-e', event, 'true'], {
    encoding: 'utf8',
  });
  if (error !== undefined) return 'perf is not installed';
  if (status !== 0 || !/^\d/m.test(stderr)) return 'the processor has no counters for us (perf stat)';
  return undefined;
}

/** How a process is started whose windows are counted. */
export function underPerf(file, args, folder) {
  const [control, answers] = ['control', 'answers'].map((name) => join(folder, name));
  spawnSync('mkfifo', [control, answers]);
  const own = [
    ...['stat', '-x,', '-e', event, '--delay=-1', `--control=fifo:${control},${answers}`],
    ...['-o', join(folder, 'counted'), '--'],
  ];
  return { command: 'perf', args: [...own, process.execPath, '--single-threaded', file, ...args] };
}

/** For the process that is counted. All its windows are one sum. */
export function perfWindows(folder) {
  const control = openSync(join(folder, 'control'), 'w');
  const answers = openSync(join(folder, 'answers'), 'r');
  const answer = Buffer.alloc(8);
  const say = (word) => {
    writeSync(control, `${word}\n`);
    readSync(answers, answer);
  };
  return {
    begin() {},
    open: () => say('enable'),
    close: () => say('disable'),
    end() {},
    finish() {
      closeSync(control);
      closeSync(answers);
    },
    toggle: undefined,
  };
}

/** @returns {number[]} the sum of all windows, alone */
export function readPerf(folder) {
  const text = readFileSync(join(folder, 'counted'), 'utf8');
  const count = /^([\d.]+),/m.exec(text)?.[1];
  if (count === undefined) throw new Error(`perf has counted nothing: ${text.trim()}`);
  return [Number(count)];
}
