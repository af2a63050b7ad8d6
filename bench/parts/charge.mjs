// What remembering takes: what one verifier holds on the heap beside what `cache.maxBytes` was charged for it, and
// for how long the event loop stood still for a caller (median). A process plays one scene, whose name it is given,
// and prints what it found as JSON: for the scenario `charge`, and for `test/core/verifier/memory.test.ts`.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createVerifier } from '@esauth/core';

const mebibyte = 1_048_576;

/** Fills so many bytes with members that `unit` makes of their number. */
function filled(bytes, open, unit, close) {
  const units = [];
  let length = open.length + close.length;
  for (let n = 0; ; n += 1) {
    const next = unit(n);
    length += next.length + 1;
    if (length > bytes) return `${open}${units.join(',')}${close}`;
    units.push(next);
  }
}

/** Metadata of a length, each as unkind as its kind can be. @param salt so that no two callers have the same. */
const kinds = {
  'a text': (bytes, salt) => JSON.stringify(`${salt}`.padEnd(bytes, 'x')),
  'one object': (bytes, salt) => filled(bytes, '{', (n) => `"${salt}.${n.toString(36)}":1`, '}'),
  'objects that differ': (bytes, salt) => filled(bytes, '[', (n) => `{"${salt}.${n.toString(36)}":1}`, ']'),
  'objects that are alike': (bytes) => filled(bytes, '[', () => '{"a":1}', ']'),
  'empty objects': (bytes) => filled(bytes, '[', () => '{}', ']'),
  'lists of an object': (bytes) => filled(bytes, '[', () => '[{}]', ']'),
  'lists of a number': (bytes) => filled(bytes, '[', () => '[0.5]', ']'),
  numbers: (bytes) => filled(bytes, '[', () => '0.5', ']'),
  // As deep as is read: about a thousand.
  'lists in lists': (bytes) => filled(bytes, '[', () => '['.repeat(900) + ']'.repeat(900), ']'),
};

export const scenes = {
  'ordinary callers': { callers: 10_000, kind: 'a text', bytes: 8 },
  'with one fact each': { callers: 10_000, kind: 'a text', bytes: 8, facts: 1, nameLength: 20 },
  'with 64 long facts each': { callers: 10_000, kind: 'a text', bytes: 8, facts: 64, nameLength: 220 },
  ...each('4 kB', { callers: 10_000, bytes: 4_096 }, ['one object', 'objects that differ']),
  ...each('64 kB', { callers: 60, bytes: 65_000 }),
  ...each('256 kB', { callers: 30, bytes: 261_000, upstream: { maxBodyBytes: 262_144 } }),
  ...each('1 MiB', { callers: 15, bytes: mebibyte - 1_000, upstream: { maxBodyBytes: mebibyte } }),
  '1 MiB, by default': { callers: 15, bytes: mebibyte - 1_000, kind: 'lists in lists' },
};

function each(length, scene, names = Object.keys(kinds)) {
  return Object.fromEntries(names.map((kind) => [`${length}: ${kind}`, { ...scene, kind }]));
}

if (!isMainThread) await serve(workerData);
else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(JSON.stringify(await play(scenes[process.argv[2]])));
}

async function play(scene) {
  const worker = new Worker(new URL(import.meta.url), { workerData: scene });
  const [port] = await once(worker, 'message');
  const verifier = createVerifier({
    nodes: `http://127.0.0.1:${port}`,
    cache: { ttlMs: 3_600_000, refreshAfterMs: 0 },
    upstream: { timeoutMs: 60_000, hedgeAfterMs: 0, maxConcurrent: 8, ...scene.upstream },
  });
  await Promise.all(Array.from({ length: 8 }, (_, n) => call(verifier, scene, `warm${n}`)));
  void verifier.revoke('all');
  await Promise.all(Array.from({ length: 8 }, (_, n) => call(verifier, scene, `warm${n}`)));
  const before = await used();
  const stalls = [];
  let next = 0;
  const work = async () => {
    while (next < scene.callers) {
      next += 1;
      stalls.push(await longestTurn(() => call(verifier, scene, `caller${next}`)));
    }
  };
  // One after the other where it is about how long one takes.
  await Promise.all(Array.from({ length: scene.callers > 100 ? 8 : 1 }, work));
  const stallMs = stalls.sort((a, b) => a - b)[Math.floor(stalls.length / 2)];
  const { entries, bytes } = verifier.stats();
  const heap = (await used()) - before;
  await verifier.close();
  await worker.terminate();
  return { entries, bytes, heap, stallMs };
}

/** @returns for how long, in milliseconds, the event loop did nothing else while something was done. */
async function longestTurn(action) {
  let longest = 0;
  let last = performance.now();
  const beat = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(beat, 1);
  await action();
  clearInterval(timer);
  beat();
  return longest;
}

async function call(verifier, { facts = 0, nameLength = 0 }, name) {
  const credential = `Bearer ${name}`;
  if (facts === 0) return verifier.verify(credential);
  const names = Array.from({ length: facts }, (_, n) => `${name}.${n}`.padEnd(nameLength, 'x'));
  return verifier.hasPrivileges(credential, { index: [{ names, privileges: ['read'] }] });
}

/** What is on the heap once all garbage is collected, which takes some rounds for what is known of objects' shapes. */
async function used() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  for (let round = 0; round < 8; round += 1) {
    await new Promise(setImmediate);
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Elasticsearch, as far as it matters here; in a thread of its own, whose heap is its own. */
async function serve({ kind, bytes }) {
  const server = createServer(async (request, response) => {
    const name = request.headers.authorization.slice('Bearer '.length);
    let question = '';
    for await (const chunk of request) question += chunk;
    const body =
      request.method === 'GET'
        ? `{"username":"${name}","roles":["writer"],"full_name":null,"email":null,` +
          `"metadata":{"is":${name.startsWith('warm') ? '0' : kinds[kind](bytes, name)}},"enabled":true,` +
          '"authentication_realm":{"name":"default_native","type":"native"},' +
          '"lookup_realm":{"name":"default_native","type":"native"},"authentication_type":"token"}'
        : JSON.stringify({ username: name, index: granted(JSON.parse(question)) });
    response.writeHead(200, {
      'x-elastic-product': 'Elasticsearch',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
}

function granted({ index }) {
  return Object.fromEntries(index.map(({ names: [name] }) => [name, { read: true }]));
}
