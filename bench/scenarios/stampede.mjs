// Many callers in one turn: ten thousand with one unknown credential, and ten and fifty thousand with as many. What
// counts is how often Elasticsearch is asked, how many at once, what it costs this process, and how long its event
// loop is away.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createVerifier } from '@esauth/core';
import { Pool } from 'undici';
import { pick } from '../measure/bench.mjs';
import { turns } from '../measure/rounds.mjs';
import { cell } from '../measure/statistics.mjs';
import { must } from '../measure/work.mjs';
import { credentials } from '../parts/credentials.mjs';
import { unknownCredential } from '../parts/elasticsearch.mjs';
import { forkElasticsearch } from '../parts/processes.mjs';

const path = '/_security/_authenticate';
const reference = 'Pool.dispatch';
const connections = 32;
const columns = {
  processor: 'ms',
  'loop p99': 'ms',
  'loop max': 'ms',
  time: 'ms',
  heap: 'MB',
  calls: '',
  'at once': '',
};
/** The defaults that a verifier is to keep. */
const queue = 1_000;

/** Asks undici's pool, which has a queue of its own without an end. */
function overPool(send) {
  return async (origin, headers) => {
    const pool = new Pool(origin, { connections, headersTimeout: 120_000, bodyTimeout: 120_000 });
    const statuses = await Promise.all(headers.map((authorization) => send(pool, authorization)));
    await pool.destroy();
    must(
      statuses.every((status) => status === 200),
      () => 'somebody was refused',
    );
    return { asked: headers.length };
  };
}

const dispatch = overPool(
  (pool, authorization) =>
    new Promise((resolve, reject) => {
      let status = 0;
      pool.dispatch(
        { path, method: 'GET', headers: { authorization, accept: 'application/json' } },
        {
          onRequestStart() {},
          onResponseStart(_controller, statusCode) {
            status = statusCode;
          },
          onResponseData() {},
          onResponseEnd: () => resolve(status),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    }),
);

const request = overPool(async (pool, authorization) => {
  const { statusCode, body } = await pool.request({ path, method: 'GET', headers: { authorization } });
  await body.text();
  return statusCode;
});

/** @param {object} upstream @param {(tally: Record<string, number>, headers: readonly string[]) => number} askedOf */
function overVerifier(upstream, askedOf) {
  return async (origin, headers) => {
    const verifier = createVerifier({
      nodes: origin,
      upstream: { timeoutMs: 120_000, hedgeAfterMs: 0, ...upstream },
    });
    const verdicts = await Promise.all(headers.map((header) => verifier.verify(header)));
    await verifier.close();
    const tally = {};
    for (const verdict of verdicts) {
      const key = verdict.kind === 'authenticated' ? 'let in' : verdict.code;
      tally[key] = (tally[key] ?? 0) + 1;
    }
    return { asked: askedOf(tally, headers) };
  };
}

const all = overVerifier({ maxQueue: 50_000 }, (tally, { length }) => {
  must(tally['let in'] === length, () => `of ${length} came ${JSON.stringify(tally)}`);
  return length;
});

/** With the queue of the defaults: who finds no place there is told so at once, and nobody else. */
const bounded = overVerifier({}, (tally, { length }) => {
  const { 'let in': letIn = 0, queue_full: shed = 0 } = tally;
  must(
    letIn + shed === length && letIn >= Math.min(length, queue),
    () => `there came ${JSON.stringify(tally)}`,
  );
  return letIn;
});

const shared = overVerifier({}, (tally, { length }) => {
  must(tally['let in'] === length, () => `of ${length} came ${JSON.stringify(tally)}`);
  return 1;
});

const scenes = {
  same: {
    title: (callers) => `${callers} callers with one credential`,
    callers: { full: 10_000, quick: 5_000, check: 200 },
    headers: (callers) => Array(callers).fill(credentials('opaque', 1)[0]),
    variants: {
      [reference]: ['bare', dispatch],
      'Pool.request': ['bare', request],
      verify: ['ours', shared],
    },
  },
  distinct: {
    title: (callers) => `${callers} callers with as many credentials`,
    callers: { full: 10_000, quick: 5_000, check: 1_200 },
    headers: (callers) => credentials('opaque', callers),
    variants: {
      [reference]: ['bare', dispatch],
      'verify, a queue for all': ['ours', all],
      'verify, by default': ['ours', bounded],
    },
  },
  many: {
    title: (callers) => `${callers} callers with as many credentials, in one turn`,
    callers: { full: 50_000, quick: 10_000, check: 1_200 },
    headers: (callers) => credentials('opaque', callers),
    variants: {
      [reference]: ['bare', dispatch],
      'verify, a queue for all': ['ours', all],
      'verify, by default': ['ours', bounded],
    },
  },
};

async function run(bench) {
  const elasticsearch = await forkElasticsearch({ delayMs: pick(bench, { full: 5, quick: 5, check: 1 }) });
  const tables = [];
  for (const [id, scene] of Object.entries(scenes)) {
    bench.part = `${id}, `;
    const callers = pick(bench, scene.callers);
    const turnsOf = Object.fromEntries(
      Object.entries(scene.variants).map(([name, [kind, ask]]) => {
        const headers = () => (bench.spoil ? spoiled(name, kind, callers) : scene.headers(callers));
        return [name, () => measure(bench, elasticsearch, ask, headers())];
      }),
    );
    const rounds = pick(bench, { full: id === 'many' ? 2 : 3, quick: 1, check: 1 });
    const taken = await turns(bench, turnsOf, rounds);
    tables.push(tableOf(id, scene, callers, taken));
    bench.say(`${id}: measured`);
  }
  elasticsearch.close();
  return tables;
}

/** Nobody has these; and where one lookup is for all, they are different ones. */
function spoiled(name, kind, callers) {
  if (name === 'verify') return credentials('opaque', callers);
  if (kind === 'bare') return Array.from({ length: callers }, (_, number) => unknownCredential(number));
  return Array.from({ length: callers }, (_, number) => unknownCredential(number % 7));
}

async function measure(bench, elasticsearch, ask, headers) {
  if (bench.effort !== 'check') global.gc();
  const before = await elasticsearch.counts('clear');
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const heapBefore = process.memoryUsage().heapUsed;
  let heap = heapBefore;
  const timer = setInterval(() => {
    heap = Math.max(heap, process.memoryUsage().heapUsed);
  }, 5);
  // The loop is measured from a turn to the next, of which there has to be a first one.
  delay.enable();
  await new Promise((resolve) => setTimeout(resolve, 5));
  const usage = process.cpuUsage();
  const start = performance.now();
  const { asked } = await ask(elasticsearch.http, headers).finally(() => clearInterval(timer));
  const time = performance.now() - start;
  const { user, system } = process.cpuUsage(usage);
  await new Promise((resolve) => setTimeout(resolve, 5));
  delay.disable();
  const after = await elasticsearch.counts();
  const calls = after.served - before.served;
  must(calls === asked, () => `${asked} questions were ${calls}`);
  must(after.mostAtOnce <= connections, () => `${after.mostAtOnce} questions at once`);
  return {
    ...{
      processor: (user + system) / 1e3,
      time,
      heap: (heap - heapBefore) / 1e6,
      calls,
      'at once': after.mostAtOnce,
    },
    ...{ 'loop p99': delay.percentile(99) / 1e6, 'loop max': delay.max / 1e6 },
  };
}

function tableOf(id, scene, callers, taken) {
  const of = (name, column) => taken[name].map((sample) => sample[column]);
  const rows = Object.entries(scene.variants).map(([name, [kind]]) => ({
    name,
    kind,
    cells: Object.fromEntries(
      Object.keys(columns).map((column) => [column, cell(of(name, column), of(reference, column))]),
    ),
  }));
  return {
    id,
    title: scene.title(callers.toLocaleString('en').replaceAll(',', ' ')),
    reference,
    columns,
    rows,
    notes: [],
  };
}

export default {
  title: 'A stampede',
  about: `Callers that come all at once, before a server that takes 5 ms for an answer; ${connections} connections.`,
  chart: { table: 'same', column: 'processor' },
  run,
};
