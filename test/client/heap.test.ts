// What a client keeps in its memory when it rests: its own credential, and none that went through it, whatever became
// of the calls. Their errors are kept.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { windowIn, windowsOf } from '../support/exposed.js';
import { errorBody, respond, type Script, startScriptedNode } from '../support/scripted-node.js';

const child = fileURLToPath(new URL('../support/client-secrets-in-memory.mjs', import.meta.url));

test('no credential is left in it', async () => {
  const seen: string[] = [];
  /** Good, refused in its own words, cut off, never. */
  const answers: readonly ((said: string) => Script)[] = [
    () => {
      const tokens = [0, 1].map(() => randomBytes(24).toString('base64url'));
      seen.push(...tokens);
      const [access_token, refresh_token] = tokens;
      return respond({ body: { access_token, refresh_token, expires_in: 1, id: 'x', api_key: tokens[0] } });
    },
    (said) => respond({ status: 401, body: errorBody(401, said) }),
    (said) => respond({ status: 500, body: errorBody(500, said) }),
    (said) => respond({ body: { error_count: 1, error_details: [{ type: said, reason: said }] } }),
    () => (socket) => void socket.destroy(),
    () => () => {},
  ];
  const node = await startScriptedNode((socket, head, body = '') => {
    const [, header = ''] = /^authorization: \w+ (\S+)/im.exec(head) ?? [];
    const texts = body === '' ? [] : Object.values(JSON.parse(body) as Record<string, string>);
    const given = [header, ...texts].filter((text) => text.length > 20);
    seen.push(...given, ...given.map((text) => Buffer.from(text, 'base64').toString().split(':')[1] ?? ''));
    answers[node.requests.length % answers.length]?.(`<${given.join('> <')}>`)(socket, head, body);
  });
  const folder = await mkdtemp(join(tmpdir(), 'esauth-client-'));
  onTestFinished(async () => {
    await node.close();
    await rm(folder, { recursive: true });
  });
  const snapshot = join(folder, 'idle.heapsnapshot');
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--expose-gc', '--no-warnings', child, node.url, snapshot],
  ]);
  const { kept, good, failed } = JSON.parse(stdout);
  expect(good).toBeGreaterThan(20);
  expect(failed).toBeGreaterThan(100);
  const strings: readonly string[] = JSON.parse(await readFile(snapshot, 'utf8')).strings;
  // What is kept is found.
  expect(strings.some((text) => text.includes(kept))).toBe(true);
  const windows = windowsOf(seen);
  expect(windows.size).toBeGreaterThan(4_000);
  expect(strings.filter((text) => windowIn(text, windows) !== undefined)).toEqual([]);
}, 120_000);
