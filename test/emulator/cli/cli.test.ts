/** The command `esauth-emulator`: what it prints, what it takes, how it ends, and what it complains about. */

import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { end, killAll, type Run, run, runQuietly } from '../../support/command.js';
import { basic, send } from '../../support/http-client.js';

// Processes start slowly on a machine that has much to do.
vi.setConfig({ testTimeout: 30_000 });
afterEach(killAll);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'esauth-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileWith(name: string, content: unknown): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

test('prints where it is, who may ask, and how', async () => {
  const started = run(['--port', '0', '--password', "it's me"]);
  const [, url = ''] = await started.printed(/Elasticsearch emulator at (\S+)\n[\s\S]*api_key\n/);
  const [, authorization = ''] = await started.printed(/^ {2}Authorization: (.*)$/m);
  const me = await send(`${url}/_security/_authenticate`, { headers: { authorization } });
  expect(me.json).toMatchObject({ username: 'elastic', authentication_type: 'token' });
  const { code, out, err } = await end(started);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.replace(/\nGET .*ms.*\n$/, '\n')).toBe(`Elasticsearch emulator at ${url}
  user      elastic
  password  it's me
  page      ${url}/_esauth/
  Authorization: ${authorization}

Try:
  curl -u 'elastic:it'\\''s me' '${url}/_security/_authenticate?pretty'
  curl -u 'elastic:it'\\''s me' -H 'content-type: application/json' -d '{"grant_type":"client_credentials"}' ${url}/_security/oauth2/token
  curl -u 'elastic:it'\\''s me' -H 'content-type: application/json' -d '{"name":"my-key"}' ${url}/_security/api_key

`);
});

describe('the lines to try work as they are', () => {
  const standIn = `curl() { '${process.execPath}' '${fileURLToPath(new URL('../../support/curl.mjs', import.meta.url))}' "$@"; }`;
  const hasCurl = spawnSync('curl', ['--version']).status === 0;

  test.each([['a stand-in for curl', `${standIn}\n`], ...(hasCurl ? [['curl', '']] : [])])(
    'with %s',
    async (_what, prelude) => {
      const started = run(['--port', '0', '--tls', '--password', `it's "$HOME" \\ ? & pässword`]);
      const [lines = ''] = await started.printed(/^ {2}curl[\s\S]*api_key\n/m);
      const answers: { username?: string; access_token?: string; encoded?: string }[] = [];
      for (const line of lines.trimEnd().split('\n')) {
        const { stdout } = await promisify(execFile)('sh', ['-c', `${prelude}${line}`]);
        answers.push(JSON.parse(stdout));
      }
      expect(answers).toEqual([
        expect.objectContaining({ username: 'elastic' }),
        expect.objectContaining({ access_token: expect.any(String) }),
        expect.objectContaining({ encoded: expect.any(String) }),
      ]);
      expect((await end(started)).code).toBe(0);
    },
  );
});

test('takes a release, a licence, users and roles', async () => {
  const users = await fileWith('users.json', '\ufeff{"alice":{"password":"secret","roles":["watcher"]}}');
  const roles = await fileWith('roles.json', { watcher: { cluster: ['monitor'] } });
  const options = ['--version', '8.10', '--license', 'basic', '--users', users, '--roles', roles];
  const started = await runQuietly(...options);
  const headers = basic('alice', 'secret');
  expect((await send(started.url, { headers })).json.version.number).toBe('8.10.0');
  expect((await send(`${started.url}/_cluster/health`, { headers })).status).toBe(200);
  expect(
    (await send(`${started.url}/_license`, { headers: basic('elastic', 'changeme') })).json.license.type,
  ).toBe('basic');
  expect(await end(started, 'SIGINT')).toEqual({ code: 0, signal: null, out: `${started.url}\n`, err: '' });
});

test('takes every other option', async () => {
  const files = await fileWith('files.json', { users: { carol: { password: 'secret', roles: ['viewer'] } } });
  const realms = await fileWith('realms.json', [
    {
      allowedIssuer: 'https://issuer.example',
      allowedAudiences: ['my-api'],
      hmacKey: 'a secret that is long enough for HS256',
      allowedSignatureAlgorithms: ['HS256'],
      claims: { principal: 'sub' },
      clientAuthentication: { type: 'none' },
    },
  ]);
  const tickets = await fileWith('tickets.json', { dGlja2V0: { username: 'dave' } });
  const pool = await fileWith('pool.json', { threads: 1, queue: 1, hashMs: 1 });
  const flags = [
    '--files',
    files,
    '--jwt-realms',
    realms,
    '--kerberos-tickets',
    tickets,
    '--crypto-pool',
    pool,
  ];
  const names = [
    '--anonymous-roles',
    'viewer, watcher_user',
    '--anonymous-username',
    'nobody',
    '--seed',
    'any',
  ];
  const started = await runQuietly(
    ...flags,
    ...names,
    '--token-timeout-ms',
    '60000',
    '--no-run-as',
    '--no-api-keys',
  );
  const who = async (headers: Record<string, string>) =>
    (await send(`${started.url}/_security/_authenticate`, { headers })).json;
  expect(await who({})).toMatchObject({ username: 'nobody', roles: ['viewer', 'watcher_user'] });
  expect((await who(basic('carol', 'secret'))).authentication_realm.type).toBe('file');
  expect((await who({ authorization: 'Negotiate dGlja2V0' })).username).toBe('dave');
  expect((await who({ ...basic('carol', 'secret'), 'es-security-runas-user': 'elastic' })).username).toBe(
    'carol',
  );
  const challenges = await send(started.url, { headers: { authorization: 'ApiKey eA==' } });
  expect(JSON.stringify(challenges.json)).not.toContain('ApiKey');
  expect((await end(started)).err).toBe('');
});

test('has a key ready where there are no tokens, and nothing where nobody is asked', async () => {
  const basicLicense = run(['--port', '0', '--license', 'basic']);
  const [, url = '', authorization = ''] = await basicLicense.printed(
    /at (\S+)\n[\s\S]*Authorization: (ApiKey .*)\n/,
  );
  const { json } = await send(`${url}/_security/_authenticate`, { headers: { authorization } });
  expect(json).toMatchObject({ username: 'elastic', authentication_type: 'api_key' });
  const open = run(['--port', '0', '--no-security']);
  await open.printed(/api_key\n/);
  expect((await end(open)).out).not.toContain('Authorization');
});

test('warns where other machines can reach it, and only there', async () => {
  const outside = run(['--port', '0', '--host', '0.0.0.0', '--quiet']);
  await outside.printed(/^http:/);
  expect((await end(outside)).err).toBe(
    'esauth-emulator: other machines can reach it at 0.0.0.0, and its passwords are no secret; only 127.0.0.1 is private\n',
  );
});

describe('ends with the process that started it', () => {
  // A shell that starts it in the background and ends when its input does; and one that has another start it.
  const shell = ['sh', '-c', '"$@" & echo "pid $!"; read line', 'sh'];
  const between = ['sh', '-c', '(true; "$@"; true) & echo "pid $!"; read line', 'sh'];

  test.each([
    ['where CI is set', { CI: 'true' }, [], true, shell],
    ['and with a grandparent', { CI: '1' }, [], true, between],
    ['but not with --stay', { CI: 'true' }, ['--stay'], false, shell],
    ['nor elsewhere', { CI: '' }, [], false, shell],
  ])('%s', async (_where, env, flags, ends, shell) => {
    const args = ['--port', '0', '--quiet', ...flags];
    const started = run(args, { env: { ...process.env, ...env } }, undefined, shell);
    const [url = ''] = await started.printed(/^http:\S+$/m);
    const [, pid] = await started.printed(/^pid (\d+)$/m);
    started.child.stdin.end('\n');
    await new Promise((resolve) => started.child.once('exit', resolve));
    if (ends) {
      while (await isThere(url));
      return;
    }
    // Longer than it takes the others to notice.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await isThere(url)).toBe(true);
    process.kill(Number(pid));
  });
});

test.each([['--no-ui'], ['--host', '0.0.0.0']])('has no page with %s', async (...args) => {
  const started = run(['--port', '0', ...args]);
  const [, port = ''] = await started.printed(/emulator at http:\/\/[\d.]+:(\d+)\n[\s\S]*api_key/);
  expect((await send(`http://127.0.0.1:${port}/_esauth/`)).status).toBe(401);
  expect((await end(started)).out).not.toContain('/_esauth/\n');
});

describe('--tls', () => {
  test.each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])(
    'the authority is in a file that only this user can read, until %s',
    async (signal) => {
      const started = await runQuietly('--tls');
      const [, file = ''] = await started.printed(/^https:.*\n(.*)\n/);
      expect((await send(started.url, { ca: readFileSync(file, 'utf8') })).status).toBe(401);
      const modes = [file, dirname(file)].map((path) => (statSync(path).mode & 0o777).toString(8));
      expect(modes).toEqual(['600', '700']);
      expect((await end(started, signal)).code).toBe(0);
      expect(existsSync(dirname(file))).toBe(false);
    },
  );

  test('a file that can not be written: one line, and the code 1', async () => {
    const nowhere = join(folder, 'nowhere');
    const { code, out, err } = await run(['--port', '0', '--tls'], {
      env: { ...process.env, TMPDIR: nowhere },
    }).ended;
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^esauth-emulator: ENOENT: .*nowhere.*\n$/);
  });
});

describe('ends', () => {
  test('also while connections are open and answers are outstanding', async () => {
    const started = await runQuietly();
    await (await fetch(started.url)).text();
    const outstanding = fetch(started.url, {
      method: 'POST',
      body: new ReadableStream({ start() {} }),
      duplex: 'half',
    } as RequestInit);
    const broken = expect(outstanding).rejects.toThrow();
    await (await fetch(started.url)).text();
    expect((await end(started)).code).toBe(0);
    await broken;
  });

  test('at once with a second signal, whatever still keeps it', async () => {
    const busy = '--import=data:text/javascript,setInterval(()=>{},1e6)';
    const started = run(['--port', '0', '--quiet'], { env: { ...process.env, NODE_OPTIONS: busy } });
    const [url = ''] = await started.printed(/^http:\S+$/m);
    started.child.kill('SIGINT');
    while (await isThere(url));
    expect(started.child.exitCode).toBeNull();
    expect(await end(started, 'SIGTERM')).toMatchObject({ code: null, signal: 'SIGTERM', err: '' });
  });

  test('when whoever reads what it prints has gone', async () => {
    const started = run(['--port', '0', '--tls']);
    const [, url = '', file = ''] = await started.printed(
      /at (https:\S+)\n[\s\S]*authority (\S+)\n[\s\S]*api_key\n/,
    );
    const ca = readFileSync(file, 'utf8');
    started.child.stdout.destroy();
    while (await isThere(url, ca));
    expect(await started.ended).toMatchObject({ code: 0, err: '' });
    expect(existsSync(file)).toBe(false);
  });
});

/** Asks, so that there is something to print, too. */
async function isThere(url: string, ca?: string): Promise<boolean> {
  try {
    await send(url, { ca });
    return true;
  } catch {
    return false;
  }
}

describe('one line, and the code 1:', () => {
  async function complaintOf(started: Run): Promise<string> {
    const { code, out, err } = await started.ended;
    expect({ code, out }).toEqual({ code: 1, out: '' });
    return err;
  }

  test('a port that is in use', async () => {
    const { url } = await runQuietly();
    const port = new URL(url).port;
    expect(await complaintOf(run(['--port', port]))).toBe(
      `esauth-emulator: port ${port} of 127.0.0.1 is in use; --port 0 takes any free one\n`,
    );
  });

  test('a port that this user may not take, where there are such ports', async () => {
    // Only Linux says which ones. Where everybody may take every port, the command has to start.
    const first = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
    const port = existsSync(first) ? Number(readFileSync(first, 'utf8')) - 1 : 0;
    const setpriv = ['setpriv', '--bounding-set=-net_bind_service'];
    const mayDrop = process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0;
    const started = run(
      ['--port', String(Math.max(port, 0)), '--quiet'],
      {},
      undefined,
      mayDrop ? setpriv : [],
    );
    if (port > 0 && (mayDrop || process.getuid?.() !== 0)) {
      expect(await complaintOf(started)).toBe(
        `esauth-emulator: port ${port} is for privileged users; take one above 1023\n`,
      );
    } else {
      await started.printed(/^http:/);
    }
  });

  test.each([
    ['192.0.2.1', '192.0.2.1 is no address of this machine'],
    ['300.1.1.1', 'nothing is known of a host 300.1.1.1'],
  ])('the host %s', async (host, message) => {
    expect(await complaintOf(run(['--port', '0', '--host', host]))).toBe(`esauth-emulator: ${message}\n`);
  });
});

describe('one line, and the code 2:', () => {
  test.each([
    [['--nonsense'], "Unknown option '--nonsense'; --help lists what there is"],
    [
      ['extra'],
      "Unexpected argument 'extra'. This command does not take positional arguments; --help lists what there is",
    ],
    [['--port'], "Option '--port <value>' argument missing; --help lists what there is"],
    [['--port', 'x'], '--port must be a whole number'],
    [
      ['--token-timeout-ms', '1'],
      'option "tokenTimeoutMs" must be a number of milliseconds from 1000 to 3600000',
    ],
    [['--port', '70000'], 'option "port" must be a whole number from 0 to 65535'],
    [['--host', ''], 'option "host" must be an address or a host name'],
    [['--version', '5'], 'option "version" must be a release from 7.17 to 9.5, such as "8.10" or "9.5.0"'],
    [['--license', 'gold'], 'option "license" must be "trial" or "basic"'],
    [['--password', 'short'], 'option "password" must be a text of six characters or more'],
  ])('%j', async (args, message) => {
    expect(await run(args).ended).toMatchObject({ code: 2, out: '', err: `esauth-emulator: ${message}\n` });
  });

  test.each<[string, unknown, string]>([
    ['is empty', '', ':1:1: this is not JSON'],
    ['breaks off', '{"alice":{"password":"c4n4ry"', ':1:30: this is not JSON'],
    ['has no quotes', '{\n  "alice": c4n4ry }', ':2:18: this is not JSON'],
    ['has more than one value', '{} c4n4ry', ':1:10: this is not JSON'],
    ['is a list', [{ password: 'c4n4ry' }], ' must be an object with a member for each name'],
  ])('a file that %s', async (_what, content, message) => {
    const file = await fileWith('bad.json', content);
    for (const flag of ['--users', '--roles']) {
      const expected = `esauth-emulator: ${flag}: ${file}${message}\n`;
      expect(await run([flag, file]).ended).toMatchObject({ code: 2, out: '', err: expected });
    }
  });

  test('a file with a user that nobody could log in as', async () => {
    const file = await fileWith('users.json', { alice: { password: 'c4n4', roles: [] } });
    const message = 'Validation Failed: 1: passwords must be at least [6] characters long;';
    expect((await run(['--users', file]).ended).err).toBe(
      `esauth-emulator: option "users.alice": ${message}\n`,
    );
  });

  test.each([
    ['that is not there', 'nowhere.json', 'there is no such file'],
    ['that is a folder', '', 'it is a folder'],
  ])('a file %s', async (_what, name, reason) => {
    const file = join(folder, name);
    expect((await run(['--roles', file]).ended).err).toBe(
      `esauth-emulator: --roles: can not read ${file}: ${reason}\n`,
    );
  });
});

test('explains itself', async () => {
  const { code, out } = await run(['--help']).ended;
  expect(code).toBe(0);
  expect(out).toMatch(/^Usage: npx @esauth\/emulator \[options\]/);
  for (const flag of [
    'port',
    'host',
    'tls',
    'version',
    'license',
    'password',
    'users',
    'roles',
    'no-ui',
    'quiet',
  ])
    expect(out).toMatch(new RegExp(`^  --${flag} `, 'm'));
});
