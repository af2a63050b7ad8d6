// A table of a scenario, as it is kept in `results/` and printed: a row for each variant, a column for each quantity,
// in each cell the median, the least and the most of all rounds, and the ratio to the reference.

/**
 * @typedef {{ median: number, min: number, max: number, ratio?: number, ratioMin?: number, ratioMax?: number }} Cell
 * @typedef {{ name: string, kind: 'ours' | 'peer' | 'bare', cells: Record<string, Cell> }} Row
 * @typedef {object} Table
 * @property {string} id
 * @property {string} title
 * @property {string} [reference] the row that the others are compared with
 * @property {Record<string, string>} columns
 * @property {Row[]} rows
 * @property {string[]} notes
 */

/**
 * @param {Table} table its `columns` are units by the names of the cells
 * @returns {string} in Markdown, which can be read on a terminal too
 */
export function show({ title, reference, columns, rows, notes }) {
  const names = Object.keys(columns).filter((name) => rows.some(({ cells }) => cells[name] !== undefined));
  const beside = reference === undefined ? [] : [`÷ ${reference}`];
  const head = ['variant', ...names.flatMap((name) => [`${name}, ${columns[name]}`, ...beside])];
  const body = rows.map(({ name, cells }) => [
    name,
    ...names.flatMap((column) => shown(cells[column], reference !== undefined)),
  ]);
  const widths = head.map((_, at) => Math.max(...[head, ...body].map((row) => row[at].length)));
  const line = (row) => `| ${row.map((text, at) => pad(text, widths[at], at)).join(' | ')} |`;
  const rule = line(widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)));
  const said = notes.map((note) => `${note}\n`).join('\n');
  return `${title}\n\n${[line(head), rule, ...body.map(line)].join('\n')}\n${said === '' ? '' : `\n${said}`}`;
}

function shown(cell, hasReference) {
  if (cell === undefined) return hasReference ? ['–', '–'] : ['–'];
  const { min, max, ratio, ratioMin, ratioMax } = cell;
  const value = `${figure(cell.median)} (${figure(min)} – ${figure(max)})`;
  if (!hasReference) return [value];
  if (ratio === undefined) return [value, '–'];
  return [value, `${figure(ratio)} (${figure(ratioMin)} – ${figure(ratioMax)})`];
}

const pad = (text, width, at) => (at === 0 ? text.padEnd(width) : text.padStart(width));

/** Three figures that count; thousands are set apart. */
export function figure(value) {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(size >= 0.1 || size === 0 ? 2 : 3);
}
