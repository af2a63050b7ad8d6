// `npm run bench:report`: writes `RESULTS.md` and its drawings from what is in `results/`, and shows these on the page of
// the documentation. Measures nothing. With `--folder` it does so in another folder than this, without the page.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { goals } from './goals.mjs';
import { show } from './measure/table.mjs';
import { chart } from './report/chart.mjs';
import { goalTable } from './report/goal-table.mjs';
import { withCharts } from './report/page.mjs';
import { readResults } from './report/results.mjs';
import { load } from './scenarios.mjs';

const here = fileURLToPath(new URL('./', import.meta.url));
const { values } = parseArgs({ options: { folder: { type: 'string', default: here } } });
const folder = pathToFileURL(`${values.folder}/`);
const charts = new URL('charts/', folder);
const results = readResults(new URL('results/', folder));

if (results.all.length === 0) {
  console.error('there are no results yet: npm run bench');
  process.exit(1);
}
rmSync(charts, { recursive: true, force: true });
mkdirSync(charts, { recursive: true });
const parts = [opening(results.all), goalTable(goals, results)];
for (const result of results.all) parts.push(await section(result));
const text = `${parts.join('\n\n')}\n`;
writeFileSync(new URL('RESULTS.md', folder), text);
if (values.folder === here) {
  const page = new URL('../docs/how-it-works/cost.md', import.meta.url);
  writeFileSync(page, withCharts(readFileSync(page, 'utf8'), text));
}
console.log(`RESULTS.md tells of ${results.all.length} scenarios`);

function opening(all) {
  const distinct = (of) => [...new Set(all.map(of))].join(', ');
  const minutes = Math.round(all.reduce((sum, { seconds }) => sum + seconds, 0) / 60);
  const isQuick = all.some(({ effort }) => effort === 'quick');
  const machines = distinct(
    ({ machine }) =>
      `${machine.processor}, ${machine.cores} cores, ${machine.memory}, ${machine.system}, Node ${machine.node}`,
  );
  return [
    '# What things cost',
    'Written by `npm run bench:report` from what `npm run bench` has left in `results/`. One scenario alone: ' +
      '`npm run bench -- hit`.',
    'Every variant has its turn in each round. A figure is the median of the rounds, with the least and the most; a ' +
      'ratio is that of the medians, with what single rounds said but for the outermost tenths. Times of a shared ' +
      'machine mean little beside those of another run; ratios and instructions do. Ours is blue, other libraries ' +
      'are orange, and what has nothing before it is grey.',
    `Measured on ${machines}, at commit ${distinct(({ commit }) => commit)}, on ` +
      `${distinct(({ date }) => date.slice(0, 10))}, in ${minutes} minutes. Instructions are those of the user, by ` +
      `${distinct(({ counter }) => counter)}.`,
    ...(isQuick ? ['**A quick run:** few rounds, few of the counts, and smaller scenes.'] : []),
  ].join('\n\n');
}

async function section({ scenario, seconds, tables }) {
  const { title, about, chart: wanted } = await load(scenario);
  const table = tables.find(({ id }) => id === wanted.table) ?? tables[0];
  const columns = [wanted.column, ...Object.keys(table.columns)];
  const drawing = columns.map((column) => chart(table, column)).find((drawn) => drawn !== undefined);
  const lines = [`## \`${scenario}\`: ${title}`, `${about} Took ${seconds} s.`];
  if (drawing !== undefined) {
    writeFileSync(new URL(`${scenario}.svg`, charts), drawing);
    lines.push(`![${title}](charts/${scenario}.svg)`);
  }
  for (const each of tables) lines.push(show({ ...each, title: `### ${each.title}` }).trimEnd());
  return lines.join('\n\n');
}
