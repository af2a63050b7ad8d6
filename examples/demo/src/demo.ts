// Takes an emulator of Elasticsearch or a cluster, puts a protected Express API in front of it on a free port, walks
// through the main job, and then serves on for whoever wants to try it by hand. With `--once` it ends after the walk:
// 0 if everything went as announced.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createVerifier } from '@esauth/express';
import { createApi } from './api.js';
import { type ClusterOptions, readArguments, usage } from './arguments.js';
import { openCluster } from './cluster.js';
import { openEmulator } from './emulator.js';
import { findPassword } from './password.js';
import type { Elasticsearch, Stage } from './stage.js';
import { createStory, type Story } from './story.js';
import { walk } from './walk.js';

const stop = new AbortController();

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  // Of several addresses tried in vain Node says no more than the code.
  const { message, code } = error as NodeJS.ErrnoException;
  console.error(`demo: ${error === stop.signal.reason ? 'interrupted' : message || code}`);
  process.exitCode = 1;
}

/** @returns whether everything held, and nothing is left. */
async function main(): Promise<boolean> {
  const wanted = readArguments(process.argv.slice(2), process.env);
  if (wanted.help) {
    console.log(usage);
    return true;
  }
  const { cluster, once: onlyOnce } = wanted;
  const elasticsearch = cluster === undefined ? await start() : await connect(cluster);
  const tally = ({ kept, broken, skipped }: Story) =>
    `\n${kept} claims held, ${broken} did not${cluster === undefined ? '' : `, ${skipped} skipped`}.`;
  let story: Story;
  let clean = false;
  try {
    story = await show(elasticsearch, async (stage) => {
      if (onlyOnce) return;
      console.log(tally(stage.story));
      console.log(await elasticsearch.invitation(stage));
      if (!stop.signal.aborted) await once(stop.signal, 'abort');
    });
  } finally {
    clean = await elasticsearch.close();
  }
  if (onlyOnce) console.log(tally(story));
  return story.broken === 0 && clean;
}

function start(): Promise<Elasticsearch> {
  hear('SIGINT', 'SIGTERM');
  return openEmulator();
}

async function connect(cluster: ClusterOptions): Promise<Elasticsearch> {
  const password = await findPassword(cluster.password, cluster.username);
  // A terminal that is closed, and a reader that has gone, such as `head`, must leave nothing behind in a cluster.
  hear('SIGINT', 'SIGTERM', 'SIGHUP');
  process.stdout.on('error', () => stop.abort());
  return openCluster(cluster, password, stop.signal);
}

/**
 * The first one ends the walk; the next ends at once, unless it is the first again: what the terminal has sent to
 * everybody, npm passes on to the script that it runs.
 */
function hear(...signals: readonly NodeJS.Signals[]): void {
  let heardAt = 0;
  const onSignal = () => {
    if (stop.signal.aborted && performance.now() - heardAt > 500) process.exit(1);
    if (!stop.signal.aborted) heardAt = performance.now();
    stop.abort();
  };
  for (const signal of signals) process.on(signal, onSignal);
}

/** @param afterwards what there is to do while the API still serves. */
async function show(
  elasticsearch: Elasticsearch,
  afterwards: (stage: Stage) => Promise<void>,
): Promise<Story> {
  const verifier = createVerifier({ nodes: elasticsearch.node });
  const server = createServer(createApi(verifier, elasticsearch.name('reports'))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const apiUrl = `http://127.0.0.1:${port}`;
  const story = createStory(console.log, elasticsearch.wire, stop.signal);
  const stage = { story, stopped: stop.signal, apiUrl, verifier, elasticsearch };
  try {
    await walk(stage);
    await afterwards(stage);
  } finally {
    server.close();
    server.closeAllConnections();
    await verifier.close();
  }
  return story;
}
