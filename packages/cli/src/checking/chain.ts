// The certificates that a node presents, whoever trusts them: a handshake that believes nothing and asks nothing.

import { isIP } from 'node:net';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { type TlsOptions, unbracketed } from '@esauth/core';

export interface Certificate {
  readonly subject: string;
  readonly issuer: string;
  /** Host names and addresses that it is for. */
  readonly names: readonly string[];
  readonly validFrom: string;
  readonly validTo: string;
  /** SHA-256, hexadecimal with colons. */
  readonly fingerprint: string;
  readonly isAuthority: boolean;
  /** It names itself as its issuer. */
  readonly isRoot: boolean;
}

/** What a handshake shows. */
export type Handshake =
  | {
      readonly kind: 'done';
      readonly protocol: string;
      readonly cipher: string;
      /** The node's own first. */
      readonly chain: readonly Certificate[];
    }
  | { readonly kind: 'failed'; readonly error: Error };

/** @param url of an https node, or of one that may be one */
export function shakeHands(url: URL, tls: TlsOptions, timeoutMs: number): Promise<Handshake> {
  const host = unbracketed(url.hostname);
  const { cert, key } = tls;
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: Number(url.port || 443),
      // An IP address is no server name (RFC 6066 §3).
      servername: tls.servername ?? (isIP(host) === 0 ? host : ''),
      rejectUnauthorized: false,
      timeout: timeoutMs,
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    });
    const end = (handshake: Handshake) => {
      socket.destroy();
      resolve(handshake);
    };
    const fail = (message: string) => end({ kind: 'failed', error: new Error(message) });
    socket.once('error', (error) => end({ kind: 'failed', error }));
    socket.once('timeout', () => fail('no TLS handshake in time'));
    socket.once('close', () => fail('the connection was closed during the TLS handshake'));
    socket.once('secureConnect', () =>
      end({
        kind: 'done',
        protocol: socket.getProtocol() ?? '',
        cipher: socket.getCipher()?.name ?? '',
        chain: chainOf(socket),
      }),
    );
  });
}

function chainOf(socket: TLSSocket): readonly Certificate[] {
  const seen = new Set<string>();
  const chain: Certificate[] = [];
  let each: (PeerCertificate & { issuerCertificate?: PeerCertificate }) | undefined =
    socket.getPeerCertificate(true);
  // The root names itself as its issuer.
  while (each?.raw !== undefined && !seen.has(each.fingerprint256)) {
    seen.add(each.fingerprint256);
    chain.push({
      subject: nameOf(each.subject),
      issuer: nameOf(each.issuer),
      names: (each.subjectaltname ?? '')
        .split(', ')
        .map((name) => name.replace(/^(?:DNS|IP Address):/, ''))
        .filter((name) => name !== ''),
      validFrom: dayOf(each.valid_from),
      validTo: dayOf(each.valid_to),
      fingerprint: each.fingerprint256,
      isAuthority: each.ca === true,
      isRoot: nameOf(each.subject) === nameOf(each.issuer),
    });
    each = each.issuerCertificate;
  }
  return chain;
}

function nameOf(name: PeerCertificate['subject'] | undefined): string {
  const parts = Object.entries(name ?? {}).map(([kind, value]) => `${kind}=${[value].flat().join('+')}`);
  return parts.length === 0 ? 'without a name' : parts.reverse().join(', ');
}

function dayOf(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : date.toISOString().slice(0, 19).concat('Z');
}
