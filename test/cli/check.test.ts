// `esauth check`: what a node says of itself, in each release, and what else may answer at an address.

import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { afterEach, describe, expect, test } from 'vitest';
import {
  errorBody,
  respond,
  type Script,
  type ScriptedAnswer,
  startScriptedNode,
} from '../support/scripted-node.js';
import { type Called, esauth } from './esauth.js';
import { isSince, releases } from './releases.js';

interface Step {
  readonly step: string;
  readonly state: string;
  readonly text: string;
  readonly cure?: string;
}

interface Checked {
  readonly code: number;
  readonly ok: boolean;
  readonly [step: string]: Step | number | boolean;
}

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function emulator(options: EmulatorOptions = {}) {
  const users = { alice: { password: 'alice-password', roles: ['viewer'] } };
  const started = await startEmulator({ ui: false, users, ...options });
  closing.push(() => started.close());
  return started;
}

async function scripted(script: Script) {
  const started = await startScriptedNode(script);
  closing.push(() => started.close());
  return started.url;
}

/** Its steps by their names, and how it ended. */
async function check(url: string, called: Called = {}, ...flags: string[]): Promise<Checked> {
  const { code, json } = await esauth(['check', url, '--json', ...flags], called);
  const steps: readonly Step[] = json.nodes[0].steps;
  return { code, ok: json.ok, ...Object.fromEntries(steps.map((step) => [step.step, step])) };
}

const elastic = { env: { ESAUTH_CREDENTIAL: 'elastic:changeme' } };

describe('without a credential', () => {
  test.each(releases)('%s says which it is, as far as it shows', async (version) => {
    const range = version === '7.17' ? '7.x' : isSince(version, '8.15') ? '8.15 or later' : '8.0 to 8.14';
    const { url } = await emulator({ version });
    expect(await check(url)).toMatchObject({
      code: 0,
      ok: true,
      name: { state: 'yes', text: 'it is an address' },
      connection: { state: 'yes' },
      elasticsearch: { state: 'yes', text: 'it is Elasticsearch' },
      version: { state: 'yes', text: `${range}, by the form of its answer` },
      security: { state: 'yes', text: 'on' },
      'token service': { state: 'yes' },
      'API keys': { state: 'yes', text: 'on' },
      time: { state: 'unknown' },
    });
  });

  test.each(['7.17', '8.14', '9.5'])('%s says which services are off', async (version) => {
    const { url } = await emulator({ version, tokenService: false, apiKeys: false });
    expect(await check(url)).toMatchObject({
      code: 0,
      'token service': {
        state: 'warning',
        cure: expect.stringContaining('xpack.security.authc.token.enabled'),
      },
      'API keys': { state: 'warning', cure: expect.stringContaining('xpack.security.authc.api_key.enabled') },
    });
  });

  test.each(['7.17', '8.0', '9.5'])('%s without security is not well', async (version) => {
    const { url, clock } = await emulator({ version, security: false });
    await clock.advance(3_600_000);
    expect(await check(url)).toMatchObject({
      code: 1,
      elasticsearch: { state: 'yes' },
      // Everybody may ask everything.
      version: { text: `${version}.0, cluster docker-cluster` },
      security: { state: 'no', cure: 'xpack.security.enabled: true in elasticsearch.yml' },
      time: { state: 'warning', text: 'its clock is 60 minutes ahead of ours' },
    });
  });

  test('with anonymous access it challenges nobody', async () => {
    const { url } = await emulator({ anonymousRoles: ['viewer'] });
    expect(await check(url)).toMatchObject({
      code: 0,
      security: { state: 'warning', text: expect.stringContaining('anonymous user') },
      'token service': { state: 'unknown' },
    });
  });
});

describe('with one', () => {
  test.each(['7.17', '8.15', '9.5'])('%s says which it is, its licence and its time', async (version) => {
    const { url } = await emulator({ version });
    expect(await check(url, elastic)).toMatchObject({
      code: 0,
      version: { text: `${version}.0, cluster docker-cluster` },
      licence: { text: 'trial, active' },
      'token service': { state: 'yes', text: 'on' },
      credential: { state: 'yes', text: 'accepted' },
      time: { state: 'yes' },
    });
  });

  test('a clock that is off is told', async () => {
    const { url, clock } = await emulator();
    await clock.advance(90_000);
    const { time, code } = await check(url, elastic);
    expect(time).toMatchObject({
      state: 'warning',
      text: expect.stringMatching(/^its clock is \d+\.\d s ahead of ours$/),
    });
    expect(code).toBe(0);
  });

  test('a basic licence has no tokens', async () => {
    const { url } = await emulator({ license: 'basic' });
    const cure = 'a trial or a paid licence';
    expect(await check(url, elastic)).toMatchObject({ 'token service': { state: 'warning', cure } });
  });

  test('who has no privilege monitor is told so', async () => {
    const { url } = await emulator({ users: { bob: { password: 'bob-password', roles: [] } } });
    expect(await check(url, { env: { ESAUTH_CREDENTIAL: 'bob:bob-password' } })).toMatchObject({
      code: 0,
      version: { text: '8.15 or later, by the form of its answer' },
      credential: { state: 'yes', text: expect.stringContaining('without the privilege monitor') },
    });
  });

  test('one that is refused is a no', async () => {
    const { url } = await emulator();
    expect(await check(url, { env: { ESAUTH_CREDENTIAL: 'alice:another-password' } })).toMatchObject({
      code: 1,
      elasticsearch: { state: 'yes' },
      credential: { state: 'no', cure: 'esauth explain says why' },
    });
  });
});

describe('what else answers there', () => {
  /** A real web server: what is no HTTP, it does not leave without an answer. */
  async function web({ status = 200, headers = {}, body = '' }: ScriptedAnswer): Promise<string> {
    const server = createHttpServer((_, response) => {
      response.writeHead(status, headers as Record<string, string>).end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test.each([
    [
      'Kibana',
      { status: 302, headers: { 'kbn-name': 'kibana', location: '/login' } },
      'this is Kibana (302)',
    ],
    ['Kibana that starts', { status: 503, headers: { 'kbn-name': 'kibana' } }, 'this is Kibana (503)'],
    [
      'a proxy that refuses',
      { status: 401, headers: { server: 'nginx' }, body: '<html>' },
      'a proxy or another server answers (401; server: nginx), and not Elasticsearch',
    ],
    [
      'a forward proxy',
      { status: 400, headers: { via: '1.1 proxy', 'x-squid-error': 'ERR_INVALID_URL 0' } },
      'a proxy or another server answers (400; via: 1.1 proxy; x-squid-error: ERR_INVALID_URL 0), and not Elasticsearch',
    ],
    ['a web site', { body: '<html></html>' }, 'the answer (200) has no X-elastic-product'],
    ['a redirect', { status: 301, headers: { location: 'https://es' } }, 'the answer (301) has no'],
  ])('%s is named', async (_, answer, text) => {
    const { code, elasticsearch } = await check(await web(answer));
    expect(elasticsearch).toMatchObject({ state: 'no', text: expect.stringContaining(text) });
    expect(code).toBe(1);
  });

  test('a proxy that does not reach Elasticsearch is no answer', async () => {
    const url = await web({ status: 502, headers: { server: 'nginx' } });
    expect(await check(url)).toMatchObject({
      code: 2,
      elasticsearch: { state: 'unknown', cure: 'it may not reach Elasticsearch behind it' },
    });
  });

  test('a proxy in front of Elasticsearch is seen, and its clock is told apart', async () => {
    const reason = 'missing authentication credentials for REST request [/_security/_authenticate]';
    const date = new Date(Date.now() - 3_600_000).toUTCString();
    const challenge = { 'www-authenticate': 'Basic realm="security", charset="UTF-8", ApiKey' };
    const headers = { ...challenge, server: 'nginx', date };
    const url = await scripted(respond({ status: 401, headers, body: errorBody(401, reason) }));
    expect(await check(url)).toMatchObject({
      code: 0,
      elasticsearch: { text: 'it is Elasticsearch, with something in front of it (server: nginx)' },
      version: { text: '8.15 or later, by the form of its answer' },
      // One line of three, with commas in it.
      'token service': { state: 'warning' },
      'API keys': { state: 'yes' },
      time: { state: 'warning', text: 'the clock of what is in front of it is 60 minutes behind ours' },
    });
  });

  test('what is no HTTP is named', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2p1\r\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const text = expect.stringContaining('is not HTTP as it should be');
    expect(await check(url)).toMatchObject({ code: 1, elasticsearch: { state: 'no', text } });
  });

  test('an Elasticsearch that cannot answer now is no no', async () => {
    const body = errorBody(503, 'no master', { type: 'master_not_discovered_exception' });
    const url = await scripted(respond({ status: 503, body }));
    expect(await check(url)).toMatchObject({ code: 2, elasticsearch: { state: 'unknown' } });
  });
});

test.each([
  [200, 'the answer (200) shows that a request without a credential was accepted'],
  [401, 'the answer (401) is not an Elasticsearch error'],
])('what is nested 200 000 deep is not read: %i', async (status, text) => {
  const body = `{"status":${status},"error":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
  const url = await scripted(respond({ status, body }));
  expect(await check(url, elastic)).toMatchObject({
    code: 1,
    elasticsearch: { state: 'no', text: expect.stringContaining(text) },
  });
});

describe('nobody answers', () => {
  test('at a name that leads nowhere', async () => {
    const { code, name } = await check('https://no-such-host.invalid:9200');
    expect(name).toMatchObject({
      state: 'unknown',
      text: expect.stringMatching(/^no-such-host.invalid leads nowhere/),
    });
    expect(code).toBe(2);
  });

  test('at a port at which nothing listens', async () => {
    const cure = 'nothing listens on port 1 there: check host and port';
    expect(await check('https://127.0.0.1:1')).toMatchObject({
      code: 2,
      connection: { state: 'unknown', cure },
    });
  });

  test('who is silent', async () => {
    const url = await scripted(() => {});
    const text = 'no answer within 300 ms (--timeout-ms)';
    expect(await check(url, {}, '--timeout-ms', '300')).toMatchObject({
      code: 2,
      elasticsearch: { state: 'unknown', text },
    });
  });
});

test('of several nodes each is looked at, in lines for a person', async () => {
  const { url } = await emulator();
  const silent = await scripted(() => {});
  const { code, out } = await esauth(['check', `${url},${silent}`, '--timeout-ms', '300']);
  expect(code).toBe(2);
  expect(out).toContain(`${url}\n  ok name           it is an address\n  ok connection`);
  expect(out).toContain(`${silent}\n  ok name`);
  expect(out).toContain('  ?  elasticsearch  no answer within 300 ms (--timeout-ms)\n');
});

test('there are colours on a terminal only, and none where NO_COLOR is set', async () => {
  const { url } = await emulator();
  const on = (called: Called) => esauth(['check', url], called).then(({ out }) => out.includes('\u001b['));
  expect(await on({ tty: true })).toBe(true);
  expect(await on({ tty: true, env: { NO_COLOR: '' } })).toBe(true);
  expect(await on({ tty: true, env: { NO_COLOR: '1' } })).toBe(false);
  expect(await on({ tty: true, env: { TERM: 'dumb' } })).toBe(false);
  expect(await on({})).toBe(false);
});

test('nothing that a node says moves the cursor of whoever looks', async () => {
  const evil = 'nginx\u0080\u009b2J';
  const url = await scripted((socket, head) =>
    respond({ headers: { server: evil, 'x-elastic-product': undefined } })(socket, head),
  );
  const { out } = await esauth(['check', url], { tty: true });
  expect(out).toContain('\\u{9b}2J');
  expect(out).not.toContain('\u009b');
  const json = await esauth(['check', url, '--json'], { tty: true });
  expect(json.out).not.toContain('\u009b');
  expect(JSON.stringify(json.json)).toContain('\u009b2J');
});
