// Real handshakes. Whoever is refused got no byte of a request, and the cause says what it is and which option
// cures it.

import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import type { TlsOptions as ServerOptions } from 'node:tls';
import { createVerifier, type TlsOptions, type Verdict } from '@esauth/core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fingerprintOf, type Issued, issue, makeAuthority, withChain } from '../../support/certificates.js';
import { identityBody, respond, type ScriptedNode, startScriptedNode } from '../../support/scripted-node.js';
import { textOf } from '../../support/text-of.js';
import { warningsDuring } from '../../support/warnings.js';

const bearer = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const day = 86_400_000;
const daysFromNow = (days: number) => new Date(Date.now() + days * day);

let authority: Issued;
let intermediate: Issued;
let good: Issued;
/** Signed by somebody who only calls himself by the authority's name. */
let forged: Issued;
beforeAll(async () => {
  authority = await makeAuthority();
  intermediate = await makeAuthority('test intermediate', authority);
  good = await issue(authority);
  forged = await issue(await makeAuthority());
});

let node: ScriptedNode | undefined;
afterEach(async () => {
  await node?.close();
  node = undefined;
});

/** Serves https with `server`, asks it with `tls`, and says how that went: `authenticated`, or the message. */
async function meet(server: ServerOptions, tls: TlsOptions, host = '127.0.0.1'): Promise<string> {
  node = await startScriptedNode(respond({ body: identityBody() }), server);
  const result = said(await verdictFrom(node.url.replace('127.0.0.1', host), tls));
  if (result !== 'authenticated') expect(node.bytesReceived).toBe(0);
  return result;
}

async function verdictFrom(url: string, tls: TlsOptions): Promise<Verdict> {
  const verifier = createVerifier({ nodes: url, tls, upstream: { retries: 0 } });
  try {
    return await verifier.verify(bearer);
  } finally {
    await verifier.close();
  }
}

function said(verdict: Verdict): string {
  if (verdict.kind !== 'unavailable') return verdict.kind;
  expect(verdict.code).toBe('unreachable');
  return textOf(verdict.cause.message).replace(/^https:\/\/[\w.]+:\d+\/: /, '');
}

function portOf(server: Server): number | undefined {
  const address = server.address();
  return typeof address === 'object' ? address?.port : undefined;
}

describe('tls.ca', () => {
  test('an unknown authority', async () => {
    expect(await meet(good, {})).toMatch(
      /; set tls\.ca to the certificate of its authority, or tls\.caFingerprint$/,
    );
  });

  test('an unknown authority that is sent along', async () => {
    expect(await meet(withChain(good, authority), {})).toMatch(
      /self-signed certificate in certificate chain.*; set tls\.ca to the certificate of its authority/,
    );
  });

  test('a certificate that signs itself', async () => {
    const alone = await issue(undefined);
    expect(await meet(alone, {})).toMatch(/self-signed certificate.*; set tls\.ca/);
  });

  test('an authority that signs itself, given as tls.ca', async () => {
    expect(await meet(good, { ca: authority.cert })).toBe('authenticated');
  });

  test('one of another name, of the same name, and a list that holds the right one', async () => {
    const other = await makeAuthority('another authority');
    const namesake = await makeAuthority();
    expect(await meet(good, { ca: other.cert })).toMatch(
      /; tls\.ca is of another authority than the one that signed its certificate, or the node does not send/,
    );
    await node?.close();
    expect(await meet(withChain(good, authority), { ca: other.cert })).toMatch(
      /; tls\.ca is of another authority than the one that signed its certificate$/,
    );
    await node?.close();
    expect(await meet(good, { ca: namesake.cert })).toMatch(
      /signature.*; its certificate was not signed by the authority that it names/,
    );
    await node?.close();
    expect(await meet(good, { ca: [other.cert, authority.cert] })).toBe('authenticated');
  });

  test('an intermediate that is sent along, and one that is not', async () => {
    const below = await issue(intermediate);
    expect(await meet(withChain(below, intermediate), { ca: authority.cert })).toBe('authenticated');
    await node?.close();
    expect(await meet(below, { ca: authority.cert })).toMatch(
      /, or the node does not send the certificates between the two$/,
    );
  });

  test('an intermediate given as tls.ca, without the root and with it', async () => {
    const below = await issue(intermediate);
    for (const server of [below, withChain(below, intermediate), withChain(below, intermediate, authority)]) {
      expect(await meet(server, { ca: intermediate.cert })).toMatch(
        /\(UNABLE_TO_GET_ISSUER_CERT\); tls\.ca holds an intermediate certificate; add the root above it$/,
      );
      await node?.close();
    }
    expect(await meet(below, { ca: [intermediate.cert, authority.cert] })).toBe('authenticated');
  });

  test('one that signs itself, and another authority', async () => {
    const other = await makeAuthority('another authority');
    expect(await meet(await issue(undefined), { ca: other.cert })).toMatch(
      /; tls\.ca is of another authority than the one that signed its certificate$/,
    );
  });
});

describe('validity and host name', () => {
  test('one that has expired', async () => {
    const expired = await issue(authority, { from: daysFromNow(-30), until: daysFromNow(-1) });
    expect(await meet(expired, { ca: authority.cert })).toMatch(
      /CERT_HAS_EXPIRED\); renew the certificate of the node$/,
    );
  });

  test('one that is not yet valid', async () => {
    const early = await issue(authority, { from: daysFromNow(1), until: daysFromNow(30) });
    expect(await meet(early, { ca: authority.cert })).toMatch(
      /CERT_NOT_YET_VALID\); its certificate is not valid yet: check the clocks of both machines$/,
    );
  });

  test('one for another host', async () => {
    expect(await meet(good, { ca: authority.cert }, 'localhost')).toMatch(
      /ALTNAME.*; use a host name of its certificate in nodes, or set tls\.servername$/,
    );
  });

  test('tls.servername is what is asked for and checked instead', async () => {
    const named = await issue(authority, { hosts: ['es.internal'] });
    let asked: string | undefined;
    const SNICallback: ServerOptions['SNICallback'] = (name, callback) => {
      asked = name;
      callback(null);
    };
    const server = { ...named, SNICallback };
    expect(await meet(server, { ca: authority.cert })).toMatch(/ALTNAME/);
    await node?.close();
    expect(await meet(server, { ca: authority.cert, servername: 'es.internal' })).toBe('authenticated');
    expect(asked).toBe('es.internal');
    await node?.close();
    asked = undefined;
    const byFingerprint = { caFingerprint: fingerprintOf(authority), servername: 'es.internal' };
    expect(await meet({ ...withChain(named, authority), SNICallback }, byFingerprint)).toBe('authenticated');
    expect(asked).toBe('es.internal');
    await node?.close();
    expect(await meet(server, { ca: authority.cert, servername: 'other.internal' })).toMatch(/ALTNAME/);
  });
});

describe('tls.caFingerprint', () => {
  test('of the authority, which the node sends along: with and without colons', async () => {
    const caFingerprint = fingerprintOf(authority);
    expect(await meet(withChain(good, authority), { caFingerprint })).toBe('authenticated');
    await node?.close();
    const plain = caFingerprint.replaceAll(':', '').toLowerCase();
    expect(await meet(withChain(good, authority), { caFingerprint: plain })).toBe('authenticated');
  });

  test('of the authority, above an intermediate', async () => {
    const below = await issue(intermediate);
    const caFingerprint = fingerprintOf(authority);
    expect(await meet(withChain(below, intermediate, authority), { caFingerprint })).toBe('authenticated');
  });

  test('of an intermediate: the chain verifies up to that, whoever is above', async () => {
    const below = await issue(intermediate);
    const caFingerprint = fingerprintOf(intermediate);
    expect(await meet(withChain(below, intermediate, authority), { caFingerprint })).toBe('authenticated');
    await node?.close();
    expect(await meet(withChain(below, intermediate), { caFingerprint })).toBe('authenticated');
  });

  test("of the node's own certificate, signed by somebody or by itself", async () => {
    expect(await meet(good, { caFingerprint: fingerprintOf(good) })).toBe('authenticated');
    await node?.close();
    const alone = await issue(undefined);
    expect(await meet(alone, { caFingerprint: fingerprintOf(alone) })).toBe('authenticated');
  });

  test('of nobody in the chain', async () => {
    const caFingerprint = fingerprintOf(await makeAuthority());
    expect(await meet(withChain(good, authority), { caFingerprint })).toBe(
      'no certificate of the chain has tls.caFingerprint (ESAUTH_CA_FINGERPRINT); ' +
        'tls.caFingerprint is of another authority, or the node does not send its own',
    );
  });

  test('of an authority that the node does not send', async () => {
    expect(await meet(good, { caFingerprint: fingerprintOf(authority) })).toMatch(
      /; tls\.caFingerprint is of another authority, or the node does not send its own$/,
    );
  });

  test('P55: a leaf of somebody else, with the genuine authority appended, gets no byte', async () => {
    const caFingerprint = fingerprintOf(authority);
    expect(await meet(withChain(forged, authority), { caFingerprint })).toMatch(
      /its certificate was not signed by the authority that it names$/,
    );
  });

  test('P55: nor if that somebody has another name', async () => {
    const other = await makeAuthority('another authority');
    const stranger = await issue(other);
    const caFingerprint = fingerprintOf(authority);
    expect(await meet(withChain(stranger, authority), { caFingerprint })).not.toBe('authenticated');
    await node?.close();
    expect(await meet(withChain(stranger, other, authority), { caFingerprint })).not.toBe('authenticated');
  });

  test("P55: nor if a node's certificate signs another one", async () => {
    const bastard = await issue(good);
    const caFingerprint = fingerprintOf(authority);
    expect(await meet(withChain(bastard, good, authority), { caFingerprint })).not.toBe('authenticated');
    await node?.close();
    const ofNode = { caFingerprint: fingerprintOf(good) };
    expect(await meet(withChain(bastard, good), ofNode)).not.toBe('authenticated');
  });

  test('does not spare validity and host name, of whichever certificate it is', async () => {
    const expired = await issue(authority, { from: daysFromNow(-30), until: daysFromNow(-1) });
    for (const of of [authority, expired]) {
      const caFingerprint = fingerprintOf(of);
      expect(await meet(withChain(expired, authority), { caFingerprint })).toMatch(
        /renew the certificate of the node$/,
      );
      await node?.close();
    }
    for (const of of [authority, good]) {
      const caFingerprint = fingerprintOf(of);
      expect(await meet(withChain(good, authority), { caFingerprint }, 'localhost')).toMatch(/ALTNAME/);
      await node?.close();
    }
  });

  test('believes no other authority, not even one that signed the pinned one', async () => {
    const caFingerprint = fingerprintOf(intermediate);
    expect(await meet(withChain(good, intermediate, authority), { caFingerprint })).not.toBe('authenticated');
  });
});

describe('client certificates', () => {
  let client: Issued;
  let mutual: ServerOptions;
  beforeAll(async () => {
    client = await issue(authority, { name: 'test client' });
    mutual = { ...good, ca: [authority.cert], requestCert: true };
  });
  const versions = ['TLSv1.2', 'TLSv1.3'] as const;

  test.each(versions)('%s: a node that wants one gets it', async (maxVersion) => {
    const { key, cert } = client;
    expect(await meet({ ...mutual, maxVersion }, { ca: authority.cert, cert, key })).toBe('authenticated');
  });

  test.each(versions)('%s: also together with caFingerprint', async (maxVersion) => {
    const server = { ...mutual, ...withChain(good, authority), maxVersion };
    const { key, cert } = client;
    const tls = { caFingerprint: fingerprintOf(authority), cert, key };
    expect(await meet(server, tls)).toBe('authenticated');
  });

  test.each(versions)('%s: without one, the cure is named', async (maxVersion) => {
    expect(await meet({ ...mutual, maxVersion }, { ca: authority.cert })).toMatch(
      /want.* a client certificate: set tls\.cert and tls\.key$/,
    );
  });

  test('a node that does not insist lets us in without one', async () => {
    const server = { ...mutual, rejectUnauthorized: false };
    expect(await meet(server, { ca: authority.cert })).toBe('authenticated');
  });

  test('one of another authority is refused by the node', async () => {
    const { key, cert } = await issue(await makeAuthority('another authority'), { name: 'stranger' });
    expect(await meet(mutual, { ca: authority.cert, cert, key })).not.toBe('authenticated');
  });

  const alerts: readonly (readonly [string, number])[] = [
    ['bad_certificate', 42],
    ['certificate_expired', 45],
    ['certificate_unknown', 46],
    ['unknown_ca', 48],
  ];
  test.each(alerts)('what a node says of one that it does not like: %s', async (_name, alert) => {
    const refusing = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, alert])));
    }).listen(0, '127.0.0.1');
    await once(refusing, 'listening');
    const { key, cert } = client;
    const tls = { ca: authority.cert, cert, key };
    expect(said(await verdictFrom(`https://127.0.0.1:${portOf(refusing)}`, tls))).toMatch(
      /; it does not accept our certificate, or wants one: check tls\.cert and tls\.key$/,
    );
    refusing.close();
  });
});

describe('the rest', () => {
  test('plain http on an https address', async () => {
    const plain = createHttpServer().listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const url = `https://127.0.0.1:${portOf(plain)}`;
    const cure = /; it seems to speak plain http; check the scheme and port in nodes$/;
    expect(said(await verdictFrom(url, {}))).toMatch(cure);
    expect(said(await verdictFrom(url, { caFingerprint: fingerprintOf(authority) }))).toMatch(cure);
    plain.close();
  });

  test('https on an http address', async () => {
    node = await startScriptedNode(respond({ body: identityBody() }), good);
    const verdict = await verdictFrom(node.url.replace('https:', 'http:'), {});
    expect(verdict).toMatchObject({ kind: 'unavailable', code: 'unreachable' });
    expect(verdict.kind === 'unavailable' && textOf(verdict.cause.message)).toMatch(
      /: the connection was closed without an answer \(ESAUTH_NO_ANSWER\); it seems to speak https; check the scheme/,
    );
    expect(node.bytesReceived).toBe(0);
  });

  test('https on an http address, if the node says so with an alert', async () => {
    const alerting = createTcpServer((socket) => {
      socket.on('error', () => {});
      // unexpected_message, as OpenSSL puts it.
      socket.once('data', () => socket.end(Buffer.from([21, 3, 1, 0, 2, 2, 10])));
    }).listen(0, '127.0.0.1');
    await once(alerting, 'listening');
    const verdict = await verdictFrom(`http://127.0.0.1:${portOf(alerting)}`, {});
    expect(verdict).toMatchObject({ kind: 'unavailable', code: 'bad_response' });
    expect(verdict.kind === 'unavailable' && textOf(verdict.cause.message)).toMatch(
      /; it seems to speak https; check the scheme in nodes$/,
    );
    alerting.close();
  });

  test('a connection that ends after an answer, or over TLS, is not mistaken for that', async () => {
    const answer = respond({ body: identityBody() });
    for (const server of [undefined, good]) {
      let asked = 0;
      node = await startScriptedNode((socket, head) => {
        asked += 1;
        if (asked === 1 && server === undefined) answer(socket, head);
        else socket.destroy();
      }, server);
      const tls = server && { ca: authority.cert };
      const verifier = createVerifier({ nodes: node.url, tls, cache: false, upstream: { retries: 0 } });
      if (server === undefined) expect((await verifier.verify(bearer)).kind).toBe('authenticated');
      // Until undici takes that connection again.
      for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
      expect(said(await verifier.verify(bearer))).not.toMatch(/https;/);
      expect(node.connections).toBe(1);
      await verifier.close();
      await node.close();
    }
  });

  test('rejectUnauthorized: false believes anybody, and says so once', async () => {
    const warnings = await warningsDuring(async () => {
      expect(await meet(await issue(undefined), { rejectUnauthorized: false }, 'localhost')).toBe(
        'authenticated',
      );
    });
    expect(warnings.filter(({ code }) => code === 'ESAUTH_ANY_CERTIFICATE')).toEqual([
      {
        name: 'EsauthWarning',
        code: 'ESAUTH_ANY_CERTIFICATE',
        message: expect.stringContaining(
          'tls.rejectUnauthorized is false: credentials go to whoever answers',
        ),
      },
    ]);
  });

  test('a TLS failure is a failure of the node: its breaker counts it', async () => {
    node = await startScriptedNode(respond(), good);
    const verifier = createVerifier({ nodes: node.url, upstream: { breaker: { failures: 2 } } });
    expect(said(await verifier.verify(bearer))).toMatch(/; set tls\.ca/);
    expect(verifier.stats().nodes).toMatchObject([{ breaker: 'open', failures: 2 }]);
    await expect(verifier.check()).rejects.toThrow(/; set tls\.ca/);
    await verifier.close();
  });
});
