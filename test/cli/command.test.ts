// The command as a process: what others can see of it, how it ends, and what the shell completes.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEmulator } from '@esauth/emulator';
import { afterAll, expect, test } from 'vitest';
import { end, killAll, run } from '../support/command.js';
import { errorBody, respond, startScriptedNode } from '../support/scripted-node.js';

const bin = fileURLToPath(new URL('../../packages/cli/bin/esauth.js', import.meta.url));
const secret = 'canary-of-a-password';
/** Processes start slowly on a machine that is busy. */
const timeout = 60_000;
const patiently = ['--timeout-ms', '50000'];

afterAll(killAll);

test.runIf(process.platform === 'linux')(
  'a credential is in no argument of it, nor of what it starts, from wherever it came',
  { timeout },
  async () => {
    const node = await startScriptedNode();
    for (const how of ['stdin', 'environment'] as const) {
      const env = { ...process.env, ...(how === 'environment' && { ESAUTH_CREDENTIAL: `alice:${secret}` }) };
      const before = node.requests.length;
      const started = run(['explain', '--node', node.url, ...patiently], { env }, bin);
      started.child.stdin.end(how === 'stdin' ? `alice:${secret}\n` : '');
      // It asks, and waits for an answer.
      await node.arrived(before + 1);
      const { pid } = started.child;
      const [line, children] = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, 'latin1'),
        readFile(`/proc/${pid}/task/${pid}/children`, 'latin1'),
      ]);
      expect(line.split('\0').slice(1, -1)).toEqual([bin, 'explain', '--node', node.url, ...patiently]);
      expect(children).toBe('');
      await end(started, 'SIGKILL');
    }
    await node.close();
  },
);

test('its exit code is the answer, and warnings are not printed twice', { timeout }, async () => {
  const node = await startScriptedNode(respond({ status: 401, body: errorBody(401, 'token expired') }));
  const env = { ...process.env, ESAUTH_NODES: node.url, ESAUTH_CREDENTIAL: 'Bearer abcdef' };
  const refused = await run(['whoami', ...patiently], { env }, bin).ended;
  expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('credentials_expired'), err: '' });
  node.answer(respond({ status: 503, body: '' }));
  expect(await run(['whoami', '--json', ...patiently], { env }, bin).ended).toMatchObject({
    code: 2,
    err: '',
  });
  expect(await run(['whoami', 'abc'], { env }, bin).ended).toMatchObject({ code: 64, out: '' });
  await node.close();
});

test('that a credential travels readably is told, and no secret with it', { timeout }, async () => {
  const env = {
    ...process.env,
    ESAUTH_NODES: 'http://no-such-host.invalid:9200',
    ESAUTH_CREDENTIAL: `a:${secret}`,
  };
  const { code, err } = await run(['whoami'], { env }, bin).ended;
  expect(err).toMatch(/^esauth: .*plain http.*\n$/);
  expect({ code, told: err.includes(secret) }).toEqual({ code: 2, told: false });
});

test('whoever reads what it prints may leave', { timeout }, async () => {
  const emulator = await startEmulator({ ui: false });
  const started = run(['check', emulator.url], {}, bin);
  started.child.stdout.destroy();
  expect(await started.ended).toMatchObject({ code: 0, err: '' });
  await emulator.close();
});

test('who leaves early is told by the code what was found', { timeout }, async () => {
  const node = await startScriptedNode(respond({ status: 401, body: errorBody(401, 'token expired') }));
  const env = { ...process.env, ESAUTH_NODES: node.url, ESAUTH_CREDENTIAL: 'Bearer abcdef' };
  const started = run(['whoami', ...patiently], { env }, bin);
  started.child.stdout.destroy();
  expect(await started.ended).toMatchObject({ code: 1, err: '' });
  await node.close();
});

test.runIf(process.platform === 'linux')('what cannot be written is no yes', { timeout }, async () => {
  const full = (streams: string, ...argv: string[]) =>
    promisify(execFile)('bash', ['-c', `"$0" "$@" ${streams}`, process.execPath, bin, ...argv]);
  await expect(full('>/dev/full', '--help')).rejects.toMatchObject({
    code: 2,
    stderr: 'esauth: cannot write what was found (ENOSPC)\n',
  });
  await expect(full('2>/dev/full', 'whoami', 'abc')).rejects.toMatchObject({ code: 64 });
});

test('it starts the emulator, ends it when it is ended, and tells its mistakes from its own', {
  timeout,
}, async () => {
  const started = run(['emulator', '--port', '0', '--quiet'], {}, bin);
  const [url] = await started.printed(/^http:\/\/127\.0\.0\.1:\d+$/m);
  expect((await fetch(url)).status).toBe(401);
  expect((await end(started)).code).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
  const hungUp = run(['emulator', '--port', '0', '--quiet'], {}, bin);
  const [other] = await hungUp.printed(/^http:\/\/127\.0\.0\.1:\d+$/m);
  await end(hungUp, 'SIGHUP');
  await expect(fetch(other)).rejects.toThrow();
  const wrong = await run(['emulator', '--frobnicate'], {}, bin).ended;
  expect(wrong).toMatchObject({ code: 64, err: expect.stringContaining('--frobnicate') });
});

test('bash completes commands, flags and files', { timeout }, async () => {
  const lines: readonly (readonly [words: string, completed: string])[] = [
    ['esauth c', 'check can-i completion'],
    ['esauth explain --as', '--as-admin-file'],
    ['esauth check --as', ''],
    ['esauth whoami --credential-file esauth.', 'esauth.ts'],
    ['esauth whoami --servername e', ''],
    ['esauth completion b', 'bash'],
  ];
  const script = `source <("$0" "$1" completion bash)
    while read -ra COMP_WORDS; do COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _esauth; echo "\${COMPREPLY[*]}"; done`;
  const running = promisify(execFile)('bash', ['--norc', '-c', script, process.execPath, bin], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  });
  running.child.stdin?.end(lines.map(([words]) => `${words}\n`).join(''));
  expect((await running).stdout.split('\n').slice(0, -1)).toEqual(lines.map(([, completed]) => completed));
});
