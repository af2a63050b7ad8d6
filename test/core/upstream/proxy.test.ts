// Nodes behind a proxy: everything goes through its tunnels, secured as without it, and what goes wrong on the way
// names the proxy and never its password.

import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { createVerifier, type LookupError, type VerifierOptions } from '@esauth/core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readProxies } from '../../../packages/core/src/options/proxy-option.js';
import { createTransports } from '../../../packages/core/src/upstream/transport.js';
import { worded } from '../../../packages/core/src/values/messages.js';
import { fingerprintOf, type Issued, issue, makeAuthority, withChain } from '../../support/certificates.js';
import { run } from '../../support/command.js';
import { type Asked, type ConnectProxy, refuse, startConnectProxy } from '../../support/connect-proxy.js';
import { identityBody, respond, type ScriptedNode, startScriptedNode } from '../../support/scripted-node.js';
import { textOf } from '../../support/text-of.js';
import { warningsDuring } from '../../support/warnings.js';

const bearer = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const accepted = respond({ body: identityBody() });

let authority: Issued;
let server: Issued;
beforeAll(async () => {
  authority = await makeAuthority();
  server = await issue(authority);
});

let node: ScriptedNode;
let secure: ScriptedNode;
let proxy: ConnectProxy;
beforeEach(async () => {
  node = await startScriptedNode(accepted);
  secure = await startScriptedNode(accepted, withChain(server, authority));
  proxy = await startConnectProxy();
});
afterEach(async () => {
  await Promise.all([node.close(), secure.close(), proxy.close()]);
});

const create = (options: Partial<VerifierOptions> = {}) =>
  createVerifier({ nodes: node.url, proxy: proxy.url, cache: false, upstream: { retries: 0 }, ...options });

/** `authenticated`, or code and message. */
async function ask(options: Partial<VerifierOptions> = {}): Promise<string> {
  const verifier = create(options);
  const verdict = await verifier.verify(bearer);
  await verifier.close();
  return verdict.kind === 'unavailable' ? `${verdict.code} ${textOf(verdict.cause.message)}` : verdict.kind;
}

/** Waits for more, which never comes. */
const silent = ({ socket }: Asked) => void socket.resume();

const hostOf = (url: string) => new URL(url).host;
const tunnels = () => proxy.asked.map(({ authority: to }) => to);

/** Until undici takes a connection again that it has just used. */
async function rested(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

describe('through the proxy', () => {
  test('a plain node, with one tunnel for many requests', async () => {
    const verifier = create();
    for (let n = 0; n < 3; n += 1) {
      expect(await verifier.verify(bearer)).toMatchObject({ kind: 'authenticated' });
      await rested();
    }
    await verifier.close();
    expect(tunnels()).toEqual([hostOf(node.url)]);
    expect(proxy.asked[0]?.headers).toMatchObject({ host: hostOf(node.url) });
    expect(proxy.asked[0]?.headers).not.toHaveProperty('authorization');
    expect(node.requests).toHaveLength(3);
  });

  test('an https node, whose certificate is checked as ever', async () => {
    const nodes = secure.url;
    expect(await ask({ nodes, tls: { ca: authority.cert } })).toBe('authenticated');
    expect(await ask({ nodes })).toMatch(/^unreachable .*; set tls\.ca/);
    const { cert: ca } = await makeAuthority('another authority');
    expect(await ask({ nodes, tls: { ca } })).toMatch(/; tls\.ca is of another authority/);
    const elsewhere = nodes.replace('127.0.0.1', 'localhost');
    expect(await ask({ nodes: elsewhere, tls: { ca: authority.cert } })).toMatch(/ALTNAME.*tls\.servername$/);
    expect(new Set(tunnels())).toEqual(new Set([hostOf(nodes), hostOf(elsewhere)]));
    expect(secure.requests).toHaveLength(1);
  });

  test('tls.caFingerprint', async () => {
    const tls = { caFingerprint: fingerprintOf(authority) };
    expect(await ask({ nodes: secure.url, tls })).toBe('authenticated');
    // One to fetch the certificate, one to use.
    expect(tunnels()).toEqual([hostOf(secure.url), hostOf(secure.url)]);
    const other = { caFingerprint: fingerprintOf(await makeAuthority()) };
    expect(await ask({ nodes: secure.url, tls: other })).toMatch(/no certificate of the chain/);
  });

  test('tls.servername', async () => {
    secure.present(await issue(authority, { hosts: ['es.internal'] }));
    const tls = { ca: authority.cert, servername: 'es.internal' };
    expect(await ask({ nodes: secure.url, tls })).toBe('authenticated');
  });

  test('a client certificate, and its renewal', async () => {
    const names: string[] = [];
    const mutual = await startScriptedNode(
      (socket, head) => {
        if (socket instanceof TLSSocket) names.push(String(socket.getPeerCertificate().subject.CN));
        accepted(socket, head);
      },
      { ...server, ca: [authority.cert], requestCert: true },
    );
    const ca = authority.cert;
    const tls = { ca, ...(await issue(authority, { name: 'old' })) };
    const verifier = create({ nodes: mutual.url, tls });
    await verifier.verify(bearer);
    await rested();
    verifier.renewTls({ ca, ...(await issue(authority, { name: 'fresh' })) });
    await verifier.verify(bearer);
    expect(names).toEqual(['old', 'fresh']);
    expect(tunnels()).toEqual([hostOf(mutual.url), hostOf(mutual.url)]);
    await verifier.close();
    await mutual.close();
  });

  test('an address of IPv6, and a port that is the default', async () => {
    proxy.instead(refuse(502));
    await ask({ nodes: ['http://[::1]:9200'] });
    await ask({ nodes: ['https://[::1]'] });
    await ask({ nodes: ['http://es.internal'] });
    expect(tunnels()).toEqual(['[::1]:9200', '[::1]:443', 'es.internal:80']);
  });

  test('interim answers of the node are passed over, and answers to the head end a tunnel', async () => {
    const verifier = create();
    node.answer((socket) => {
      socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      accepted(socket, '');
    });
    expect(await verifier.verify(bearer)).toMatchObject({ kind: 'authenticated' });
    await rested();
    node.answer(respond({ status: 400 }));
    expect(await verifier.verify(bearer)).toMatchObject({ code: 'bad_response' });
    await rested();
    await verifier.verify(bearer);
    expect(tunnels()).toHaveLength(2);
    await verifier.close();
  });
});

describe('user name and password', () => {
  const password = 'p@ss:w0rd/c4n4ry';
  const withPassword = () => proxy.url.replace('//', `//jane:${encodeURIComponent(password)}@`);

  test('are sent to the proxy, and to nobody else', async () => {
    expect(await ask({ proxy: withPassword() })).toBe('authenticated');
    const sent = `Basic ${Buffer.from(`jane:${password}`).toString('base64')}`;
    expect(proxy.asked[0]?.headers['proxy-authorization']).toBe(sent);
    expect(node.requests.join()).not.toMatch(/proxy-authorization/i);
  });

  test('a name alone', async () => {
    await ask({ proxy: proxy.url.replace('//', '//jane@') });
    const sent = `Basic ${Buffer.from('jane:').toString('base64')}`;
    expect(proxy.asked[0]?.headers['proxy-authorization']).toBe(sent);
  });

  test('are never shown, whatever goes wrong', async () => {
    const secrets = [
      password,
      encodeURIComponent(password),
      Buffer.from(`jane:${password}`).toString('base64'),
    ];
    const ways: (() => unknown)[] = [
      () => proxy.instead(refuse(407, secrets.join())),
      () => proxy.instead(({ socket, headers }) => socket.end(`${headers['proxy-authorization']}\r\n\r\n`)),
      () => proxy.instead(({ socket }) => socket.destroy()),
      () => proxy.close(),
    ];
    const shown: unknown[] = [];
    const warnings = await warningsDuring(async () => {
      for (const way of ways) {
        await way();
        const verifier = create({ proxy: withPassword() });
        const verdict = await verifier.verify(bearer);
        expect(verdict).toMatchObject({ kind: 'unavailable', code: 'unreachable' });
        const cause = (verdict as { cause: LookupError }).cause;
        const checked = await verifier.check().catch((error: unknown) => error);
        shown.push(verdict, cause.stack, checked, verifier, verifier.health(), verifier.stats());
        await verifier.close();
      }
    });
    const text =
      inspect([shown, warnings], { depth: 9, showHidden: true }) + JSON.stringify([shown, warnings]);
    expect(text).toContain(proxy.url);
    for (const secret of [...secrets, 'jane']) expect(text.replaceAll(bearer, '')).not.toContain(secret);
  });
});

describe('what goes wrong names the proxy', () => {
  const cures: readonly (readonly [number, RegExp])[] = [
    [407, /refused: 407; check the user name and password of the proxy$/],
    [403, /refused: 403; it has to allow tunnels \(CONNECT\) to this host and port$/],
    [405, /refused: 405; it has to allow tunnels \(CONNECT\)$/],
    [502, /refused: 502; it does not reach the node$/],
    [418, /refused: 418$/],
    [301, /refused: 301$/],
  ];
  test.each(cures)('%d', async (status, cure) => {
    proxy.instead(refuse(status, 'x'.repeat(1_000)));
    for (const nodes of [node.url, secure.url]) {
      const said = await ask({ nodes });
      expect(said).toMatch(cure);
      expect(said.startsWith(`unreachable ${nodes}/: the proxy ${proxy.url} `)).toBe(true);
    }
    const verifier = create();
    const problem = await verifier.check().catch((error: Error) => error);
    expect(textOf(problem?.message ?? '')).toMatch(cure);
    await verifier.close();
  });

  test('a node that the proxy does not reach', async () => {
    await node.close();
    expect(await ask()).toMatch(/^unreachable .*: the proxy .* refused: 502; it does not reach the node$/);
  });

  test('one that is dead', async () => {
    await proxy.close();
    expect(await ask()).toMatch(
      /the proxy http:.* gave no tunnel: connect ECONNREFUSED.*; nothing listens there; check host and port of the proxy$/,
    );
  });

  test('one that hangs up, and one that speaks something else', async () => {
    proxy.instead(({ socket }) => void socket.destroy());
    expect(await ask()).toMatch(/the proxy .* gave no tunnel: socket hang up.*; it may speak https;/);
    proxy.instead(({ socket }) => void socket.end('SSH-2.0-OpenSSH_9.9\r\n\r\n'));
    let said = await ask();
    expect(said).toMatch(/the proxy .* gave no tunnel: Parse Error: .*HPE_INVALID_CONSTANT/);
    expect(said).not.toContain('SSH');
    // As an answer to what is then asked it would be somebody's identity.
    proxy.instead(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      accepted(socket as never, '');
    });
    said = await ask();
    expect(said).toMatch(/^unreachable .*the proxy .* gave no tunnel: bytes that nobody asked for$/);
  });

  test('a silent one ends with the deadline', async () => {
    proxy.instead(silent);
    expect(await ask({ upstream: { timeoutMs: 100 } })).toMatch(/^timeout /);
  });

  test('a silent one before two nodes leaves time for the other', async () => {
    proxy.instead(silent);
    const upstream = { timeoutMs: 4_000, retries: 0 };
    const said = await ask({ nodes: [node.url, secure.url], upstream });
    expect(said).toMatch(/^timeout .*: the proxy http:.* did not answer in time$/);
    expect(new Set(tunnels())).toEqual(new Set([hostOf(node.url), hostOf(secure.url)]));
  });

  test.each(['http', 'https'])(
    'a silent one is left at close, before it answered for a node of %s',
    async (scheme) => {
      proxy.instead(silent);
      const nodes = scheme === 'http' ? node.url : secure.url;
      const tls = { caFingerprint: fingerprintOf(authority) };
      const verifier = create({ nodes, tls, upstream: { timeoutMs: 60_000 } });
      const pending = verifier.verify(bearer);
      await proxy.arrived(1);
      const left = once(proxy.asked[0]?.socket ?? process, 'end');
      await verifier.close();
      expect(await pending).toMatchObject({ code: 'closed' });
      await left;
    },
  );

  test.each([true, false])(
    'close in the same turn connects with nobody; with a proxy: %s',
    async (through) => {
      const proxies = readProxies(through ? proxy.url : undefined, [new URL(node.url)]);
      const settings = {
        tls: {},
        proxies,
        connectTimeoutMs: 60_000,
        maxConnections: 1,
        dispatcher: undefined,
      };
      const transport = createTransports(settings).connect(node.url);
      const pending = transport.send({ path: '/', headers: {} }, new AbortController().signal);
      await Promise.all([expect(pending).rejects.toThrow(/destroyed/), transport.close()]);
      await rested();
      await rested();
      expect(proxy.asked).toHaveLength(0);
      expect(node.connections).toBe(0);
    },
  );

  test('a node that hangs up within the tunnel is not blamed on the proxy', async () => {
    const dead = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(dead, 'listening');
    const address = dead.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    expect(await ask({ nodes: `https://127.0.0.1:${port}` })).not.toMatch(/the proxy/);
    dead.close();
  });
});

describe('a proxy that is spoken to over TLS', () => {
  let over: ConnectProxy;
  beforeEach(async () => {
    over = await startConnectProxy(server);
  });
  afterEach(() => over.close());

  test('must have a certificate that Node trusts: tls is about the node', async () => {
    for (const tls of [{}, { ca: authority.cert }]) {
      expect(await ask({ proxy: over.url, tls })).toMatch(
        /the proxy https:.* gave no tunnel: .*; its own certificate must be .* that Node trusts: set NODE_EXTRA_CA_CERTS$/,
      );
    }
    expect(over.asked).toHaveLength(0);
  });

  test('and then makes tunnels for nodes of both schemes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'esauth-'));
    const trusted = join(folder, 'ca.pem');
    await writeFile(trusted, authority.cert);
    // Node reads them once, when it starts.
    const program = `
      import { createVerifier } from '@esauth/core';
      for (const nodes of ${JSON.stringify([node.url, secure.url])}) {
        const options = { nodes, proxy: '${over.url}', tls: { ca: ${JSON.stringify(authority.cert)} } };
        const verifier = createVerifier(options);
        const verdict = await verifier.verify('${bearer}');
        console.log(verdict.cause?.message ?? verdict.kind);
        await verifier.close();
      }`;
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: trusted };
    const { out, err } = await run(['--eval', program], { cwd, env }, '--input-type=module').ended;
    expect([out, err]).toEqual(['authenticated\nauthenticated\n', '']);
    expect(over.asked.map(({ authority: to }) => to)).toEqual([hostOf(node.url), hostOf(secure.url)]);
    await rm(folder, { recursive: true });
  });

  test('with the wrong scheme', async () => {
    const wrong = over.url.replace('https:', 'http:');
    expect(await ask({ proxy: wrong })).toMatch(/; it may speak https; check the scheme of the proxy$/);
    const other = proxy.url.replace('http:', 'https:');
    expect(await ask({ proxy: other })).toMatch(/; it may speak plain http; check the scheme of the proxy$/);
  });
});

describe('environment', () => {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'];
  const kept = new Map(
    [...names, ...names.map((name) => name.toLowerCase())].map((n) => [n, process.env[n]]),
  );
  const set = (values: Readonly<Record<string, string>>) => {
    for (const name of kept.keys()) delete process.env[name];
    Object.assign(process.env, values);
  };
  afterEach(() => {
    for (const [name, value] of kept) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  const tls = () => ({ ca: authority.cert });

  const through: readonly (readonly [
    string,
    'http' | 'https',
    (url: string) => Record<string, string>,
    boolean,
  ])[] = [
    ['HTTP_PROXY, for http', 'http', (url) => ({ HTTP_PROXY: url }), true],
    ['http_proxy', 'http', (url) => ({ http_proxy: url }), true],
    ['HTTP_PROXY, for https', 'https', (url) => ({ HTTP_PROXY: url }), false],
    ['HTTPS_PROXY, for https', 'https', (url) => ({ HTTPS_PROXY: url }), true],
    ['https_proxy', 'https', (url) => ({ https_proxy: url }), true],
    ['HTTPS_PROXY, for http', 'http', (url) => ({ HTTPS_PROXY: url }), false],
    ['ALL_PROXY', 'https', (url) => ({ ALL_PROXY: url }), true],
    ['NO_PROXY with the host', 'http', (url) => ({ HTTP_PROXY: url, NO_PROXY: 'a, 127.0.0.1' }), false],
    ['no_proxy with another host', 'http', (url) => ({ HTTP_PROXY: url, no_proxy: '127.0.0.2' }), true],
    ['NO_PROXY with another port', 'http', (url) => ({ HTTP_PROXY: url, NO_PROXY: '127.0.0.1:1' }), true],
    ['NO_PROXY with the end of a name', 'http', (url) => ({ HTTP_PROXY: url, NO_PROXY: '*.0.0.1' }), false],
    ['NO_PROXY with everything', 'http', (url) => ({ HTTP_PROXY: url, NO_PROXY: '*' }), false],
    ['nothing', 'http', () => ({}), false],
  ];
  test.each(through)('%s', async (_name, scheme, values, expected) => {
    set(values(proxy.url));
    const nodes = scheme === 'http' ? node.url : secure.url;
    expect(await ask({ nodes, tls: tls(), proxy: 'environment' })).toBe('authenticated');
    expect(tunnels()).toEqual(expected ? [hostOf(nodes)] : []);
  });

  test('is asked for each node, and only once', async () => {
    set({ HTTPS_PROXY: proxy.url.replace('//', '//jane:secret@') });
    const verifier = create({ nodes: [node.url, secure.url], tls: tls(), proxy: 'environment' });
    set({});
    for (let n = 0; n < 4; n += 1) expect((await verifier.verify(bearer)).kind).toBe('authenticated');
    await verifier.close();
    expect(node.requests).toHaveLength(2);
    expect(new Set(tunnels())).toEqual(new Set([hostOf(secure.url)]));
    expect(proxy.asked[0]?.headers).toHaveProperty('proxy-authorization');
  });

  test('is not looked at unless it is asked for', async () => {
    set({ HTTP_PROXY: proxy.url, ALL_PROXY: proxy.url });
    expect(await ask({ proxy: undefined })).toBe('authenticated');
    expect(tunnels()).toEqual([]);
  });

  test.each(['socks5://c4n4ry:1', 'http://c4n4ry/path', 'http://c4n4ry:99999', '://c4n4ry'])(
    'what is no proxy is refused and not shown: %s',
    (value) => {
      set({ HTTP_PROXY: value });
      expect(() => create({ proxy: 'environment' })).toThrow(
        expect.objectContaining({
          option: 'proxy',
          message: worded(
            'invalid_option',
            'proxy: what HTTPS_PROXY, HTTP_PROXY or ALL_PROXY holds must be the http: or https: URL of a proxy, without a path',
          ),
        }),
      );
    },
  );
});
