// Which certificates the demo's own requests believe: those of the system, an authority from a file, or the one with
// a given fingerprint. The verifier takes the same two options by itself; this is for what goes past it.

import { isIP } from 'node:net';
import { connect, type PeerCertificate, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { Complaint } from './complaint.js';

/** As the verifier's option `tls` takes it. */
export interface Trust {
  readonly ca?: Buffer;
  /** SHA-256, in hexadecimal, with or without colons. */
  readonly caFingerprint?: string;
}

export async function authorityOf(url: URL, { ca, caFingerprint }: Trust): Promise<SecureContextOptions> {
  if (ca !== undefined) return { ca };
  if (caFingerprint === undefined || url.protocol !== 'https:') return {};
  const wanted = caFingerprint.replaceAll(':', '').toUpperCase();
  // The handshake that fetches it believes nothing and sends nothing. Those that follow trust this certificate alone,
  // and OpenSSL checks every signature up to it; the flag lets it be one that did not sign itself.
  const chain = await chainOf(url);
  const authority = chain.find(({ fingerprint256 }) => fingerprint256.replaceAll(':', '') === wanted);
  if (authority === undefined) throw new Complaint('the cluster shows no certificate with --ca-fingerprint');
  const body = authority.raw.toString('base64');
  const pem = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
  return { ca: pem, allowPartialTrustChain: true };
}

function chainOf({ hostname, port }: URL): Promise<readonly PeerCertificate[]> {
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      host,
      port: Number(port || 443),
      // An IP address is no server name (RFC 6066 §3).
      servername: isIP(host) === 0 ? host : '',
      rejectUnauthorized: false,
      timeout: 10_000,
    });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error('no TLS handshake in time')));
    socket.once('secureConnect', () => {
      const chain: PeerCertificate[] = [];
      let certificate: (PeerCertificate & { issuerCertificate?: PeerCertificate }) | undefined =
        socket.getPeerCertificate(true);
      // The root names itself as its issuer.
      while (certificate?.raw !== undefined && !chain.includes(certificate)) {
        chain.push(certificate);
        certificate = certificate.issuerCertificate;
      }
      socket.destroy();
      resolve(chain);
    });
  });
}
