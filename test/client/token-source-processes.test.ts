// Several real processes on the real clock, with tokens of a second in one file: nobody is signed out, and no refresh token
// makes two pairs.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createSecurityClient, fileTokenStore } from '@esauth/client';
import { startEmulator } from '@esauth/emulator';
import { expect, onTestFinished, test } from 'vitest';

const child = fileURLToPath(new URL('../support/token-source-process.mjs', import.meta.url));
const processes = 3;
const forMs = 4_000;
const lifetimeMs = 1_000;

test('share a file, and stay signed in', async () => {
  const emulator = await startEmulator({ tokenTimeoutMs: lifetimeMs });
  const auth = { username: 'elastic', password: 'changeme' };
  const client = createSecurityClient({ nodes: emulator.url, auth });
  const folder = await mkdtemp(join(tmpdir(), 'esauth-processes-'));
  onTestFinished(async () => {
    await client.close();
    await emulator.close();
    await rm(folder, { recursive: true });
  });
  const file = join(folder, 'tokens.json');
  const issuedAt = Date.now();
  const answer = await client.getToken({ grant_type: 'password', ...auth });
  await fileTokenStore(file).compareAndSet(undefined, {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    issuedAt,
    expiresAt: issuedAt + lifetimeMs,
  });
  const run = () => promisify(execFile)(process.execPath, [child, emulator.url, file, String(forMs)]);
  const printed = await Promise.all(Array.from({ length: processes }, run));
  for (const { stdout, stderr } of printed) {
    const { headers, errors } = JSON.parse(stdout);
    // A machine that stands still for longer than a token lives is told that there is none in time.
    expect(
      errors.filter((error: string) => !/^unavailable .*all tokens that came had ended/.test(error)),
    ).toEqual([]);
    expect(headers).toBeGreaterThan(1);
    expect(stderr).toBe('');
  }
  // A refusal would be a refresh outside the window, or a family that two have split.
  expect(emulator.requests.filter(({ status }) => status !== 200)).toEqual([]);
  expect(await readdir(folder)).toEqual(['tokens.json']);
  const { refreshToken } = JSON.parse(await readFile(file, 'utf8'));
  await client.getToken({ grant_type: 'refresh_token', refresh_token: refreshToken });
}, 60_000);
