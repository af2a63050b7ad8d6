// No part of a secret is in anything that is printed: every command, in lines and as JSON, for each refusal of the table
// and for what is accepted, with an administrator who has a secret too.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator } from '@esauth/emulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recognise } from '../../packages/cli/src/credentials/recognise.js';
import { createReport } from '../../packages/cli/src/terminal/report.js';
import { errorBody, identityBody, respond, startScriptedNode } from '../support/scripted-node.js';
import { esauth } from './esauth.js';
import { administrator, alicesPassword, hmacKey, type Row, rows, scenes, sharedSecret } from './refusals.js';

const width = 10;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'esauth-cli-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** All that must stay untold of what somebody holds: what is sent, what it decodes to, and no id and no name. */
function secretsOf(held: string): string[] {
  const [, value = ''] = recognise(held, 'it').authorization.split(' ');
  const parts = value.split('.');
  if (parts.length === 3) return [value, ...parts.filter((part) => part !== '')];
  const decoded = Buffer.from(value, 'base64').toString('latin1');
  return [value, decoded.slice(decoded.indexOf(':') + 1)];
}

/** Every piece of a secret that would tell something. */
function piecesOf(secrets: readonly string[]): string[] {
  return secrets.flatMap((secret) =>
    Array.from({ length: Math.max(0, secret.length - width + 1) }, (_, at) => secret.slice(at, at + width)),
  );
}

/** @param isAll by every command, and not only by the one that says most */
async function printed(
  url: string,
  { withSharedSecret }: Partial<Row>,
  held: string,
  isAll = true,
): Promise<string> {
  const [credential, admin, shared] = ['credential', 'admin', 'shared'].map((name) => join(folder, name));
  await Promise.all([
    writeFile(credential ?? '', held),
    writeFile(admin ?? '', administrator),
    writeFile(shared ?? '', sharedSecret),
  ]);
  const asked = ['--node', url, '--credential-file', credential ?? ''];
  const more = withSharedSecret ? ['--client-authentication-file', shared ?? ''] : [];
  const runs = [
    ['explain', ...asked, ...more, '--as-admin-file', admin ?? '', '--for', 'monitor'],
    ...(isAll
      ? [
          ['whoami', ...asked],
          ['can-i', ...asked, 'monitor'],
          ['check', ...asked],
        ]
      : []),
  ];
  let all = '';
  for (const argv of runs) {
    for (const json of [[], ['--json']]) {
      const { out, err } = await esauth([...argv, ...json], { tty: true });
      expect(out.length, argv[0]).toBeGreaterThan(10);
      all += out + err;
    }
  }
  return all;
}

function leaksIn(text: string, held: string): string[] {
  const secrets = [...secretsOf(held), ...secretsOf(administrator), sharedSecret, alicesPassword, hmacKey];
  return piecesOf(secrets).filter((piece) => text.includes(piece));
}

/** One of each kind of credential and of cause is enough: the sentences are the same in each release. */
const chosen = rows.filter(
  ({ is }) => !/while the security index|by another issuer|for another audience/.test(is),
);

test.each(Object.keys(scenes) as (keyof typeof scenes)[])('of what is refused: %s', async (scene) => {
  const emulator = await startEmulator({ ...scenes[scene] });
  const those = chosen.filter((each) => each.scene === scene);
  for (const row of those) {
    const held = await row.make(emulator);
    // Of one in each scene everything; what explain says has the rest in it.
    const text = await printed(emulator.url, row, held, row === those[0]);
    expect(leaksIn(text, held), row.is).toEqual([]);
    await emulator.reset();
  }
  await emulator.close();
});

test('of what is accepted', async () => {
  const emulator = await startEmulator(scenes.default);
  const key = emulator.apiKey('alice', { name: 'ci' });
  for (const held of [
    JSON.stringify(key),
    `alice:${alicesPassword}`,
    emulator.token('alice'),
    administrator,
  ]) {
    const text = await printed(emulator.url, {}, held);
    expect(text).toContain('accepted');
    expect(leaksIn(text, held)).toEqual([]);
  }
  await emulator.close();
});

test('of what a node sends back that repeats all it was sent', async () => {
  const held = 'Bearer a-canary-that-is-a-token-of-no-kind';
  const value = held.slice(7);
  const node = await startScriptedNode();
  const said = `it says ${value}, ${Buffer.from(value).toString('base64')} and ${value.slice(4, 20)}`;
  for (const answer of [
    {
      status: 401,
      body: errorBody(401, said, { additional_unsuccessful_credentials: said, caused_by: { reason: said } }),
    },
    { status: 500, body: errorBody(500, said, { type: value }) },
    { body: identityBody({ username: value, metadata: { [value]: said }, full_name: value }) },
    { status: 302, headers: { location: `https://elsewhere/${value}`, server: value, via: value } },
  ]) {
    node.answer(respond(answer));
    const text = await printed(node.url, {}, held);
    expect(piecesOf([value]).filter((piece) => text.includes(piece))).toEqual([]);
  }
  await node.close();
});

test('the last net holds whatever comes to it', () => {
  let out = '';
  const stream = {
    write(text: string) {
      out += text;
    },
  };
  const io = {
    argv: [],
    env: {},
    stdin: { async *[Symbol.asyncIterator]() {} },
    stdout: stream,
    stderr: stream,
  };
  for (const isJson of [false, true]) {
    const report = createReport(io, isJson);
    report.conceal(['a-canary-of-some-length', 'password']);
    report.say('it is ', { text: 'a-canary-of-some-length', as: 'no' });
    report.data({ 'a-canary-of-some-length': ['a-canary-of-some-length', 1] });
    report.complain('a-canary-of-some-length, a password');
  }
  expect(out).not.toContain('canary');
  expect(out.match(/\[redacted\]/g)).toHaveLength(5);
  // To strike out a word of ours would tell that it is the secret.
  expect(out).toContain('a password');
});

test('the search finds what there is to find', () => {
  const held = 'alice:a-canary-password';
  expect(leaksIn('he said a-canary-pa, and no more', held)).toEqual(['a-canary-p', '-canary-pa']);
});
