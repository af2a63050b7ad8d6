/**
 * The authority and the certificate of an emulator that speaks TLS: made at its start, kept nowhere. It knows
 * nothing of sockets.
 */

import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';

/** What a server shows, and what its clients have to trust; all PEM. */
export interface ServerCertificate {
  /** The certificate of the authority. Its key is gone as soon as it has signed. */
  readonly ca: string;
  /** The server's own and the authority's, so that a client may also know the authority by its fingerprint. */
  readonly cert: string;
  readonly key: string;
}

const day = 86_400_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** @param host where the server listens; the certificate is for this and for every name of this machine itself */
export async function makeCertificate(host: string): Promise<ServerCertificate> {
  // Loading it takes longer than all else at a start, and most emulators speak no TLS.
  const x509 = await import('@peculiar/x509');
  const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
    webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const [above, own] = await Promise.all([newKeys(), newKeys()]);
  // Clients judge by the real time, not by the emulator's, and their clocks may be behind.
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 365 * day) };
  const usages = x509.KeyUsageFlags;
  const issuer = 'CN=esauth emulator CA';
  // Without the two key identifiers Python 3.13 and other strict clients refuse a chain.
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: issuer,
    keys: above,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(usages.keyCertSign | usages.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(above.publicKey),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=esauth emulator',
    issuer,
    publicKey: own.publicKey,
    signingKey: above.privateKey,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(usages.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(namesWith(host)),
      await x509.SubjectKeyIdentifierExtension.create(own.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(above.publicKey),
    ],
  });
  const key = x509.PemConverter.encode(
    await webcrypto.subtle.exportKey('pkcs8', own.privateKey),
    'PRIVATE KEY',
  );
  const ca = authority.toString('pem');
  return { ca, cert: `${certificate.toString('pem')}\n${ca}`, key };
}

function namesWith(host: string): { type: 'dns' | 'ip'; value: string }[] {
  // What follows a per cent sign says which of this machine's interfaces is meant.
  const names = new Set(['localhost', '127.0.0.1', '::1', host.replace(/%.*/, '')]);
  return [...names].map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }));
}
