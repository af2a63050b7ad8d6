// A page with a panel for each of a dashboard's: lines, a heat map of a histogram's buckets, or a time line of states.
// HTML and SVG as text; what is shown is what Prometheus said.

const width = 470;
const height = 150;
const colors = ['#2f6fb3', '#d1622b', '#3a8f4d', '#8a5fb0', '#b08a1e', '#b0395c'];
const states = { green: '#3a8f4d', yellow: '#e0b73c', red: '#c0392b' };

/** @param panels as `examples/observability/panels.js` reads them. */
export function drawPage(panels) {
  const drawn = panels.map((panel) => {
    const series = panel.targets.flatMap((target) => target.series);
    const { svg, legend } = drawers[panel.type](series, panel);
    return `<section><h2>${escaped(panel.title)}</h2><p>${escaped(panel.description)}</p>${svg}<footer>${legend}</footer></section>`;
  });
  return `<!doctype html><meta charset="utf-8"><style>
    body { font: 12px sans-serif; color: #222; background: #eef0f3; margin: 10px; display: grid;
      grid-template-columns: 1fr 1fr; gap: 10px; width: 980px }
    section { background: #fff; border: 1px solid #d5d9e0; border-radius: 4px; padding: 8px 8px 6px }
    h2 { font-size: 13px; margin: 0 } p { margin: 2px 0 6px; color: #667 }
    footer { min-height: 15px } footer span { margin-right: 10px; white-space: nowrap }
    i { display: inline-block; width: 9px; height: 9px; margin-right: 4px } svg { display: block }
    text { font: 10px sans-serif; fill: #667 }
    </style>${drawn.join('')}`;
}

const drawers = { timeseries: drawLines, heatmap: drawHeat, 'state-timeline': drawStates };

function drawLines(series, { unit }) {
  const values = series.flatMap(({ points }) => points.flatMap(([, value]) => value ?? []));
  const top = unit === 'percentunit' ? 1 : Math.max(...values, 0) || 1;
  const at = timesOf(series);
  const y = (value) => height - 14 - (value / top) * (height - 24);
  const lines = series.map(({ points }, n) => {
    let path = '';
    let isDrawing = false;
    for (const [instant, value] of points) {
      if (value !== null) path += `${isDrawing ? 'L' : 'M'}${at(instant)} ${y(value).toFixed(1)}`;
      isDrawing = value !== null;
    }
    return `<path d="${path}" fill="none" stroke="${colors[n % colors.length]}" stroke-width="1.6"/>`;
  });
  const grid = [0, 0.5, 1].map((part) => {
    const line = `<path d="M46 ${y(top * part)}H${width}" stroke="#e4e7ec"/>`;
    return `${line}<text x="42" y="${y(top * part) + 3}" text-anchor="end">${amount(top * part, unit)}</text>`;
  });
  return {
    svg: svgOf([...grid, ...lines]),
    legend: legendOf(
      series.map(({ name }) => name),
      colors,
    ),
  };
}

/** Buckets of Prometheus hold those below them, too. */
function drawHeat(series) {
  const bounds = [...series].sort((one, other) => boundOf(one) - boundOf(other));
  const at = timesOf(series);
  const instants = [...new Set(series.flatMap(({ points }) => points.map(([instant]) => instant)))].sort();
  const countIn = ({ points } = { points: [] }, instant) =>
    points.find(([when]) => when === instant)?.[1] ?? 0;
  const cells = bounds.flatMap((bucket, row) =>
    instants.map((instant, n) => ({
      row,
      from: at(instant),
      to: n + 1 < instants.length ? at(instants[n + 1]) : at(instant),
      count: Math.max(0, countIn(bucket, instant) - countIn(bounds[row - 1], instant)),
    })),
  );
  const most = Math.max(...cells.map(({ count }) => count)) || 1;
  const tall = (height - 16) / bounds.length;
  const y = (row) => height - 14 - (row + 1) * tall;
  const drawn = cells
    .filter(({ count, from, to }) => count > 0 && to > from)
    .map(({ row, from, to, count }) => {
      const opacity = (0.15 + 0.85 * (count / most)).toFixed(2);
      return `<rect x="${from}" y="${y(row)}" width="${to - from}" height="${tall}" fill="#2f6fb3" opacity="${opacity}"/>`;
    });
  const labels = bounds.map(
    ({ name }, row) =>
      `<text x="42" y="${y(row) + tall - 1}" text-anchor="end">${name === '+Inf' ? '∞' : `${name} s`}</text>`,
  );
  return {
    svg: svgOf([...labels, ...drawn]),
    legend: `darkest: ${most.toFixed(0)} lookups within the interval`,
  };
}

const boundOf = ({ name }) => (name === '+Inf' ? Number.POSITIVE_INFINITY : Number(name));

function drawStates(series, { mappings }) {
  const shown = mappings[0].options;
  const at = timesOf(series);
  const tall = (height - 20) / series.length;
  const rows = series.map(({ name, points }, row) => {
    const y = row * tall;
    const cells = points.map(([instant, value], n) => {
      const to = n + 1 < points.length ? at(points[n + 1][0]) : at(instant);
      return `<rect x="${at(instant)}" y="${y + 16}" width="${Math.max(0, to - at(instant))}" height="${tall - 22}" fill="${states[shown[value]?.color] ?? '#ccc'}"/>`;
    });
    return `${cells.join('')}<text x="46" y="${y + 11}">${escaped(name)}</text>`;
  });
  return {
    svg: svgOf(rows),
    legend: legendOf(
      Object.values(shown).map(({ text }) => text),
      Object.values(shown).map(({ color }) => states[color]),
    ),
  };
}

/** From an instant to where it is drawn. */
function timesOf(series) {
  const instants = series.flatMap(({ points }) => points.map(([instant]) => instant));
  const [from, to] = [Math.min(...instants), Math.max(...instants)];
  return (instant) => Math.round(46 + ((instant - from) / (to - from || 1)) * (width - 48));
}

function svgOf(parts) {
  return `<svg width="${width}" height="${height}">${parts.join('')}</svg>`;
}

function legendOf(names, palette) {
  return names
    .map(
      (name, n) => `<span><i style="background:${palette[n % palette.length]}"></i>${escaped(name)}</span>`,
    )
    .join('');
}

function amount(value, unit) {
  if (unit === 'percentunit') return `${Math.round(value * 100)} %`;
  if (unit === 'bytes') return `${(value / 1e3).toFixed(0)} kB`;
  const digits = value >= 10 || value === 0 ? 0 : 2;
  return `${value.toFixed(digits)}${{ s: ' s', reqps: ' /s' }[unit] ?? ''}`;
}

function escaped(text) {
  return String(text).replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign]);
}
