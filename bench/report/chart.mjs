// One column of a table as a drawing: a dot for each variant's median, a line from the least to the most, on a
// logarithmic scale, because what is compared lies between a tenth and a hundred times. SVG without a library: it is
// dots and text. It has a ground of its own, so that it can be read whether the page around it is light or dark.

import { figure } from '../measure/table.mjs';

const width = 760;
const left = 270;
const right = 100;
const line = 24;
const top = 46;

const safe = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/**
 * @param {import('../measure/table.mjs').Table} table
 * @param {string} column
 * @returns {string | undefined} `undefined` if the table has nothing in this column
 */
export function chart({ title, columns, rows }, column) {
  const drawn = rows
    .map(({ name, kind, cells }) => ({ name, kind, ...cells[column] }))
    .filter(({ median }) => median > 0)
    .sort((a, b) => a.median - b.median);
  if (drawn.length === 0) return undefined;
  const least = Math.min(...drawn.map(({ min, median }) => (min > 0 ? min : median)));
  const most = Math.max(...drawn.map(({ max }) => max));
  const [from, to] = [Math.floor(Math.log10(least) * 2) / 2, Math.ceil(Math.log10(most) * 2) / 2];
  const span = Math.max(to - from, 0.5);
  const at = (value) =>
    left + ((Math.log10(Math.max(value, 10 ** from)) - from) / span) * (width - left - right);
  const height = top + drawn.length * line + 30;
  const bottom = height - 26;
  const unit = `${column}, ${columns[column]}`.replace(/, $/, '');
  const ticks = ticksOf(from, to).map(
    (value) =>
      `<line class="grid" x1="${at(value).toFixed(1)}" x2="${at(value).toFixed(1)}" y1="${top - 8}" y2="${bottom}"/>` +
      `<text class="tick" x="${at(value).toFixed(1)}" y="${bottom + 16}" text-anchor="middle">${figure(value)}</text>`,
  );
  const marks = drawn.map(({ name, kind, median, min, max }, index) => {
    const y = top + index * line + 6;
    const x = at(median).toFixed(1);
    return (
      `<text class="${kind === 'ours' ? 'own' : ''}" x="${left - 12}" y="${y + 4}" text-anchor="end">` +
      `${safe(name)}</text>` +
      `<line class="${kind}" x1="${at(min).toFixed(1)}" x2="${at(max).toFixed(1)}" y1="${y}" y2="${y}"/>` +
      `<circle class="${kind}" cx="${x}" cy="${y}" r="5"/>` +
      `<text class="tick" x="${width - 12}" y="${y + 4}" text-anchor="end">${figure(median)}</text>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img"`,
    `width="${width}" height="${height}">`,
    `<title>${safe(`${title}: ${unit}`)}</title>`,
    `<style>${style}</style>`,
    `<rect class="ground" width="${width}" height="${height}" rx="8"/>`,
    `<text class="own" x="16" y="24">${safe(title)}</text>`,
    `<text class="tick" x="${width - 12}" y="24" text-anchor="end">${safe(unit)}</text>`,
    ...ticks,
    ...marks,
    '</svg>',
    '',
  ].join('\n');
}

/** Powers of ten, and three of each where there is room. */
function ticksOf(from, to) {
  const ticks = [];
  for (let power = Math.ceil(from) - 1; power <= to; power += 1) {
    for (const value of [10 ** power, 3 * 10 ** power]) {
      const place = Math.log10(value);
      if (place >= from && place <= to && (to - from <= 4 || value === 10 ** power)) ticks.push(value);
    }
  }
  return ticks;
}

const style = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .own { font-weight: 600; }
  .tick { font-size: 12px; fill: #57606a; }
  .grid { stroke: #d8dee4; }
  .ground { fill: #ffffff; stroke: #d0d7de; }
  line.ours { stroke: #0969da; stroke-width: 2; } circle.ours { fill: #0969da; }
  line.peer { stroke: #bc4c00; stroke-width: 2; } circle.peer { fill: #bc4c00; }
  line.bare { stroke: #6e7781; stroke-width: 2; } circle.bare { fill: #6e7781; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .tick { fill: #9198a1; }
    .grid { stroke: #2f353d; }
    .ground { fill: #0d1117; stroke: #3d444d; }
    line.ours { stroke: #58a6ff; } circle.ours { fill: #58a6ff; }
    line.peer { stroke: #f0883e; } circle.peer { fill: #f0883e; }
    line.bare { stroke: #9198a1; } circle.bare { fill: #9198a1; }
  }`.replaceAll(/\n\s*/g, ' ');
