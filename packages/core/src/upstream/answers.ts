// What any answer of Elasticsearch's security API says, whatever was asked: something to read, a refusal of the
// credential, or nothing. 401 and 403 are about the credential if Elasticsearch itself says so; every other status
// than these and the ones that can be read only says that there is no verdict.

import type { Clock } from '../time/clock.js';
import type { Ending } from '../time/stop.js';
import type { RejectionCode, UnavailableCode } from '../values/codes.js';
import type { Credential } from '../values/credential.js';
import { LookupError } from '../values/errors.js';
import { expiryOf } from '../values/freshness.js';
import { type Rejected, rejected, type Unavailable, unavailable } from '../values/verdict.js';
import { stoodStill } from './deadline.js';
import {
  checkFailed,
  describe,
  type ElasticsearchError,
  readError,
  sawNoCredential,
  saysExpired,
  saysNothingElse,
  saysTooLong,
  saysWhose,
  securityIsOff,
  securityOff,
} from './error-body.js';
import { type Answer, maxBodyBytes } from './exchange.js';
import { explainFailure } from './network-failure.js';
import type { Heard } from './node-way.js';
import type { Reply } from './question.js';

/** An answer with a status that can be read, of something that is Elasticsearch. */
export interface Readable {
  readonly kind: 'readable';
  readonly node: string;
  readonly status: number;
  /** As it came; `undefined` if it is encoded. */
  readonly bytes: Buffer | undefined;
  /** Empty if the body did not arrive whole, is encoded or is not UTF-8. */
  readonly text: string;
  /** The error that it is, if it is one. */
  readonly error: ElasticsearchError | undefined;
  /** For an answer that turns out to be of no use. Its connection is not used again. */
  useless(message: string, code?: UnavailableCode): Unavailable;
  /** For one that says of somebody else than was asked for: its connection is not used again. */
  hangUp(): void;
}

/** Elasticsearch does not accept the credential. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly verdict: Rejected;
  readonly answer: Readable;
  /** A node that cannot read the security index says the same of good credentials. */
  readonly doubtful: boolean;
  /** It was not even looked at: what reads such credentials is switched off, or they do not arrive. */
  readonly ignored: boolean;
  /** Something has read whose it claims to be, as a JWT realm does before it refuses one. */
  readonly read: boolean;
}

/** What was asked, and how things stand now that its reply is there. */
export interface Asked {
  readonly credential: Credential;
  /** The statuses that can be read. */
  readonly readable: readonly number[];
  /** What is longer is not read (`upstream.maxBodyBytes`); as long as may be received, if it is left out. */
  readonly maxBytes?: number | undefined;
  /** What ends it when its deadline has passed, or its callers have left. */
  readonly signal: Ending;
}

export type ReadReply = (reply: Reply, asked: Asked) => Readable | Refusal | Unavailable;

export function createReplyReader(clock: Clock, timeoutMs: number): ReadReply {
  const circuitOpen = createCircuitOpen();

  return (reply, asked) => {
    if (reply.kind === 'open') return circuitOpen(reply.waitMs);
    if (reply.kind === 'error') {
      const { node, error } = reply;
      const { signal } = asked;
      // Others that were asked at the same time may have failed long before the deadline that one ran into.
      const late = signal.aborted && error === signal.reason;
      const [code, message] = late ? tooLate(timeoutMs, signal.reason) : explainFailure(error, node);
      return unavailable(new LookupError(code, `${node}: ${message}`, { node }));
    }
    return judge(new Reading(reply, asked.credential, clock), reply, asked);
  };

  function judge(reading: Reading, heard: Heard, { credential, readable, maxBytes }: Asked) {
    const { answer } = heard;
    const { status } = answer;
    if (status === 429) {
      return reading.none(
        'overloaded',
        'Elasticsearch answered 429; lower upstream.maxConcurrent, or give it more room',
      );
    }
    const off = status !== 200 && securityIsOff(status, reading.text);
    if (status >= 500)
      return reading.none(
        'server_error',
        off ? securityOff : `Elasticsearch answered ${status}; its own log says why`,
      );
    if (status === 401 || status === 403) {
      const judged = judgeRefusal(heard, reading.error, credential);
      if ('problem' in judged) return reading.none(...judged.problem);
      return heard.isOurs() ? refusalOf(judged, credential, reading) : reading.useless(withoutId);
    }
    if (!isElasticsearch(answer)) {
      const message = `the answer (${status}) has no X-elastic-product: Elasticsearch; ${cureOf(answer, reading.node)}`;
      return reading.none('not_elasticsearch', message);
    }
    if (off) return reading.none('bad_response', securityOff);
    const { error } = reading;
    // Said before any header is read, the id's too (elastic/elasticsearch, `Netty4HttpRequest`).
    if (error !== undefined && saysTooLong(error)) return refusal('credentials_malformed', reading);
    if (readable.includes(status)) {
      if (!heard.isOurs()) return reading.useless(withoutId);
      const tooLong = lengthProblem(answer, maxBytes);
      if (tooLong !== undefined) return reading.useless(tooLong);
      return reading;
    }
    const cure = status === 404 ? 'check the path in nodes' : 'check what nodes leads to';
    return reading.none('bad_response', `an answer with status ${status} is not a verdict; ${cure}`);
  }

  function refusalOf(error: ElasticsearchError, credential: Credential, reading: Reading): Refusal {
    if (reading.status === 403) return refusal('credentials_restricted', reading);
    const ignored = sawNoCredential(error);
    const expiresAt = expiryOf(credential);
    const expired = saysExpired(error) || (expiresAt !== undefined && expiresAt <= clock.wall());
    return refusal(expired ? 'credentials_expired' : 'credentials_invalid', reading, {
      ignored,
      doubtful: ignored || (!expired && saysNothingElse(error)),
      read: saysWhose(error),
    });
  }
}

function refusal(
  code: RejectionCode,
  answer: Readable,
  { doubtful = false, ignored = false, read = false } = {},
): Refusal {
  return { kind: 'refusal', verdict: rejected(code), answer, doubtful, ignored, read };
}

/** An answer, of which what is not asked for is not read: of a body that is known its text is not. */
class Reading implements Readable {
  readonly kind = 'readable';
  readonly #heard: Heard;
  readonly #credential: Credential;
  readonly #clock: Clock;
  #text: string | undefined = undefined;
  #error: { readonly it: ElasticsearchError | undefined } | undefined = undefined;

  constructor(heard: Heard, credential: Credential, clock: Clock) {
    this.#heard = heard;
    this.#credential = credential;
    this.#clock = clock;
  }

  get node(): string {
    return this.#heard.node;
  }

  get status(): number {
    return this.#heard.answer.status;
  }

  get bytes(): Buffer | undefined {
    return bytesOf(this.#heard.answer);
  }

  get text(): string {
    this.#text ??= readText(this.bytes);
    return this.#text;
  }

  get error(): ElasticsearchError | undefined {
    this.#error ??= { it: this.status === 200 ? undefined : readError(this.text) };
    return this.#error.it;
  }

  useless(message: string, code: UnavailableCode = 'bad_response'): Unavailable {
    this.hangUp();
    return this.none(code, `the answer (${this.status}) ${message}`);
  }

  hangUp(): void {
    this.#heard.answer.hangUp();
  }

  none(code: UnavailableCode, message: string): Unavailable {
    const failure = {
      node: this.node,
      upstreamStatus: this.status,
      ...describe(this.error, this.#credential),
    };
    const cause = new LookupError(code, `${this.node}: ${message}`, failure);
    return unavailable(cause, retryAfterOf(this.#heard.answer, this.#clock.wall()));
  }
}

/**
 * Whether a 401 or 403 says something about the credential, or why not. Elasticsearch takes its product header away
 * from these two (`RestResponse.filterHeaders`; all of `test/recorded`), so they are known by their body.
 */
function judgeRefusal(
  { answer, node }: Heard,
  error: ElasticsearchError | undefined,
  credential: Credential,
): ElasticsearchError | { readonly problem: readonly [UnavailableCode, string] } {
  const { status } = answer;
  const problem = (code: UnavailableCode, message: string) => ({ problem: [code, message] as const });
  const named = answer.head.get(product) !== undefined;
  if (named && !isElasticsearch(answer)) {
    return problem('not_elasticsearch', `the answer (${status}) is of another product; check nodes`);
  }
  if (error === undefined || error.status !== status) {
    const message = `the answer (${status}) is not an Elasticsearch error: something in front of it refuses; ${cureOf(answer, node)}`;
    return problem(named ? 'bad_response' : 'not_elasticsearch', message);
  }
  if (error.type !== 'security_exception') {
    // Such as `cluster_block_exception` while the security index must not be read. Others that use the envelope name
    // other things than exceptions (ReadonlyREST: `forbidden_response`).
    const theirs = named || error.type.endsWith('_exception');
    const message = `the answer (${status}) is not about the credential; the log of Elasticsearch says more`;
    return problem(theirs ? 'server_error' : 'not_elasticsearch', message);
  }
  if (error.unlicensed)
    return problem(
      'server_error',
      "the cluster's licence does not allow this: GET /_license tells which it is",
    );
  if (status === 401 && checkFailed(error, credential)) {
    return problem(
      'server_error',
      'Elasticsearch failed to check the credential; its log says why, often an index .security-* that is not there',
    );
  }
  return error;
}

const withoutId =
  'bears no X-Opaque-Id, as the answers of this node do: it may be to another question; what is in front of Elasticsearch ' +
  'must hand on each answer to whoever asked, with this header, or never with it';

const product = 'x-elastic-product';

/** Every value counts: a proxy may add one of its own. */
function isElasticsearch({ head }: Answer): boolean {
  const named = head.get(product);
  if (named === 'Elasticsearch') return true;
  const values = [named ?? []].flat().flatMap((value) => value.split(','));
  return values.length > 0 && values.every((value) => value.trim() === 'Elasticsearch');
}

/** Where something else answered than Elasticsearch. */
function cureOf({ status, head }: Answer, node: string): string {
  // On all of its answers (elastic/kibana, `createCustomHeadersPreResponseHandler`).
  if (head.get('kbn-name') !== undefined) {
    return 'this is Kibana; nodes has to lead to Elasticsearch, whose port is 9200 where that of Kibana is 5601';
  }
  if (status === 404) return 'a gateway or another service answers there; check host, port and path in nodes';
  // Proxies answer so to plain http on a port for https; Elasticsearch closes the connection.
  const scheme = status === 400 && node.startsWith('http:') ? ', and should it be https?' : '?';
  return `is this Elasticsearch 7.14 or later, and are host and port in nodes right${scheme}`;
}

function tooLate(timeoutMs: number, reason: unknown): readonly [UnavailableCode, string] {
  const own =
    reason === stoodStill ? '; this process stood still meanwhile: something blocks its event loop' : '';
  return ['timeout', `no answer within ${timeoutMs} ms (upstream.timeoutMs)${own}`];
}

/**
 * What takes time and memory is reading JSON, so what can be read is held to another limit than what may be received: a
 * refusal may quote what the caller wrote, escaped and twice.
 */
function lengthProblem({ body }: Answer, maxBytes: number | undefined): string | undefined {
  if (body !== undefined && body.length <= (maxBytes ?? maxBodyBytes)) return undefined;
  if (maxBytes === undefined) return `is longer than ${maxBodyBytes} bytes`;
  const cure = maxBytes < maxBodyBytes ? 'raise upstream.maxBodyBytes' : 'the most for upstream.maxBodyBytes';
  return `is longer than ${maxBytes} bytes: ${cure}`;
}

/** The body of an answer that arrived whole and unencoded. */
function bytesOf({ body, head }: Answer): Buffer | undefined {
  const encoding = head.get('content-encoding');
  return encoding === undefined || encoding === 'identity' ? body : undefined;
}

function readText(bytes: Buffer | undefined): string {
  if (bytes === undefined) return '';
  try {
    return utf8.decode(bytes);
  } catch {
    return '';
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
      'every node failed repeatedly and is left alone for upstream.breaker.openMs; the warnings before say why',
    );
    const verdict = unavailable(cause, seconds * 1_000);
    verdicts.set(seconds, verdict);
    return verdict;
  };
}

/** `Retry-After` (RFC 9110 §10.2.3) in milliseconds, at most a minute; 0 if there is none. */
function retryAfterOf({ head }: Answer, now: number): number {
  const value = head.get('retry-after');
  if (typeof value !== 'string') return 0;
  const wanted = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now;
  return wanted > 0 ? Math.min(wanted, 60_000) : 0;
}
