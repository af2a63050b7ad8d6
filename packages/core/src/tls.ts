// How a connection to a node is made and secured. undici's own connector does it; only `caFingerprint` needs more
// than an option, because a fingerprint is no certificate.

import { isIP, Socket } from 'node:net';
import { type PeerCertificate, TLSSocket, connect as tlsConnect } from 'node:tls';
import { buildConnector } from 'undici';
import { watchAnswers } from './answer-head.js';

/** As given in the options; see there. */
export interface TlsSettings {
  readonly ca?: string | Buffer | (string | Buffer)[];
  /** SHA-256, upper case, with colons. */
  readonly caFingerprint?: string;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface Connector {
  /** What an undici pool opens its connections with. */
  readonly connect: buildConnector.connector;
  /** Secures what is connected from now on with this. */
  renew(tls: TlsSettings): void;
  /** Destroys what is still connecting: undici's pools destroy only what is connected. */
  close(): void;
}

const despiteCa = new WeakSet<object>();

/** Whether a connection failed for which `tls.ca` was set, so that setting it is no cure. */
export function hadCa(error: unknown): boolean {
  return typeof error === 'object' && error !== null && despiteCa.has(error);
}

export function createConnector(tls: TlsSettings, timeoutMs: number): Connector {
  const connecting = new Set<Socket>();
  const keep = (socket: Socket) => {
    connecting.add(socket);
    // A TLS alert after the handshake ("certificate required") is only reported; the end of the connection that
    // follows would take its place as the reason.
    socket.once('error', () => socket.destroy());
    const done = () => connecting.delete(socket);
    // Both say that the handshake is over, one way or the other.
    socket.once('secureConnect', done).once('close', done);
    if (!(socket instanceof TLSSocket)) socket.once('connect', done);
  };
  let connect = securedWith(tls, timeoutMs, keep);
  return {
    connect: (target, callback) => connect(target, callback),
    renew(renewed) {
      connect = securedWith(renewed, timeoutMs, keep);
    },
    close() {
      for (const socket of connecting) socket.destroy();
    },
  };
}

/** @param keep is told of every socket before it is connected. */
function securedWith(
  tls: TlsSettings,
  timeoutMs: number,
  keep: (socket: Socket) => void,
): buildConnector.connector {
  const { caFingerprint, ...options } = tls;
  const connector = (ca?: string): buildConnector.connector => {
    // Without the flag OpenSSL wants a chain to end in a certificate that signed itself.
    const pin = ca === undefined ? {} : { ca, allowPartialTrustChain: true };
    const connect = buildConnector({ timeout: timeoutMs, ...options, ...pin });
    return (target, callback) => {
      // Typed as returning nothing; it returns the socket.
      const socket: unknown = connect(target, (...made) => {
        if (made[0] === null) watchAnswers(made[1]);
        else if (tls.ca !== undefined) despiteCa.add(made[0]);
        callback(...made);
      });
      if (socket instanceof Socket) keep(socket);
    };
  };
  if (caFingerprint === undefined) return connector();

  // Two handshakes. The first believes nothing and sends no request: it only fetches the certificate that has
  // the fingerprint. The second trusts that certificate alone, and OpenSSL checks what has to be checked: every
  // signature up to it, validity and host name. A chain that merely contains it does not pass.
  const plain = connector();
  let pinned: buildConnector.connector | undefined;
  return (target, callback) => {
    if (target.protocol !== 'https:' || pinned !== undefined) {
      (pinned ?? plain)(target, callback);
      return;
    }
    fetchAuthority(target, options, caFingerprint, timeoutMs, keep).then(
      (ca) => {
        pinned = connector(ca);
        pinned(target, callback);
      },
      (error: Error) => callback(error, null),
    );
  };
}

/** @returns the certificate with that fingerprint, as PEM, from the chain that the node presents. */
function fetchAuthority(
  target: buildConnector.Options,
  options: Omit<TlsSettings, 'caFingerprint'>,
  fingerprint: string,
  timeoutMs: number,
  keep: (socket: Socket) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    // An IP address is no server name (RFC 6066 §3).
    const servername = options.servername ?? (isIP(host) === 0 ? host : '');
    const socket: TLSSocket = tlsConnect({
      // With our certificate, because up to TLS 1.2 a node that wants one breaks off without it.
      ...options,
      host,
      port: Number(target.port || 443),
      servername,
      timeout: timeoutMs,
      // Believes nothing: what it fetches counts only by its fingerprint.
      rejectUnauthorized: false,
    });
    keep(socket);
    const end = (error: Error | undefined, ca = '') => {
      socket.destroy();
      if (error === undefined) resolve(ca);
      else reject(error);
    };
    socket.once('error', (error) => end(error));
    socket.once('close', () => end(new Error('the connection was closed during the TLS handshake')));
    socket.once('timeout', () => end(new Error('no TLS handshake in time')));
    socket.once('secureConnect', () => {
      const found = chainOf(socket).find(({ fingerprint256 }) => fingerprint256 === fingerprint);
      if (found === undefined) end(new CertificateError('no certificate of the chain has tls.caFingerprint'));
      else end(undefined, pemOf(found));
    });
  });
}

/** Told apart by its code, like Node's own certificate errors. */
class CertificateError extends Error {
  readonly code = 'ESAUTH_CA_FINGERPRINT';
}

function chainOf(socket: TLSSocket): readonly PeerCertificate[] {
  const chain: PeerCertificate[] = [];
  let certificate: (PeerCertificate & { issuerCertificate?: PeerCertificate }) | undefined =
    socket.getPeerCertificate(true);
  // The root names itself as its issuer.
  while (certificate?.raw !== undefined && !chain.includes(certificate)) {
    chain.push(certificate);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

function pemOf({ raw }: PeerCertificate): string {
  return `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----\n`;
}
