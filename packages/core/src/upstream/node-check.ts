// Whether a node is an Elasticsearch that checks credentials: what its answer to a request without one says. For
// the start of an application.

import type { LookupError } from '../values/errors.js';
import { parseIdentity } from '../values/identity.js';
import { parseJson } from '../values/json.js';
import type { Unavailable } from '../values/verdict.js';
import type { Readable, Refusal } from './answers.js';

/** @returns what is wrong with a node that was asked without a credential; good are a 401, and its anonymous user. */
export function problemOf(said: Readable | Refusal | Unavailable): LookupError | undefined {
  if (said.kind === 'unavailable') return said.cause;
  if (said.kind === 'refusal') {
    return said.answer.status === 401 ? undefined : said.answer.useless('is not to be expected').cause;
  }
  if (parseIdentity(parseJson(said.text))?.authenticationType === 'anonymous') return undefined;
  const who = 'because of our client certificate (tls.cert), or because a proxy in front adds a credential';
  return said.useless(`shows that a request without a credential was accepted: ${who}`).cause;
}
