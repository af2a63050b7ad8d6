// The options that say where Elasticsearch is and how to trust it: `nodes`, `cloudId` and `tls`.

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Warn } from '../observation/warnings.js';
import { nodeTls } from '../upstream/lazily.js';
import type { TlsSettings } from '../upstream/tls.js';
import { ConfigurationError } from '../values/errors.js';
import { parseUrl, section } from './option-checks.js';

/** How to trust the nodes, and how they trust us. */
export interface TlsOptions {
  /** Certificates (PEM) of the authorities to trust, instead of the system's. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined;
  /**
   * SHA-256 fingerprint of the authority's certificate, in hexadecimal, with or without colons: what
   * Elasticsearch prints when it first starts. Instead of `ca`. The chain that a node presents must verify up to
   * that certificate: every signature, validity, and host name.
   */
  readonly caFingerprint?: string | undefined;
  /**
   * Client certificate (PEM) and its key, for nodes that ask for one. If a PKI realm maps it to a user,
   * Elasticsearch accepts *every* request of that connection, also one with a bad credential, as that user.
   * The verifier refuses such an answer, because it does not fit the credential that was presented.
   */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** Of the key. */
  readonly passphrase?: string | undefined;
  /** Host name to ask for and to check, if it is not the one in the URL. Never an IP address. */
  readonly servername?: string | undefined;
  /** `false` believes any certificate, whoever holds it. Never in production. Default `true`. */
  readonly rejectUnauthorized?: boolean | undefined;
}

/** @throws {ConfigurationError} `invalid_option` */
export function readNodes(nodes: unknown, cloudId: unknown): readonly URL[] {
  if (nodes !== undefined && cloudId !== undefined) {
    throw new ConfigurationError('cloudId', 'must not be set together with nodes');
  }
  if (cloudId !== undefined) return [readCloudId(cloudId)];
  if (nodes === undefined || (Array.isArray(nodes) && nodes.length === 0)) {
    throw new ConfigurationError('nodes', 'required: the base URL of Elasticsearch, or a list of them');
  }
  // One string as an environment variable holds it. A comma that belongs to a path needs a list.
  const list: readonly unknown[] = typeof nodes === 'string' ? nodes.split(',') : [nodes].flat();
  const urls = list.map(readNode);
  if (new Set(urls.map(({ href }) => href.replace(/\/+$/, ''))).size < urls.length) {
    throw new ConfigurationError('nodes', 'the same node is listed twice');
  }
  return urls;
}

function readNode(given: unknown): URL {
  const node = parseUrl(given);
  // A host name may hold a comma for `URL`: it is a whole string of nodes inside a list.
  if (node === undefined || !['http:', 'https:'].includes(node.protocol) || node.hostname.includes(',')) {
    throw new ConfigurationError(
      'nodes',
      'must be absolute http: or https: URLs, as strings such as https://localhost:9200',
    );
  }
  if (node.username !== '' || node.password !== '') {
    throw new ConfigurationError('nodes', 'must not hold a user name or password: callers bring their own');
  }
  if (node.search !== '' || node.hash !== '') {
    throw new ConfigurationError('nodes', 'must not have a query or a fragment');
  }
  // Without a credential it looks good: Elasticsearch asks for one before it looks for an endpoint.
  if (/\/_security(\/|$)/.test(node.pathname)) {
    throw new ConfigurationError('nodes', 'must be the base URL, without an endpoint such as /_security/…');
  }
  return node;
}

// `name:` and the Base64 of `host[:port]$elasticsearch[:port]$kibana`; Elasticsearch answers at the second part
// as a name below the first.
function readCloudId(given: unknown): URL {
  const encoded = typeof given === 'string' ? (given.split(':').at(-1) ?? '') : '';
  const [domain = '', instance = ''] = Buffer.from(encoded, 'base64').toString().split('$');
  const [host = '', port = '443'] = domain.split(':');
  const [name = '', ownPort = port] = instance.split(':');
  const url = parseUrl(`https://${name}.${host}:${ownPort}`);
  const plain = /^[\w.-]+$/;
  if (url !== undefined && plain.test(name) && plain.test(host)) return url;
  throw new ConfigurationError('cloudId', 'must be the Cloud ID that the deployment shows');
}

/** @throws {ConfigurationError} `invalid_option` */
export function readTls(given: unknown): TlsSettings {
  const named = section('tls', given);
  const set = Object.entries(named).filter(([, value]) => value !== undefined);
  const tls: typeof named = Object.assign(Object.create(null), Object.fromEntries(set));
  for (const name of ['cert', 'key'] as const) {
    if (tls[name] !== undefined && !isPem(tls[name])) {
      throw new ConfigurationError(`tls.${name}`, 'must be a PEM string or Buffer');
    }
    refuseBinary(name, tls[name]);
  }
  for (const name of ['passphrase', 'servername'] as const) {
    if (tls[name] !== undefined && (typeof tls[name] !== 'string' || tls[name] === '')) {
      throw new ConfigurationError(`tls.${name}`, 'must be a string');
    }
  }
  if (isIP(String(tls.servername)) !== 0) {
    // Node would send it all the same, and warn (DEP0123).
    throw new ConfigurationError(
      'tls.servername',
      'must be a host name of the certificate: an IP address is no server name (RFC 6066), and is checked where it stands in nodes',
    );
  }
  if (tls.rejectUnauthorized !== undefined && typeof tls.rejectUnauthorized !== 'boolean') {
    throw new ConfigurationError('tls.rejectUnauthorized', 'must be true or false');
  }
  if (tls.ca !== undefined && tls.caFingerprint !== undefined) {
    throw new ConfigurationError('tls.caFingerprint', 'must not be set together with tls.ca');
  }
  const { ca, caFingerprint, ...others } = tls;
  const settings = {
    // Every member was checked above.
    ...(others as Omit<TlsSettings, 'ca' | 'caFingerprint'>),
    ...(ca !== undefined && { ca: readCa(ca) }),
    ...(caFingerprint !== undefined && { caFingerprint: readFingerprint(caFingerprint) }),
  };
  checkKey(Object.assign(Object.create(null), settings));
  return settings;
}

function readCa(given: unknown): (string | Buffer)[] {
  const certificates: unknown[] = Array.isArray(given) ? given : [given];
  for (const each of certificates) refuseBinary('ca', each);
  if (certificates.length > 0 && certificates.every(isPem) && certificates.every(isCertificate)) {
    return certificates;
  }
  throw new ConfigurationError(
    'tls.ca',
    'must be a certificate as a PEM string or Buffer, or a list of them: what is in the file, not its path',
  );
}

function isPem(value: unknown): value is string | Buffer {
  return (typeof value === 'string' && value !== '') || Buffer.isBuffer(value);
}

/** `X509Certificate` reads DER too, and a connection does not: it would fail at the first handshake, without a cause. */
function refuseBinary(name: 'ca' | 'cert' | 'key', given: unknown): void {
  if (!isPem(given)) return;
  const bytes = Buffer.from(given);
  const [first, second = 0] = bytes;
  // A sequence of a length that takes bytes of its own, or is that of the rest (X.690, 8.1); also as broken UTF-8.
  if (first !== 0x30 || (second < 0x80 && second !== bytes.length - 2)) return;
  // Begins with the integer 3, its version (RFC 7292, 4); a certificate with no integer, and a key with 0 or 1.
  const isKeyStore = bytes.subarray(0, 16).includes(Buffer.from([2, 1, 3]));
  const form = isKeyStore ? 'a key store (PKCS #12)' : 'in DER';
  const parts = name === 'key' ? '-nocerts -nodes' : '-nokeys';
  const tool = name === 'key' ? 'pkey -inform der' : 'x509 -inform der';
  const cure = `openssl ${isKeyStore ? `pkcs12 ${parts}` : tool} -in ‹file› -out ${name}.pem`;
  throw new ConfigurationError(`tls.${name}`, `is ${form}, and PEM is needed: ${cure}`);
}

function isCertificate(pem: string | Buffer): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function readFingerprint(given: unknown): string {
  const digits = typeof given === 'string' ? given.replaceAll(':', '').toUpperCase() : '';
  if (/^[\dA-F]{64}$/.test(digits)) return digits.match(/../g)?.join(':') ?? '';
  throw new ConfigurationError('tls.caFingerprint', 'must be a SHA-256 fingerprint: 64 hexadecimal digits');
}

/** A wrong passphrase, or a key of another certificate, would show at the first handshake only. */
function checkKey({ cert, key, passphrase }: TlsSettings): void {
  if ((cert === undefined) !== (key === undefined)) {
    throw new ConfigurationError(
      `tls.${cert === undefined ? 'cert' : 'key'}`,
      'tls.cert and tls.key go together',
    );
  }
  if (cert === undefined || key === undefined) return;
  try {
    nodeTls().createSecureContext({ cert, key, ...(passphrase !== undefined && { passphrase }) });
  } catch {
    throw new ConfigurationError('tls.key', 'must be the key of tls.cert, and tls.passphrase must open it');
  }
}

/** What works, but lets others listen. */
export function warnOfOpenDoors(nodes: readonly URL[], tls: TlsSettings, warn: Warn): void {
  if (tls.rejectUnauthorized === false) {
    warn(
      'ESAUTH_ANY_CERTIFICATE',
      'tls.rejectUnauthorized is false: credentials go to whoever answers; set tls.ca instead',
    );
  }
  for (const { protocol, hostname, href } of nodes) {
    if (protocol === 'https:' || isLoopback(hostname)) continue;
    warn(
      `ESAUTH_PLAIN_HTTP ${href}`,
      `nodes: ${href} is plain http, so credentials travel readably; use https`,
    );
  }
}

/**
 * Whether a host is this machine.
 *
 * @param hostname as it stands in a URL.
 */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}
