import { maxHeaderSize } from 'node:http';
import { expect, test } from 'vitest';
import { explainFailure } from '../../../packages/core/src/upstream/network-failure.js';

const failure = (message: string, code?: string, name = 'Error') =>
  Object.assign(new Error(message), { name, ...(code !== undefined && { code }) });

const table: readonly (readonly [string, unknown, string, string])[] = [
  [
    'a code that has a cure',
    failure('connect ECONNREFUSED 127.0.0.1:9200', 'ECONNREFUSED'),
    'unreachable',
    'connect ECONNREFUSED 127.0.0.1:9200 (ECONNREFUSED); nothing listens there; check host and port in nodes',
  ],
  [
    'a code that has none',
    failure('read ECONNRESET', 'ECONNRESET'),
    'unreachable',
    'read ECONNRESET (ECONNRESET)',
  ],
  [
    "an error of OpenSSL's: its reason, not the line of its source",
    Object.assign(failure('80BC:error:0A000412:SSL routines:…c:1601:\n', 'ERR_SSL_X'), {
      library: 'SSL routines',
      reason: 'sslv3 alert bad certificate',
    }),
    'unreachable',
    'sslv3 alert bad certificate (ERR_SSL_X)',
  ],
  ...['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'ERR_SSL_SSL/TLS_ALERT_UNKNOWN_CA'].map(
    (code) =>
      [
        `an alert, as this version of OpenSSL calls it: ${code}`,
        failure('alert', code),
        'unreachable',
        `alert (${code}); it does not accept our certificate, or wants one: check tls.cert and tls.key`,
      ] as const,
  ),
  ['an error without a code', failure('boom'), 'unreachable', 'boom'],
  ['an error without a message', failure('', 'EPIPE'), 'unreachable', 'the connection failed (EPIPE)'],
  ['a string', 'boom', 'unreachable', 'the connection failed'],
  ['nothing', undefined, 'unreachable', 'the connection failed'],
  [
    'a connection that took too long',
    failure('Connect Timeout Error (attempted address: …)', 'UND_ERR_CONNECT_TIMEOUT'),
    'timeout',
    'no connection in time; check host and port in nodes, and firewalls between',
  ],
  [
    'P47: an answer that cannot be parsed is not quoted',
    failure('Expected HTTP/ near "SSH-2.0 Bearer c2VjcmV0"', 'HPE_INVALID_CONSTANT', 'HTTPParserError'),
    'bad_response',
    'the answer is not HTTP as it should be',
  ],
  [
    'a TLS alert is not quoted either, and its cure named',
    Object.assign(failure('Expected HTTP/', 'HPE_INVALID_CONSTANT', 'HTTPParserError'), {
      data: '\x15\x03\x01\x00\x02\x02\x46',
    }),
    'bad_response',
    'the answer is not HTTP as it should be; it seems to speak https; check the scheme in nodes',
  ],
  [
    'headers without end are named as that, and not quoted',
    failure('Headers Overflow Error', 'UND_ERR_HEADERS_OVERFLOW'),
    'bad_response',
    `the answer has more than ${maxHeaderSize} bytes of headers, and no more are read; ` +
      'what is in front of Elasticsearch adds them, or node --max-http-header-size raises the limit',
  ],
];
test.each(table)('%s', (_name, error, code, message) => {
  expect(explainFailure(error, 'https://es/')).toEqual([code, message]);
});
