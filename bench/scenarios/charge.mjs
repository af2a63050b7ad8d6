// Whether `cache.maxBytes` is kept: what remembering takes of the heap beside what it is charged, for callers whose
// metadata is as unkind as it can be, and for how long the event loop stands still for one of them.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pick } from '../measure/bench.mjs';
import { turns } from '../measure/rounds.mjs';
import { cell } from '../measure/statistics.mjs';
import { must } from '../measure/work.mjs';
import { scenes } from '../parts/charge.mjs';

const file = fileURLToPath(new URL('../parts/charge.mjs', import.meta.url));
const mebibyte = 2 ** 20;
/** So many of ten thousand ordinary callers are remembered: all. */
const few = ['ordinary callers', 'with one fact each', '4 kB: objects that differ'];

async function run(bench) {
  const names = pick(bench, {
    full: Object.keys(scenes).filter((name) => !/256 kB|1 MiB/.test(name)),
    quick: few,
    check: ['64 kB: a text'],
  });
  const play = (name) => async () => {
    const args = [...process.execArgv, file, bench.spoil ? '1 MiB, by default' : name];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { entries, bytes, heap, stallMs } = JSON.parse(stdout);
    must(heap <= 1.1 * bytes, () => `${heap} bytes are held, of which ${bytes} were charged`);
    must(
      entries > 0 && (scenes[name].callers !== 10_000 || entries > 500),
      () => `${entries} are remembered`,
    );
    return { entries, heap: heap / mebibyte, charged: bytes / mebibyte, stall: stallMs };
  };
  const taken = await turns(bench, Object.fromEntries(names.map((name) => [name, play(name)])), 1);
  const rows = names.map((name) => ({ name, kind: 'ours', cells: cellsOf(taken[name]) }));
  const columns = { entries: '', heap: 'MiB', charged: 'MiB', stall: 'ms' };
  return [{ id: 'charge', title: 'Of a budget of 64 MiB', columns, rows, notes: [] }];
}

function cellsOf(samples) {
  const own = (column) => {
    const values = samples.map((sample) => sample[column]);
    const { median, min, max } = cell(values, values);
    return [column, { median, min, max }];
  };
  return Object.fromEntries(['entries', 'heap', 'charged', 'stall'].map(own));
}

export default {
  title: 'What remembering is charged',
  about: 'Callers with metadata of many forms; the heap must hold no more than was charged.',
  chart: { table: 'charge', column: 'heap' },
  run,
};
