// What an SDK makes of what a verifier does, and the lists of its page that say what there may be.

import { readFile } from 'node:fs/promises';
import type { Attributes, MeterProvider as Provider } from '@opentelemetry/api';
import {
  AggregationTemporality,
  DataPointType,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';

export interface Point {
  readonly series: string;
  readonly unit: string;
  readonly kind: string;
  readonly attributes: Attributes;
  /** Of a histogram, how many values. */
  readonly value: number;
  /** Of a histogram, what they come to. */
  readonly sum: number;
}

export interface Collector {
  readonly meterProvider: Provider;
  collect(): Promise<readonly Point[]>;
}

export function createCollector(): Collector {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  // It exports when it is told to, and by itself never while a test runs.
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  return {
    meterProvider: new MeterProvider({ readers: [reader] }),
    async collect() {
      exporter.reset();
      await reader.forceFlush();
      const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
      return scopes.flatMap(({ metrics }) => metrics.flatMap(pointsOf));
    },
  };
}

function pointsOf({ descriptor, dataPointType, dataPoints, ...more }: MetricData): Point[] {
  const isMonotonic = 'isMonotonic' in more && more.isMonotonic;
  const kinds = {
    [DataPointType.HISTOGRAM]: 'histogram',
    [DataPointType.EXPONENTIAL_HISTOGRAM]: 'exponential histogram',
    [DataPointType.GAUGE]: 'gauge',
    [DataPointType.SUM]: isMonotonic ? 'counter' : 'updowncounter',
  };
  return dataPoints.map(({ attributes, value }) => {
    const isHistogram = dataPointType === DataPointType.HISTOGRAM;
    const { count = 0, sum = 0 } = isHistogram ? (value as Histogram) : {};
    return {
      series: descriptor.name,
      unit: descriptor.unit,
      kind: kinds[dataPointType],
      attributes,
      value: isHistogram ? count : (value as number),
      sum,
    };
  });
}

/** Values of one series, by those of its attributes, without the node's: `identity authenticated`. */
export function valuesOf(points: readonly Point[], series: string): Record<string, number> {
  return Object.fromEntries(
    points
      .filter((point) => point.series === series)
      .map(({ attributes, value }) => {
        const { 'esauth.node.url': _, ...others } = attributes;
        return [Object.values(others).join(' '), value];
      }),
  );
}

export interface SeriesRow {
  readonly kind: string;
  readonly unit: string;
  readonly attributes: readonly string[];
}

export interface AttributeRow {
  readonly of: readonly string[];
  /** All that there are, where they are a list. */
  readonly values: readonly string[] | undefined;
}

/** What the page of the package lists: a table of series, and a list of attributes. */
export async function readTables(): Promise<{
  readonly series: ReadonlyMap<string, SeriesRow>;
  readonly attributes: ReadonlyMap<string, AttributeRow>;
}> {
  const page = await readFile(new URL('../../docs/packages/opentelemetry.md', import.meta.url), 'utf8');
  const [, series = '', attributes = ''] = page.split(/^## (?:Series|Attributes)$/m);
  const rowsOf = (part: string) => {
    const lines = part.split('\n').filter((line) => line.startsWith('| `'));
    return lines.map((line) => line.split('|').map((cell) => cell.trim()));
  };
  return {
    series: new Map(
      rowsOf(series).map(([, name = '', kind = '', unit = '', more = '']) => [
        coded(name)[0] ?? '',
        { kind, unit: coded(unit)[0] ?? '', attributes: coded(more) },
      ]),
    ),
    attributes: new Map(
      [...attributes.matchAll(/^- `([\w.]+)` of (\w+(?:, \w+)*): (.*)$/gm)].map(
        ([, name = '', of = '', values = '']) => [
          name,
          { of: of.split(', '), values: /^(`[^`]+` ?)+$/.test(values) ? coded(values) : undefined },
        ],
      ),
    ),
  };
}

/** What stands between accents. */
function coded(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
}

/** What of these attributes the tables do not have, in words. */
export function strangers(
  given: Attributes,
  of: 'series' | 'span',
  known: ReadonlyMap<string, AttributeRow>,
): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const row = known.get(name);
    if (row === undefined || !row.of.includes(of)) return [`${name} is not in the table of a ${of}`];
    const isListed = row.values === undefined || row.values.includes(String(value));
    return isListed ? [] : [`${name} may not be ${value}`];
  });
}
