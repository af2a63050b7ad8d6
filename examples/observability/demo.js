// Everything at once, on this machine: an emulator behind two addresses, Redis, the API, Prometheus that watches it, and
// some seconds of a day in its life. Then it stays, for a look at Prometheus; with `--once` it ends, and prints what each
// panel of dashboard.json shows, as JSON.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator } from '@esauth/emulator';
import { readPanels } from './panels.js';
import { freePort, startPrometheus, startRedis, startServer } from './processes.js';
import { startRelay } from './relay.js';
import { liveADay } from './traffic.js';

const once = process.argv.includes('--once');
const say = (text) => void (once || console.log(text));

const cleaning = [];
const cleanUp = async () => {
  for (const clean of cleaning.splice(0).reverse()) await clean();
};
let isOver = false;
/** Notes what has to be ended; after Ctrl+C nothing more is begun. */
const later = (clean) => {
  cleaning.push(clean);
  if (isOver) throw new Error('ended');
};
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    isOver = true;
    void cleanUp();
  });
}

try {
  const emulator = await startEmulator({
    users: {
      alice: { password: 'secret-of-alice', roles: ['superuser'] },
      bob: { password: 'secret-of-bob', roles: ['viewer'] },
    },
  });
  later(() => emulator.close());
  const nodes = [await startRelay(emulator.url), await startRelay(emulator.url)];
  for (const node of nodes) later(() => node.hangUp());

  const folder = await mkdtemp(join(tmpdir(), 'esauth-observability-'));
  later(() => rm(folder, { recursive: true, force: true }));
  const redis = await startRedis(folder);
  later(redis.stop);
  const addresses = nodes.map(({ url }) => url);
  const api = await startServer(addresses, redis.url);
  later(api.stop);
  const port = once ? await freePort() : Number(process.env.PROMETHEUS_PORT ?? 9090);
  const prometheus = await startPrometheus(api.metrics, folder, port);
  later(prometheus.stop);
  say(`The API is at ${api.url}, Prometheus at ${prometheus.url}`);

  // It takes some seconds until it looks for the first time.
  await prometheus.scraped(0);
  const from = Date.now();
  await liveADay({ api, emulator, nodes, redis, seen: prometheus.seen, say });
  await prometheus.scraped(Date.now());

  if (once) {
    const panels = await readPanels(prometheus.url, from, Date.now());
    const { data } = await (await fetch(`${prometheus.url}/api/v1/rules`)).json();
    console.log(JSON.stringify({ panels, rules: data.groups.flatMap(({ rules }) => rules) }));
    await cleanUp();
  } else {
    say('That was all. Import dashboard.json in Grafana, with that Prometheus; Ctrl+C ends it.');
  }
} catch (error) {
  await cleanUp();
  // After Ctrl+C whoever is asked next has ended.
  if (!isOver) throw error;
}
