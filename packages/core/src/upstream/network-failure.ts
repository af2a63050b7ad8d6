// What went wrong between here and a node, in words that say which option cures it. Never quotes an answer.

import type { UnavailableCode } from '../values/codes.js';
import { isMisdirected } from './exchange.js';
import { nodeHttp } from './lazily.js';
import { hadCa } from './tls.js';
import { isGarbled, isTls } from './transport.js';
import { ProxyError } from './tunnel.js';

const another = 'tls.ca is of another authority than the one that signed its certificate';
const between = `${another}, or the node does not send the certificates between the two`;
const trust = 'set tls.ca to the certificate of its authority, or tls.caFingerprint';
const certificate = 'it does not accept our certificate, or wants one: check tls.cert and tls.key';
const secure = 'it seems to speak https; check the scheme in nodes';
const maybeSecure = 'if it speaks https, say so in nodes';
const plain = 'it seems to speak plain http; check the scheme and port in nodes';

// undici's limit is Node's own.
const overflow = () =>
  `the answer has more than ${nodeHttp().maxHeaderSize} bytes of headers, and no more are read; what is in front of Elasticsearch adds them, or node --max-http-header-size raises the limit`;

/**
 * Cures by the codes of Node's and OpenSSL's errors; their messages do not tell them. Alerts by their own names: what
 * stands before them is another with each version of OpenSSL.
 */
const cures: ReadonlyMap<string, string> = new Map([
  ['SELF_SIGNED_CERT_IN_CHAIN', trust],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', trust],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', trust],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', trust],
  ['UNABLE_TO_GET_ISSUER_CERT', trust],
  ['CERT_SIGNATURE_FAILURE', 'its certificate was not signed by the authority that it names'],
  ['CERT_HAS_EXPIRED', 'renew the certificate of the node'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet: check the clocks of both machines'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'use a host name of its certificate in nodes, or set tls.servername'],
  ['ESAUTH_CA_FINGERPRINT', 'tls.caFingerprint is of another authority, or the node does not send its own'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', plain],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', plain],
  ['ALERT_CERTIFICATE_REQUIRED', 'it wants a client certificate: set tls.cert and tls.key'],
  ['ALERT_HANDSHAKE_FAILURE', 'it may want a client certificate: set tls.cert and tls.key'],
  ['ALERT_BAD_CERTIFICATE', certificate],
  ['ALERT_CERTIFICATE_EXPIRED', certificate],
  ['ALERT_CERTIFICATE_UNKNOWN', certificate],
  ['ALERT_UNKNOWN_CA', certificate],
  ['ESAUTH_NO_ANSWER', secure],
  ['ENOTFOUND', 'check the host name in nodes'],
  ['EAI_AGAIN', 'the name service does not answer; check the host name in nodes, and the network'],
  ['ECONNREFUSED', 'nothing listens there; check host and port in nodes'],
]);

/** What hangs up on a request that it cannot read; it may have other reasons. */
const cutOff: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** Of those that are no cures if `tls.ca` was set. */
const curesDespiteCa: ReadonlyMap<string, string> = new Map([
  ['SELF_SIGNED_CERT_IN_CHAIN', another],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', another],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', between],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', between],
  // Of a certificate that is trusted itself.
  ['UNABLE_TO_GET_ISSUER_CERT', 'tls.ca holds an intermediate certificate; add the root above it'],
]);

const misdirected =
  'the answer is to another question, it bears another X-Opaque-Id; what is in front of Elasticsearch must cache nothing ' +
  'of /_security, hand on each answer to whoever asked, and leave X-Opaque-Id as it is';

/**
 * @param node its base URL.
 * @returns the code of the verdict, and a sentence for logs and warnings.
 */
export function explainFailure(error: unknown, node: string): readonly [UnavailableCode, string] {
  if (error instanceof ProxyError) return explainProxy(error);
  const code = codeOf(error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return ['bad_response', overflow()];
  if (isMisdirected(error)) return ['bad_response', misdirected];
  if (isGarbled(error)) {
    return ['bad_response', `the answer is not HTTP as it should be${isTls(error) ? `; ${secure}` : ''}`];
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT')
    return ['timeout', 'no connection in time; check host and port in nodes, and firewalls between'];
  const cure =
    (hadCa(error) ? curesDespiteCa.get(code) : undefined) ??
    cures.get(code.slice(Math.max(0, code.indexOf('ALERT_')))) ??
    (node.startsWith('http:') && cutOff.has(code) ? maybeSecure : undefined);
  return ['unreachable', `${describe(error)}${cure === undefined ? '' : `; ${cure}`}`];
}

const proxyTrust = 'its own certificate must be of an authority that Node trusts: set NODE_EXTRA_CA_CERTS';

/** What cures a proxy, by what it answered or by the codes of errors. */
const proxyCures: ReadonlyMap<number | string, string> = new Map<number | string, string>([
  [403, 'it has to allow tunnels (CONNECT) to this host and port'],
  [405, 'it has to allow tunnels (CONNECT)'],
  [407, 'check the user name and password of the proxy'],
  [502, 'it does not reach the node'],
  [503, 'it does not reach the node'],
  [504, 'it does not reach the node'],
  ['ECONNREFUSED', 'nothing listens there; check host and port of the proxy'],
  ['ENOTFOUND', 'check the host name of the proxy'],
  // Closed without a word, and a TLS alert.
  ['ECONNRESET', 'it may speak https; check the scheme of the proxy'],
  ['HPE_INVALID_CONSTANT', 'it may speak https; check the scheme of the proxy'],
  // From Node's own client, which writes before the handshake is over.
  ['EPROTO', 'it may speak plain http; check the scheme of the proxy'],
  ['SELF_SIGNED_CERT_IN_CHAIN', proxyTrust],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', proxyTrust],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', proxyTrust],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', proxyTrust],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'name the proxy as its own certificate does'],
]);

function explainProxy({ origin, reason }: ProxyError): readonly [UnavailableCode, string] {
  const proxy = `the proxy ${origin}`;
  if (reason === 'late') return ['timeout', `${proxy} did not answer in time`];
  const said = typeof reason === 'number' ? `refused: ${reason}` : `gave no tunnel: ${describe(reason)}`;
  const cure = proxyCures.get(typeof reason === 'number' ? reason : codeOf(reason));
  return ['unreachable', `${proxy} ${said}${cure === undefined ? '' : `; ${cure}`}`];
}

/** OpenSSL's messages are a line of its source; the reason stands beside them. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const openSsl = 'library' in error && 'reason' in error && typeof error.reason === 'string';
  return openSsl
    ? String(error.reason)
    : (/:SSL routines:[^:]*:([^:]+):/.exec(error.message)?.[1] ?? error.message);
}

function describe(error: unknown): string {
  const code = codeOf(error);
  return `${messageOf(error) || 'the connection failed'}${code === '' ? '' : ` (${code})`}`;
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
