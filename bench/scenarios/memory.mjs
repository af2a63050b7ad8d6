// What is remembered weighs, and what it makes the collector do: bytes for each entry, and how long a full collection
// takes beside one of the same process when nothing was remembered yet. Each figure is from a process of its own.

import { fork } from 'node:child_process';
import { hash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createVerifier } from '@esauth/core';
import { LRUCache } from 'lru-cache';
import { pick } from '../measure/bench.mjs';
import { turns } from '../measure/rounds.mjs';
import { cell, median } from '../measure/statistics.mjs';
import { must } from '../measure/work.mjs';
import { instantElasticsearch } from '../parts/elasticsearch.mjs';
import { messageOf } from '../parts/processes.mjs';
import { lasting } from '../parts/verifiers.mjs';

const self = fileURLToPath(import.meta.url);
const reference = 'lru-cache of digests';
const identities = 1_000;

const variants = {
  [reference]: 'bare',
  'Map of digests': 'bare',
  'a verifier, 1 000 identities': 'ours',
  'a verifier, all different': 'ours',
};

/** The digest stands for the caller: no two have the same, and nobody has to be drawn at random. */
const digestOf = (number) => hash('sha256', `caller ${number}`, 'latin1');
const headerOf = (number) => `Bearer ${hash('sha512', `caller ${number}`, 'base64').slice(0, 48)}`;

/** By variant: what fills something, and how many it then holds. Spoiled, there is room for half of them only. */
const fillers = {
  [reference](entries, spoil) {
    const shared = Array.from({ length: identities }, (_, number) => ({ number }));
    const cache = new LRUCache({ max: spoil ? entries / 2 : entries });
    return {
      held: cache,
      async fill() {
        for (let number = 0; number < entries; number += 1)
          cache.set(digestOf(number), shared[number % identities]);
      },
      count: () => cache.size,
    };
  },
  'Map of digests'(entries, spoil) {
    const map = new Map();
    return {
      held: map,
      async fill() {
        for (let number = 0; number < entries; number += 1)
          map.set(digestOf(spoil ? number >> 1 : number), 1);
      },
      count: () => map.size,
    };
  },
  'a verifier, 1 000 identities': (entries, spoil) => ofVerifier(identities, entries, spoil),
  'a verifier, all different': (entries, spoil) => ofVerifier(0, entries, spoil),
};

function ofVerifier(users, entries, spoil) {
  const verifier = createVerifier({
    nodes: 'http://127.0.0.1:9',
    dispatcher: instantElasticsearch(users),
    // Bytes are bounded too, below what a million takes.
    cache: { ...lasting, maxEntries: spoil ? entries / 2 : entries, maxBytes: 8 * 2 ** 30 },
    upstream: { maxConcurrent: 64, maxQueue: 10_000, timeoutMs: 600_000, hedgeAfterMs: 0 },
  });
  return {
    held: verifier,
    async fill() {
      const atOnce = 256;
      for (let from = 0; from < entries; from += atOnce) {
        const count = Math.min(atOnce, entries - from);
        await Promise.all(Array.from({ length: count }, (_, at) => verifier.verify(headerOf(from + at))));
      }
    },
    count: () => verifier.stats().entries,
  };
}

if (process.argv[2] === 'fill') {
  process.send(await fillOne(JSON.parse(process.argv[3])), () => process.exit());
}

async function fillOne({ variant, entries, spoil, collections }) {
  // Code, shapes and the pool's first buffers are no entries.
  await fillers[variant](500, false).fill();
  const empty = collectionMs(collections);
  const before = heldBytes(collections);
  // What is set aside when it is made counts too: lists and links, 25 bytes of a million's each.
  const { held, fill, count } = fillers[variant](entries, spoil);
  await fill();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const bytes = (heldBytes(collections) - before) / entries;
  const collection = collectionMs(collections) / empty;
  // What is named here is still held there.
  return { count: count(), bytes, collection, isHeld: held !== undefined };
}

function heldBytes(collections) {
  for (let round = 0; round < collections; round += 1) global.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function collectionMs(collections) {
  const taken = Array.from({ length: collections }, () => {
    const start = performance.now();
    global.gc();
    return performance.now() - start;
  });
  return median(taken);
}

/** @returns {Promise<{ bytes: number, collection: number }>} */
async function weigh(bench, variant, entries) {
  const task = {
    variant,
    entries,
    spoil: bench.spoil,
    collections: pick(bench, { full: 7, quick: 3, check: 1 }),
  };
  // To see whether it does its work, this process will do.
  const isHere = bench.effort === 'check';
  const result = isHere ? await fillOne(task) : await messageOf(fork(self, ['fill', JSON.stringify(task)]));
  // A random place may be taken twice: a few in ten thousand may be missing.
  must(result.count >= entries * 0.999, () => `of ${entries} entries there are ${result.count}`);
  return result;
}

async function run(bench) {
  const sizes = pick(bench, { full: [10_000, 100_000, 1_000_000], quick: [10_000, 100_000], check: [2_000] });
  const tables = [];
  for (const entries of sizes) {
    const rounds = pick(bench, { full: entries > 100_000 ? 1 : 3, quick: 1, check: 1 });
    bench.part = `${entries}, `;
    const all = Object.keys(variants).map((name) => [name, () => weigh(bench, name, entries)]);
    const taken = await turns(bench, Object.fromEntries(all), rounds);
    const of = (name, column) => taken[name].map((sample) => sample[column]);
    const rows = Object.entries(variants).map(([name, kind]) => ({
      name,
      kind,
      cells: Object.fromEntries(
        ['bytes', 'collection'].map((column) => [column, cell(of(name, column), of(reference, column))]),
      ),
    }));
    const columns = { bytes: 'each', collection: '÷ empty' };
    const title = `${entries.toLocaleString('en').replaceAll(',', ' ')} entries`;
    tables.push({ id: String(entries), title, reference, columns, rows, notes: [] });
    bench.say(`${title}: weighed`);
  }
  return tables;
}

export default {
  title: 'What remembering takes',
  about: 'Bytes on the heap for each entry, and a full collection beside one before anything was remembered.',
  chart: { table: '1000000', column: 'bytes' },
  run,
};
