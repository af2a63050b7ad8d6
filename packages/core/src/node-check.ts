// Whether a node is an Elasticsearch that checks credentials: what its answer to a request without one says, and
// what cures it. For the start of an application.

import type { Readable, Refusal } from './answers.js';
import { LookupError } from './errors.js';
import { parseIdentity } from './identity.js';
import { parseJson } from './json.js';
import type { Unavailable } from './verdict.js';

const wrongPlace = 'is this Elasticsearch 7.14 or later, and the right port?';
const wrongPath = 'check the path in nodes';

/** @returns what is wrong with a node that was asked without a credential; good are a 401, and its anonymous user. */
export function problemOf(said: Readable | Refusal | Unavailable): LookupError | undefined {
  if (said.kind === 'unavailable') {
    const { code, cause } = said;
    const cure =
      code === 'not_elasticsearch' ? wrongPlace : cause.upstreamStatus === 404 ? wrongPath : undefined;
    return cure === undefined ? cause : new LookupError(code, `${cause.message}; ${cure}`, cause);
  }
  if (said.kind === 'refusal') {
    return said.status === 401 ? undefined : said.useless('is not to be expected').cause;
  }
  if (parseIdentity(parseJson(said.text))?.authenticationType === 'anonymous') return undefined;
  const who = 'for our client certificate, or because a proxy adds a credential';
  return said.useless(`shows that a request without a credential was accepted: ${who}`).cause;
}
