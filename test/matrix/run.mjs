// Runs the matrix, `npm run matrix`: every cell is a program of a user's (`cell/`), on its Node and in its project.
// Prints a table, and a sentence for each thing that is not as it should be; fails by its exit code. A run of all
// cells that finds nothing leaves `results.json`, of which `docs/support.md` has its tables.
//
// -- --quick          one cell for each framework; every Node, client and release is among them
// -- --node 22        the cells of one Node;  --framework express5  those of one framework (CI's jobs are of both)
// -- --jobs 2         how many at a time; default: as many as there are processors

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { parseArgs, promisify } from 'node:util';
import { cellsOf, diagonal, frameworks, nameOf, shortName } from './cells.mjs';
import { nodeOf, pack, projectFor } from './project.mjs';
import { nodeTable, sentencesOf, writeAll } from './tables.mjs';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    node: { type: 'string' },
    framework: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});
const began = performance.now();
if (!/^[1-9]\d*$/.test(values.jobs))
  refuse(`--jobs is ${values.jobs}: it takes how many cells run at a time, such as 2.`);
if (values.quick && (values.node ?? values.framework) !== undefined) {
  refuse(
    '--quick is a part of its own, of every Node and framework: leave out --node and --framework, or --quick.',
  );
}
const cells = values.quick ? diagonal() : cellsOf(values);
if (cells.length === 0) {
  const asked = ['node', 'framework'].filter((name) => values[name] !== undefined);
  const said = asked.map((name) => `--${name} ${values[name]}`).join(' ');
  refuse(`matrix.json has no cell for ${said}: it takes majors, such as --node 22 --framework express5.`);
}
const isWhole = cells.length === cellsOf().length;

const tarballs = await pack();
const projects = {};
for (const each of frameworks.filter(isWanted)) projects[shortName(each)] = await projectFor(each, tarballs);
const nodes = {};
for (const { node } of cells) nodes[node] ??= await nodeOf(node);

const results = [];
const waiting = [...cells];
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
report();

function refuse(sentence) {
  console.error(sentence);
  process.exit(2);
}

function isWanted(framework) {
  return cells.some((cell) => shortName(cell) === shortName(framework));
}

async function work() {
  for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
    results.push({ ...cell, ...(await resultOf(cell)) });
  }
}

/** How many things were looked at in a cell, and what was not as it should be. */
async function resultOf(cell) {
  const args = ['--no-warnings', 'cell.mjs', cell.framework, cell.client.split('.')[0], cell.elasticsearch];
  // The bound is for a cell that hangs; on two busy cores one takes two seconds.
  const options = { cwd: projects[shortName(cell)], env: withoutOptions(), timeout: 120_000 };
  try {
    const { stdout, stderr } = await promisify(execFile)(nodes[cell.node], args, options);
    const { node, checks, failures } = JSON.parse(stdout);
    if (node !== cell.node) failures.push(`it ran on Node ${node}`);
    if (stderr !== '') failures.push(`it printed to stderr: ${stderr.trim()}`);
    return { checks, failures };
  } catch (error) {
    return {
      checks: 0,
      failures: [`it ended with ${error.code ?? error.signal}: ${error.stderr || error.message}`],
    };
  }
}

function withoutOptions() {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return env;
}

function report() {
  const failed = results.filter(({ failures }) => failures.length > 0);
  console.log(nodeTable(results).join('\n'));
  for (const sentence of sentencesOf(results)) console.error(sentence);
  const checks = results.reduce((sum, result) => sum + result.checks, 0);
  const seconds = Math.round((performance.now() - began) / 1_000);
  console.log(`\n${results.length} cells, ${checks} checks, ${failed.length} cells failed, in ${seconds} s`);
  if (failed.length > 0) process.exitCode = 1;
}

if (isWhole && process.exitCode !== 1) {
  const inOrder = cells.map((cell) => results.find((result) => nameOf(result) === nameOf(cell)));
  const left = {
    date: new Date().toISOString().slice(0, 10),
    cells: Object.fromEntries(inOrder.map((result) => [nameOf(result), result.checks])),
  };
  await writeFile(new URL('results.json', import.meta.url), `${JSON.stringify(left, undefined, 2)}\n`);
  await writeAll();
}
