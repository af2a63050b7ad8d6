import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createDeafServer } from 'node:net';
import { createVerifier, type Verifier, type VerifierOptions } from '@esauth/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTransports } from '../../../packages/core/src/upstream/transport.js';
import { type Certificates, makeCertificates } from '../../support/certificates.js';
import { heldBytes } from '../../support/heap.js';
import { identityBody, respond, type ScriptedNode, startScriptedNode } from '../../support/scripted-node.js';
import { textOf } from '../../support/text-of.js';

const bearer = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';

let certificates: Certificates;
let node: ScriptedNode;
beforeAll(async () => {
  certificates = await makeCertificates();
  node = await startScriptedNode(respond({ body: identityBody() }), certificates.server);
});
afterAll(() => node.close());

async function verifyWith(options: Omit<VerifierOptions, 'nodes'>, nodes = node.url) {
  const verifier: Verifier = createVerifier({ nodes, ...options });
  const verdict = await verifier.verify(bearer);
  await verifier.close();
  return verdict;
}

test('tls.ca: a node is trusted whose certificate that authority signed', async () => {
  for (const ca of [certificates.ca, Buffer.from(certificates.ca), [certificates.ca]]) {
    expect(await verifyWith({ tls: { ca } })).toMatchObject({ kind: 'authenticated' });
  }
});

test('without it the node gets no credential, and the cause names the cure', async () => {
  const before = node.requests.length;
  const verdict = await verifyWith({});
  expect(verdict).toMatchObject({ kind: 'unavailable', code: 'unreachable' });
  expect(verdict.kind === 'unavailable' && textOf(verdict.cause.message)).toMatch(
    /; set tls\.ca to the certificate/,
  );
  expect(node.requests).toHaveLength(before);
});

test('another authority, and a host name that is not in the certificate, are refused', async () => {
  const before = node.requests.length;
  const other = await makeCertificates();
  const wrongHost = node.url.replace('127.0.0.1', 'localhost');
  for (const verdict of [
    await verifyWith({ tls: { ca: other.ca } }),
    await verifyWith({ tls: { ca: certificates.ca } }, wrongHost),
  ]) {
    expect(verdict).toMatchObject({ kind: 'unavailable', code: 'unreachable' });
  }
  expect(node.requests).toHaveLength(before);
});

test('a node that speaks plain http on an https address is unreachable', async () => {
  const plain = createServer().listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const { port } = plain.address() as AddressInfo;
  const verdict = await verifyWith({ tls: { ca: certificates.ca } }, `https://127.0.0.1:${port}`);
  expect(verdict).toMatchObject({ kind: 'unavailable', code: 'unreachable' });
  plain.close();
});

test('connections are kept and bounded: a hundred credentials at once use at most 32', async () => {
  const sockets = new Set<unknown>();
  let open = 0;
  let most = 0;
  const slow = await startScriptedNode((socket, head) => {
    sockets.add(socket);
    open += 1;
    most = Math.max(most, open);
    setImmediate(() => {
      open -= 1;
      respond({ body: identityBody() })(socket, head);
    });
  });
  const verifier = createVerifier({ nodes: slow.url });
  const verdicts = await Promise.all(
    Array.from({ length: 100 }, (_, n) => verifier.verify(`Bearer ${'t'.repeat(20)}${n}`)),
  );
  expect(verdicts.every(({ kind }) => kind === 'authenticated')).toBe(true);
  expect(sockets.size).toBeLessThanOrEqual(32);
  expect(most).toBeLessThanOrEqual(32);
  expect(slow.requests).toHaveLength(100);
  await verifier.close();
  await slow.close();
});

test('no pipelining: a slow answer holds up nobody else on its connection', async () => {
  const sockets = new Set<unknown>();
  const slow = await startScriptedNode(respond({ body: identityBody() }));
  const verifier = createVerifier({ nodes: slow.url });
  await verifier.verify(bearer);
  slow.answer((socket) => {
    sockets.add(socket);
    // Until the head is there undici would send nothing after it anyway.
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n');
  });
  const pending: Promise<unknown>[] = [];
  for (const n of [1, 2, 3, 4]) {
    pending.push(verifier.verify(`${bearer}${n}`));
    await slow.arrived(1 + n);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  }
  expect(sockets.size).toBe(4);
  await verifier.close();
  await Promise.all(pending);
  await slow.close();
});

test('requests that are given up while no connection is made do not pile up, and a credential with each', async () => {
  // Accepts, and never shakes hands.
  const deaf = createDeafServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  const { port } = deaf.address() as AddressInfo;
  const transports = createTransports({
    tls: { rejectUnauthorized: false },
    connectTimeoutMs: 60_000,
    maxConnections: 2,
    dispatcher: undefined,
  });
  const way = transports.connect(`https://127.0.0.1:${port}`);
  const request = { path: '/', headers: {} };
  const left = new Error('left');
  const before = await heldBytes();
  for (let n = 0; n < 128; n += 1) {
    const authorization = `Bearer ${n}`.padEnd(15_000, 'x');
    const gone = new AbortController();
    const body = JSON.stringify({ cluster: [authorization] });
    const pending = way.send({ path: '/', headers: { authorization }, body }, gone.signal);
    gone.abort(left);
    await expect(pending).rejects.toBe(left);
  }
  // Those that wait for one of the two connections hold theirs.
  expect((await heldBytes()) - before).toBeLessThan(1_000_000);
  await expect(way.send(request, new AbortController().signal)).rejects.toThrow(
    'too many requests wait for a connection',
  );
  await way.close();
  deaf.close();
});

test('whoever leaves while no connection is made opens no breaker', async () => {
  const deaf = createDeafServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  const { port } = deaf.address() as AddressInfo;
  const verifier = createVerifier({
    nodes: `https://127.0.0.1:${port}`,
    upstream: { maxConcurrent: 2, timeoutMs: 60_000 },
  });
  for (let n = 0; n < 200; n += 1) {
    const gone = new AbortController();
    const pending = verifier.verify(`${bearer}${n}`, { signal: gone.signal });
    gone.abort(new Error('left'));
    await expect(pending).rejects.toThrow('left');
  }
  for (let n = 0; n < 10; n += 1) {
    expect(await verifier.verify(`${bearer}x${n}`)).toMatchObject({ code: 'unreachable' });
  }
  expect(verifier.health().nodes).toMatchObject([{ breaker: 'closed', failures: 0 }]);
  await verifier.close();
  deaf.close();
});

test('a request that was given up before it was made is not made', async () => {
  const before = node.requests.length;
  const transports = createTransports({
    tls: { ca: certificates.ca },
    connectTimeoutMs: 1_000,
    maxConnections: 1,
    dispatcher: undefined,
  });
  const way = transports.connect(node.url);
  await expect(way.send({ path: '/', headers: {} }, AbortSignal.abort('gone'))).rejects.toBe('gone');
  expect(node.requests.length).toBe(before);
  await way.close();
});
