// Whether a node is an Elasticsearch that checks credentials: what its answer to a request without one says, and
// what cures it. For the start of an application; its requests are judged in `answers.ts`.

import { tooLate } from './answers.js';
import { LookupError } from './errors.js';
import { explainFailure } from './network-failure.js';
import type { Reply } from './nodes.js';
import type { UnavailableCode } from './verdict.js';

/** @returns what is wrong with a node that was asked without a credential; good is a 401 of Elasticsearch's. */
export function problemOf(reply: Reply, deadline: AbortSignal, timeoutMs: number): LookupError | undefined {
  if (reply.kind === 'open') return undefined;
  const { node } = reply;
  if (reply.kind === 'error') {
    // The others may have failed long before the deadline that one of them ran into.
    const late = deadline.aborted && reply.error === deadline.reason;
    const [code, message] = late ? tooLate(timeoutMs) : explainFailure(reply.error);
    return new LookupError(code, `${node}: ${message}`, { node });
  }
  const { status, headers } = reply.answer;
  const problem = (code: UnavailableCode, message: string) =>
    new LookupError(code, `${node}: ${message}`, { node, status });
  if (status === 429) return problem('overloaded', 'Elasticsearch answered 429');
  if (status >= 500) return problem('server_error', `Elasticsearch answered ${status}`);
  if (headers['x-elastic-product'] !== 'Elasticsearch') {
    const cure = 'is this Elasticsearch 7.14 or later, and the right port?';
    return problem(
      'not_elasticsearch',
      `the answer (${status}) has no X-elastic-product: Elasticsearch; ${cure}`,
    );
  }
  if (status === 401) return undefined;
  if (status === 400) {
    return problem('bad_response', 'security is off in this cluster; set xpack.security.enabled: true');
  }
  if (status === 200) {
    const who = 'by anonymous access, for our client certificate, or because a proxy adds a credential';
    return problem('bad_response', `a request without a credential was accepted: ${who}`);
  }
  return problem(
    'bad_response',
    `an answer with status ${status} is not to be expected; check the path in nodes`,
  );
}
