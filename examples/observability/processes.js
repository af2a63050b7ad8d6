// The API and Prometheus, each as a process of its own.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Starts server.js, on free ports. */
export async function startServer(nodes, redis) {
  const where = { ELASTICSEARCH_URL: nodes.join(','), REDIS_URL: redis, PORT: '0', METRICS_PORT: '0' };
  const env = { ...process.env, ...where, ESAUTH_SECRET: randomBytes(32).toString('base64') };
  const child = spawn(process.execPath, [join(here, 'server.js')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const found = {};
  for await (const line of createInterface(child.stdout)) {
    const [, what, url] = /^(listening|metrics) on (\S+)$/.exec(line) ?? [];
    if (what !== undefined) found[what] = url;
    if (found.listening && found.metrics) break;
  }
  if (!found.metrics) throw new Error('the API ended before it was there');
  child.stdout.resume();
  return { url: found.listening, metrics: found.metrics, stop: () => end(child) };
}

/** Starts a Redis that keeps nothing. */
export async function startRedis(folder) {
  const port = await freePort();
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  let child;
  const start = async () => {
    child = spawn(process.env.ESAUTH_REDIS_SERVER ?? 'redis-server', args, {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const started = (async () => {
      for await (const line of createInterface(child.stdout)) if (line.includes('Ready to accept')) return;
      throw new Error('Redis ended before it was there');
    })();
    const missing = once(child, 'error').then(([cause]) => {
      throw new Error('there is no redis-server: install it, or say in ESAUTH_REDIS_SERVER where it is', {
        cause,
      });
    });
    await Promise.race([started, missing]);
    child.stdout.resume();
  };
  await start();
  return { url: `redis://127.0.0.1:${port}`, start, stop: () => end(child) };
}

/** Starts Prometheus with prometheus.yml, but to watch `metrics`, and twice a second. */
export async function startPrometheus(metrics, folder, port) {
  const shipped = await readFile(join(here, 'prometheus.yml'), 'utf8');
  const config = shipped
    .replace('127.0.0.1:9464', new URL(metrics).host)
    .replace('- alerts.yml', `- ${JSON.stringify(join(here, 'alerts.yml'))}`)
    .replace('scrape_interval: 5s', 'scrape_interval: 500ms')
    .replace('evaluation_interval: 5s', 'evaluation_interval: 1s');
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, config);
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ];
  const child = spawn(process.env.ESAUTH_PROMETHEUS ?? 'prometheus', args, {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const ended = once(child, 'close').then(
    () => new Error(`Prometheus ended: ${said}`),
    (error) =>
      new Error('there is no prometheus: install it, or say in ESAUTH_PROMETHEUS where it is', {
        cause: error,
      }),
  );
  const url = `http://127.0.0.1:${port}`;
  const ready = async () => (await fetch(`${url}/-/ready`)).ok;
  await until(ready, ended);
  return {
    url,
    /** Whether it finds anything for an expression. */
    async seen(query) {
      const { data } = await (await fetch(`${url}/api/v1/query?${new URLSearchParams({ query })}`)).json();
      return data.result.length > 0;
    },
    /** Waits until it has seen how things were at an instant. */
    async scraped(instant) {
      await until(async () => {
        const { data } = await (await fetch(`${url}/api/v1/targets`)).json();
        return data.activeTargets.some(
          ({ lastScrape, health }) => health === 'up' && Date.parse(lastScrape) > instant,
        );
      }, ended);
    },
    stop: () => end(child),
  };
}

/** A port that nobody listens on; below those that systems give away by themselves, so that nobody takes it meanwhile. */
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    server.listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Asks again and again; what is not there yet may refuse the connection. */
async function until(holds, ended) {
  for (;;) {
    const outcome = await Promise.race([holds().catch(() => false), ended]);
    if (outcome instanceof Error) throw outcome;
    if (outcome) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'exit');
  child.kill('SIGTERM');
  await closed;
}
