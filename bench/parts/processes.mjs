// Other processes of a measurement: the server in Elasticsearch's place, and keeping the server that is measured and
// the client that loads it on processors of their own.

import { fork, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/** What a process says next. @param {import('node:child_process').ChildProcess} child */
export function messageOf(child) {
  return new Promise((resolve, reject) => {
    const onEnd = (status) => {
      child.off('message', onMessage);
      reject(new Error(`a process ended with ${status} before it said anything`));
    };
    const onMessage = (message) => {
      child.off('exit', onEnd);
      resolve(message);
    };
    child.once('exit', onEnd).once('message', onMessage);
  });
}

/**
 * @param {{ delayMs?: number, users?: number, secure?: boolean }} [options]
 * @returns its addresses, `counts` (which begins anew to look for the most at once if told so), and `close`
 */
export async function forkElasticsearch(options = {}) {
  const file = fileURLToPath(new URL('elasticsearch-process.mjs', import.meta.url));
  const child = fork(file, [JSON.stringify(options)], { execArgv: [] });
  const addresses = await messageOf(child);
  const counts = async (word = 'tell') => {
    child.send(word);
    return messageOf(child);
  };
  return { ...addresses, counts, close: () => child.kill() };
}

/** Whether processes can be told where to run. */
const canPin =
  process.platform === 'linux' &&
  availableParallelism() > 1 &&
  spawnSync('taskset', ['--version']).status === 0;

const everywhere = `0-${availableParallelism() - 1}`;

/**
 * @param {number} pid whatever this process starts later begins there too
 * @param {0 | 1} [processor] any of them if it is left out
 */
export function pin(pid, processor) {
  const list = processor === undefined ? everywhere : String(processor);
  if (canPin) spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', list, String(pid)]);
}
