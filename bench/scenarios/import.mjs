// What it costs an application's start to load the packages, beside the frameworks and other libraries: each time in
// a new process, which has the files in the system's memory and nothing else.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pick } from '../measure/bench.mjs';
import { turns } from '../measure/rounds.mjs';
import { cell } from '../measure/statistics.mjs';
import { must } from '../measure/work.mjs';

const self = fileURLToPath(import.meta.url);
const reference = 'express';
/** By module: its kind, and a name that it exports. */
const modules = {
  [reference]: ['bare', 'default'],
  koa: ['bare', 'default'],
  fastify: ['bare', 'default'],
  '@esauth/core': ['ours', 'createVerifier'],
  '@esauth/express': ['ours', 'esauth'],
  '@esauth/koa': ['ours', 'esauth'],
  '@esauth/fastify': ['ours', 'esauth'],
  'hono/bearer-auth': ['peer', 'bearerAuth'],
  'passport-http-bearer': ['peer', 'Strategy'],
  '@fastify/bearer-auth': ['peer', 'default'],
  '@fastify/jwt': ['peer', 'default'],
  jose: ['peer', 'jwtVerify'],
  'express-jwt': ['peer', 'expressjwt'],
  'express-oauth2-jwt-bearer': ['peer', 'auth'],
  '@elastic/elasticsearch': ['peer', 'Client'],
};
const few = [reference, '@esauth/core', '@esauth/express'];

if (process.argv[1] === self) await child();

/** Tells its parent how long it took, and what there is. */
async function child() {
  const start = performance.now();
  const exported = await import(process.argv[2]);
  const time = performance.now() - start;
  process.send({ time, names: Object.keys(exported) }, () => process.exit(0));
}

async function load(name, spoil) {
  const [, wanted] = modules[name];
  // Spoiled, it is a module that has nothing.
  const process_ = spawn(process.execPath, [self, spoil ? 'data:text/javascript,' : name], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const { time, names } = await new Promise((resolve, reject) => {
    process_.once('message', resolve).once('exit', (status) => reject(new Error(`it ended with ${status}`)));
  });
  must(names.includes(wanted), () => `it has no ${wanted}`);
  return time;
}

async function run(bench) {
  // Each takes a process, and their loading is the same.
  const names = bench.effort === 'check' ? few : Object.keys(modules);
  const all = Object.fromEntries(names.map((name) => [name, () => load(name, bench.spoil)]));
  const taken = await turns(bench, all, pick(bench, { full: 9, quick: 3, check: 1 }));
  const rows = names.map((name) => ({
    name,
    kind: modules[name][0],
    cells: { time: cell(taken[name], taken[reference]) },
  }));
  const columns = { time: 'ms' };
  return [{ id: 'import', title: 'Loading a module', reference, columns, rows, notes: [] }];
}

export default {
  title: 'Loading the packages',
  about: 'From the call of `import` until the module is there, each in a process of its own.',
  chart: { table: 'import', column: 'time' },
  run,
};
