// Known callers at a pace of two hundred in a second, beside somebody who sends garbage as fast as he can: how long
// they wait, on our route and on one that has nothing before it. A server whose processor is full is slow for
// everybody; what counts is what a verifier adds to that, and that Elasticsearch is not flooded too.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { pick } from '../measure/bench.mjs';
import { turns } from '../measure/rounds.mjs';
import { cell, quantile } from '../measure/statistics.mjs';
import { must } from '../measure/work.mjs';
import { credentials } from '../parts/credentials.mjs';
import { forkElasticsearch, messageOf, pin } from '../parts/processes.mjs';

const reference = 'a flood on a bare route';
const atMost = 32;
/** Where the known callers go, and where the flood. */
const variants = {
  [reference]: { kind: 'bare', callers: '/bare', flood: '/bare' },
  'no flood': { kind: 'ours', callers: '/' },
  'a flood on our route': { kind: 'ours', callers: '/', flood: '/' },
  'a flood on a bare route beside ours': { kind: 'ours', callers: '/', flood: '/bare' },
};
const columns = { p50: 'ms', p99: 'ms', 'new p99': 'ms', 'flood/s': '1/s', 'at once': '' };

function begin(name, options) {
  const child = fork(
    fileURLToPath(new URL(`../parts/${name}.mjs`, import.meta.url)),
    [JSON.stringify(options)],
    {
      execArgv: ['--no-warnings'],
    },
  );
  return child;
}

async function run(bench) {
  const elasticsearch = await forkElasticsearch({ delayMs: 5, users: 200 });
  const server = begin('flood-server', { url: elasticsearch.http });
  const port = await messageOf(server);
  const flood = begin('flood', { port });
  await messageOf(flood);
  pin(server.pid, 0);
  for (const { pid } of [process, flood]) pin(pid, 1);

  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 32 });
  const callers = credentials('opaque', 200);
  for (const caller of callers) await ask(pool, '/', caller);
  const presented = bench.spoil ? callers.map((_, at) => `Bearer refused${at}`) : callers;
  const seconds = pick(bench, { full: 2, quick: 0.8, check: 0.2 });
  const turn = (variant) => () =>
    measure({ bench, elasticsearch, flood, pool, callers: presented, seconds }, variant);
  const all = Object.fromEntries(Object.entries(variants).map(([name, variant]) => [name, turn(variant)]));
  const taken = await turns(bench, all, pick(bench, { full: 5, quick: 1, check: 1 }));
  for (const child of [flood, server]) child.kill();
  pin(process.pid);
  elasticsearch.close();
  const of = (name, column) => taken[name].map((sample) => sample[column]);
  const rows = Object.entries(variants).map(([name, { kind }]) => ({
    name,
    kind,
    cells: Object.fromEntries(
      Object.keys(columns).map((column) => [column, cell(of(name, column), of(reference, column))]),
    ),
  }));
  const notes = ['"new" are callers of the same pace whom nobody knows yet: each is asked about, in 5 ms.'];
  return [{ id: 'flood', title: 'How long known callers wait', reference, columns, rows, notes }];
}

async function measure({ bench, elasticsearch, flood, pool, callers, seconds }, variant) {
  if (variant.flood !== undefined) flood.send({ path: bench.spoil ? '/' : variant.flood });
  await elasticsearch.counts('clear');
  const started = performance.now();
  // Spoiled, the known callers are taken for the flood.
  const from = bench.spoil ? 'flood' : 'known';
  const { known, unknown, failure } = await pace(pool, variant.callers, callers, seconds, from);
  const took = (performance.now() - started) / 1_000;
  const counts = await stop(flood);
  if (failure !== undefined) throw failure;
  const { mostAtOnce } = await elasticsearch.counts();
  must(counts.letIn === 0, () => `of the flood ${counts.letIn} were let in`);
  must(
    counts.refused > 0 === (variant.flood !== undefined),
    () => `the flood was refused ${counts.refused} times`,
  );
  must(mostAtOnce <= atMost, () => `${mostAtOnce} questions at once`);
  return {
    ...{ p50: quantile(known, 0.5), p99: quantile(known, 0.99), 'new p99': quantile(unknown, 0.99) },
    ...{ 'flood/s': counts.refused / took, 'at once': mostAtOnce },
  };
}

function stop(flood) {
  const counts = messageOf(flood);
  flood.send({});
  return counts;
}

/** Two known callers every 10 ms, and now and then one who is not known yet. */
async function pace(pool, path, callers, seconds, from) {
  const known = [];
  const unknown = [];
  let failure;
  const heard = (asked) =>
    asked.catch((error) => {
      failure ??= error;
    });
  const end = performance.now() + seconds * 1_000;
  let number = 0;
  while (performance.now() < end && failure === undefined) {
    for (let each = 0; each < 2; each += 1) {
      known.push(heard(ask(pool, path, callers[number % callers.length], from)));
      number += 1;
    }
    if (number % 20 === 0) unknown.push(heard(ask(pool, path, credentials('opaque', 1)[0], from)));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const waited = { known: await Promise.all(known), unknown: await Promise.all(unknown) };
  return { ...waited, failure };
}

/** @returns for how long it took, in milliseconds */
async function ask(pool, path, authorization, from = 'known') {
  const start = performance.now();
  const { statusCode, body } = await pool.request({
    ...{ path, method: 'GET', headers: { authorization, 'x-source': from } },
  });
  await body.dump();
  must(statusCode === 200, () => `a known caller hears ${statusCode}`);
  return performance.now() - start;
}

export default {
  title: 'A flood of garbage',
  about: 'Known callers at their own pace, a flood over 64 connections, and a server on one processor.',
  chart: { table: 'flood', column: 'p99' },
  run,
};
