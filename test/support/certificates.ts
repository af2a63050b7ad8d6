// Authorities and certificates for loopback, made when a test starts: nothing that expires is checked in.

import { X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';

/** A certificate and its key, both PEM: for `tls.createServer`, and to issue others with. */
export interface Issued {
  readonly key: string;
  readonly cert: string;
}

export interface Certificates {
  /** PEM of the authority. */
  readonly ca: string;
  /** The server's own. */
  readonly server: Issued;
}

export async function makeCertificates(): Promise<Certificates> {
  const authority = await makeAuthority();
  return { ca: authority.cert, server: await issue(authority) };
}

/** @param issuer the authority above it; without one it signs itself. */
export function makeAuthority(name = 'test authority', issuer?: Issued): Promise<Issued> {
  return make(name, issuer, [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ]);
}

export interface Holder {
  /** Default `test node`. */
  readonly name?: string;
  /** Host names and addresses that it is for; default 127.0.0.1. */
  readonly hosts?: readonly string[];
  /** Default now. */
  readonly from?: Date;
  /** Default in a year. */
  readonly until?: Date;
}

/** A certificate for a server or a client. @param issuer without one it signs itself. */
export function issue(issuer: Issued | undefined, holder: Holder = {}): Promise<Issued> {
  const { name = 'test node', hosts = ['127.0.0.1'], from, until } = holder;
  const altNames = hosts.map((host) =>
    /^[\d.]+$/.test(host) ? { type: 7 as const, ip: host } : { type: 2 as const, value: host },
  );
  const extensions: Extensions = [
    { name: 'basicConstraints', cA: false },
    { name: 'subjectAltName', altNames },
  ];
  return make(name, issuer, extensions, {
    ...(from !== undefined && { notBeforeDate: from }),
    ...(until !== undefined && { notAfterDate: until }),
  });
}

type Extensions = NonNullable<NonNullable<Parameters<typeof generate>[1]>['extensions']>;

async function make(
  name: string,
  issuer: Issued | undefined,
  extensions: Extensions,
  validity: { readonly notBeforeDate?: Date; readonly notAfterDate?: Date } = {},
): Promise<Issued> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions,
    ...validity,
    ...(issuer !== undefined && { ca: issuer }),
  });
  return { key, cert };
}

/** What the server presents: its own certificate, then those above it. */
export function withChain(holder: Issued, ...above: readonly Issued[]): Issued {
  return { key: holder.key, cert: [holder, ...above].map(({ cert }) => cert).join('\n') };
}

/** SHA-256, in hexadecimal with colons. */
export function fingerprintOf({ cert }: Issued): string {
  return new X509Certificate(cert).fingerprint256;
}
