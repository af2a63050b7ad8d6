// What is said of the matrix elsewhere, made of `matrix.json` and of what the last whole run has left in
// `results.json`: the tables in `docs/support.md` and the matrix of CI's jobs. `node test/matrix/tables.mjs` writes
// both anew, a whole run does so by itself, and a test holds them equal.

import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { isUnderstood } from './cell/understood.mjs';
import { cellsOf, frameworks, majorOf, matrix, nameOf, shortName } from './cells.mjs';

const root = new URL('../../', import.meta.url);
const titles = { express: 'Express', koa: 'Koa', fastify: 'Fastify' };

/** The lines of a table: for each Node and framework, how many of the cells that were run have passed. */
export function nodeTable(results) {
  const title = (each) => `${titles[each.framework]} ${each.version}`;
  const rows = matrix.node.map((node) => [
    `Node ${node}`,
    ...frameworks.map((each) => {
      const run = results.filter((cell) => cell.node === node && shortName(cell) === shortName(each));
      const passed = run.filter(({ failures }) => failures.length === 0);
      return run.length === 0 ? '–' : `${passed.length} of ${run.length}`;
    }),
  ]);
  return table(['', ...frameworks.map(title)], rows);
}

/** A sentence for each thing that is not as it should be. */
export function sentencesOf(results) {
  return results.flatMap(({ failures, ...cell }) =>
    failures.map((failure) => `${nameOf(cell)}: ${failure}.`),
  );
}

function clientTable() {
  const rows = matrix.elasticsearch.map((release) => [
    `Elasticsearch ${release}`,
    ...matrix.clients.map((client) =>
      isUnderstood(Number(majorOf(client)), release) ? 'works' : 'refused by Elasticsearch',
    ),
  ]);
  return table(['', ...matrix.clients.map((client) => `@elastic/elasticsearch ${client}`)], rows);
}

/** Each file with what is generated in it, between two lines: what those are, and what belongs there. */
export async function generated() {
  const { date, cells } = JSON.parse(await readFile(new URL('results.json', import.meta.url), 'utf8'));
  const results = cellsOf().map((cell) => {
    const failures = cells[nameOf(cell)] === undefined ? ['it was not run'] : [];
    return { ...cell, failures };
  });
  const checks = Object.values(cells).reduce((sum, count) => sum + count, 0);
  const list = (values) => `[${values.map((value) => `"${value}"`).join(', ')}]`;
  return [
    {
      file: 'docs/support.md',
      from: '<!-- made by `npm run matrix` -->',
      to: '<!-- until here -->',
      lines: [
        '',
        `Last run on ${date}: ${Object.keys(cells).length} cells, ${checks} checks. ` +
          'Cells that passed, of those that there are:',
        '',
        ...nodeTable(results),
        '',
        'The official client, as a service has it, beside each release:',
        '',
        ...clientTable(),
        '',
      ],
    },
    {
      file: '.github/workflows/ci.yml',
      from: '        # made by `npm run matrix`',
      to: '        # until here',
      lines: [`        node: ${list(matrix.node)}`, `        framework: ${list(frameworks.map(shortName))}`],
    },
  ];
}

/** A file's text with what is generated in it put in anew. */
export async function renewed({ file, from, to, lines }) {
  const text = await readFile(new URL(file, root), 'utf8');
  const [before, rest] = text.split(`${from}\n`);
  const after = rest?.split(`${to}\n`)[1];
  if (after === undefined) throw new Error(`${file} has no lines "${from.trim()}" and "${to.trim()}"`);
  return `${before}${from}\n${lines.join('\n')}\n${to}\n${after}`;
}

export async function writeAll() {
  for (const each of await generated()) await writeFile(new URL(each.file, root), await renewed(each));
}

function table(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await writeAll();
