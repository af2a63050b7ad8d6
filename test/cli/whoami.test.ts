// `esauth whoami` and `esauth can-i`: who, and what, in each release.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startConnectProxy } from '../support/connect-proxy.js';
import { respond, startScriptedNode } from '../support/scripted-node.js';
import { esauth } from './esauth.js';
import { releases } from './releases.js';

const roles = {
  reader: {
    cluster: ['monitor'],
    indices: [{ names: ['docs', 'logs-*'], privileges: ['read'] }],
    applications: [{ application: 'orders', privileges: ['write'], resources: ['*'] }],
  },
};
const users = {
  alice: {
    password: 'alice-password',
    roles: ['reader'],
    full_name: 'Alice Smith',
    email: 'alice@example.com',
    metadata: { team: 'blue' },
  },
};

test.each(releases)('%s: a user, and what he may do', async (version) => {
  const emulator = await startEmulator({ ui: false, version, users, roles });
  const stdin = 'alice:alice-password';
  const who = await esauth(['whoami', '--node', emulator.url], { stdin });
  expect(who).toMatchObject({
    code: 0,
    out: expect.stringContaining('subject       realm:default_native:alice\n'),
  });
  const asked = ['can-i', '--node', emulator.url, 'read', 'index:docs', 'monitor', 'write', 'app:orders/*'];
  expect(await esauth(asked, { stdin })).toMatchObject({ code: 0 });
  expect(await esauth([...asked, 'manage'], { stdin })).toMatchObject({ code: 1 });
  await emulator.close();
});

describe.each(['7.17', '9.5'])('%s', (version) => {
  let emulator: Emulator;

  beforeEach(async () => {
    emulator = await startEmulator({ ui: false, version, users, roles });
  });

  afterEach(() => emulator.close());

  const alice = () => ({ stdin: 'alice:alice-password\n' });
  const whoami = (stdin: string, ...flags: string[]) =>
    esauth(['whoami', '--node', emulator.url, ...flags], { stdin });

  test('a user is shown to a person, and to a script', async () => {
    const { code, out } = await whoami('alice:alice-password\n');
    expect(code).toBe(0);
    expect(out).toBe(`user          alice
full name     Alice Smith
e-mail        alice@example.com
signed in by  its realm
realm         default_native (native)
roles         reader
expires       not known
metadata      {"team":"blue"}
subject       realm:default_native:alice
`);
    const { json } = await whoami('alice:alice-password', '--json');
    expect(json).toMatchObject({
      verdict: 'authenticated',
      identity: { username: 'alice', roles: ['reader'] },
    });
  });

  test('a key is shown with its name and its end', async () => {
    const key = emulator.apiKey('alice', { name: 'ci', expiration: '1d', metadata: { env: 'test' } });
    const { code, out } = await whoami(JSON.stringify(key));
    expect(code).toBe(0);
    expect(out).toContain('signed in by  an API key\n');
    expect(out).toContain(`API key       ci (id ${key.id})\n`);
    expect(out).toContain(
      `expires       ${new Date(key.expiration ?? 0).toISOString().replace('.000Z', 'Z')}\n`,
    );
    expect(out).toContain('key metadata  {"env":"test"}\n');
    expect((await whoami(JSON.stringify(emulator.apiKey('alice')))).out).toContain('expires       never\n');
  });

  test('a token is shown', async () => {
    expect((await whoami(emulator.token('alice'))).out).toContain('signed in by  an access token\n');
  });

  test('who is refused is told where to ask why', async () => {
    const { code, out } = await whoami('alice:another-password');
    expect({ code, out }).toEqual({
      code: 1,
      out: 'refused (credentials_invalid); esauth explain says why\n',
    });
    const { json } = await whoami('alice:another-password', '--json');
    expect(json).toEqual({ verdict: 'rejected', code: 'credentials_invalid' });
  });

  test('several privileges at once, as a table of yes and no', async () => {
    const asked = [
      'read',
      'index:docs',
      'monitor',
      'write',
      'app:orders/*',
      'write,read',
      'index:docs,other',
    ];
    const { code, out } = await esauth(['can-i', '--node', emulator.url, ...asked], alice());
    expect(code).toBe(1);
    expect(out).toBe(`PRIVILEGE  ON            alice
read       index:docs    yes
monitor    the cluster   yes
write      app:orders/*  yes
write      index:docs    no
read       index:docs    yes
write      index:other   no
read       index:other   no
`);
  });

  test('all yes is 0, and a script reads each', async () => {
    const { code, json } = await esauth(
      ['can-i', '--json', '--node', emulator.url, 'read index:docs monitor'],
      alice(),
    );
    expect(code).toBe(0);
    expect(json).toEqual({
      verdict: 'answered',
      subject: 'realm:default_native:alice',
      all: true,
      answers: [
        { privilege: 'read', resource: 'index:docs', granted: true },
        { privilege: 'monitor', resource: null, granted: true },
      ],
    });
  });

  test('what is no privilege is a mistake of whoever asks', async () => {
    const { code, err } = await esauth(
      ['can-i', '--node', emulator.url, 'monitor', 'raed', 'index:docs'],
      alice(),
    );
    expect(err).toContain('raed');
    expect(err).not.toContain('on an index: ');
    expect(code).toBe(64);
  });

  test.each([
    [['read', 'docs'], 'on an index: read index:docs\n'],
    [['read,write', 'logs-*'], 'on an index: read,write index:logs-*\n'],
    [['read'], 'on an index: read index:docs\n'],
  ])('%j without index: is told how it is written', async (words, line) => {
    const { code, err } = await esauth(['can-i', '--node', emulator.url, ...words], alice());
    expect(err).toContain(line);
    expect(code).toBe(64);
  });

  test('explain tells it too', async () => {
    const args = ['explain', '--node', emulator.url, '--for', 'read docs'];
    expect((await esauth(args, alice())).err).toContain('on an index: read index:docs\n');
  });

  test('who is refused may do nothing', async () => {
    const refused = { stdin: 'alice:another-password' };
    expect(await esauth(['can-i', '--node', emulator.url, 'monitor'], refused)).toMatchObject({ code: 1 });
  });

  test('explain says what an accepted one may do', async () => {
    const args = ['explain', '--node', emulator.url, '--for', 'read index:docs', '--for', 'manage'];
    const { code, out } = await esauth(args, alice());
    expect(code).toBe(1);
    expect(out).toContain('accepted\n');
    expect(out).toMatch(/what it may do\n {2}read {4}index:docs {3}yes\n {2}manage {2}the cluster {2}no\n/);
    expect((await esauth(args.slice(0, 5), alice())).code).toBe(0);
  });
});

test('no verdict is 2, with its cause in the words of flags', async () => {
  const silent = await startScriptedNode(() => {});
  const stdin = 'alice:alice-password';
  const { code, out } = await esauth(['whoami', '--node', silent.url, '--timeout-ms', '200'], { stdin });
  expect(code).toBe(2);
  expect(out).toMatch(/^no verdict \(timeout\): .*no answer within 200 ms \(--timeout-ms\)\n$/);
  silent.answer(respond({ headers: { 'x-elastic-product': undefined } }));
  const strange = await esauth(['whoami', '--json', '--node', silent.url], { stdin });
  expect(strange).toMatchObject({ code: 2, json: { verdict: 'unavailable', code: 'not_elasticsearch' } });
  await silent.close();
});

test('a node that is not there is not mistaken for a refusal', async () => {
  const { code, out } = await esauth(['explain', '--node', 'http://127.0.0.1:1'], {
    stdin: 'alice:alice-password',
  });
  expect(code).toBe(2);
  expect(out).toContain('nobody could tell');
  expect(out).toContain('(no_answer)');
});

test('where Elasticsearch is may stand in the environment, quotes and all, and behind a proxy', async () => {
  const emulator = await startEmulator({ ui: false, tls: true, users });
  const proxy = await startConnectProxy();
  const folder = await mkdtemp(join(tmpdir(), 'esauth-cli-'));
  const ca = join(folder, 'ca.pem');
  await writeFile(ca, emulator.ca ?? '');
  const called = {
    stdin: 'alice:alice-password',
    env: { ESAUTH_NODES: `"${emulator.url}"\n`, ESAUTH_CA: `'${ca}'` },
  };
  expect(await esauth(['whoami'], called)).toMatchObject({ code: 0 });
  expect(proxy.asked).toHaveLength(0);
  expect(await esauth(['whoami', '--proxy', proxy.url], called)).toMatchObject({ code: 0 });
  const checked = await esauth(['check', '--proxy', proxy.url], called);
  expect(checked).toMatchObject({ code: 0, out: expect.stringContaining('certificates are not shown') });
  expect(new Set(proxy.asked.map(({ authority }) => `https://${authority}`))).toEqual(
    new Set([emulator.url]),
  );
  await proxy.close();
  await emulator.close();
  await rm(folder, { recursive: true });
});
