// How a connection to a node is made and secured. undici's own connector does it; only `caFingerprint` needs more
// than an option, because a fingerprint is no certificate.

import { isIP, Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import { nodeTls, undici } from './lazily.js';
import { type HttpProxy, openTunnel, type Unfinished, unbracketed } from './tunnel.js';

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

/** @param proxy through which the way goes, if there is one. */
export function createConnector(tls: TlsSettings, timeoutMs: number, proxy?: HttpProxy): Connector {
  const connecting = new Set<Unfinished>();
  let closed = false;
  const keep = (unfinished: Unfinished) => {
    // Comes too late: a step of its way was over when it was closed.
    if (closed) unfinished.destroy();
    connecting.add(unfinished);
    const done = () => connecting.delete(unfinished);
    // Each says that it is over, one way or the other. TLS only begins when its socket is connected.
    unfinished.once('secureConnect', done).once('close', done);
    if (!('encrypted' in unfinished)) unfinished.once('connect', done);
  };
  const keepSocket = (socket: Socket) => {
    keep(socket);
    // A TLS alert after the handshake ("certificate required") is only reported; the end of the connection that
    // follows would take its place as the reason.
    socket.once('error', () => socket.destroy());
  };
  const way: Way = {
    timeoutMs,
    keep: keepSocket,
    async tunnel(target) {
      return proxy && openTunnel(proxy, authorityOf(target), timeoutMs, keep);
    },
  };
  let connect = securedWith(tls, way);
  return {
    connect: (target, callback) => connect(target, callback),
    renew(renewed) {
      connect = securedWith(renewed, way);
    },
    close() {
      closed = true;
      for (const unfinished of connecting) unfinished.destroy();
    },
  };
}

/** What lies below TLS. */
interface Way {
  readonly timeoutMs: number;
  /** Is told of every socket before it is connected. */
  keep(socket: Socket): void;
  /** What a connection goes through, if it does not go directly. */
  tunnel(target: buildConnector.Options): Promise<Socket | undefined>;
}

function securedWith(tls: TlsSettings, way: Way): buildConnector.connector {
  const { caFingerprint, ...options } = tls;
  const connector = (ca?: string): buildConnector.connector => {
    // Without the flag OpenSSL wants a chain to end in a certificate that signed itself.
    const pin = ca === undefined ? {} : { ca, allowPartialTrustChain: true };
    const connect = undici().buildConnector({ timeout: way.timeoutMs, ...options, ...pin });
    return async (target, callback) => {
      const connected: buildConnector.Callback = (...made) => {
        if (made[0] !== null && tls.ca !== undefined) despiteCa.add(made[0]);
        callback(...made);
      };
      let tunnel: Socket | undefined;
      try {
        tunnel = await way.tunnel(target);
      } catch (error) {
        callback(error as Error, null);
        return;
      }
      if (tunnel !== undefined && target.protocol !== 'https:') {
        connected(null, tunnel);
        return;
      }
      // Typed as returning nothing; it returns the socket.
      const socket: unknown = connect({ ...target, ...(tunnel && { httpSocket: tunnel }) }, connected);
      if (socket instanceof Socket) way.keep(socket);
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
    fetchAuthority(target, options, caFingerprint, way).then(
      (ca) => {
        pinned = connector(ca);
        pinned(target, callback);
      },
      (error: Error) => callback(error, null),
    );
  };
}

/** @returns the certificate with that fingerprint, as PEM, from the chain that the node presents. */
async function fetchAuthority(
  target: buildConnector.Options,
  options: Omit<TlsSettings, 'caFingerprint'>,
  fingerprint: string,
  way: Way,
): Promise<string> {
  const tunnel = await way.tunnel(target);
  return new Promise((resolve, reject) => {
    const host = unbracketed(target.hostname);
    // An IP address is no server name (RFC 6066 §3).
    const servername = options.servername ?? (isIP(host) === 0 ? host : '');
    const socket: TLSSocket = nodeTls().connect({
      // With our certificate, because up to TLS 1.2 a node that wants one breaks off without it.
      ...options,
      ...(tunnel ? { socket: tunnel } : { host, port: portOf(target) }),
      servername,
      timeout: way.timeoutMs,
      // Believes nothing: what it fetches counts only by its fingerprint.
      rejectUnauthorized: false,
    });
    way.keep(socket);
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

function portOf({ protocol, port }: buildConnector.Options): number {
  return Number(port || (protocol === 'https:' ? 443 : 80));
}

function authorityOf(target: buildConnector.Options): string {
  const host = unbracketed(target.hostname);
  return `${isIP(host) === 6 ? `[${host}]` : host}:${portOf(target)}`;
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
