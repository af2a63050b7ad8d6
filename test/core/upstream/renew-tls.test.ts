// Certificates that are renewed while the verifier runs: what is connected later uses the new ones, what is under way
// ends well, and a mistake changes nothing.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { createVerifier, type TlsOptions, type Verifier, type VerifierOptions } from '@esauth/core';
import { Agent } from 'undici';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createTransports } from '../../../packages/core/src/upstream/transport.js';
import { fingerprintOf, type Issued, issue, makeAuthority, withChain } from '../../support/certificates.js';
import {
  holdAnswers,
  identityBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';
import { textOf } from '../../support/text-of.js';
import { warningsDuring } from '../../support/warnings.js';

const bearer = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const accepted = respond({ body: identityBody() });

let before: Issued;
let after: Issued;
beforeAll(async () => {
  before = await makeAuthority('authority before');
  after = await makeAuthority('authority after');
});

let node: ScriptedNode;
let verifier: Verifier;
afterEach(async () => {
  await verifier.close();
  await node.close();
});

// A retry takes the place of a request on a connection that the node has just hung up.
const create = (tls: TlsOptions, more: Partial<VerifierOptions> = {}) =>
  createVerifier({ nodes: node.url, tls, cache: false, upstream: { retries: 1 }, ...more });

/** `authenticated`, or why not. */
async function said(of: Verifier = verifier): Promise<string> {
  const verdict = await of.verify(bearer);
  return verdict.kind === 'unavailable' ? textOf(verdict.cause.message) : verdict.kind;
}

/** Until undici takes a connection again that it has just used. */
async function rested(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

/** Answers, and notes on which connections. */
function noting(sockets: Socket[]): Script {
  return (socket, head) => {
    sockets.push(socket);
    accepted(socket, head);
  };
}

test('an authority and its server certificates are rotated', async () => {
  node = await startScriptedNode(accepted, await issue(before));
  verifier = create({ ca: before.cert });
  expect(await said()).toBe('authenticated');
  node.present(await issue(after));
  expect(await said()).toMatch(/; tls\.ca is of another authority/);
  verifier.renewTls({ ca: after.cert });
  expect(await said()).toBe('authenticated');
  // No longer believed: nothing of the old options is left.
  node.present(await issue(before));
  expect(await said()).toMatch(/; tls\.ca is of another authority/);
});

test('so is one that is known by its fingerprint', async () => {
  const signedBy = async (authority: Issued) => withChain(await issue(authority), authority);
  node = await startScriptedNode(accepted, await signedBy(before));
  verifier = create({ caFingerprint: fingerprintOf(before) });
  expect(await said()).toBe('authenticated');
  node.present(await signedBy(after));
  expect(await said()).toMatch(/signature|issuer|certificate/);
  verifier.renewTls({ caFingerprint: fingerprintOf(after) });
  expect(await said()).toBe('authenticated');
});

test('an idle connection is closed, and not used again', async () => {
  const sockets: Socket[] = [];
  node = await startScriptedNode(noting(sockets), await issue(before));
  verifier = create({ ca: before.cert });
  await said();
  await rested();
  await said();
  expect(node.connections).toBe(1);
  const closed = once(sockets[0] ?? process, 'close');
  verifier.renewTls({ ca: [before.cert, after.cert] });
  // undici itself gives up what is idle after four seconds.
  const late = new Promise((resolve) => setTimeout(resolve, 2_000, 'late'));
  expect(await Promise.race([closed, late])).not.toBe('late');
  expect(await said()).toBe('authenticated');
  expect(node.connections).toBe(2);
});

test('a client certificate is rotated while a request is under way', async () => {
  const clients = {
    old: await issue(before, { name: 'old' }),
    fresh: await issue(before, { name: 'fresh' }),
  };
  const server = { ...(await issue(before)), ca: [before.cert], requestCert: true };
  node = await startScriptedNode(accepted, server);
  const held = holdAnswers(node);
  verifier = create({ ca: before.cert, ...clients.old });
  const pending = said();
  await node.arrived(1);
  verifier.renewTls({ ca: before.cert, ...clients.fresh });

  const names: string[] = [];
  const naming: Script = (socket, head) => {
    if (socket instanceof TLSSocket) names.push(String(socket.getPeerCertificate().subject.CN));
    accepted(socket, head);
  };
  let first: Socket | undefined;
  const other = verifier.verify(`${bearer}2`);
  await node.arrived(2);
  held.release((socket, head) => {
    first = socket;
    naming(socket, head);
  });
  held.release(naming);
  expect(await pending).toBe('authenticated');
  expect(await other).toMatchObject({ kind: 'authenticated' });
  expect(names).toEqual(['old', 'fresh']);
  // It has done what it was asked.
  if (first?.closed === false) await once(first, 'close');
  node.answer(naming);
  await rested();
  await said();
  expect(names).toEqual(['old', 'fresh', 'fresh']);
  expect(node.connections).toBe(2);
});

test('all nodes, and what is remembered stays', async () => {
  node = await startScriptedNode(accepted, await issue(before));
  const second = await startScriptedNode(accepted, await issue(before));
  verifier = create({ ca: before.cert }, { nodes: [node.url, second.url] });
  const remembering = create({ ca: before.cert }, { cache: undefined });
  await said(remembering);
  remembering.renewTls({ ca: after.cert });
  expect(remembering.peek(bearer)).toMatchObject({ kind: 'authenticated' });
  await remembering.close();

  for (const each of [node, second]) each.present(await issue(after));
  verifier.renewTls({ ca: after.cert });
  for (let n = 0; n < 4; n += 1) expect(await said()).toBe('authenticated');
  expect(second.requests.length).toBeGreaterThan(0);
  await second.close();
});

describe('a wrong renewal', () => {
  const table: readonly (readonly [string, unknown, string])[] = [
    ['of nothing', undefined, 'tls'],
    ['that is none', 'ca', 'tls'],
    ['with a certificate that is none', { ca: 'x' }, 'tls.ca'],
    ['with an unknown option', { certificate: 'x' }, 'tls.certificate'],
    ['with a certificate without its key', { cert: 'x' }, 'tls.key'],
  ];
  test.each(table)('%s is refused, and the old one goes on', async (_name, tls, option) => {
    node = await startScriptedNode(accepted, await issue(before));
    verifier = create({ ca: before.cert });
    expect(await said()).toBe('authenticated');
    await rested();
    expect(() => verifier.renewTls(tls as TlsOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_option', option }),
    );
    expect(await said()).toBe('authenticated');
    expect(node.connections).toBe(1);
  });

  test('with the key of another certificate', async () => {
    node = await startScriptedNode(accepted, await issue(before));
    verifier = create({ ca: before.cert });
    const { cert } = await issue(before);
    const { key } = await issue(before);
    expect(() => verifier.renewTls({ ca: before.cert, cert, key })).toThrow(/: tls\.key: /);
    expect(await said()).toBe('authenticated');
  });
});

test("a dispatcher's connections are not ours to renew", async () => {
  node = await startScriptedNode(accepted);
  const dispatcher = new Agent();
  verifier = createVerifier({ nodes: node.url, dispatcher });
  expect(() => verifier.renewTls({ ca: before.cert })).toThrow(
    expect.objectContaining({ code: 'invalid_option', option: 'dispatcher' }),
  );
  expect(await said()).toBe('authenticated');
  await dispatcher.close();
});

test('after close it does nothing, whatever it is given', async () => {
  node = await startScriptedNode(accepted, await issue(before));
  verifier = create({ ca: before.cert });
  await verifier.close();
  verifier.renewTls({ ca: before.cert });
  verifier.renewTls(undefined as unknown as TlsOptions);
  expect(await verifier.verify(bearer)).toMatchObject({ code: 'closed' });
  expect(node.connections).toBe(0);
});

test('close ends what a renewal left behind', async () => {
  node = await startScriptedNode(() => {}, await issue(before));
  verifier = create({ ca: before.cert });
  const tls = { ca: before.cert };
  const settings = { tls, connectTimeoutMs: 1_000, maxConnections: 1, dispatcher: undefined };
  const transports = createTransports(settings);
  const transport = transports.connect(node.url);
  const { signal } = new AbortController();
  const pending = transport.send({ path: '/', headers: {} }, signal);
  await node.arrived(1);
  transports.renewTls({ ca: after.cert });
  await Promise.all([expect(pending).rejects.toThrow(/destroyed/), transport.close()]);
});

test('to believe anybody is warned of again, plain http is not', async () => {
  node = await startScriptedNode(accepted, await issue(before));
  const warnings = await warningsDuring(() => {
    verifier = create({ ca: before.cert }, { nodes: 'http://es.internal' });
    verifier.renewTls({ rejectUnauthorized: false });
  });
  expect(warnings.map(({ code }) => code)).toEqual(['ESAUTH_PLAIN_HTTP', 'ESAUTH_ANY_CERTIFICATE']);
});
