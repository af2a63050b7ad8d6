import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const demo = fileURLToPath(new URL('../../examples/demo/dist/demo.js', import.meta.url));
const run = promisify(execFile);

test('the built demo walks through the main job and ends with 0', async () => {
  const { stdout, stderr } = await run(process.execPath, [demo, '--once']);
  expect(stdout).toMatch(/\n25 claims held, 0 did not\.\n$/);
  expect(stdout).toContain('1000 requests, 1000 answered 200, 1 lookup(s) reached Elasticsearch.');
  // The one warning that the outage is meant to cause.
  expect(stderr).toMatch(/^\(node:\d+\) \[ESAUTH_UNREACHABLE\] EsauthWarning: no verdict: /);
}, 60_000);

test('without --once it serves on; the curl lines it prints work as they are; Ctrl+C ends it', async () => {
  const child = spawn(process.execPath, [demo], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('  curl')) lines.push(line);
    if (line.includes('-X DELETE')) break;
  }
  const answers: string[] = [];
  for (const line of lines) answers.push((await run('sh', ['-c', `${line} --silent`])).stdout);
  const firstLines = answers.map((answer) => answer.split('\r\n')[0]);
  expect(firstLines).toEqual([
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200 OK',
    'HTTP/1.1 403 Forbidden',
    'HTTP/1.1 401 Unauthorized',
    expect.stringMatching(/^\{"access_token":"[\w+/=]{44}","type":"Bearer"/),
    // Of the walk's last chapter, of the first line, and of the line before.
    '{"invalidated_tokens":3,"previously_invalidated_tokens":0,"error_count":0}',
  ]);
  child.kill('SIGINT');
  expect(await ended).toBe(0);
}, 60_000);
