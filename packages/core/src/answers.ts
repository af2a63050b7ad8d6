// What any answer of Elasticsearch's security API says, whatever was asked: something to read, a refusal of the
// credential, or nothing. 401 and 403 are about the credential; every other status than these and the ones that
// can be read only says that there is no verdict.

import type { Clock } from './clock.js';
import type { Credential } from './credential.js';
import { LookupError, type LookupFailure } from './errors.js';
import { expiryOf } from './freshness.js';
import { own, parseJson } from './json.js';
import { explainFailure } from './network-failure.js';
import type { Reply } from './nodes.js';
import { strikeOut } from './redaction.js';
import type { Answer } from './transport.js';
import { type Rejected, rejected, type Unavailable, type UnavailableCode, unavailable } from './verdict.js';
import type { Warn } from './warnings.js';

/** An answer with a status that can be read, of something that is Elasticsearch. */
export interface Readable {
  readonly kind: 'readable';
  readonly node: string;
  readonly status: number;
  /** Empty if the body did not arrive whole, is encoded or is not UTF-8. */
  readonly text: string;
  /** For a text that turns out to be of no use. */
  useless(message: string): Unavailable;
}

/** What was asked, and how things stand now that its reply is there. */
export interface Asked {
  readonly credential: Credential;
  /** The statuses that can be read. */
  readonly readable: readonly number[];
  /** Its deadline passed, or its callers left, before an answer came. */
  readonly stopped: boolean;
  /** Its callers left. */
  readonly unheard: boolean;
}

export type ReadReply = (reply: Reply, asked: Asked) => Readable | Rejected | Unavailable;

export function createReplyReader(clock: Clock, timeoutMs: number, warn: Warn): ReadReply {
  const circuitOpen = createCircuitOpen();

  return (reply, asked) => {
    if (reply.kind === 'open') return circuitOpen(reply.waitMs);
    const { node } = reply;
    if (reply.kind === 'error') {
      const [code, message] = asked.stopped ? tooLate(timeoutMs) : explainFailure(reply.error);
      return noVerdict(code, message, { node }, asked);
    }

    const { answer } = reply;
    const { status } = answer;
    const text = readText(answer) ?? '';
    const error = status === 200 ? undefined : errorOf(parseJson(text));
    const none = (code: UnavailableCode, message: string) => {
      const failure = { node, status, ...describe(error, asked.credential) };
      return noVerdict(code, message, failure, asked, retryAfterOf(answer, clock.wall()));
    };
    const useless = (message: string) => none('bad_response', `the answer (${status}) ${message}`);

    if (status === 429) return none('overloaded', 'Elasticsearch answered 429');
    if (status >= 500) return none('server_error', `Elasticsearch answered ${status}`);
    const readable = asked.readable.includes(status);
    if (status !== 401 && status !== 403 && !readable) {
      return none('bad_response', `an answer with status ${status} is not a verdict`);
    }
    if (answer.headers['x-elastic-product'] !== 'Elasticsearch') {
      return none('not_elasticsearch', `the answer (${status}) has no X-elastic-product: Elasticsearch`);
    }
    if (readable) return { kind: 'readable', node, status, text, useless };
    if (error === undefined) return useless('is not an Elasticsearch error');
    if (status === 403) return rejected('credentials_restricted');
    if (checkFailed(error)) return none('server_error', 'Elasticsearch failed to check the credential');
    const expired = hasExpired(error, asked.credential, clock.wall());
    return rejected(expired ? 'credentials_expired' : 'credentials_invalid');
  };

  function noVerdict(
    code: UnavailableCode,
    message: string,
    failure: LookupFailure & { readonly node: string },
    { unheard }: Asked,
    retryAfterMs?: number,
  ): Unavailable {
    const cause = new LookupError(code, `${failure.node}: ${message}`, failure);
    // A lookup that was dropped because all its callers left is nobody's problem.
    if (!unheard) warn(`ESAUTH_${code.toUpperCase()} ${failure.node}`, `no verdict: ${cause.message}`);
    return unavailable(cause, retryAfterMs);
  }
}

/** The parts of a well-formed error body that matter here (facts: standard envelope). */
export interface ElasticsearchError {
  readonly type: string;
  readonly reason: string;
  /** What each authenticator said; one string or several. */
  readonly unsuccessful: readonly string[];
}

/** @param body the parsed JSON of an answer. @returns `undefined` if it is not a standard error. */
export function errorOf(body: unknown): ElasticsearchError | undefined {
  const error = own(body, 'error');
  const type = own(error, 'type');
  const reason = own(error, 'reason');
  if (typeof type !== 'string' || typeof reason !== 'string') return undefined;
  const said = own(error, 'additional_unsuccessful_credentials');
  const unsuccessful = (Array.isArray(said) ? said : [said]).filter((text) => typeof text === 'string');
  return { type, reason, unsuccessful };
}

/** What may be repeated of an error: nothing of the credential. */
export function describe(
  error: ElasticsearchError | undefined,
  credential: Credential,
): Pick<LookupFailure, 'type' | 'reason'> {
  if (error === undefined) return {};
  const secrets = secretsOf(credential);
  return { type: strikeOut(error.type, secrets), reason: strikeOut(error.reason, secrets) };
}

/** What must not be repeated: the credential as it is sent, and decoded. */
export function secretsOf({ authorization }: Credential): readonly string[] {
  const value = authorization.slice(authorization.indexOf(' ') + 1);
  return [value, Buffer.from(value, 'base64').toString()];
}

export function tooLate(timeoutMs: number): readonly [UnavailableCode, string] {
  return ['timeout', `no answer within ${timeoutMs} ms (upstream.timeoutMs)`];
}

// Up to 9.5 an unavailable security index makes good API keys look like 401. These texts tell it apart.
function checkFailed({ reason, unsuccessful }: ElasticsearchError): boolean {
  if (reason === 'error attempting to authenticate request') return true;
  return unsuccessful.some((text) => text.endsWith('encountered a failure'));
}

function hasExpired(error: ElasticsearchError, credential: Credential, now: number): boolean {
  if (error.reason === 'token expired') return true;
  if (error.unsuccessful.some((text) => text.endsWith('api key is expired'))) return true;
  const expiresAt = expiryOf(credential);
  return expiresAt !== undefined && expiresAt <= now;
}

/** The text of an answer that arrived whole and unencoded; `undefined` for all others. */
function readText({ body, headers }: Answer): string | undefined {
  const encoding = headers['content-encoding'];
  if (body === undefined || (encoding !== undefined && encoding !== 'identity')) return undefined;
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
}

/** Fatal: a name that is not UTF-8 must not turn into somebody else's. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Verdicts while no node may be asked. One for each second of waiting: making an error costs a stack trace. */
function createCircuitOpen(): (waitMs: number) => Unavailable {
  const verdicts = new Map<number, Unavailable>();
  return (waitMs) => {
    const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
    const known = verdicts.get(seconds);
    if (known !== undefined) return known;
    const cause = new LookupError(
      'circuit_open',
      'every node failed repeatedly and is left alone for a moment',
    );
    const verdict = unavailable(cause, seconds * 1_000);
    verdicts.set(seconds, verdict);
    return verdict;
  };
}

/** `Retry-After` (RFC 9110 §10.2.3) in milliseconds, at most a minute; 0 if there is none. */
function retryAfterOf({ headers }: Answer, now: number): number {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return 0;
  const wanted = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now;
  return wanted > 0 ? Math.min(wanted, 60_000) : 0;
}
