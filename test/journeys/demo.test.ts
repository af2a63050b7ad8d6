// The built demo as a process of its own, on the emulator that it starts. On a cluster: `demo-cluster.test.ts`.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../support/command.js';

const demo = fileURLToPath(new URL('../../examples/demo/dist/demo.js', import.meta.url));
// What the tests' own environment says of a cluster is not for the demo.
const env = { ...process.env, ELASTICSEARCH_URL: '' };

test('the built demo walks through the main job and ends with 0', async () => {
  const { code, out, err } = await run(['--once'], { env }, demo).ended;
  expect(code).toBe(0);
  expect(out).toMatch(/\n28 claims held, 0 did not\.\n$/);
  expect(out).toContain('1000 requests, 1000 answered 200, 1 lookup(s) reached Elasticsearch.');
  // The one warning that the outage is meant to cause.
  expect(err).toMatch(/^\(node:\d+\) \[ESAUTH_UNREACHABLE\] EsauthWarning: esauth: no verdict: /);
}, 60_000);

test('without --once it serves on; the curl lines it prints work as they are; Ctrl+C ends it', async () => {
  const child = spawn(process.execPath, [demo], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('  curl')) lines.push(line);
    if (line.includes('-X DELETE')) break;
  }
  const answers: unknown[] = [];
  for (const line of lines) answers.push(await likeCurl(line));
  expect(answers).toEqual([
    [200, expect.stringContaining('"username":"elastic"')],
    [200, expect.stringContaining('"apiKey":"by-hand"')],
    [403, expect.stringContaining('"code":"forbidden"')],
    [401, expect.stringContaining('"code":"credentials_missing"')],
    [200, expect.stringMatching(/^\{"access_token":"[\w+/=]{40}","type":"Bearer"/)],
    // Of the walk's last chapter, of the first line, and of the line before.
    [200, '{"invalidated_tokens":3,"previously_invalidated_tokens":0,"error_count":0}'],
  ]);
  child.kill('SIGINT');
  expect(await ended).toBe(0);
}, 60_000);

test('an option that is about a cluster needs one', async () => {
  const { code, err } = await run(['--ca', 'ca.pem'], { env }, demo).ended;
  expect([code, err]).toEqual([1, 'demo: --ca is about a cluster: say which, with --url\n']);
});

/** Does what curl would do with such a line, so that the tests need no curl. */
async function likeCurl(line: string): Promise<[status: number, body: string]> {
  // Words as a shell splits them, single quotes taken off.
  const words = [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
  const headers = new Headers();
  let method: string | undefined;
  let body: string | undefined;
  let url = '';
  const rest = words.slice(1);
  const next = () => rest.shift() ?? '';
  while (rest.length > 0) {
    const word = next();
    if (word === '-H') headers.append(...(next().split(/: (.*)/s, 2) as [string, string]));
    else if (word === '-u') headers.set('authorization', `Basic ${btoa(next())}`);
    else if (word === '-X') method = next();
    else if (word === '-d') body = next();
    else if (word !== '-i') url = word;
  }
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers,
    ...(body !== undefined && { body }),
  });
  return [response.status, await response.text()];
}
