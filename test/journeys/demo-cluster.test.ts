// The built demo as a process of its own, on what it takes for somebody's cluster: the emulator's command over TLS, or
// an emulator that lacks something. What the demo leaves there is asked of it afterwards.

import { spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Emulator, type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { end, killAll, type Run, run, runQuietly } from '../support/command.js';
import { send } from '../support/http-client.js';

const demo = fileURLToPath(new URL('../../examples/demo/dist/demo.js', import.meta.url));
// What the tests' own environment says of a cluster is not for the demo.
const plainEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('ELASTICSEARCH_')),
);
const password = 'pa55-of-nobody-else';

/** Starts the demo with nothing in its environment but what is said. */
function show(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const started = run(args, { env: { ...plainEnv, ...env } }, demo);
  onTestFinished(() => void started.child.kill('SIGKILL'));
  return started;
}

describe('on a cluster', () => {
  let cluster: Run & { readonly url: string };
  let caFile = '';
  let ca = '';

  beforeAll(async () => {
    cluster = await runQuietly('--tls', '--password', password);
    [caFile] = await cluster.printed(/^.*ca\.pem$/m);
    ca = await readFile(caFile, 'utf8');
  });
  afterEach(async () => expect(await leftIn(cluster.url, ca)).toEqual(nothing));
  afterAll(killAll);

  test('all claims hold; it says what it makes, takes it away, and prints no secret', async () => {
    const demonstration = show(['--once', '--url', cluster.url, '--ca', caFile, '--name', 'test'], {
      ELASTICSEARCH_URL: 'https://not.this.one.invalid',
      ELASTICSEARCH_CA_FINGERPRINT: 'not this one',
      ELASTICSEARCH_PASSWORD: password,
    });
    await demonstration.printed(/\n5\. /);
    expect(await leftIn(cluster.url, ca)).toMatchObject({
      users: ['esauth-demo-test-jane'],
      roles: ['esauth-demo-test-writer', 'esauth-demo-test-key_owner'],
      keys: expect.arrayContaining(['esauth-demo-test-nightly-report']),
    });
    const { code, out, err } = await demonstration.ended;
    expect(out).toMatch(
      /^Elasticsearch at https:.*, as elastic\. For as long as this runs there will be in it\n/,
    );
    expect(out).toMatch(/\n {3}the user esauth-demo-test-jane\n.*\n\n1\. /s);
    expect(out).toContain('1000 requests, 1000 answered 200, 1 lookup(s) reached Elasticsearch.');
    expect(out).toMatch(/Nothing of them is left\.\n\n28 claims held, 0 did not, 0 skipped\.\n$/);
    expect(code).toBe(0);
    expect(out + err).not.toContain(password);
    // So long are tokens, keys and Base64 of names and passwords, and nothing else of these characters.
    expect(out + err).not.toMatch(/[A-Za-z\d+=]{22}/);
  }, 60_000);

  test('the environment says where and who; a fingerprint is as good; a file has the password', async () => {
    const { out, code } = await show(['--once', '--password-file', await fileWith(`${password}\n`)], {
      ELASTICSEARCH_URL: cluster.url,
      ELASTICSEARCH_CA_FINGERPRINT: new X509Certificate(ca).fingerprint256,
      ELASTICSEARCH_USERNAME: 'elastic',
      ELASTICSEARCH_PASSWORD: 'not this one',
    }).ended;
    expect(out).toMatch(/\n28 claims held, 0 did not, 0 skipped\.\n$/);
    expect(code).toBe(0);
  }, 60_000);

  test('the password is asked for at a terminal, and not shown', async () => {
    // `script` runs a command on a terminal of its own; in util-linux and in BSD with other arguments.
    const command = [process.execPath, demo, '--once', '--url', cluster.url, '--ca', caFile];
    const args =
      process.platform === 'linux'
        ? ['-qec', command.join(' '), '/dev/null']
        : ['-q', '/dev/null', ...command];
    const child = spawn('script', args, { env: plainEnv });
    let out = '';
    for await (const chunk of child.stdout) {
      const asked = out.includes('Password of elastic: ');
      out += chunk;
      if (!asked && out.includes('Password of elastic: ')) child.stdin.write(`${password}\r`);
    }
    expect(out).toMatch(/^Password of elastic: \r\nElasticsearch at /);
    expect(out).toMatch(/\n28 claims held, 0 did not, 0 skipped\.\r\n$/);
    expect(out).not.toContain(password);
  }, 60_000);

  test('serves on; the lines it prints work as they are, with curl asking; Ctrl+C takes their key away too', async () => {
    const demonstration = show(['--url', cluster.url, '--ca', caFile], { ELASTICSEARCH_PASSWORD: password });
    const [lines] = await demonstration.printed(/\n {2}KEY=[\s\S]*\/me\n\n/);
    // In a session of its own there is no terminal, and curl reads the password from its input.
    const shell = spawn('bash', ['-euo', 'pipefail', '-c', lines], { detached: true });
    shell.stdin.end(`${password}\n`);
    let answers = '';
    for await (const chunk of shell.stdout) answers += chunk;
    expect([...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)).toEqual([
      '200',
      '403',
      '401',
    ]);
    const { code, out } = await end(demonstration, 'SIGINT');
    expect(out).toMatch(/\n28 claims held, 0 did not, 0 skipped\.\n[\s\S]*Nothing of them is left\.\n$/);
    expect(code).toBe(0);
  }, 60_000);

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s in the middle leaves nothing behind',
    async (signal) => {
      const demonstration = show(['--once', '--url', cluster.url, '--ca', caFile], {
        ELASTICSEARCH_PASSWORD: password,
      });
      await demonstration.printed(/\n4\. /);
      // Twice, as it comes through npm.
      demonstration.child.kill(signal);
      const { code, out, err } = await end(demonstration, signal);
      expect(out).toMatch(/Nothing of them is left\.\n$/);
      expect([code, err]).toEqual([1, 'demo: interrupted\n']);
    },
    60_000,
  );

  test('what is called so already is not touched', async () => {
    const headers = { authorization: `Basic ${btoa(`elastic:${password}`)}` };
    const theirs = `${cluster.url}/_security/user/esauth-demo-theirs-jane`;
    await send(theirs, { method: 'PUT', headers, ca, body: { password: 'of-their-own', roles: [] } });
    const args = ['--once', '--url', cluster.url, '--ca', caFile, '--name', 'theirs'];
    const { code, err } = await show(args, { ELASTICSEARCH_PASSWORD: password }).ended;
    expect([code, err]).toEqual([
      1,
      'demo: /_security/user/esauth-demo-theirs-jane is there already and was not touched; take another --name\n',
    ]);
    expect((await send(theirs, { method: 'DELETE', headers, ca })).json).toEqual({ found: true });
  });

  test.each<[what: string, args: string[], said: string | RegExp]>([
    [
      'an unknown authority',
      [],
      /^https:.*; set --ca to the certificate of its authority, or --ca-fingerprint$/,
    ],
    [
      'no certificate',
      ['--ca', demo],
      '--ca: must be a certificate as a PEM string or Buffer, or a list of them: what is in the file, not its path',
    ],
    ['no such file', ['--ca', 'gone.pem'], /^--ca \(or ELASTICSEARCH_CA\): ENOENT: .*'gone\.pem'$/],
    [
      'the fingerprint of another',
      ['--ca-fingerprint', createHash('sha256').digest('hex')],
      /; --ca-fingerprint is of another authority, or the node does not send its own$/,
    ],
    [
      'http in place of https',
      ['--url', 'http://‹host›'],
      /; it seems to speak https; check the scheme in --url$/,
    ],
    [
      'nobody there',
      ['--url', 'http://127.0.0.1:1'],
      /; nothing listens there; check host and port in --url$/,
    ],
    [
      'no address',
      ['--url', 'localhost'],
      /^--url \(or ELASTICSEARCH_URL\) must be a whole address, such as /,
    ],
    [
      'a password in the address',
      ['--url', `https://elastic:${password}@‹host›`],
      /must hold no user name or /,
    ],
    [
      'a password as an argument',
      ['--password', password],
      /^no password as an argument, please: everybody /,
    ],
    ['a password after an equals sign', [`--password=${password}`], /^no password as an argument, please: /],
    ['a password as a word', [password], 'it takes options only; see --help'],
    ['an unknown option', ['--pass-word', password], "Unknown option '--pass-word'; see --help"],
    [
      'a wrong user',
      ['--ca', '‹ca›', '--username', 'nobody'],
      /^nobody is not accepted with this password: /,
    ],
    ['a colon in the name', ['--username', 'a:b'], '--username: a user name has no colon'],
    ['a strange name', ['--name', 'Ä'], '--name: up to 40 of the characters a to z, 0 to 9, _ and -'],
    ['an empty password', ['--password-file', '/dev/null'], 'the password is empty'],
    ['no such password file', ['--password-file', 'gone'], /^--password-file: ENOENT: .*'gone'$/],
  ])('%s: one sentence, the code 1, and nothing was made', async (_what, args, said) => {
    const { host } = new URL(cluster.url);
    const filled = args.map((text) => text.replace('‹host›', host).replace('‹ca›', caFile));
    const env = { ELASTICSEARCH_URL: cluster.url, ELASTICSEARCH_PASSWORD: password };
    const { code, out, err } = await show(filled, env).ended;
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^demo: .*\n$/);
    expect(err.slice('demo: '.length, -1)).toEqual(
      typeof said === 'string' ? said : expect.stringMatching(said),
    );
    expect(err).not.toContain(password);
  });
});

test('with neither a terminal nor a password it says where one can come from', async () => {
  const { code, err } = await show(['--url', 'http://127.0.0.1:1']).ended;
  expect(err).toMatch(/^demo: the password of elastic is missing: set ELASTICSEARCH_PASSWORD, name a /);
  expect(code).toBe(1);
});

describe('on a cluster that can not do everything', () => {
  const noTokens = [
    ...['Elasticsearch grants a token', 'the route knows elastic, of the reserved realm, with a token'],
    ...['Elasticsearch grants a token', 'the route knows jane, of the native realm'],
    ...['Elasticsearch grants a token', 'the new token is jane as well'],
    ...['jane is refused: 403, insufficient_scope', 'elastic is let in'],
    ...['Elasticsearch has revoked it', 'the very next request is refused', 'the challenge says why'],
  ];
  const ofTokens = (reason: string) => noTokens.map((claim) => `${claim} (${reason})`);

  test.each<[what: string, options: EmulatorOptions, username: string, skipped: string[]]>([
    [
      'a basic licence',
      { license: 'basic' },
      'elastic',
      ofTokens('the licence of this cluster has no tokens'),
    ],
    [
      'no token service',
      { tokenService: false },
      'elastic',
      ofTokens('its token service is off, see xpack.security.authc.token.enabled'),
    ],
    [
      'a user who is no superuser',
      {
        users: { keeper: { password: 'changeme', roles: ['keeper'] } },
        roles: { keeper: { cluster: ['manage_security'] } },
      },
      'keeper',
      ['keeper is let in (keeper has not the role superuser)'],
    ],
  ])(
    '%s: what can not be shown is skipped by name',
    async (_what, options, username, skipped) => {
      const emulator = await emulate(options);
      const { code, out } = await show(['--once', '--url', emulator.url, '--username', username], {
        ELASTICSEARCH_PASSWORD: 'changeme',
      }).ended;
      expect([...out.matchAll(/– skipped: (.*)/g)].map(([, claim]) => claim)).toEqual(skipped);
      const held = 28 - skipped.length;
      expect(out).toMatch(new RegExp(`\n${held} claims held, 0 did not, ${skipped.length} skipped\\.\n$`));
      expect(code).toBe(0);
      expect(await leftIn(emulator.url)).toEqual(nothing);
    },
    60_000,
  );

  test('a user who may not make users: one sentence', async () => {
    const { url } = await emulate({ users: { guest: { password: 'changeme', roles: ['monitoring_user'] } } });
    const args = ['--url', url, '--username', 'guest'];
    const { code, out, err } = await show(args, { ELASTICSEARCH_PASSWORD: 'changeme' }).ended;
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^demo: guest may not make users and roles there: take .* manage_security\n$/);
  });

  test('security is off: one sentence', async () => {
    // As 9.5.0 without security answers (recorded).
    const server = createServer((_request, response) => {
      response.writeHead(400, { 'X-elastic-product': 'Elasticsearch', 'content-type': 'application/json' });
      response.end('{"error":"no handler found for uri [/_security/_authenticate] and method [GET]"}');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    // A server that listens on a port has an address of this kind.
    const { port } = server.address() as AddressInfo;
    const args = ['--url', `http://127.0.0.1:${port}`];
    const { code, out, err } = await show(args, { ELASTICSEARCH_PASSWORD: 'changeme' }).ended;
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^demo: .*: security is off in this cluster; set xpack\.security\.enabled: true\n$/);
  });

  test('what can not be made ends it, and what was made before is taken away', async () => {
    const { url, faults } = await emulate({});
    faults.add({ method: 'PUT', path: '/_security/user/*', status: 503 });
    const args = ['--once', '--url', url, '--name', 'test'];
    const { code, out, err } = await show(args, { ELASTICSEARCH_PASSWORD: 'changeme' }).ended;
    expect(err).toMatch(/^demo: PUT \/_security\/user\/esauth-demo-test-jane: Elasticsearch answered 503/);
    expect(out).toMatch(/Nothing of them is left\.\n$/);
    expect(code).toBe(1);
    expect(await leftIn(url)).toEqual(nothing);
  });

  test('what can not be taken away is named, and the rest is', async () => {
    const { url, faults } = await emulate({});
    faults.add({ method: 'DELETE', path: '/_security/user/*', status: 503 });
    // What a full disk looks like (recorded from 9.5.0).
    faults.add({ method: 'DELETE', path: '/_security/api_key', status: 200, body: { error_count: 1 } });
    const args = ['--once', '--url', url, '--name', 'test'];
    const { code, err } = await show(args, { ELASTICSEARCH_PASSWORD: 'changeme' }).ended;
    const [, said] = err.split('Still there:\n');
    expect(said).toMatch(/^ {3}API keys called esauth-demo-test-…: Elasticsearch could not invalidate 1\n/);
    expect(said).toMatch(/\n {3}user esauth-demo-test-jane: Elasticsearch answered 503.*\n$/);
    expect(code).toBe(1);
    expect(await leftIn(url)).toMatchObject({ users: ['esauth-demo-test-jane'], roles: [], tokens: 0 });
  });
});

const nothing = { users: [], roles: [], keys: [], tokens: 0 };

/** What there is of the demo's: users, roles, live keys; and any live tokens. */
async function leftIn(url: string, ca?: string) {
  const { json: state } = await send(`${url}/_esauth/state`, { ca });
  const secret = ca === undefined ? 'changeme' : password;
  const headers = { authorization: `Basic ${btoa(`elastic:${secret}`)}` };
  const { json: roles } = await send(`${url}/_security/role`, { headers, ca });
  const ours = (names: string[]) => names.filter((name) => name.startsWith('esauth-demo-'));
  return {
    users: ours(state.users.items.map(({ username }: { username: string }) => username)),
    roles: ours(Object.keys(roles)),
    keys: ours(state.keys.items.map(({ name }: { name: string }) => name)),
    tokens: state.tokens.total,
  };
}

async function emulate(options: EmulatorOptions): Promise<Emulator> {
  const emulator = await startEmulator(options);
  onTestFinished(() => emulator.close());
  return emulator;
}

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'demo-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'password');
  await writeFile(file, text, { mode: 0o600 });
  return file;
}
