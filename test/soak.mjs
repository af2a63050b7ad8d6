// Ten minutes of mixed traffic against the emulator, with random faults and revocations: `npm run test:soak`.
// Known callers, newcomers, garbage, callers that hang up; 429, 5xx, resets, silence, half answers. What must
// hold: a revoked credential is never let in again, a good one is never refused, every caller is answered in
// time, memory does not grow, and `close()` leaves no socket and no timer. Prints its figures; fails by its
// exit code. `--seconds 20` is the short version.

import { parseArgs } from 'node:util';
import { createVerifier } from '@esauth/core';
import { startEmulator } from '@esauth/emulator';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, workers: { type: 'string', default: '64' } },
});
const seconds = Number(values.seconds);
const workers = Number(values.workers);
const collect = globalThis.gc;
if (collect === undefined) throw new Error('run it with node --expose-gc');

const timeoutMs = 500;
const emulator = await startEmulator({ seed: 'soak' });
const before = resources();
const verifier = createVerifier({
  nodes: emulator.url,
  cache: {
    ttlMs: 2_000,
    refreshAfterMs: 500,
    rejectedTtlMs: 500,
    staleIfErrorMs: 1_000,
    maxRejectedEntries: 500,
  },
  upstream: { timeoutMs, maxConcurrent: 16, maxQueue: 100, breaker: { failures: 5, openMs: 200 } },
});
process.on('warning', () => {});

const outcomes = {};
const problems = new Set();
const heap = [];
let calls = 0;
let hungUp = 0;
let revocations = 0;
let slowestMs = 0;
let running = true;

const keys = [];
/** Those that Elasticsearch and the verifier were told to forget. */
const revoked = [];
for (let n = 0; n < 60; n += 1) keys.push(await createKey());
const startedAt = performance.now();
await Promise.all([
  ...Array.from({ length: workers }, work),
  revokeNowAndThen(),
  misbehave(),
  tick(),
  watch(),
]);
const elapsed = (performance.now() - startedAt) / 1_000;

const { lookups, hits, shared, stale, shed, refreshes, evictions } = verifier.stats();
await verifier.close();
const atClose = verifier.stats();
let after = resources();
// Sockets are gone a turn or two of the event loop after they were destroyed, also those of our own `fetch`.
for (let turn = 0; turn < 100 && after[0] > before[0]; turn += 1) {
  await pause(1);
  after = resources();
}
await emulator.close();
const [slope, growth] = trend(heap);

print({
  seconds: elapsed.toFixed(0),
  calls,
  'calls per second': (calls / elapsed).toFixed(0),
  hungUp,
  revocations,
});
print({ hits, lookups, shared, refreshes, stale, shed, evictions, 'slowest ms': slowestMs.toFixed(0) });
print(outcomes);
print({
  'heap MB': (heap.at(-1) / 1e6).toFixed(1),
  'slope kB/s': slope.toFixed(1),
  'growth MB': growth.toFixed(2),
});
print({ 'before: sockets, timers': before.join(), 'after close': after.join() });

check(
  atClose.inFlight + atClose.waiting + atClose.queued + atClose.entries === 0,
  'something is left after close',
);
check(
  after.every((count, n) => count <= before[n]),
  'sockets or timers are left after close',
);
// A collection leaves the heap within about a megabyte of where it was.
check(growth < 4, `the heap grew by ${growth.toFixed(2)} MB`);
// The deadline, and what a busy machine adds to it.
check(slowestMs < timeoutMs + 1_500, `a caller waited for ${slowestMs.toFixed(0)} ms`);
for (const code of ['jane', 'credentials_invalid', 'server_error', 'overloaded', 'timeout', 'queue_full']) {
  check(outcomes[code] > 0, `nobody got ${code}: the soak did not soak`);
}
for (const problem of problems) process.stdout.write(`PROBLEM: ${problem}\n`);
process.stdout.write(problems.size === 0 ? 'soak: good\n' : 'soak: bad\n');
process.exitCode = problems.size === 0 ? 0 : 1;

/** One caller after the other. */
async function work(_, worker) {
  for (let n = 0; running; n += 1) {
    const dice = Math.random();
    if (dice < 0.02) await burst(worker);
    else if (dice < 0.2) await call(garbage(), worker, 'garbage');
    else if (dice < 0.25 && revoked.length > 0) await call(pick(revoked), worker, 'revoked');
    else await call(pick(keys), worker, 'good');
    if (n % 4 === 0) await pause(Math.random() * 10);
  }
}

/** Many at once from one source. */
function burst(worker) {
  return Promise.all(Array.from({ length: 50 }, () => call(garbage(), worker, 'garbage')));
}

async function call(key, worker, kind) {
  calls += 1;
  const { authorization } = key;
  const leaving = Math.random() < 0.05 ? AbortSignal.timeout(Math.ceil(Math.random() * 50)) : undefined;
  const maxAgeMs = Math.random() < 0.05 ? Math.random() * 100 : undefined;
  const revokedBefore = key.revoked === true;
  const begun = performance.now();
  try {
    const source = `2001:db8:0:${(worker % 8).toString(16)}::${worker.toString(16)}`;
    const verdict = await verifier.verify(authorization, { signal: leaving, maxAgeMs, source });
    const code = verdict.kind === 'authenticated' ? 'jane' : verdict.code;
    outcomes[code] = (outcomes[code] ?? 0) + 1;
    check(!(code === 'jane' && (revokedBefore || kind === 'garbage')), `a ${kind} credential was let in`);
    const refused = verdict.kind === 'rejected';
    check(
      !(refused && kind === 'good' && key.invalidated !== true),
      `a good credential was refused: ${code}`,
    );
  } catch (error) {
    if (leaving?.aborted) hungUp += 1;
    else check(false, `verify threw ${error}`);
  }
  slowestMs = Math.max(slowestMs, performance.now() - begun);
}

async function revokeNowAndThen() {
  while (running) {
    await pause(100);
    const at = Math.floor(Math.random() * keys.length);
    const key = keys[at];
    // From here on Elasticsearch may say no to it, and after `revoke` nobody may say yes.
    key.invalidated = true;
    if (!(await admin('DELETE', '/_security/api_key', { ids: [key.id] }))) continue;
    void verifier.revoke(Math.random() < 0.5 ? { apiKeyIds: [key.id] } : { credential: key.authorization });
    key.revoked = true;
    revocations += 1;
    revoked.push(key);
    if (revoked.length > 100) revoked.shift();
    keys[at] = await createKey();
  }
}

async function misbehave() {
  const path = '/_security/_authenticate';
  const faults = [
    { status: 503 },
    { status: 500 },
    { status: 429 },
    { reset: true },
    { truncate: true },
    { delayMs: 100 },
    { delayMs: 5_000 },
    { status: 200, body: '<html>' },
  ];
  for (let n = 0; running; n += 1) {
    await pause(Math.random() * 300);
    const remove = emulator.faults.add({ path, ...(n < faults.length ? faults[n] : pick(faults)) });
    await pause(Math.random() * 300);
    remove();
    emulator.requests.length = 0;
  }
}

/** The emulator's time goes by the real one, so that its delays end. */
async function tick() {
  while (running) {
    await pause(20);
    await emulator.clock.advance(20);
  }
}

async function watch() {
  const samples = Math.min(seconds, 120);
  for (let n = 0; n < samples; n += 1) {
    await pause((seconds * 1_000) / samples);
    collect();
    heap.push(process.memoryUsage().heapUsed);
  }
  running = false;
}

async function createKey() {
  for (;;) {
    const key = await admin('POST', '/_security/api_key', { name: `k${Math.random()}` });
    if (key) return { id: key.id, authorization: `ApiKey ${key.encoded}` };
  }
}

async function admin(method, path, body) {
  const response = await fetch(emulator.url + path, {
    method,
    headers: {
      authorization: `Basic ${btoa(`${emulator.username}:${emulator.password}`)}`,
      'content-type': 'application/json',
      connection: 'close',
    },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) check(false, `${method} ${path}: ${response.status}`);
  return response.ok && answer;
}

function garbage() {
  return { authorization: `ApiKey ${btoa(`garbage:${Math.random()}`)}` };
}

function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Sockets and timers that are there now. */
function resources() {
  const all = process.getActiveResourcesInfo();
  const count = (...types) => all.filter((type) => types.includes(type)).length;
  return [count('TCPSocketWrap', 'TCPWRAP'), count('Timeout')];
}

/** Slope in kB a second and growth in MB, of a straight line through the second half. */
function trend(samples) {
  const half = samples.slice(Math.floor(samples.length / 2));
  const middle = (half.length - 1) / 2;
  const mean = half.reduce((sum, value) => sum + value, 0) / half.length;
  let above = 0;
  let below = 0;
  for (const [at, value] of half.entries()) {
    above += (at - middle) * (value - mean);
    below += (at - middle) ** 2;
  }
  const each = below === 0 ? 0 : above / below;
  return [(each * samples.length) / seconds / 1e3, (each * half.length) / 1e6];
}

function check(good, problem) {
  if (!good) problems.add(problem);
}

function print(figures) {
  const pairs = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`${pairs.join(', ')}\n`);
}
