// examples/observability with Prometheus itself: it scrapes the API while the demo lives its day, and then every panel
// of the dashboard has something to show, which is what happened. promtool checks the alerts and plays their stories.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'examples/observability');

/** As `scripts/prometheus.mjs` finds it. */
function findPrometheus(): string {
  const unpacked = join(homedir(), '.cache/esauth/prometheus/usr/bin/prometheus');
  const found =
    process.env.ESAUTH_PROMETHEUS ?? ['/usr/bin/prometheus', unpacked].find((place) => existsSync(place));
  if (found === undefined)
    throw new Error('there is no Prometheus: `npm test` fetches it, or set ESAUTH_PROMETHEUS');
  return found;
}

interface Told {
  readonly panels: readonly Panel[];
  readonly rules: readonly { readonly name: string; readonly health: string }[];
}

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string; readonly series: readonly Series[] }[];
}

interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number | null])[];
}

describe('what Prometheus has after the demo', () => {
  let told: Told;
  beforeAll(async () => {
    const env = { ...process.env, ESAUTH_PROMETHEUS: findPrometheus() };
    const { stdout } = await run(process.execPath, ['demo.js', '--once'], {
      ...{ cwd: folder, env, maxBuffer: 2 ** 26 },
      timeout: 170_000,
    });
    told = JSON.parse(stdout);
  }, 180_000);

  const seriesIn = (title: string) =>
    told.panels.find((each) => each.title === title)?.targets.flatMap(({ series }) => series) ?? [];
  /** Values of one series, or of all, over the day. */
  const valuesIn = (title: string, name?: string) =>
    seriesIn(title)
      .filter((each) => name === undefined || each.name === name)
      .flatMap(({ points }) => points.flatMap(([, value]) => value ?? []));
  const namesIn = (title: string) =>
    seriesIn(title)
      .map(({ name }) => name)
      .sort();

  test('every expression of the dashboard gives a value', () => {
    const targets = told.panels.flatMap(({ targets }) => targets);
    expect(targets.length).toBeGreaterThan(11);
    const empty = targets.filter(({ series }) =>
      series.every(({ points }) => points.every(([, value]) => value === null)),
    );
    expect(empty.map(({ expr }) => expr)).toEqual([]);
  });

  test('the panels tell what happened', () => {
    for (const ratio of valuesIn('Hit ratio')) expect(ratio >= 0 && ratio <= 1).toBe(true);
    expect(Math.max(...valuesIn('Hit ratio'))).toBeGreaterThan(0.3);
    expect(namesIn('Verdicts')).toEqual(['authenticated', 'rejected', 'unavailable']);
    expect(namesIn('Refusals by code')).toEqual([
      'credentials_expired',
      'credentials_invalid',
      'credentials_missing',
      'forbidden',
    ]);
    expect(namesIn('No verdict, by code')).toContain('unreachable');
    expect(namesIn('Time since the last verdict, by node')).toHaveLength(2);
    expect(namesIn('Breakers')).toHaveLength(2);
    for (const name of namesIn('Breakers')) {
      const states = new Set(valuesIn('Breakers', name));
      expect([states.has(0), states.has(2)]).toEqual([true, true]);
    }
    expect(Math.max(...valuesIn('Processes by the state of Elasticsearch', 'down'))).toBe(1);
    const lastOf = (state: string) => {
      const series = seriesIn('Processes by the state of Elasticsearch').find(({ name }) => name === state);
      return series?.points.findLast(([, value]) => value === 1)?.[0] ?? 0;
    };
    expect(lastOf('up')).toBeGreaterThan(lastOf('down'));
    expect(new Set(valuesIn('Blindness'))).toEqual(new Set([0, 1]));
    expect(Math.max(...valuesIn('Lag of revocations'))).toBeGreaterThan(1.5);
    // The slow hour: a lookup took at least 150 ms.
    expect(Math.max(...valuesIn('Lookup latency by node'))).toBeGreaterThan(0.1);
  });

  test('the rules for alerts are loaded, and can be judged', () => {
    expect(told.rules.map(({ health }) => health)).toEqual(told.rules.map(() => 'ok'));
    expect(told.rules.length).toBeGreaterThan(5);
  });
});

describe('alerts', () => {
  const promtool = (...args: string[]) =>
    run(join(dirname(findPrometheus()), 'promtool'), args, { cwd: folder });

  test('promtool has nothing against the rules, and they do what their stories say', {
    timeout: 120_000,
  }, async () => {
    expect((await promtool('check', 'rules', 'alerts.yml')).stdout).toMatch(/SUCCESS: \d+ rules found/);
    expect((await promtool('check', 'config', 'prometheus.yml')).stdout).toContain('is valid');
    expect((await promtool('test', 'rules', 'alerts.test.yml')).stdout).toContain('SUCCESS');
  });

  test('each has a sentence of what is wrong, one of what to do, and a story in which it fires', async () => {
    const { groups } = parse(await readFile(join(folder, 'alerts.yml'), 'utf8'));
    const rules: { alert: string; annotations: Record<string, string>; labels: { severity: string } }[] =
      groups.flatMap((group: { rules: unknown }) => group.rules);
    for (const { annotations, labels } of rules) {
      expect(Object.keys(annotations)).toEqual(['summary', 'runbook']);
      expect(annotations.runbook?.length).toBeGreaterThan(80);
      expect(['critical', 'warning', 'info']).toContain(labels.severity);
    }
    const stories: {
      name: string;
      alert_rule_test?: Fired[];
      promql_expr_test?: { exp_samples: Sample[] }[];
    }[] = parse(await readFile(join(folder, 'alerts.test.yml'), 'utf8')).tests;
    const fired = stories.flatMap(({ alert_rule_test = [], promql_expr_test = [] }) => [
      ...alert_rule_test.flatMap(({ alertname, exp_alerts }) =>
        exp_alerts === undefined ? [] : [alertname],
      ),
      ...promql_expr_test.flatMap(({ exp_samples }) =>
        exp_samples.flatMap(({ labels }) => /alertname="(\w+)"/.exec(labels)?.[1] ?? []),
      ),
    ]);
    const names = rules.map(({ alert }) => alert).sort();
    expect([...new Set(fired)].sort()).toEqual(names);
    const silent = stories.find(({ name }) => name === 'all is well')?.alert_rule_test ?? [];
    expect(silent.map(({ alertname }) => alertname).sort()).toEqual(names);
    expect(silent.every(({ exp_alerts }) => exp_alerts === undefined)).toBe(true);
  });

  interface Fired {
    readonly alertname: string;
    readonly exp_alerts?: unknown;
  }
  interface Sample {
    readonly labels: string;
  }
});

test('dashboard and alerts ask for series and labels that there are', async () => {
  const page = await readFile(join(root, 'docs/packages/opentelemetry.md'), 'utf8');
  // The table of series and the list of attributes, as Prometheus writes names.
  const names = [...page.matchAll(/^(?:\| `(esauth[\w.]+)` +\| |- `(esauth[\w.]+)` of )(\w+)/gm)].flatMap(
    ([, series, attribute, kind]) => {
      const plain = (series ?? attribute ?? '').replaceAll('.', '_');
      return kind === 'counter' ? [`${plain}_total`] : [plain, `${plain}_bucket`];
    },
  );
  for (const file of ['dashboard.json', 'alerts.yml', 'alerts.test.yml']) {
    const text = await readFile(join(folder, file), 'utf8');
    const used = new Set(text.match(/\besauth_\w+/g));
    expect(used.size).toBeGreaterThan(5);
    expect([...used].filter((name) => !names.includes(name))).toEqual([]);
  }
});

test('the dashboard can be imported: panels are told apart, lie side by side, and use variables that there are', async () => {
  const { panels, templating } = JSON.parse(await readFile(join(folder, 'dashboard.json'), 'utf8'));
  const variables = templating.list.map(({ name }: { name: string }) => name);
  const places = new Set<string>();
  for (const { id, title, description, gridPos, targets, fieldConfig } of panels) {
    expect([typeof title, typeof description, typeof fieldConfig.defaults.unit]).toEqual(
      Array(3).fill('string'),
    );
    expect(targets.map(({ refId }: { refId: string }) => refId)).toEqual(['A', 'B'].slice(0, targets.length));
    places.add(`${id}`).add(`${gridPos.x} ${gridPos.y}`);
    for (const [, name = ''] of JSON.stringify(targets).matchAll(/\$\{?(\w+)/g)) {
      expect([...variables, '__rate_interval']).toContain(name);
    }
  }
  expect(places.size).toBe(2 * panels.length);
});
