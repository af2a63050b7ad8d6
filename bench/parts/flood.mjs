// The flood: garbage as fast as it is answered, over 64 connections, each credential another. Told by messages which
// path to flood, and to stop, at which it says how often it was refused and how often it was not.

import { Pool } from 'undici';

const { port } = JSON.parse(process.argv[2]);
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 64 });
let number = 0;
let current;
let counts = { refused: 0, letIn: 0 };
let floods = [];

process.on('message', async ({ path }) => {
  current = path;
  if (path !== undefined) {
    floods = Array.from({ length: 64 }, () => flood(path));
    return;
  }
  // What is on its way is of this flood still.
  await Promise.all(floods);
  process.send(counts);
  floods = [];
  counts = { refused: 0, letIn: 0 };
});
process.on('disconnect', () => process.exit());
process.send('ready');

async function flood(path) {
  while (current === path) {
    number += 1;
    const authorization = `Bearer refused${number}${'x'.repeat(40)}`;
    const { statusCode, body } = await pool.request({
      ...{ path, method: 'GET', headers: { authorization, 'x-source': 'flood' } },
    });
    await body.dump();
    // Whoever finds the queue full hears 503.
    if (statusCode === 401 || statusCode === 503) counts.refused += 1;
    else counts.letIn += 1;
  }
}
