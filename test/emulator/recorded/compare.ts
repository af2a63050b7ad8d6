/** A recorded answer beside one that came: everything that differs, each with the kind of difference that it is. */

import { gunzipSync } from 'node:zlib';
import type { RawAnswer } from '../../support/raw-exchange.js';
import type { RecordedAnswer, RecordedExchange } from '../../support/recordings.js';
import { forgiveBody, forgivesHeader, isIncomparable, sameFailure } from './allowances.js';
import { bodyDifference, type Difference } from './bodies.js';
import { matches } from './masks.js';
import type { Saved } from './texts.js';

type Answer = Exclude<RawAnswer, { failed: string }>;

/** @param saved what is known by name after this answer */
export function compare(exchange: RecordedExchange, got: RawAnswer, saved: Saved): Difference[] {
  if (isIncomparable(exchange)) return [];
  const { response } = exchange;
  if ('failed' in response || 'failed' in got) {
    const wanted = 'failed' in response ? response.failed : 'an answer';
    const came = 'failed' in got ? got.failed : 'an answer';
    return sameFailure(wanted, came) ? [] : [{ kind: 'no answer', wanted, got: came }];
  }
  const line = (kind: string, wanted: string, came: string): Difference[] =>
    wanted === came ? [] : [{ kind, wanted, got: came }];
  return [
    ...line('version', 'HTTP/1.1', got.version),
    ...(response.status === got.status
      ? line('reason phrase', response.reason, got.reason)
      : line(`status: ${got.status} for ${response.status}`, String(response.status), String(got.status))),
    ...compareHeaders(exchange, response, got, saved),
    ...line('framing', response.framing ?? 'content-length', got.framing),
    ...line('connection', response.connection ?? 'kept', got.closed ? 'closed by the server' : 'kept'),
    ...line('bytes after the answer', '0', String(got.excess)),
    ...bodyDifference(...forgiveBody(exchange, recordedText(response), textOf(got), saved), saved),
  ];
}

function compareHeaders(
  exchange: RecordedExchange,
  response: RecordedAnswer,
  got: Answer,
  saved: Saved,
): Difference[] {
  const differences: Difference[] = [];
  const names = new Set([...response.headers, ...got.headers].map(([name]) => name));
  const valuesOf = (headers: Answer['headers'], name: string) =>
    headers.filter(([each]) => each === name).map(([, value]) => value);
  for (const name of names) {
    const wanted = valuesOf(response.headers, name);
    const came = valuesOf(got.headers, name);
    const areSame =
      wanted.length === came.length &&
      wanted.every((value, index) => {
        const other = came[index] ?? '';
        return matches(value, other, saved) || forgivesHeader(exchange, name);
      });
    if (areSame) continue;
    const what = came.length === 0 ? 'missing' : wanted.length === 0 ? 'not wanted' : 'other value';
    differences.push({ kind: `header ${name}: ${what}`, wanted: wanted.join(' | '), got: came.join(' | ') });
  }
  const order = (headers: Answer['headers'], others: Answer['headers']): string =>
    headers
      .map(([name]) => name)
      .filter((name) => others.some(([each]) => each === name))
      .filter((name, index, all) => all[index - 1] !== name)
      .join(', ');
  const wanted = order(response.headers, got.headers);
  const came = order(got.headers, response.headers);
  return wanted === came ? differences : [...differences, { kind: 'order of headers', wanted, got: came }];
}

/** A recorded body as a text. */
export function recordedText({ body, text }: RecordedAnswer): string {
  if (text !== undefined) return text;
  return body === undefined || body === null ? '' : JSON.stringify(body);
}

/** The recordings show compressed bodies as what they hold. */
function textOf({ headers, body }: Answer): string {
  const isGzip = headers.some(
    ([name, value]) => name.toLowerCase() === 'content-encoding' && value === 'gzip',
  );
  return (isGzip ? gunzipSync(body) : body).toString('utf8');
}
