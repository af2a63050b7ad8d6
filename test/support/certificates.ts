// An authority and a server certificate for loopback, made when a test starts: nothing that expires is checked
// in.

import { generate } from 'selfsigned';

export interface Certificates {
  /** PEM of the authority. */
  readonly ca: string;
  /** PEM of the server's key and certificate, for `tls.createServer`. */
  readonly server: { readonly key: string; readonly cert: string };
}

export async function makeCertificates(): Promise<Certificates> {
  const authority = await generate([{ name: 'commonName', value: 'test authority' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: 'test node' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
    ca: { key: authority.private, cert: authority.cert },
  });
  return { ca: authority.cert, server: { key: server.private, cert: server.cert } };
}
