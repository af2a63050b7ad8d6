// Nothing of ours keeps a process alive: processes of their own, on the built package and on real time, because
// how long they live is the subject.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identityBody, respond, type ScriptedNode, startScriptedNode } from '../../support/scripted-node.js';

const folder = fileURLToPath(new URL('../..', import.meta.url));
const bearer = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
/** Far more than any of them may take, and far less than they would if they waited for their deadline. */
const hourMs = 3_600_000;

let node: ScriptedNode;
let children: ChildProcess[];
let sockets: Socket[];
beforeEach(async () => {
  node = await startScriptedNode(respond({ body: identityBody() }));
  children = [];
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const child of children) child.kill('SIGKILL');
  await node.close();
});

function run(program: string): ChildProcess {
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

/** Runs `rest` with a `verifier`; resolves with what it wrote and how it ended, once it has ended of its own accord. */
async function live(options: object, rest: string): Promise<string> {
  const child = run(`
    import { createVerifier } from '@esauth/core';
    const verifier = createVerifier(${JSON.stringify(options)});
    const turns = async (count) => { while (count-- > 0) await new Promise(setImmediate); };
    const say = (what) => process.stdout.write(what + ' ');
    ${rest}`);
  let said = '';
  child.stdout?.on('data', (chunk) => {
    said += chunk;
  });
  const [code] = await once(child, 'close');
  return `${said}${code}`;
}

const ask = `verifier.verify('${bearer}').then(({ kind, code }) => say(code ?? kind), () => say('gone'));`;
const limit = 20_000;

test('idle connections do not, even without close()', { timeout: limit }, async () => {
  expect(await live({ nodes: node.url }, `await ${ask} say(verifier.stats().entries)`)).toBe(
    'authenticated 1 0',
  );
});

test('timers do not: a lookup whose caller hung up ends at once', { timeout: limit }, async () => {
  node.answer(() => {});
  const leave = `
    const leaving = new AbortController();
    verifier.verify('${bearer}', { signal: leaving.signal }).catch(() => say('gone'));
    while (verifier.stats().inFlight === 0) await turns(1);
    await turns(50);
    leaving.abort();`;
  expect(await live({ nodes: node.url, upstream: { timeoutMs: hourMs } }, leave)).toBe('gone 0');
});

test('a lookup that somebody waits for does so until its deadline, no longer', {
  timeout: limit,
}, async () => {
  node.answer(() => {});
  expect(await live({ nodes: node.url, upstream: { timeoutMs: 300 } }, ask)).toBe('timeout 0');
});

describe('after close() nothing does, with an hour to go:', () => {
  const closing = `${ask} await turns(50); await verifier.close(); say('closed');`;
  const upstream = { timeoutMs: hourMs };

  test('a request that is not answered', { timeout: limit }, async () => {
    node.answer(() => {});
    expect(await live({ nodes: node.url, upstream }, closing)).toBe('closed closed 0');
  });

  test('a body that does not end', { timeout: limit }, async () => {
    node.answer((socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{'));
    expect(await live({ nodes: node.url, upstream }, closing)).toBe('closed closed 0');
  });

  const handshakes: readonly (readonly [string, object])[] = [
    ['a TLS handshake that is not answered', {}],
    ['nor the one that looks for caFingerprint', { tls: { caFingerprint: 'ab'.repeat(32) } }],
  ];
  test.each(handshakes)('%s', { timeout: limit }, async (_name, options) => {
    node.answer(() => {});
    const nodes = node.url.replace('http:', 'https:');
    expect(await live({ nodes, upstream, ...options }, closing)).toBe('closed closed 0');
  });

  test.each(['http', 'https'])('a %s node whose SYNs are dropped', { timeout: limit }, async (scheme) => {
    const port = await startDeafServer();
    expect(await live({ nodes: `${scheme}://127.0.0.1:${port}`, upstream }, closing)).toBe('closed closed 0');
  });

  test('a queue full of lookups, a check, and lookups that wait for the next', {
    timeout: limit,
  }, async () => {
    node.answer(() => {});
    const many = `
      for (let n = 0; n < 100; n += 1) verifier.verify('${bearer}' + n);
      for (let n = 0; n < 100; n += 1) verifier.verify('${bearer}' + n, { maxAgeMs: 0 });
      verifier.check().catch(() => say('no check'));
      ${closing}`;
    const said = await live({ nodes: node.url, upstream: { ...upstream, maxConcurrent: 4 } }, many);
    expect(said.split(' ').toSorted()).toEqual(['0', 'check', 'closed', 'closed', 'no']);
  });
});

/** A port whose backlog is full because its process is stopped: the kernel drops what else comes. */
async function startDeafServer(): Promise<number> {
  const server = run(`
    import { createServer } from 'node:net';
    const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      process.stdout.write(server.address().port + '\\n');
    });`);
  if (server.stdout === null) throw new Error('no output');
  const [line] = await once(createInterface(server.stdout), 'line');
  const port = Number(line);
  server.kill('SIGSTOP');
  // A connection that is not made within this time is one whose SYN was dropped.
  for (let full = false; !full; ) {
    const socket = connect({ port, host: '127.0.0.1' }).on('error', () => {});
    sockets.push(socket);
    full = await new Promise((resolve) => {
      socket.once('connect', () => resolve(false));
      socket.setTimeout(200, () => resolve(true));
    });
  }
  return port;
}
