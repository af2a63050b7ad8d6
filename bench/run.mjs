// `npm run bench -- <names>`: runs scenarios, all without a name, each in a process of its own, prints their tables and
// keeps them in `results/`. What is there from the same commit is kept, so a run that was stopped goes on where it was.
//
//   --again   measures anew what is there already
//   --quick   everything in under two minutes, for a first look; kept only with --keep, and marked as quick
//   --check   measures nothing: tries whether each variant does its work, and whether it is noticed if it cannot
//   --spoil   gives each variant work that it cannot do, to see how that fails

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createBench } from './measure/bench.mjs';
import { findCounter } from './measure/counter.mjs';
import { commit, machine } from './measure/machine.mjs';
import { show } from './measure/table.mjs';
import { load, names } from './scenarios.mjs';

const self = fileURLToPath(import.meta.url);
const results = new URL('results/', import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(
    ['again', 'quick', 'keep', 'check', 'spoil', 'alone'].map((name) => [
      name,
      { type: 'boolean', default: false },
    ]),
  ),
});
const unknown = positionals.find((name) => !names.includes(name));
if (unknown !== undefined) {
  console.error(`there is no scenario "${unknown}"; there are ${names.join(', ')}`);
  process.exitCode = 1;
} else if (values.alone) {
  for (const name of positionals) await one(name);
  // A variant that failed may have left sockets and timers.
  process.exit();
} else await all(positionals.length === 0 ? names : positionals);

async function all(wanted) {
  // Where nothing is measured, they may share what V8 has learned.
  const processes = values.check || values.spoil ? [wanted] : wanted.map((name) => [name]);
  for (const names of processes) {
    if (names.every(isKept)) {
      console.log(`${names}: measured at this commit already; --again does it anew\n`);
      continue;
    }
    // The collector can be called where memory is weighed, and a million entries have room.
    const execArgv = ['--expose-gc', '--max-old-space-size=6144', '--no-warnings'];
    const flags = process.argv.slice(2).filter((arg) => arg.startsWith('--'));
    const env = { ...process.env, NODE_ENV: 'production' };
    const child = fork(self, [...flags, '--alone', ...names], { execArgv, env });
    const [status] = await once(child, 'exit');
    if (status !== 0) process.exitCode = 1;
  }
}

/** Whether it was measured at this commit, with no less effort. */
function isKept(name) {
  const file = new URL(`${name}.json`, results);
  if (values.again || values.check || values.spoil || !existsSync(file)) return false;
  if (values.quick && !values.keep) return false;
  const kept = JSON.parse(readFileSync(file, 'utf8'));
  const now = commit();
  // What is not committed may be anything.
  return kept.commit === now && !now.endsWith('+') && (values.quick || kept.effort === 'full');
}

async function one(name) {
  const scenario = await load(name);
  if (values.check || values.spoil) return tryOut(name, scenario);
  const { counter, why } = findCounter();
  const bench = createBench({
    scenario: name,
    effort: values.quick ? 'quick' : 'full',
    spoil: false,
    counter,
  });
  console.log(`# ${name}: ${scenario.title}\n\n${scenario.about}\n`);
  if (why !== undefined) console.log(`${why}: times only\n`);
  const start = performance.now();
  const tables = await scenario.run(bench);
  const seconds = Math.round((performance.now() - start) / 1_000);
  for (const table of tables) console.log(show(table));
  console.log(`${name} took ${seconds} s\n`);
  if (values.quick && !values.keep) return;
  const kept = {
    ...{ scenario: name, commit: commit(), date: new Date().toISOString().slice(0, 16) },
    ...{ machine: machine(), counter: counter?.name ?? why, effort: bench.effort, seconds, tables },
  };
  mkdirSync(results, { recursive: true });
  writeFileSync(new URL(`${name}.json`, results), `${JSON.stringify(kept, round)}\n`);
}

/** Six figures are more than any of it is good for. */
function round(_key, value) {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}

/** Says of each variant that does other work so; nothing else is an error but work that is not done. */
async function tryOut(name, scenario) {
  const bench = createBench({ scenario: name, effort: 'check', spoil: false });
  if (values.check) await scenario.run(bench);
  const spoiled = createBench({ scenario: name, effort: 'check', spoil: true });
  await scenario.run(spoiled);
  const noticed = new Set(spoiled.failures.map(({ variant }) => variant));
  const unnoticed = [...new Set(spoiled.done)].filter((variant) => !noticed.has(variant));
  if (values.spoil) for (const { message } of spoiled.failures) console.error(message);
  for (const variant of unnoticed) console.error(`${name}: ${variant} does other work, and nobody notices`);
  if (values.spoil || unnoticed.length > 0) process.exitCode = 1;
  if (values.check) console.log(`${name}: ${new Set(bench.done).size} variants do their work`);
  console.log(`${name}: of ${noticed.size} it is noticed if they cannot`);
}
