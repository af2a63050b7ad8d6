/** The emulator on HTTPS: whom clients can trust, by which names, and what happens below HTTP. */

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { createVerifier } from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { basic, send } from '../../support/http-client.js';

const headers = basic('elastic', 'changeme');
let emulator: Emulator;
let ca: string;
let port: number;
beforeAll(async () => {
  emulator = await startEmulator({ tls: true });
  ca = emulator.ca ?? '';
  port = Number(new URL(emulator.url).port);
});
afterAll(() => emulator.close());

test('answers on https to whoever trusts its authority', async () => {
  expect(emulator.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect((await send(emulator.url, { headers, ca })).status).toBe(200);
  await expect(send(emulator.url, { headers })).rejects.toMatchObject({ code: 'SELF_SIGNED_CERT_IN_CHAIN' });
});

test('without tls there is no authority', async () => {
  const plain = await startEmulator();
  expect(plain).not.toHaveProperty('ca');
  await plain.close();
});

test('a second emulator has another authority, which its key identifier tells from the first', async () => {
  const other = await startEmulator({ tls: true });
  await expect(send(other.url, { headers, ca })).rejects.toMatchObject({ code: 'SELF_SIGNED_CERT_IN_CHAIN' });
  expect((await send(other.url, { headers, ca: other.ca })).status).toBe(200);
  await other.close();
});

test('its certificate is for every name of this machine itself', async () => {
  const socket = connectSecurely({ port, host: '127.0.0.1', ca, servername: 'localhost' });
  await once(socket, 'secureConnect');
  expect(socket.authorized).toBe(true);
  // OpenSSL is asked, because Node 22.23 takes no IPv6 address for one.
  const certificate = socket.getPeerX509Certificate();
  expect(certificate?.checkIP('127.0.0.1')).toBeDefined();
  expect(certificate?.checkIP('::1')).toBeDefined();
  expect(certificate?.checkIP('127.0.0.3')).toBeUndefined();
  socket.destroy();
});

test('its certificate is for nobody else', async () => {
  const socket = connectSecurely({ port, host: '127.0.0.1', ca, servername: 'example.org' });
  const [error] = await once(socket, 'error');
  expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
});

test('and for the host that it was told to listen on', async () => {
  const elsewhere = await startEmulator({ tls: true, host: '127.0.0.2' });
  expect(elsewhere.url).toMatch(/^https:\/\/127\.0\.0\.2:/);
  expect((await send(elsewhere.url, { headers, ca: elsewhere.ca })).status).toBe(200);
  await elsewhere.close();
});

test('core finds it by the authority and by its fingerprint', async () => {
  const caFingerprint = new X509Certificate(ca).fingerprint256;
  for (const tls of [{ ca }, { caFingerprint }]) {
    const verifier = createVerifier({ nodes: emulator.url, tls, schemes: ['Basic'] });
    expect(await verifier.verify(headers.authorization)).toMatchObject({ kind: 'authenticated' });
    await verifier.close();
  }
});

test('the authority is valid for a year, and also for clients whose clock is behind', () => {
  const authority = new X509Certificate(ca);
  expect(authority.ca).toBe(true);
  expect(authority.verify(authority.publicKey)).toBe(true);
  const [from, until] = [Date.parse(authority.validFrom), Date.parse(authority.validTo)];
  expect(from).toBeLessThan(Date.now() - 3_600_000);
  expect(until).toBeGreaterThan(Date.now() + 364 * 86_400_000);
});

test('HTTP without TLS gets no answer, and the server goes on', async () => {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await once(socket, 'close');
  expect(received).not.toMatch(/HTTP/);
  expect((await send(emulator.url, { headers, ca })).status).toBe(200);
});

test('what is not HTTP inside of TLS is answered as it is without', async () => {
  const socket = connectSecurely({ port, host: '127.0.0.1', ca });
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.write('gibberish\r\n\r\n');
  await once(socket, 'close');
  expect(received).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*text is empty/);
});

test('faults break connections also below TLS', async () => {
  emulator.faults.add({ path: '/reset', times: 1, reset: true });
  await expect(send(`${emulator.url}/reset`, { headers, ca })).rejects.toMatchObject({
    code: 'ECONNRESET',
    syscall: 'read',
  });
  emulator.faults.add({ path: '/', times: 1, truncate: true });
  await expect(send(`${emulator.url}/`, { headers, ca })).rejects.toMatchObject({ code: 'ECONNRESET' });
  emulator.faults.add({ path: '/', times: 1, status: 503, body: { gone: true } });
  expect((await send(`${emulator.url}/`, { headers, ca })).status).toBe(503);
});
