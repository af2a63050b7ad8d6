// Verifiers that share through a Redis, beside the same ones that do not: how often Elasticsearch is asked, what somebody
// costs whom another has looked up, how soon all have heard of a revocation, and what a hit pays for all that.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pick } from '../measure/bench.mjs';
import { timed, turns } from '../measure/rounds.mjs';
import { cell, median, quantile } from '../measure/statistics.mjs';
import { must } from '../measure/work.mjs';
import { createSource, credentials, forEach } from '../parts/credentials.mjs';
import { instantElasticsearch, unknownCredential } from '../parts/elasticsearch.mjs';
import { forkElasticsearch } from '../parts/processes.mjs';
import { member, startRedis } from '../parts/redis.mjs';

const kind = 'ours';

async function run(bench) {
  const redis = await startRedis();
  try {
    return [
      await lookups({ ...bench, part: 'lookups, ' }, redis),
      await somebodyNew({ ...bench, part: 'somebody new, ' }, redis),
      await revocation({ ...bench, part: 'revocation, ' }, redis),
      await hit({ ...bench, part: 'hit, ' }, redis),
    ];
  } finally {
    redis.close();
  }
}

/** Requests with credentials that are as popular as words are, to processes in turn. */
async function lookups(bench, redis) {
  const size = pick(bench, {
    full: { processes: 50, callers: 10_000, requests: 1_500_000 },
    quick: { processes: 50, callers: 1_000, requests: 50_000 },
    check: { processes: 3, callers: 16, requests: 200 },
  });
  const known = credentials('opaque', size.callers);
  const elasticsearch = await forkElasticsearch({});
  const play = (engine) => async () => {
    const members = await several(size.processes, elasticsearch.http, engine);
    const before = (await elasticsearch.counts()).served;
    const next = zipf(size.callers);
    let left = size.requests;
    const caller = async () => {
      while (left > 0) {
        left -= 1;
        const header = bench.spoil ? unknownCredential(left) : known[next()];
        const { verifier } = members[left % members.length];
        const verdict = verifier.peek(header) ?? (await verifier.verify(header));
        must(verdict.kind === 'authenticated', () => `a caller was ${verdict.code}`);
      }
    };
    await Promise.all(Array.from({ length: 64 }, caller));
    await Promise.all(members.map(({ close }) => close()));
    return (await elasticsearch.counts()).served - before;
  };
  const taken = await turns(bench, { 'each for itself': play(undefined), shared: play(redis) }, 1);
  elasticsearch.close();
  return {
    id: 'lookups',
    title: `Questions to Elasticsearch: ${size.requests} requests of ${size.callers} callers (Zipf) to ${size.processes} processes`,
    reference: 'each for itself',
    columns: { lookups: '' },
    rows: rowsOf(taken, 'each for itself', { lookups: (count) => count }),
    notes: [],
  };
}

/** Ways to Elasticsearch that take longer, in milliseconds. */
const distances = [1, 2, 5];

/** Somebody whom this process does not know: by asking, or from another. Alone, one after the other. */
async function somebodyNew(bench, redis) {
  const [each, rounds] = pick(bench, { full: [200, 21], quick: [50, 5], check: [5, 1] });
  const file = fileURLToPath(new URL('../parts/callers-process.mjs', import.meta.url));
  const count = (3 + distances.length) * each * rounds;
  const child = fork(file, [count, ...distances].map(String), { execArgv: [] });
  const [{ url, tokens, farther }] = await once(child, 'message');
  const alone = await member(url, undefined);
  const away = await Promise.all(farther.map((way) => member(way, undefined)));
  const [one, other] = [await member(url, redis), await member(url, redis)];
  const bare = await createReader(redis);
  const take = () =>
    bench.spoil ? tokens.splice(0, each).map((_, at) => unknownCredential(at)) : tokens.splice(0, each);
  const clocked = async ({ verifier }, headers) => {
    const start = performance.now();
    for (const header of headers) {
      const { kind: said } = await verifier.verify(header);
      must(said === 'authenticated', () => `a caller was ${said}`);
    }
    return ((performance.now() - start) * 1e3) / headers.length;
  };
  const asked = 'asked, nothing is shared';
  const variants = {
    [asked]: () => clocked(alone, take()),
    'asked, and shared': () => clocked(one, take()),
    'from another': async () => {
      const headers = take();
      await clocked(one, headers);
      const { hits } = other.verifier.stats().sharing;
      const took = await clocked(other, headers);
      const found = other.verifier.stats().sharing.hits - hits;
      must(found === headers.length, () => `${found} of ${headers.length} were found`);
      return took;
    },
    'MGET and TIME, nothing else': () => bare.read(each, bench.spoil),
  };
  for (const [at, ms] of distances.entries()) {
    variants[`asked, ${ms} ms farther away`] = () => clocked(away[at], take());
  }
  const taken = await turns(bench, variants, rounds);
  for (const { close } of [alone, ...away, one, other, bare]) await close();
  child.disconnect();
  const of = (name) => median(taken[name] ?? []);
  const shared = of('from another');
  const parts = distances.map(
    (ms) => `${(shared / of(`asked, ${ms} ms farther away`)).toFixed(3)} at ${ms} ms`,
  );
  return {
    id: 'somebody-new',
    title: 'Somebody new to a process; the emulator on the same machine, and farther away',
    reference: asked,
    columns: { time: '\u00b5s' },
    rows: rowsOf(taken, asked, { time: (value) => value }),
    notes: [
      `From another, beside asking: ${(shared / of(asked)).toFixed(2)} on this machine, ${parts.join(', ')}. It saves ` +
        `time as soon as Elasticsearch takes more than ${Math.round(shared)} µs to answer.`,
    ],
  };
}

/** What a client of Redis takes for one look, with nothing around it. */
async function createReader(redis) {
  const client = await redis.connect();
  await client.set('bare value', 'x'.repeat(900));
  return {
    async read(times, isSpoilt) {
      const keys = [isSpoilt ? 'bare nothing' : 'bare value', 'bare lease'];
      const start = performance.now();
      for (let time = 0; time < times; time += 1) {
        const [[value]] = await Promise.all([client.mGet(keys), client.time()]);
        must(value?.length === 900, () => 'nothing was read');
      }
      return ((performance.now() - start) * 1e3) / times;
    },
    close: () => client.destroy(),
  };
}

/** From `revoke` until another process has forgotten, for each of them; beside a stream with nothing around it. */
async function revocation(bench, redis) {
  const [processes, each, rounds] = pick(bench, { full: [50, 20, 21], quick: [50, 5, 5], check: [3, 2, 1] });
  const dispatcher = instantElasticsearch(0);
  const members = await several(processes, 'http://127.0.0.1:9', redis, { dispatcher });
  const [one, ...others] = members;
  const patienceMs = bench.spoil ? 300 : 20_000;
  const bare = await createBare(redis, processes - 1, patienceMs);
  const variants = {
    'XADD, XREAD': async () => {
      const delays = [];
      for (let time = 0; time < each; time += 1) delays.push(...(await bare.send(bench.spoil)));
      return delays;
    },
    revoke: async () => {
      const delays = [];
      for (const header of credentials('opaque', each)) {
        for (const { verifier } of members) await verifier.verify(header);
        delays.push(
          ...(await heardBy(one, others, bench.spoil ? 'Bearer somebody-else' : header, header, patienceMs)),
        );
      }
      return delays;
    },
  };
  const taken = await turns(bench, variants, rounds);
  await Promise.all([...members.map(({ close }) => close()), bare.close()]);
  return {
    id: 'revocation',
    title: `A revocation heard by ${processes - 1} other processes`,
    reference: 'XADD, XREAD',
    columns: { median: 'ms', p99: 'ms' },
    rows: rowsOf(taken, 'XADD, XREAD', {
      median: (delays) => median(delays),
      p99: (delays) => quantile(delays, 0.99),
    }),
    notes: ['All of them are in one process here, so the last waits for the code of all before it.'],
  };
}

async function heardBy({ verifier }, others, revoked, header, patienceMs) {
  const start = performance.now();
  const delays = [];
  let waiting = others;
  void verifier.revoke({ credential: revoked });
  while (waiting.length > 0) {
    await new Promise(setImmediate);
    const now = performance.now();
    must(now - start < patienceMs, () => `${waiting.length} have not heard of it`);
    const still = waiting.filter((each) => each.verifier.peek(header) !== undefined);
    delays.push(...Array(waiting.length - still.length).fill(now - start));
    waiting = still;
  }
  return delays;
}

async function createBare(redis, readers, patienceMs) {
  const writer = await redis.connect();
  const clients = await Promise.all(Array.from({ length: readers }, () => redis.connect()));
  let heard = () => {};
  let isClosed = false;
  const first = await writer.xAdd('bare', '*', { m: 'first' });
  const reading = clients.map(async (client) => {
    let last = first;
    while (!isClosed) {
      const news = await client.xRead({ key: 'bare', id: last }, { BLOCK: 100 });
      for (const { id } of news?.[0]?.messages ?? []) {
        last = id;
        heard();
      }
    }
  });
  return {
    async send(isSilent) {
      const delays = [];
      const start = performance.now();
      const all = new Promise((done) => {
        heard = () => {
          delays.push(performance.now() - start);
          if (delays.length === readers) done();
        };
      });
      if (!isSilent) await writer.xAdd('bare', '*', { m: 'x'.repeat(200) });
      const late = new Promise((done) => setTimeout(done, patienceMs).unref());
      await Promise.race([all, late]);
      must(delays.length === readers, () => `${readers - delays.length} have not heard of it`);
      return delays;
    },
    async close() {
      isClosed = true;
      await Promise.all(reading);
      for (const client of [writer, ...clients]) client.destroy();
    },
  };
}

/** Somebody who is remembered. */
async function hit(bench, redis) {
  const known = credentials('opaque', 256);
  const options = { dispatcher: instantElasticsearch(0) };
  const source = createSource(bench.spoil ? credentials('opaque', 256) : known);
  const members = {
    'without sharing': await member('http://127.0.0.1:9', undefined, options),
    'with sharing': await member('http://127.0.0.1:9', redis, options),
  };
  const variants = {};
  for (const [name, { verifier }] of Object.entries(members)) {
    for (const header of known) await verifier.verify(header);
    const run = forEach(source, (header) =>
      must(verifier.peek(header)?.kind === 'authenticated', () => 'a caller is not remembered'),
    );
    variants[name] = { run };
  }
  const taken = await timed(bench, variants);
  for (const { close } of Object.values(members)) await close();
  return {
    id: 'hit',
    title: 'A hit',
    reference: 'without sharing',
    columns: { time: 'ns', processor: 'ns' },
    rows: rowsOf(taken, 'without sharing', {
      time: ({ time }) => time,
      processor: ({ processor }) => processor,
    }),
    notes: [],
  };
}

function rowsOf(taken, reference, columns) {
  return Object.entries(taken).map(([name, values]) => ({
    name,
    kind,
    cells: Object.fromEntries(
      Object.entries(columns).map(([column, of]) => [
        column,
        cell(values.map(of), (taken[reference] ?? []).map(of)),
      ]),
    ),
  }));
}

const several = (count, nodes, redis, more) =>
  Promise.all(Array.from({ length: count }, () => member(nodes, redis, more)));

/** Numbers below `count`, the first twice as often as the second and three times as often as the third; the same ones each time. */
function zipf(count) {
  const sums = [];
  let sum = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    sum += 1 / rank;
    sums.push(sum);
  }
  let state = 1;
  return () => {
    // A generator of Lehmer's, with the constants of Park and Miller.
    state = (state * 48_271) % 2_147_483_647;
    const wanted = (state / 2_147_483_647) * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

export default {
  title: 'One memory for many processes',
  about: 'Verifiers that share through a Redis on the same machine, beside verifiers that do not.',
  chart: { table: 'somebody-new', column: 'time' },
  run,
};
