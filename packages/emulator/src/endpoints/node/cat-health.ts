/**
 * The health of the cluster for the eye: `GET /_cat/health`, a line of text. As JSON it is shown to who asks by
 * `format`; what a client would accept is not looked at.
 */

import { type Answer, answer, type Call, queryFlag, type Route, route } from '../../cluster/endpoint.js';
import { clusterName } from '../../cluster/node.js';
import type { Security } from '../../cluster/security.js';
import { clusterHealth } from './health.js';

interface Column {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly value: string;
  readonly isRight: boolean;
}

function columnsOf(security: Security): Column[] {
  const { status, counts, percent } = clusterHealth(security);
  const now = new Date(security.clock.now());
  const left = (name: string, aliases: string, value: unknown): Column => ({
    name,
    aliases: aliases.split(','),
    value: String(value),
    isRight: false,
  });
  const right = (...of: Parameters<typeof left>): Column => ({ ...left(...of), isRight: true });
  return [
    left('epoch', 't,time', Math.floor(now.getTime() / 1000)),
    left('timestamp', 'ts,hms,hhmmss', now.toISOString().slice(11, 19)),
    left('cluster', 'cl', clusterName),
    left('status', 'st', status),
    right('node.total', 'nt,nodeTotal', 1),
    right('node.data', 'nd,nodeData', 1),
    right('shards', 't,sh,shards.total,shardsTotal', counts.active_shards),
    right('pri', 'p,shards.primary,shardsPrimary', counts.active_primary_shards),
    right('relo', 'r,shards.relocating,shardsRelocating', 0),
    right('init', 'i,shards.initializing,shardsInitializing', 0),
    ...(security.version.countsUnassignedPrimaries
      ? [
          right(
            'unassign.pri',
            'up,shards.unassigned.primary,shardsUnassignedPrimary',
            counts.unassigned_primary_shards,
          ),
        ]
      : []),
    right('unassign', 'u,shards.unassigned,shardsUnassigned', counts.unassigned_shards),
    right('pending_tasks', 'pt,pendingTasks', 0),
    right('max_task_wait_time', 'mtwt,maxTaskWaitTime', '-'),
    right('active_shards_percent', 'asp,activeShardsPercent', `${percent.toFixed(1)}%`),
  ];
}

/** The columns that are asked for, in that order. */
function chosen(columns: readonly Column[], names: string | undefined): Column[] {
  if (names === undefined) return [...columns];
  return names.split(',').flatMap((name) => {
    const column = columns.find((each) => each.name === name || each.aliases.includes(name));
    return column === undefined ? [] : [{ ...column, name }];
  });
}

function table(columns: readonly Column[], withHeader: boolean): string {
  const widths = columns.map(({ name, value }) => Math.max(withHeader ? name.length : 0, value.length));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        if (columns[at]?.isRight) return cell.padStart(width);
        return at === cells.length - 1 ? cell : cell.padEnd(width);
      })
      .join(' ');
  const lines = [columns.map(({ value }) => value)];
  if (withHeader) lines.unshift(columns.map(({ name }) => name));
  return lines.map((cells) => `${line(cells)}\n`).join('');
}

function show(security: Security, _: undefined, call: Call): Answer {
  const columns = chosen(columnsOf(security), call.query.get('h'));
  const isChunked = security.version.chunksIndices;
  if (call.query.get('format') === 'json') {
    const row = new Map(columns.map(({ name, value }) => [name, value]));
    return { ...answer([row]), isChunked };
  }
  return { ...answer(table(columns, queryFlag(call, 'v'))), isText: true, isChunked };
}

/** The route of this chapter. */
export const catHealthRoute: Route = route<undefined>({
  methods: ['GET'],
  paths: ['/_cat/health'],
  query: ['h', 'v', 's', 'ts', 'time', 'help', 'bytes', 'size'],
  read: () => undefined,
  action: () => 'cluster:monitor/health',
  run: show,
});
