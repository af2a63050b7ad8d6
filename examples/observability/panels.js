// What the panels of dashboard.json show, as Grafana would ask Prometheus for it.

import { readFile } from 'node:fs/promises';

/** What Grafana puts in place of its variables; the interval is four scrapes. */
const variables = { $__rate_interval: '2s', $job: '.*' };
/** Half of a scrape's interval, so that no sample is passed over. */
const stepSeconds = 0.25;

/** @returns each panel with its series, and their points as [milliseconds since the epoch, value]. */
export async function readPanels(prometheus, from, to) {
  const { panels } = JSON.parse(await readFile(new URL('dashboard.json', import.meta.url), 'utf8'));
  return Promise.all(
    panels.map(async ({ title, description, type, fieldConfig, targets }) => ({
      title,
      description,
      type,
      unit: fieldConfig.defaults.unit,
      mappings: fieldConfig.defaults.mappings,
      targets: await Promise.all(
        targets.map(async ({ expr, legendFormat }) => ({ expr, series: await ask(expr, legendFormat) })),
      ),
    })),
  );

  async function ask(expr, legendFormat) {
    const query = Object.entries(variables).reduce(
      (text, [name, value]) => text.replaceAll(name, value),
      expr,
    );
    const asked = new URLSearchParams({ query, start: from / 1e3, end: to / 1e3, step: stepSeconds });
    const response = await fetch(`${prometheus}/api/v1/query_range?${asked}`);
    const { status, error, data } = await response.json();
    if (status !== 'success') throw new Error(`${expr}: ${error}`);
    return data.result.map(({ metric, values }) => ({
      name: legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? ''),
      points: values.map(([seconds, value]) => [seconds * 1e3, Number(value)]),
    }));
  }
}
