// How long a token goes on after it was invalidated in Elasticsearch, by the lifetimes that were chosen: real clock,
// real sockets, the emulator in Elasticsearch's place. It draws the chart of docs/guides/lifetimes.md, and keeps what
// it was drawn from beside it.
//
//   node bench/revocation-delay.mjs           three minutes: measures, writes docs/charts/revocation-delay.{json,svg}
//   node bench/revocation-delay.mjs --quick   lifetimes of half a second, four callers; prints the figures only
//   node bench/revocation-delay.mjs --draw    measures nothing: prints the drawing of the figures that are kept

import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createVerifier } from '@esauth/core';
import { startEmulator } from '@esauth/emulator';
import { machine } from './measure/machine.mjs';
import { chart } from './report/chart.mjs';

const figuresFile = new URL('../docs/charts/revocation-delay.json', import.meta.url);
const chartFile = new URL('../docs/charts/revocation-delay.svg', import.meta.url);

/**
 * @typedef {object} Choice
 * @property {string} name
 * @property {'ours' | 'peer' | 'bare'} kind its colour
 * @property {object | false} cache of the verifier
 * @property {number} [maxAgeMs] of each request
 * @property {boolean} [revokes] whether the application that invalidates a token says so to its verifier
 * @property {number} boundMs what is promised: no longer than that
 */

/** @param {number} ttlMs @returns {Choice[]} */
const withAndWithoutRefresh = (ttlMs) => [
  { name: `ttlMs ${ttlMs}`, kind: 'ours', cache: { ttlMs }, boundMs: ttlMs },
  {
    name: `ttlMs ${ttlMs}, refreshAfterMs 0`,
    kind: 'peer',
    cache: { ttlMs, refreshAfterMs: 0 },
    boundMs: ttlMs,
  },
];

/** @param {number} ttlMs @returns {Choice[]} */
const others = (ttlMs) => [
  { name: 'with verifier.revoke', kind: 'bare', cache: { ttlMs }, revokes: true, boundMs: 0 },
  { name: 'cache: false', kind: 'bare', cache: false, boundMs: 0 },
  { name: 'maxAgeMs: 0', kind: 'bare', cache: { ttlMs }, maxAgeMs: 0, boundMs: 0 },
  {
    name: `maxAgeMs: ${ttlMs / 12}`,
    kind: 'bare',
    cache: { ttlMs },
    maxAgeMs: ttlMs / 12,
    boundMs: ttlMs / 12,
  },
];

/**
 * Of many callers, each with a token of its own that is invalidated at a moment of its own.
 *
 * @param {Choice} choice
 * @param {number} callers
 * @param {number} everyMs how often each of them asks
 */
async function measure({ name, kind, cache, maxAgeMs, revokes = false, boundMs }, callers, everyMs) {
  const emulator = await startEmulator({ users: { alice: { password: 'secret', roles: [] } } });
  // No verdict of a busy machine counts for or against a lifetime.
  const verifier = createVerifier({ nodes: emulator.url, cache, upstream: { timeoutMs: 30_000 } });
  const periodMs = Math.max(boundMs, 500);
  try {
    const all = await Promise.all(
      Array.from({ length: callers }, async (_, n) => {
        const token = emulator.token('alice');
        const presented = `Bearer ${token}`;
        await verifier.verify(presented);
        // Spread over the life of a verdict, so that none is favoured.
        const end = endOf(emulator, token, periodMs * (1 + n / callers)).then(async () => {
          if (revokes) await verifier.revoke({ credential: presented });
          return performance.now();
        });
        const seen = await untilRefused(verifier, presented, everyMs, maxAgeMs);
        const endedAt = await end;
        return { refused: seen.refusedAt - endedAt, admitted: seen.admittedAt - endedAt };
      }),
    );
    const sorted = (key) => all.map((one) => Math.max(one[key], 0)).sort((a, b) => a - b);
    return {
      name,
      kind,
      boundMs,
      callers,
      everyMs,
      firstRefusal: summary(sorted('refused')),
      lastAdmission: Math.ceil(sorted('admitted').at(-1)),
    };
  } finally {
    await verifier.close();
    await emulator.close();
  }
}

/** Asks again and again, as a caller that is never idle. */
async function untilRefused(verifier, presented, everyMs, maxAgeMs) {
  let admittedAt = 0;
  for (;;) {
    const askedAt = performance.now();
    const verdict = await verifier.verify(presented, maxAgeMs === undefined ? {} : { maxAgeMs });
    if (verdict.kind === 'rejected') return { admittedAt, refusedAt: performance.now() };
    if (verdict.kind === 'unavailable') throw new Error(`no verdict: ${verdict.code}`);
    admittedAt = askedAt;
    await pause(everyMs);
  }
}

async function endOf({ url }, token, afterMs) {
  await pause(afterMs);
  const { status } = await fetch(`${url}/_security/oauth2/token`, {
    method: 'DELETE',
    headers: { authorization: `Basic ${btoa('elastic:changeme')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  if (status !== 200) throw new Error(`the token was not invalidated: ${status}`);
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const summary = (sorted) => ({
  min: rounded(sorted[0]),
  median: rounded(sorted[Math.floor(sorted.length / 2)]),
  max: rounded(sorted.at(-1)),
});
/** To a tenth of a millisecond below ten, else to one: no more is meant. */
const rounded = (ms) => (ms < 10 ? Math.ceil(ms * 10) / 10 : Math.ceil(ms));

function draw({ rows }) {
  const table = {
    title: 'From invalidation in Elasticsearch to the first refusal',
    columns: { delay: 'ms' },
    // What is nought has no place on a logarithmic scale.
    rows: rows.map(({ name, kind, firstRefusal: { min, median, max } }) => {
      const least = 0.1;
      return {
        name,
        kind,
        cells: {
          delay: { min: Math.max(min, least), median: Math.max(median, least), max: Math.max(max, least) },
        },
      };
    }),
  };
  return chart(table, 'delay');
}

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, draw: { type: 'boolean', default: false } },
});
if (values.draw) process.stdout.write(draw(JSON.parse(await readFile(figuresFile, 'utf8'))));
else {
  const choices = values.quick
    ? [...withAndWithoutRefresh(500), ...others(1_200)]
    : [...[1_000, 5_000, 15_000, 60_000].flatMap(withAndWithoutRefresh), ...others(60_000)];
  const bounds = [...new Set(choices.map(({ boundMs }) => boundMs))].sort((a, b) => a - b);
  const measured = new Map();
  // Those of one bound at the same time: each of them waits most of it.
  for (const bound of bounds) {
    const together = choices.filter(({ boundMs }) => boundMs === bound);
    const everyMs = Math.min(Math.max(bound / 200, 20), 250);
    const rows = await Promise.all(together.map((choice) => measure(choice, values.quick ? 4 : 40, everyMs)));
    for (const [at, row] of rows.entries()) measured.set(together[at], row);
  }
  const rows = choices.map((choice) => measured.get(choice));
  const figures = { date: new Date().toISOString().slice(0, 10), machine: machine(), unit: 'ms', rows };
  const text = `${JSON.stringify(figures, null, 2)}\n`;
  process.stdout.write(text);
  if (!values.quick) {
    await writeFile(figuresFile, text);
    await writeFile(chartFile, draw(figures));
  }
}
