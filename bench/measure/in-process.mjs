// Compares what can be called as a function: `run(n)` does n operations. First the time, all variants of a group in
// this process, interleaved; then the instructions, each variant in a process of its own, so that neither what V8 has
// learned about another variant nor another's garbage is in them.

import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { pick } from './bench.mjs';
import { startCounted } from './counter.mjs';
import { timed } from './rounds.mjs';
import { cell } from './statistics.mjs';
import { attempt, must } from './work.mjs';

const countedFile = fileURLToPath(new URL('counted.mjs', import.meta.url));

/**
 * @typedef {object} Group
 * @property {string} title
 * @property {string} reference the variant that the others are compared with
 * @property {Record<string, 'ours' | 'peer' | 'bare'>} variants
 * @property {readonly string[]} [counts] of which instructions are counted; all if it is left out
 * @property {readonly string[]} [quick] the same in a quick run; none if it is left out
 */

/**
 * @param {import('./bench.mjs').Bench} bench
 * @param {{ file: string, groups: Record<string, Group>, build: Function }} scenario
 * @param {{ shared?: unknown, columns?: Record<string, string>, notes?: string[] }} [more] `shared` goes to `build`,
 *   also in other processes
 * @returns {Promise<import('./table.mjs').Table[]>}
 */
export async function compareInProcess(bench, scenario, more = {}) {
  const { shared, columns = { time: 'ns', instructions: 'of the user' }, notes = [] } = more;
  const tables = [];
  const absent = new Map();
  for (const [id, group] of Object.entries(scenario.groups)) {
    bench.part = `${id}, `;
    const built = await buildAll(bench, scenario, id, absent, shared);
    const samples = await timed(bench, built);
    for (const variant of Object.values(built)) await variant.close?.();
    tables.push(tableOf(id, group, built, samples, columns));
    bench.say(`${group.title}: timed`);
  }
  if (bench.counter !== undefined && bench.effort !== 'check') {
    await countAll(bench, scenario, tables, absent, shared);
  }
  for (const table of tables) {
    for (const [variant, reason] of absent) {
      if (variant in scenario.groups[table.id].variants) table.notes.push(`${variant}: ${reason}.`);
    }
    table.notes.push(...notes);
    delete table.bases;
  }
  return tables;
}

async function buildAll(bench, scenario, id, absent, shared) {
  const built = {};
  for (const name of Object.keys(scenario.groups[id].variants)) {
    const variant = await scenario.build(id, name, { bench, shared });
    if (typeof variant.absent === 'string') absent.set(name, variant.absent);
    else if (bench.spoil && variant.isInert) await variant.close?.();
    else built[name] = variant;
  }
  return built;
}

function tableOf(id, group, built, samples, columns) {
  const net = netOf(built, samples);
  const names = Object.keys(built).filter((name) => name in samples);
  const rows = names.map((name) => {
    const cells = Object.fromEntries(
      Object.keys(columns)
        .filter((column) => samples[name][0]?.[column] !== undefined)
        .map((column) => [column, cell(net(name, column), net(group.reference, column))]),
    );
    return { name, kind: group.variants[name], cells };
  });
  const bases = Object.fromEntries(names.map((name) => [name, built[name].base]));
  return { id, title: group.title, reference: group.reference, columns, rows, notes: [], bases };
}

/** What a variant took beyond its base in the same round. */
function netOf(built, samples) {
  const of = (name, column) => (samples[name] ?? []).map((sample) => sample[column]);
  return (name, column) => {
    const base = built[name]?.base;
    const values = of(name, column);
    if (base === undefined) return values;
    const taken = of(base, column);
    return values.map((value, round) => value - taken[round]);
  };
}

async function countAll(bench, scenario, tables, absent, shared) {
  const tasks = new Map();
  for (const { id } of tables) {
    const { variants, counts: wanted = Object.keys(variants), quick = [] } = scenario.groups[id];
    for (const variant of bench.effort === 'quick' ? quick : wanted) {
      if (absent.has(variant)) continue;
      tasks.set(variant, [...(tasks.get(variant) ?? []), id]);
    }
  }
  bench.part = '';
  const counts = {};
  const queue = [...tasks];
  const work = async () => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
      const [variant, groups] = task;
      const windows = await attempt(bench, variant, () => count(bench, scenario, variant, groups, shared));
      for (const [at, group] of groups.entries()) {
        counts[group] ??= {};
        counts[group][variant] = windows[at];
      }
      bench.say(`${variant}: counted`);
    }
  };
  // Counting does not mind company.
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  for (const table of tables) addCounts(table, scenario.groups[table.id], counts[table.id] ?? {});
}

/** @returns {Promise<number[][]>} instructions of an operation, for each group and window */
export async function count(bench, scenario, variant, groups, shared) {
  const repeats = pick(bench, { full: 3, quick: 1, check: 1 });
  const part = pick(bench, { full: 1, quick: 0.2, check: 0 });
  const task = { file: scenario.file, scenario: bench.scenario, variant, groups, shared, repeats, part };
  if (bench.counter.name === 'perf stat') return countByPerf(bench, task);
  const { child, counted } = startCounted(bench.counter, countedFile, task);
  const sized = new Promise((resolve) => child.once('message', resolve));
  const windows = await counted;
  const sizes = await sized;
  must(windows.length === groups.length * repeats, () => `${windows.length} windows were counted`);
  return groups.map((_, at) =>
    windows.slice(at * repeats, (at + 1) * repeats).map((total) => total / sizes[at]),
  );
}

/** `perf stat` has one sum for a process. */
async function countByPerf(bench, task) {
  const ofGroups = [];
  for (const group of task.groups) {
    const ofRepeats = [];
    for (let repeat = 0; repeat < task.repeats; repeat += 1) {
      const one = { ...task, groups: [group], repeats: 1 };
      const { child, counted } = startCounted(bench.counter, countedFile, one);
      const sized = new Promise((resolve) => child.once('message', resolve));
      const [total] = await counted;
      const [size] = await sized;
      ofRepeats.push(total / size);
    }
    ofGroups.push(ofRepeats);
  }
  return ofGroups;
}

function addCounts(table, group, counts) {
  const net = (name) => {
    const values = counts[name];
    const base = table.bases[name];
    if (values === undefined || base === undefined) return values;
    const taken = counts[base];
    if (taken === undefined) return undefined;
    return values.map((value, window) => value - taken[window]);
  };
  const reference = net(group.reference);
  for (const row of table.rows) {
    const values = net(row.name);
    if (values !== undefined && reference !== undefined) row.cells.instructions = cell(values, reference);
  }
}
