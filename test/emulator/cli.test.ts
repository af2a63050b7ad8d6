/** The command `esauth-emulator`, as a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { basic, send } from '../support/http-client.js';

const command = fileURLToPath(new URL('../../packages/emulator/bin/esauth-emulator.js', import.meta.url));
const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

interface Run {
  readonly child: ChildProcess;
  /** Everything that was printed once the process has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
  /** Resolves with what was printed as soon as it matches. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
}

function run(...args: string[]): Run {
  const child = spawn(process.execPath, [command, ...args]);
  running.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  return {
    child,
    ended,
    async printed(pattern) {
      for (;;) {
        const match = out.match(pattern);
        if (match !== null) return match;
        await Promise.race([
          once(child.stdout, 'data'),
          ended.then((result) =>
            Promise.reject(new Error(`ended before it printed ${pattern}: ${result.err}`)),
          ),
        ]);
      }
    },
  };
}

test('prints where it is, who may ask, and how', async () => {
  const { child, ended, printed } = run('--port', '0', '--password', "it's me");
  const [, url = ''] = await printed(/Elasticsearch emulator at (\S+)\n[\s\S]*api_key/);
  expect(
    (await send(`${url}/_security/_authenticate`, { headers: basic('elastic', "it's me") })).status,
  ).toBe(200);
  // Run from what is published, not from the sources.
  expect((await send(`${url}/_esauth/page.js`)).status).toBe(200);
  child.kill('SIGTERM');
  const { code, out, err } = await ended;
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toBe(`Elasticsearch emulator at ${url}
  user      elastic
  password  it's me
  page      ${url}/_esauth/

Try:
  curl -u 'elastic:it'\\''s me' '${url}/_security/_authenticate?pretty'
  curl -u 'elastic:it'\\''s me' -H 'content-type: application/json' -d '{"grant_type":"client_credentials"}' ${url}/_security/oauth2/token
  curl -u 'elastic:it'\\''s me' -H 'content-type: application/json' -d '{"name":"my-key"}' ${url}/_security/api_key
`);
});

test('prints nothing but the address when it is to be quiet, and ends when it is interrupted', async () => {
  const { child, ended, printed } = run('--port', '0', '--quiet', '--version', '8.10', '--license', 'basic');
  const [url = ''] = await printed(/^http:\/\/127\.0\.0\.1:\d+$/m);
  expect((await send(url, { headers: basic('elastic', 'changeme') })).json.version.number).toBe('8.10.0');
  child.kill('SIGINT');
  expect(await ended).toEqual({ code: 0, out: `${url}\n`, err: '' });
});

test.each([['--no-ui'], ['--host', '0.0.0.0']])('has no page with %s', async (...args) => {
  const { child, ended, printed } = run('--port', '0', ...args);
  const [, port = ''] = await printed(/emulator at http:\/\/[\d.]+:(\d+)\n[\s\S]*api_key/);
  expect((await send(`http://127.0.0.1:${port}/_esauth/`)).status).toBe(401);
  child.kill('SIGTERM');
  expect((await ended).out).not.toContain('_esauth');
});

test('ends also while connections are open', async () => {
  const { child, ended, printed } = run('--port', '0', '--quiet');
  const [url = ''] = await printed(/^http:\/\/127\.0\.0\.1:\d+$/m);
  await (await fetch(url)).text();
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
});

test('a port that is in use: one line, and the code 1', async () => {
  const first = run('--port', '0', '--quiet');
  const [, port = ''] = await first.printed(/^http:\/\/127\.0\.0\.1:(\d+)$/m);
  const { code, out, err } = await run('--port', port).ended;
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(
    new RegExp(`^esauth-emulator: can not listen on 127\\.0\\.0\\.1, port ${port}: .*EADDRINUSE.*\\n$`),
  );
});

test.each([
  [['--nonsense'], "Unknown option '--nonsense'"],
  [['extra'], "Unexpected argument 'extra'. This command does not take positional arguments"],
  [['--port', 'x'], '--port must be a whole number from 0 to 65535'],
  [['--port', '70000'], 'option "port" must be a whole number from 0 to 65535'],
  [['--version', '5'], 'option "version" must be a release from 7.17 to 9.5, such as "8.10" or "9.5.0"'],
  [['--license', 'gold'], '--license must be trial or basic'],
])('a wrong argument: one line, and the code 2: %j', async (args, message) => {
  expect(await run(...args).ended).toEqual({ code: 2, out: '', err: `esauth-emulator: ${message}\n` });
});

test('explains itself', async () => {
  const { code, out } = await run('--help').ended;
  expect(code).toBe(0);
  expect(out).toMatch(/^Usage: esauth-emulator \[options\]/);
});
