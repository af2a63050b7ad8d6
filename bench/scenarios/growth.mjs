// Whether a hit gets dearer the more is remembered, from a thousand entries to a million, and what it costs to remember
// one more when all places are taken; beside lru-cache with a digest as its key. All sizes live in one process.

import { hash, randomBytes } from 'node:crypto';
import { createVerifier } from '@esauth/core';
import { LRUCache } from 'lru-cache';
import { pick } from '../measure/bench.mjs';
import { turns } from '../measure/rounds.mjs';
import { cell, quantile } from '../measure/statistics.mjs';
import { must } from '../measure/work.mjs';
import { instantElasticsearch } from '../parts/elasticsearch.mjs';
import { lasting } from '../parts/verifiers.mjs';

const length = 'Bearer '.length + 48;
const columns = { mean: 'ns', p50: 'ns', p99: 'ns', 'p99.9': 'ns' };
const spaced = (number) => number.toLocaleString('en').replaceAll(',', ' ');

/** Headers of one length in one buffer: a million strings would be what is measured. */
function headersOf(count) {
  const bytes = Buffer.alloc(count * length);
  for (let number = 0; number < count; number += 1) {
    bytes.write(`Bearer ${randomBytes(36).toString('base64')}`, number * length, 'latin1');
  }
  return (number) => bytes.latin1Slice(number * length, number * length + length);
}

const makers = {
  'lru-cache and SHA-256': {
    kind: 'bare',
    async make(entries, header) {
      const key = randomBytes(32).toString('hex');
      const name = (text) => hash('sha256', key + text, 'binary');
      const cache = new LRUCache({ max: entries });
      const users = Array.from({ length: 1_000 }, (_, number) => ({ number }));
      for (let number = 0; number < entries; number += 1)
        cache.set(name(header(number)), users[number % 1_000]);
      return {
        find: (text) => cache.get(name(text)) !== undefined,
        add: async (text) => void cache.set(name(text), users[0]),
        evicted: undefined,
      };
    },
  },
  verifier: {
    kind: 'ours',
    async make(entries, header) {
      const verifier = createVerifier({
        nodes: 'http://127.0.0.1:9',
        dispatcher: instantElasticsearch(1_000),
        cache: { ...lasting, maxEntries: entries, maxBytes: 8 * 2 ** 30 },
        upstream: { maxConcurrent: 64, maxQueue: 10_000, timeoutMs: 600_000, hedgeAfterMs: 0 },
      });
      for (let from = 0; from < entries; from += 250) {
        await Promise.all(Array.from({ length: 250 }, (_, at) => verifier.verify(header(from + at))));
      }
      return {
        find: (text) => verifier.peek(text)?.kind === 'authenticated',
        add: (text) => verifier.verify(text),
        evicted: () => verifier.stats().evictions,
      };
    },
  },
};

async function run(bench) {
  const sizes = pick(bench, {
    full: [1_000, 10_000, 100_000, 1_000_000],
    quick: [1_000, 100_000],
    check: [1_000, 2_000],
  });
  const most = sizes[sizes.length - 1];
  const added = pick(bench, { full: 5_000, quick: 1_000, check: 250 });
  const rounds = pick(bench, { full: 7, quick: 3, check: 1 });
  const header = headersOf(most + added * (rounds + 1));
  const stores = {};
  for (const [maker, { make }] of Object.entries(makers)) {
    for (const entries of sizes) {
      const store = await make(entries, header);
      stores[`${maker}, ${spaced(entries)}`] = { ...store, entries, maker };
      bench.say(`${maker}, ${spaced(entries)}: filled`);
    }
  }
  bench.part = 'hits, ';
  const hits = pick(bench, { full: 100_000, quick: 20_000, check: 500 });
  const hit = ([name, store]) => [name, () => hitAll(store, header, hits, bench.spoil ? most : 0)];
  const taken = await turns(bench, Object.fromEntries(Object.entries(stores).map(hit)), rounds);
  bench.part = 'one more, ';
  const more = ([name, store]) => [name, () => addSome(store, header, added, most, bench.spoil)];
  const ours = Object.entries(stores).filter(([, { maker }]) => maker === 'verifier');
  const grown = await turns(
    bench,
    Object.fromEntries(ours.map(more)),
    pick(bench, { full: 5, quick: 2, check: 1 }),
  );
  return [...Object.keys(makers).map((maker) => tableOf(maker, sizes, taken)), moreTable(sizes, grown)];
}

/** So many hits in random order, first as fast as they come, then each by itself. */
function hitAll({ entries, find }, header, hits, shift) {
  const order = Uint32Array.from(
    { length: hits },
    () => shift + Math.floor(Math.random() * (shift > 0 ? 1 : entries)),
  );
  let missing = 0;
  const start = performance.now();
  for (const number of order) if (!find(header(number))) missing += 1;
  const mean = ((performance.now() - start) * 1e6) / hits;
  // A store may have lost one in a thousand to another that wants the same place.
  must(missing <= hits / 1_000, () => `${missing} of ${hits} are missing`);
  const each = new Float64Array(hits);
  for (let at = 0; at < hits; at += 1) {
    const text = header(order[at]);
    const before = performance.now();
    find(text);
    each[at] = (performance.now() - before) * 1e6;
  }
  return { mean, p50: quantile(each, 0.5), p99: quantile(each, 0.99), 'p99.9': quantile(each, 0.999) };
}

/** Looks up so many that are not known, each of which takes another's place. */
async function addSome(store, header, count, from, spoil) {
  store.next ??= from;
  const before = store.evicted();
  const usage = process.cpuUsage();
  for (let done = 0; done < count; done += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, at) => store.add(header(spoil ? 0 : store.next + at))));
    store.next += 50;
  }
  const { user, system } = process.cpuUsage(usage);
  const evicted = store.evicted() - before;
  must(evicted >= count * 0.99, () => `${evicted} of ${count} took another's place`);
  return ((user + system) * 1e3) / count;
}

function tableOf(maker, sizes, taken) {
  const name = (entries) => `${maker}, ${spaced(entries)}`;
  const [first] = sizes;
  const of = (entries, column) => taken[name(entries)].map((sample) => sample[column]);
  const rows = sizes.map((entries) => ({
    name: spaced(entries),
    kind: makers[maker].kind,
    cells: Object.fromEntries(
      Object.keys(columns).map((column) => [column, cell(of(entries, column), of(first, column))]),
    ),
  }));
  const id = makers[maker].kind === 'ours' ? 'verifier' : 'lru-cache';
  const title = `A hit among so many entries: ${maker}`;
  return { id, title, reference: spaced(first), columns, rows, notes: [] };
}

function moreTable(sizes, grown) {
  const of = (entries) => grown[`verifier, ${spaced(entries)}`];
  const rows = sizes.map((entries) => ({
    name: spaced(entries),
    kind: 'ours',
    cells: { processor: cell(of(entries), of(sizes[0])) },
  }));
  const title = 'One more among so many, who takes the place of another; answered in this process';
  return { id: 'more', title, reference: spaced(sizes[0]), columns: { processor: 'ns' }, rows, notes: [] };
}

export default {
  title: 'As more is remembered',
  about: 'Hits through `peek` in random order, with the making of the header.',
  chart: { table: 'verifier', column: 'p50' },
  run,
};
