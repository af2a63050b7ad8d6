// Whether a node is an Elasticsearch that checks credentials: what its answer to a request without one says, and
// what cures it. For the start of an application.

import { LookupError } from '../values/errors.js';
import { parseIdentity } from '../values/identity.js';
import { parseJson } from '../values/json.js';
import type { Unavailable } from '../values/verdict.js';
import type { Readable, Refusal } from './answers.js';

/** @returns what is wrong with a node that was asked without a credential; good are a 401, and its anonymous user. */
export function problemOf(said: Readable | Refusal | Unavailable): LookupError | undefined {
  if (said.kind === 'unavailable') {
    const cure = cureOf(said.cause);
    return cure === undefined
      ? said.cause
      : new LookupError(said.code, `${said.cause.message}; ${cure}`, said.cause);
  }
  if (said.kind === 'refusal') {
    return said.status === 401 ? undefined : said.useless('is not to be expected').cause;
  }
  if (parseIdentity(parseJson(said.text))?.authenticationType === 'anonymous') return undefined;
  const who = 'for our client certificate, or because a proxy adds a credential';
  return said.useless(`shows that a request without a credential was accepted: ${who}`).cause;
}

function cureOf({ code, node, upstreamStatus }: LookupError): string | undefined {
  if (code === 'not_elasticsearch') {
    // Proxies answer so to plain http on a port for https; Elasticsearch closes the connection.
    const scheme =
      upstreamStatus === 400 && node?.startsWith('http:') ? ', and does it not speak https?' : '?';
    return `is this Elasticsearch 7.14 or later, and the right port${scheme}`;
  }
  return upstreamStatus === 404 ? 'check the path in nodes' : undefined;
}
