// The drawings of RESULTS.md as the page of the documentation shows them: between its marks, one for each scenario.

const start = '<!-- charts: written by `npm run bench:report` -->\n';
const end = '<!-- /charts -->';

/**
 * @param {string} page the page as it is
 * @param {string} results what RESULTS.md says
 * @returns {string} the page with the drawings that RESULTS.md has
 */
export function withCharts(page, results) {
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error('the page has no place for charts');
  const sections = results.split(/^## `/m).slice(1).map(section);
  return `${page.slice(0, from)}${start}\n${sections.join('')}${page.slice(to)}`;
}

function section(text) {
  const [, title, about] = /^\w+`: (.*)\n\n(.*?) Took \d+ s\./.exec(text) ?? [];
  const [, chart] = /^!\[.*\]\((charts\/[\w.]+)\)$/m.exec(text) ?? [];
  return chart === undefined ? '' : `### ${title}\n\n${about}\n\n![${title}](../../bench/${chart})\n\n`;
}
