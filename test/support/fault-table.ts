// What a caller gets while Elasticsearch, or something on the way to it, is at fault. The rows are what
// `faults.test.ts` measures and what docs/packages/core.md promises.

export interface Row {
  readonly fault: string;
  /** For a credential that is not known yet. */
  readonly cold: string;
  /** For one whose identity is past `ttlMs`, with `staleIfErrorMs` set. */
  readonly stale: string;
  /** Requests that one lookup makes: at each node, in the order in which they are listed. */
  readonly requests: string;
  /** Requests that eleven lookups make, one after the other: the breaker ends some faults sooner. */
  readonly ofEleven: string;
  /** How long after the end of the fault the next new credential gets its answer, in milliseconds. */
  readonly rightAfterMs: number;
  /** Time decides what happens, so it is tried on the real clock too. */
  readonly timed: boolean;
}

export const faultTable: readonly Row[] = [
  // fault                                    cold, stale, requests, ofEleven, rightAfterMs
  row('refuses connections', 'unreachable', 'stale', '0', '0', 2_000),
  row('resets the connection before it answers', 'unreachable', 'stale', '2', '5', 2_000),
  row('resets the connection within the body', 'unreachable', 'stale', '2', '5', 2_000),
  row('accepts the request and says nothing', 'timeout', 'stale', '1', '5', 2_000),
  row('stops within the body', 'timeout', 'stale', '1', '5', 2_000),
  row('sends a byte a second', 'timeout', 'stale', '1', '5', 2_000),
  row('answers 400 (security is off)', 'bad_response', 'bad_response', '1', '11', 0),
  row('answers 429', 'overloaded', 'stale', '1', '11', 0),
  row('answers 500', 'server_error', 'stale', '1', '11', 0),
  row('answers 502', 'server_error', 'stale', '2', '5', 2_000),
  row('answers 503', 'server_error', 'stale', '2', '5', 2_000),
  row('answers 504', 'server_error', 'stale', '2', '5', 2_000),
  row('answers 401 because its own check failed', 'server_error', 'stale', '1', '11', 0),
  row('answers 403 because the security index is blocked', 'server_error', 'stale', '1', '11', 0),
  row('is behind something that answers 401 itself', 'not_elasticsearch', 'not_elasticsearch', '1', '11', 0),
  row('answers 200 with HTML', 'not_elasticsearch', 'not_elasticsearch', '1', '11', 0),
  row('answers 200 with nothing', 'bad_response', 'bad_response', '1', '11', 0),
  row('answers 200 with `{}`', 'bad_response', 'bad_response', '1', '11', 0),
  row('is another product', 'not_elasticsearch', 'not_elasticsearch', '1', '11', 0),
  row('sends a body of 50 MB', 'bad_response', 'bad_response', '1', '11', 0),
  row('sends a gzip bomb', 'bad_response', 'bad_response', '1', '11', 0),
  row('speaks something else than HTTP', 'bad_response', 'bad_response', '1', '11', 0),
  row('redirects', 'bad_response', 'bad_response', '1', '11', 0),
  row('presents a certificate of somebody else', 'unreachable', 'stale', '0', '0', 2_000),
  row('presents a certificate that has expired', 'unreachable', 'stale', '0', '0', 2_000),
  row('has a name that does not resolve, its twin is down', 'unreachable', 'stale', '0 + 0', '0 + 0', 2_000),
  row('has three nodes, one of them dead', 'authenticated', 'authenticated', '0 + 1 + 0', '0 + 7 + 4', 0),
  row(
    'has three nodes, one of them silent',
    'authenticated',
    'authenticated',
    '1 + 1 + 0',
    '1 + 8 + 3',
    0,
    true,
  ),
  row('has three nodes, one answers 503', 'authenticated', 'authenticated', '1 + 1 + 0', '1 + 7 + 4', 0),
  row('has three nodes, all of them dead', 'unreachable', 'stale', '0 + 0 + 0', '0 + 0 + 0', 2_000),
];

function row(
  fault: string,
  cold: string,
  stale: string,
  requests: string,
  ofEleven: string,
  rightAfterMs: number,
  timed: boolean = rightAfterMs > 0,
): Row {
  return { fault, cold, stale, requests, ofEleven, rightAfterMs, timed };
}

/** The rows as a table of Markdown. */
export function toMarkdown(rows: readonly Row[]): string {
  return table(
    [
      'When Elasticsearch …',
      'a new credential',
      'past `ttlMs` ¹',
      'requests',
      'of 11 lookups',
      'right again after',
      'real clock ²',
    ],
    rows.map(({ fault, cold, stale, requests, ofEleven, rightAfterMs, timed }) => [
      fault,
      code(cold),
      code(stale),
      requests,
      ofEleven,
      after(rightAfterMs),
      timed ? 'the same' : '',
    ]),
  );
}

/** The same for whoever writes an API: what callers notice, those faults together that they cannot tell apart. */
export function toGuide(rows: readonly Row[]): string {
  const noticed = ({ cold, stale, rightAfterMs }: Row) => `${cold} ${stale} ${rightAfterMs}`;
  const order = rows.map(noticed);
  const grouped = [...rows].sort((a, b) => order.indexOf(noticed(a)) - order.indexOf(noticed(b)));
  return table(
    ['When Elasticsearch …', 'a new credential', 'past `ttlMs` ¹', 'right again'],
    grouped.map(({ fault, cold, stale, rightAfterMs }) => [
      fault,
      code(cold),
      code(stale),
      after(rightAfterMs),
    ]),
  );
}

/** Columns aligned. */
function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const cells = [head, ...body];
  const widths = head.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map(
    (line) => `| ${line.map((text, at) => text.padEnd(widths[at] ?? 0)).join(' | ')} |`,
  );
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return lines.join('\n');
}

function after(ms: number): string {
  return ms === 0 ? 'at once' : `${ms / 1_000} s`;
}

function code(outcome: string): string {
  if (outcome === 'authenticated') return 'its answer';
  return outcome === 'stale' ? 'stale identity' : `503 \`${outcome}\``;
}
