// What went wrong between here and a node, in words that say which option cures it. Never quotes an answer.

import { maxHeaderSize } from 'node:http';
import { hadCa } from './tls.js';
import { isGarbled, isTls } from './transport.js';
import type { UnavailableCode } from './verdict.js';

const another = 'tls.ca is of another authority than the one that signed its certificate';
const between = `${another}, or the node does not send the certificates between the two`;
const trust = 'set tls.ca to the certificate of its authority, or tls.caFingerprint';
const certificate = 'it does not accept our certificate, or wants one: check tls.cert and tls.key';
const secure = 'it seems to speak https; check the scheme in nodes';
const plain = 'it seems to speak plain http; check the scheme and port in nodes';

// undici's limit is Node's own.
const overflow = `the answer has more than ${maxHeaderSize} bytes of headers, and no more are read; what is in front of Elasticsearch adds them, or node --max-http-header-size raises the limit`;

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
  ['CERT_HAS_EXPIRED', 'renew its certificate'],
  ['CERT_NOT_YET_VALID', 'check the clocks'],
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
  ['ECONNREFUSED', 'nothing listens there; check host and port in nodes'],
]);

/** Of those that are no cures if `tls.ca` was set. */
const curesDespiteCa: ReadonlyMap<string, string> = new Map([
  ['SELF_SIGNED_CERT_IN_CHAIN', another],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', another],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', between],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', between],
  // Of a certificate that is trusted itself.
  ['UNABLE_TO_GET_ISSUER_CERT', 'tls.ca holds an intermediate certificate; add the root above it'],
]);

/** @returns the code of the verdict, and a sentence for logs and warnings. */
export function explainFailure(error: unknown): readonly [UnavailableCode, string] {
  const code = codeOf(error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return ['bad_response', overflow];
  if (isGarbled(error)) {
    return ['bad_response', `the answer is not HTTP as it should be${isTls(error) ? `; ${secure}` : ''}`];
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return ['timeout', 'no connection in time'];
  const said = messageOf(error) || 'the connection failed';
  const cure =
    (hadCa(error) ? curesDespiteCa.get(code) : undefined) ??
    cures.get(code.slice(Math.max(0, code.indexOf('ALERT_'))));
  return ['unreachable', `${said}${code === '' ? '' : ` (${code})`}${cure === undefined ? '' : `; ${cure}`}`];
}

/** OpenSSL's messages are a line of its source; the reason stands beside them. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const openSsl = 'library' in error && 'reason' in error && typeof error.reason === 'string';
  return openSsl ? String(error.reason) : error.message;
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
