// Whole requests on Express, Koa and Fastify over sockets: how many there are in a second, what each takes of the
// server's processor and of its instructions, and how many of these are the hook's. Each variant is a server in a
// process of its own, because applications in one process would share what V8 has learned; they have their turns at
// the load.

import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { pick } from '../measure/bench.mjs';
import { startCounted } from '../measure/counter.mjs';
import { turns } from '../measure/rounds.mjs';
import { cell } from '../measure/statistics.mjs';
import { attempt } from '../measure/work.mjs';
import { start, takesSigned, variants } from '../parts/applications.mjs';
import { credentials } from '../parts/credentials.mjs';
import { createSecret, signed } from '../parts/jwt-peers.mjs';
import { createLoad } from '../parts/load.mjs';
import { messageOf, pin } from '../parts/processes.mjs';

const file = fileURLToPath(new URL('../parts/route-server.mjs', import.meta.url));
const reference = 'an empty hook';
const titles = { express: 'Express 5', koa: 'Koa 3', fastify: 'Fastify 5' };
/** Of which the hook itself can be counted: it goes on in the turn that it was called in. */
const hooks = [reference, 'esauth', 'esauth, recent'];
const quick = [reference, 'esauth'];
/** Timed only. */
const uncounted = ['esauth and roles', 'esauth and a privilege'];

async function run(bench) {
  pin(process.pid, 1);
  const secret = createSecret();
  const known = {
    callers: credentials('opaque', pick(bench, { full: 1_000, quick: 1_000, check: 50 })),
    secret,
  };
  const presented = bench.spoil
    ? { opaque: credentials('opaque', 50), signed: signed(createSecret(), 50) }
    : { opaque: known.callers, signed: signed(secret, known.callers.length) };
  const tables = [];
  for (const framework of Object.keys(variants)) {
    bench.part = `${framework}, `;
    const { samples, absent } = await timed(bench, framework, known, presented);
    tables.push(tableOf(framework, samples, absent));
    bench.say(`${framework}: timed`);
  }
  pin(process.pid);
  if (bench.counter !== undefined) await countAll(bench, tables, known, presented);
  return tables;
}

/** A bare route and an empty hook let everybody in. */
const isSpoiled = (bench, kind) => bench.spoil && kind === 'bare';

async function timed(bench, framework, known, presented) {
  const servers = {};
  const absent = {};
  for (const [name, kind] of Object.entries(variants[framework])) {
    if (isSpoiled(bench, kind)) continue;
    const begin = bench.effort === 'check' ? startHere : startServer;
    const server = await begin(framework, name, known, presented);
    if (server.absent === undefined) servers[name] = server;
    else absent[name] = server.absent;
  }
  const milliseconds = pick(bench, { full: 300, quick: 60, check: 0 });
  const turn = (server) => async () => {
    const before = await server.ask({ want: 'usage' });
    const began = performance.now();
    if (milliseconds === 0) await server.load.requests(64);
    else await server.load.forMs(milliseconds);
    const wall = performance.now() - began;
    const { processor, served } = await server.ask({ want: 'usage' });
    const requests = served - before.served;
    return { rate: (requests * 1e3) / wall, processor: (processor - before.processor) / requests };
  };
  const all = Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, turn(server)]));
  if (bench.effort !== 'check') await warm(bench, servers);
  const samples = await turns(bench, all, pick(bench, { full: 7, quick: 3, check: 1 }));
  for (const server of Object.values(servers)) server.close();
  return { samples, absent };
}

async function warm(bench, servers) {
  const milliseconds = pick(bench, { full: 1_000, quick: 300, check: 0 });
  for (const { load } of Object.values(servers)) await load.forMs(milliseconds);
}

/** @returns one that is loaded by this process, and asked by messages */
async function startServer(framework, variant, known, presented) {
  const child = fork(file, [JSON.stringify({ framework, variant, known })], {
    execArgv: ['--no-warnings', '--single-threaded-gc'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  pin(child.pid, 0);
  return attach(child, variant, presented);
}

/** The same in this process, which is enough to see whether it does its work. */
async function startHere(framework, variant, known, presented) {
  let served = 0;
  const count = () => {
    served += 1;
  };
  const started = await start(framework, variant, known, { wrap: (hook) => hook, served: count });
  if (started.absent !== undefined) return started;
  const load = await loadFor(started.port, variant, presented);
  return { load, ask: async () => ({ processor: 0, served }), close: () => load.close() };
}

const loadFor = (port, variant, { signed: jwts, opaque }) =>
  createLoad(port, takesSigned(variant) ? jwts : opaque);

async function attach(child, variant, presented) {
  const started = await messageOf(child);
  if (started.absent !== undefined) {
    child.disconnect();
    return started;
  }
  const load = await loadFor(started.port, variant, presented);
  const ask = async (question) => {
    child.send(question);
    return messageOf(child);
  };
  const close = () => {
    load.close();
    child.send({ want: 'end' });
  };
  return { load, ask, close };
}

function tableOf(framework, samples, absent) {
  const of = (name, column) => samples[name]?.map((sample) => sample[column]) ?? [];
  const rows = Object.keys(samples).map((name) => ({
    name,
    kind: variants[framework][name],
    cells: Object.fromEntries(
      ['rate', 'processor'].map((column) => [column, cell(of(name, column), of(reference, column))]),
    ),
  }));
  const notes = Object.entries(absent).map(([name, reason]) => `${name}: ${reason}.`);
  const columns = { rate: '1/s', processor: 'µs', instructions: 'of the user', hook: 'instructions' };
  return { id: framework, title: titles[framework], reference, columns, rows, notes };
}

async function countAll(bench, tables, known, presented) {
  const queue = tables.flatMap(({ id, rows }) =>
    rows
      .map(({ name }) => name)
      .filter((name) => (bench.effort === 'full' ? !uncounted.includes(name) : quick.includes(name)))
      .map((name) => [id, name]),
  );
  bench.part = '';
  const counts = {};
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [framework, name] = next;
      const label = `${framework}, ${name}`;
      counts[label] = await attempt(bench, label, () => count(bench, framework, name, known, presented));
      bench.say(`${label}: counted`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  for (const { id, rows } of tables) {
    for (const row of rows) {
      const own = counts[`${id}, ${row.name}`];
      const base = counts[`${id}, ${reference}`];
      if (own === undefined) continue;
      row.cells.instructions = cell(own.route, base.route);
      // A difference, so it has no ratio: what the hook takes beyond an empty one.
      if (own.hook !== undefined) row.cells.hook = only(own.hook.map((value, at) => value - base.hook[at]));
    }
  }
}

function only(values) {
  const { median, min, max } = cell(values, values);
  return { median, min, max };
}

/** @returns instructions of a request, of all that the server does and of its hook alone, window by window */
async function count(bench, framework, variant, known, presented) {
  const canHook = bench.counter.name === 'callgrind' && hooks.includes(variant);
  const { child, counted } = startCounted(bench.counter, file, { framework, variant, known });
  // If it ends early, that is what is to be told.
  const ended = counted.then(() => []);
  const server = await Promise.race([attach(child, variant, presented), ended]);
  // So many that V8 has compiled it for good. Express takes ten times as many instructions as the others, and as much
  // longer.
  const isSlow = framework === 'express';
  await server.load.requests((isSlow ? 0.4 : 1) * pick(bench, { full: 10_000, quick: 2_500, check: 0 }));
  const requests = (isSlow ? 0.1 : 1) * pick(bench, { full: 2_000, quick: 200, check: 0 });
  // To begin to count is new to V8, which throws away what it had made of the hook, and compiles it again.
  const early = bench.effort === 'full' ? 2 : 0;
  const repeats =
    early + (bench.counter.name === 'callgrind' ? pick(bench, { full: 3, quick: 1, check: 0 }) : 1);
  const wanted = ['route', ...(canHook ? ['hook'] : [])].flatMap((want) => Array(repeats).fill(want));
  for (const want of wanted) {
    await server.load.until(server.ask({ want, requests, skip: Math.round(requests / 4) }));
  }
  server.close();
  const values = (await counted).map((total) => total / requests);
  const late = (start) => values.slice(start + early, start + repeats);
  return { route: late(0), hook: canHook ? late(repeats) : undefined };
}

export default {
  title: 'A whole request',
  about:
    '32 connections that are kept open, 1 000 callers at random, the server on one processor and its client on ' +
    'another. The column "hook" is what the hook alone takes beyond an empty one, counted within the framework.',
  chart: { table: 'fastify', column: 'instructions' },
  run,
};
