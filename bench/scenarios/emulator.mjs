// The emulator: how soon it listens, what fifty thousand keys and tokens weigh, and how often in a second it says who
// somebody is, beside a bare server of `node:http` that answers the same bytes.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { pick } from '../measure/bench.mjs';
import { turns } from '../measure/rounds.mjs';
import { cell } from '../measure/statistics.mjs';
import { attempt, must } from '../measure/work.mjs';
import { createLoad } from '../parts/load.mjs';
import { messageOf, pin } from '../parts/processes.mjs';

const file = fileURLToPath(new URL('../parts/emulator-process.mjs', import.meta.url));
const admin = `Basic ${Buffer.from('elastic:changeme').toString('base64')}`;
const stranger = `Basic ${Buffer.from('elastic:something else').toString('base64')}`;
const path = '/_security/_authenticate';

async function run(bench) {
  return [await authenticate(bench), await start(bench), await weigh(bench)];
}

async function authenticate(bench) {
  const child = fork(file, ['serve']);
  const ways = await messageOf(child);
  pin(child.pid, 0);
  pin(process.pid, 1);
  const used = () => {
    child.send('usage');
    return messageOf(child);
  };
  const requests = pick(bench, { full: 2_000, quick: 500, check: 64 });
  const loads = [];
  const all = {};
  for (const [name, { authorization, ...ports }] of Object.entries(ways)) {
    for (const [server, port] of Object.entries(ports)) {
      // A bare server knows nobody, so it refuses nobody either.
      if (bench.spoil && server === 'bare') continue;
      const load = await createLoad(port, [bench.spoil ? stranger : authorization], {
        connections: 16,
        path,
      });
      loads.push(load);
      all[`${server}, ${name}`] = async () => {
        const before = await used();
        const began = performance.now();
        await load.requests(requests);
        const wall = performance.now() - began;
        return { rate: (requests * 1e3) / wall, processor: ((await used()) - before) / requests };
      };
    }
  }
  const taken = await turns(bench, all, pick(bench, { full: 15, quick: 4, check: 1 }));
  for (const load of loads) load.close();
  pin(process.pid);
  child.kill();
  const of = (server, name, column) => taken[`${server}, ${name}`]?.map((sample) => sample[column]) ?? [];
  const rows = Object.keys(ways).flatMap((name) =>
    ['bare', 'emulator'].map((server) => ({
      name: server === 'bare' ? `a bare server with the answer to ${name}` : `the emulator, by ${name}`,
      kind: server === 'bare' ? 'bare' : 'ours',
      cells: Object.fromEntries(
        ['rate', 'processor'].map((column) => [
          column,
          cell(of(server, name, column), of('bare', name, column)),
        ]),
      ),
    })),
  );
  const reference = 'the bare server';
  const columns = { rate: '1/s', processor: 'µs' };
  return { id: 'authenticate', title: 'Who somebody is', reference, columns, rows, notes: [] };
}

/** Each in a process of its own, because the second start is always quicker. */
async function start(bench) {
  const turn = async () => {
    const child = fork(file, ['ready']);
    const { load, listen, url } = await messageOf(child);
    const response = await fetch(url + path, { headers: { authorization: bench.spoil ? stranger : admin } });
    child.kill();
    must(response.status === 200, () => `it answers ${response.status}`);
    return { load, listen };
  };
  const taken = await turns(bench, { startEmulator: turn }, pick(bench, { full: 7, quick: 3, check: 1 }));
  const of = (column) => taken.startEmulator.map((sample) => sample[column]);
  const rows = [
    { name: 'startEmulator', kind: 'ours', cells: { load: own(of('load')), listen: own(of('listen')) } },
  ];
  return { id: 'start', title: 'Until it listens', columns: { load: 'ms', listen: 'ms' }, rows, notes: [] };
}

async function weigh(bench) {
  const child = fork(file, ['weight']);
  const url = await messageOf(child);
  const pool = new Pool(url, { connections: 16 });
  const authorization = bench.spoil ? stranger : admin;
  const send = async (target, body) => {
    const headers = { authorization, 'content-type': 'application/json' };
    const response = await pool.request({
      method: 'POST',
      path: target,
      headers,
      body: JSON.stringify(body),
    });
    await response.body.dump();
    must(response.statusCode === 200, () => `${target} answers ${response.statusCode}`);
  };
  const weight = () => {
    child.send('weigh');
    return messageOf(child);
  };
  const total = pick(bench, { full: 50_000, quick: 5_000, check: 200 });
  const many = async (make) => {
    for (let from = 0; from < total; from += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, at) => make(from + at)));
    }
  };
  const warm = pick(bench, { full: 12_000, quick: 2_000, check: 0 });
  // After that the record of requests is full, and the code compiled.
  for (let number = 0; number < warm; number += 1) {
    await pool.request({ method: 'GET', path: '/' }).then(({ body }) => body.dump());
  }
  const key = (number) =>
    send('/_security/api_key', { name: `key-${number}`, metadata: { number }, role_descriptors: {} });
  const pair = () =>
    send('/_security/oauth2/token', { grant_type: 'password', username: 'elastic', password: 'changeme' });
  const rows = [];
  for (const [name, make] of Object.entries({ 'API keys': key, 'pairs of tokens': pair })) {
    const before = await weight();
    await attempt(bench, name, () => many(make));
    const held = ((await weight()) - before) * (50_000 / total);
    rows.push({ name: `50 000 ${name}`, kind: 'ours', cells: { held: own([held]) } });
  }
  await pool.destroy();
  child.kill();
  const notes = total < 50_000 ? [`Reckoned from ${total}.`] : [];
  return { id: 'weight', title: 'What it holds', columns: { held: 'MiB' }, rows, notes };
}

function own(values) {
  const { median, min, max } = cell(values, values);
  return { median, min, max };
}

export default {
  title: 'The emulator',
  about: 'Who somebody is, asked over 16 connections; starts; and the weight of what was issued.',
  chart: { table: 'authenticate', column: 'rate' },
  run,
};
