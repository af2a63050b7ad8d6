// `esauth check` and certificates: the chain is shown, and the option that would make it right is one that does.

import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { startEmulator } from '@esauth/emulator';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fingerprintOf, type Issued, issue, makeAuthority, withChain } from '../support/certificates.js';
import { errorBody, respond, startScriptedNode } from '../support/scripted-node.js';
import { esauth } from './esauth.js';

const reason = 'missing authentication credentials for REST request [/_security/_authenticate]';
const challenge = respond({
  status: 401,
  headers: { 'www-authenticate': 'Basic realm="security", charset="UTF-8"' },
  body: errorBody(401, reason),
});
const day = 86_400_000;

let folder: string;
let authority: Issued;
let other: Issued;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'esauth-cli-'));
  [authority, other] = await Promise.all([
    makeAuthority('the authority'),
    makeAuthority('another authority'),
  ]);
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

afterAll(() => rm(folder, { recursive: true }));

async function fileOf(name: string, text: string | Buffer): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

async function node(tls: TlsOptions) {
  const started = await startScriptedNode(challenge, tls);
  closing.push(() => started.close());
  return started.url;
}

async function check(url: string, ...flags: string[]) {
  const { code, json } = await esauth(['check', url, '--json', ...flags]);
  // biome-ignore lint/suspicious/noExplicitAny: as a script would read it.
  const steps = new Map<string, any>(json.nodes[0].steps.map((step: { step: string }) => [step.step, step]));
  return { code, tls: steps.get('tls'), elasticsearch: steps.get('elasticsearch') };
}

/** The flags that a cure names. */
function flagsIn(cure: string): string[] {
  return [...cure.matchAll(/(--(?:ca-fingerprint|servername)) (\S+)/g)].flatMap(
    ([, flag = '', value = '']) => [flag, value],
  );
}

test('an authority that nobody trusts yet: its fingerprint makes it right', async () => {
  const url = await node(withChain(await issue(authority), authority));
  const { code, tls } = await check(url);
  expect(code).toBe(1);
  expect(tls.text).toContain('SELF_SIGNED_CERT_IN_CHAIN');
  expect(flagsIn(tls.cure)).toEqual(['--ca-fingerprint', fingerprintOf(authority)]);
  expect(tls.cure).toContain('compare it with what Elasticsearch printed');
  expect(tls.facts.chain).toMatchObject([
    { subject: 'CN=test node', issuer: 'CN=the authority', names: ['127.0.0.1'], isAuthority: false },
    { subject: 'CN=the authority', isRoot: true, isAuthority: true, fingerprint: fingerprintOf(authority) },
  ]);
  expect(await check(url, ...flagsIn(tls.cure))).toMatchObject({ code: 0, tls: { state: 'yes' } });
  // As openssl prints it.
  const printed = `SHA256 Fingerprint=${fingerprintOf(authority)}`;
  expect(await check(url, '--ca-fingerprint', printed)).toMatchObject({ code: 0 });
});

test('the chain is shown to a person', async () => {
  const url = await node(withChain(await issue(authority), authority));
  const { out } = await esauth(['check', url]);
  expect(out).toContain('1. CN=test node, signed by CN=the authority');
  expect(out).toContain('2. CN=the authority, an authority, signed by itself');
  expect(out).toMatch(/valid {4}\d{4}-\d\d-\d\dT[\d:]+Z to \d{4}-/);
  expect(out).toContain(`SHA-256  ${fingerprintOf(authority)}`);
});

test.each([
  ['--ca', async () => ['--ca', await fileOf('ca.pem', authority.cert)], {}],
  ['ESAUTH_CA', async () => [], { ESAUTH_CA: 'ca.pem' }],
  ['ESAUTH_CA_FINGERPRINT', async () => [], { ESAUTH_CA_FINGERPRINT: '' }],
])('it is trusted by %s', async (_, flags, env) => {
  const url = await node(withChain(await issue(authority), authority));
  const given = {
    ...('ESAUTH_CA' in env && { ESAUTH_CA: await fileOf('ca2.pem', authority.cert) }),
    ...('ESAUTH_CA_FINGERPRINT' in env && { ESAUTH_CA_FINGERPRINT: `"${fingerprintOf(authority)}"` }),
  };
  const { code, json } = await esauth(['check', url, '--json', ...(await flags())], { env: given });
  expect(json.nodes[0].steps[2]).toMatchObject({ step: 'tls', state: 'yes' });
  expect(code).toBe(0);
});

test('another authority than the one that was given', async () => {
  const url = await node(withChain(await issue(authority), authority));
  for (const flags of [
    ['--ca', await fileOf('other.pem', other.cert)],
    ['--ca-fingerprint', fingerprintOf(other)],
  ]) {
    const { code, tls } = await check(url, ...flags);
    expect({ code, cure: flagsIn(tls.cure) }).toEqual({
      code: 1,
      cure: ['--ca-fingerprint', fingerprintOf(authority)],
    });
  }
});

test('another host than that of the address: the name is asked for', async () => {
  const url = await node(withChain(await issue(authority, { hosts: ['es.internal'] }), authority));
  const { code, tls } = await check(url, '--ca', await fileOf('ca3.pem', authority.cert));
  expect(code).toBe(1);
  expect(tls.cure).toContain('its certificate is for es.internal');
  expect(flagsIn(tls.cure)).toEqual(['--servername', 'es.internal']);
  const mended = await check(url, '--ca', join(folder, 'ca3.pem'), ...flagsIn(tls.cure));
  expect(mended).toMatchObject({ code: 0 });
});

test('both at once', async () => {
  const url = await node(withChain(await issue(authority, { hosts: ['es.internal'] }), authority));
  const { tls } = await check(url);
  expect(flagsIn(tls.cure)).toEqual([
    '--ca-fingerprint',
    fingerprintOf(authority),
    '--servername',
    'es.internal',
  ]);
  expect(await check(url, ...flagsIn(tls.cure))).toMatchObject({ code: 0 });
});

test('no option mends a certificate that is over, or not yet begun', async () => {
  const late = await issue(authority, {
    from: new Date(Date.now() - 9 * day),
    until: new Date(Date.now() - day),
  });
  const early = await issue(authority, {
    from: new Date(Date.now() + day),
    until: new Date(Date.now() + 9 * day),
  });
  const ca = await fileOf('ca4.pem', authority.cert);
  const [over, before] = [
    await check(await node(late), '--ca', ca),
    await check(await node(early), '--ca', ca),
  ];
  expect(over.tls.cure).toMatch(/^no option does: "CN=test node" ended on .* and has to be renewed$/);
  expect(before.tls.cure).toMatch(/^no option does: "CN=test node" begins on .*: check the clocks/);
});

test('a certificate that soon is over is a warning', async () => {
  const soon = await issue(authority, { until: new Date(Date.now() + 5 * day) });
  const { code, tls } = await check(await node(soon), '--ca', await fileOf('ca5.pem', authority.cert));
  expect(tls).toMatchObject({ state: 'warning', text: expect.stringContaining('"CN=test node" ends on') });
  expect(code).toBe(0);
});

test('a node that wants a certificate of ours says so, and takes it', async () => {
  const mine = await issue(authority, { name: 'me' });
  const tls = { ...withChain(await issue(authority), authority), ca: authority.cert, requestCert: true };
  const url = await node({ ...tls, rejectUnauthorized: true });
  const ca = ['--ca', await fileOf('ca6.pem', authority.cert)];
  const without = await check(url, ...ca);
  expect(without).toMatchObject({
    code: 1,
    tls: { state: 'no', text: expect.stringContaining('--cert and --key') },
  });
  expect(without.tls.cure).toBeUndefined();
  const files = [await fileOf('me.pem', mine.cert), await fileOf('me.key', mine.key)];
  expect(await check(url, ...ca, '--cert', files[0] ?? '', '--key', files[1] ?? '')).toMatchObject({
    code: 0,
  });
});

test('of a node that says nothing after the handshake nothing is claimed', async () => {
  const silent = await startScriptedNode(() => {}, withChain(await issue(authority), authority));
  closing.push(() => silent.close());
  const { code, tls } = await check(
    silent.url,
    '--ca',
    await fileOf('ca7.pem', authority.cert),
    '--timeout-ms',
    '500',
  );
  expect(tls).toMatchObject({
    state: 'unknown',
    text: 'TLSv1.3, and then no answer within 500 ms (--timeout-ms)',
  });
  expect(code).toBe(2);
});

test('https where plain http is spoken, and the reverse', async () => {
  const plain = await startEmulator({ ui: false });
  const secure = await startEmulator({ ui: false, tls: true });
  closing.push(
    () => plain.close(),
    () => secure.close(),
  );
  const wrong = plain.url.replace('http:', 'https:');
  expect(await check(wrong)).toMatchObject({
    code: 1,
    tls: { state: 'no', cure: `it speaks plain http: ${plain.url}, or turn on TLS there` },
  });
  expect(await check(secure.url.replace('https:', 'http:'))).toMatchObject({
    code: 1,
    elasticsearch: { state: 'no', text: 'it speaks https, and was asked in plain http', cure: secure.url },
  });
});

test.each(['--ca', '--cert'])('%s in DER is named, with what makes PEM of it', async (flag) => {
  const file = await fileOf('ca.der', new X509Certificate(authority.cert).raw);
  const { code, err } = await esauth(['check', 'https://127.0.0.1:1', flag, file]);
  expect(err).toContain(`${flag}: is in DER, and PEM is needed: openssl x509 -inform der -in ‹file› -out `);
  expect(code).toBe(64);
});

test('an address is no server name', async () => {
  const { code, err } = await esauth(['check', 'https://127.0.0.1:1', '--servername', '10.0.0.5']);
  expect(err).toContain(
    '--servername: must be a host name of the certificate: an IP address is no server name',
  );
  expect(err).toContain('checked where it stands in the address');
  expect(code).toBe(64);
});
