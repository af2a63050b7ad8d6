// The only file that knows Elasticsearch's security API: asks `GET /_security/_authenticate` with the
// caller's own credential and turns what comes back into a verdict. 200, 401 and 403 say something about the
// credential; everything else only says that there is no verdict.

import type { ClientAuthentication } from './client-authentication.js';
import type { Clock } from './clock.js';
import type { Credential } from './credential.js';
import { LookupError, type LookupFailure } from './errors.js';
import { expiryOf } from './freshness.js';
import { createIdentityReader, type Identity, parseJson } from './identity.js';
import { explainFailure } from './network-failure.js';
import type { Nodes, Reply } from './nodes.js';
import { strikeOut } from './redaction.js';
import type { Answer } from './transport.js';
import { rejected, type UnavailableCode, unavailable, type Verdict } from './verdict.js';
import type { Warn } from './warnings.js';

export interface Elasticsearch {
  /** Asks whose credential this is. Never rejects. `abandoned` ends it early, when nobody waits any more. */
  authenticate(credential: Credential, abandoned: AbortSignal): Promise<Verdict>;
  /** Asks every node without a credential. @returns what is wrong with the first that is not as it should be. */
  check(): Promise<LookupError | undefined>;
  /** Whether the last lookup that somebody waited for gave no verdict. */
  readonly lastFailed: boolean;
}

export interface ElasticsearchSettings {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What lookups of Bearer credentials carry besides. */
  readonly clientAuthentication: ClientAuthentication;
  readonly warn: Warn;
}

const path = '/_security/_authenticate';
// Never a versioned media type: servers refuse those of other versions.
const plainHeaders = { accept: 'application/json', 'accept-encoding': 'identity' };

export function createElasticsearch(nodes: Nodes, settings: ElasticsearchSettings): Elasticsearch {
  const { clock, timeoutMs, clientAuthentication, warn } = settings;
  const readIdentity = createIdentityReader();
  const circuitOpen = createCircuitOpen();
  let lastFailed = false;

  return {
    async authenticate(credential, abandoned) {
      const verifiedAt = clock.wall();
      const deadline = new AbortController();
      const stop = () => deadline.abort();
      const stopTimer = clock.after(timeoutMs, stop);
      abandoned.addEventListener('abort', stop, { once: true });
      const { scheme, authorization } = credential;
      const headers = {
        authorization,
        ...plainHeaders,
        ...(scheme === 'Bearer' && clientAuthentication),
      };
      const reply = await nodes.get(path, headers, deadline.signal, () => abandoned.aborted);
      stopTimer();
      abandoned.removeEventListener('abort', stop);
      const unheard = abandoned.aborted;
      const verdict = judge(reply, { credential, verifiedAt, stopped: deadline.signal.aborted, unheard });
      if (!unheard) lastFailed = verdict.kind === 'unavailable';
      return verdict;
    },

    async check() {
      const deadline = new AbortController();
      const stopTimer = clock.after(timeoutMs, () => deadline.abort());
      const replies = await nodes.getAll(path, plainHeaders, deadline.signal);
      stopTimer();
      return replies
        .map((reply) => problemOf(reply, deadline.signal, timeoutMs))
        .find((problem) => problem !== undefined);
    },

    get lastFailed() {
      return lastFailed;
    },
  };

  function judge(reply: Reply, lookup: Lookup): Verdict {
    if (reply.kind === 'open') return circuitOpen(reply.waitMs);
    const { node } = reply;
    if (reply.kind === 'error') {
      const [code, message] = lookup.stopped ? tooLate(timeoutMs) : explainFailure(reply.error);
      return noVerdict(code, message, { node }, lookup);
    }

    const { answer } = reply;
    const { status } = answer;
    const text = readText(answer) ?? '';
    const error = status === 200 ? undefined : errorOf(parseJson(text));
    const none = (code: UnavailableCode, message: string) => {
      const failure = { node, status, ...describe(error, lookup.credential) };
      return noVerdict(code, message, failure, lookup, retryAfterOf(answer, clock.wall()));
    };

    if (status === 429) return none('overloaded', 'Elasticsearch answered 429');
    if (status >= 500) return none('server_error', `Elasticsearch answered ${status}`);
    if (status !== 200 && status !== 401 && status !== 403) {
      return none('bad_response', `an answer with status ${status} is not a verdict`);
    }
    if (answer.headers['x-elastic-product'] !== 'Elasticsearch') {
      return none('not_elasticsearch', `the answer (${status}) has no X-elastic-product: Elasticsearch`);
    }
    if (status === 200) {
      const { credential } = lookup;
      const identity = readIdentity(text, expiryOf(credential), (read) => fits(read, credential));
      if (identity === undefined) return none('bad_response', 'the answer (200) does not say who it is');
      return judgeIdentity(identity, lookup, node);
    }
    if (error === undefined)
      return none('bad_response', `the answer (${status}) is not an Elasticsearch error`);
    if (status === 403) return rejected('credentials_restricted');
    if (checkFailed(error)) return none('server_error', 'Elasticsearch failed to check the credential');
    const expired = hasExpired(error, lookup.credential, clock.wall());
    return rejected(expired ? 'credentials_expired' : 'credentials_invalid');
  }

  // The answer must fit what was presented. Otherwise something else than the caller's credential was
  // accepted: a client certificate by a PKI realm, or what a proxy put in.
  function judgeIdentity(identity: Identity, { credential, verifiedAt }: Lookup, node: string): Verdict {
    if (identity.authenticationType === 'anonymous') return rejected('anonymous_refused');
    if (fits(identity, credential)) return Object.freeze({ kind: 'authenticated', identity, verifiedAt });
    // Whatever accepted it may also repeat it.
    const secrets = secretsOf(credential);
    const type = strikeOut(identity.authenticationType, secrets);
    const realmType = strikeOut(identity.realm.type, secrets);
    warn(
      `ESAUTH_MISFIT ${credential.scheme} ${type} ${realmType} ${node}`,
      `${node} answered a ${credential.scheme} credential as ${type} of a realm of type ` +
        `${realmType}: it accepted something else than the caller's credential, such as a client certificate ` +
        'or what a proxy adds. The caller is refused.',
    );
    return rejected('credentials_invalid');
  }

  function noVerdict(
    code: UnavailableCode,
    message: string,
    failure: LookupFailure & { readonly node: string },
    { unheard }: Lookup,
    retryAfterMs?: number,
  ): Verdict {
    const cause = new LookupError(code, `${failure.node}: ${message}`, failure);
    // A lookup that was dropped because all its callers left is nobody's problem.
    if (!unheard) warn(`ESAUTH_${code.toUpperCase()} ${failure.node}`, `no verdict: ${cause.message}`);
    return unavailable(cause, retryAfterMs);
  }
}

interface Lookup {
  readonly credential: Credential;
  readonly verifiedAt: number;
  /** Its deadline passed, or its callers left, before an answer came. */
  readonly stopped: boolean;
  /** Its callers left. */
  readonly unheard: boolean;
}

const passwordRealms = new Set(['reserved', 'native', 'file', 'ldap', 'active_directory', 'pki', 'kerberos']);
const passwordlessRealms = new Set(['pki', 'jwt', 'kerberos']);

function fits({ authenticationType, realm }: Identity, { scheme }: Credential): boolean {
  switch (scheme) {
    case 'ApiKey':
      return authenticationType === 'api_key';
    case 'Bearer':
      // A realm can read a Bearer header too: the JWT realm, and custom ones.
      return (
        authenticationType === 'token' || (authenticationType === 'realm' && !passwordRealms.has(realm.type))
      );
    case 'Basic':
      return authenticationType === 'realm' && !passwordlessRealms.has(realm.type);
  }
}

/** The parts of a well-formed error body that matter here (facts: standard envelope). */
interface ElasticsearchError {
  readonly type: string;
  readonly reason: string;
  /** What each authenticator said; one string or several. */
  readonly unsuccessful: readonly string[];
}

function errorOf(body: unknown): ElasticsearchError | undefined {
  const error = member(body, 'error');
  const type = member(error, 'type');
  const reason = member(error, 'reason');
  if (typeof type !== 'string' || typeof reason !== 'string') return undefined;
  const said = member(error, 'additional_unsuccessful_credentials');
  const unsuccessful = (Array.isArray(said) ? said : [said]).filter((text) => typeof text === 'string');
  return { type, reason, unsuccessful };
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

function describe(
  error: ElasticsearchError | undefined,
  credential: Credential,
): Pick<LookupFailure, 'type' | 'reason'> {
  if (error === undefined) return {};
  const secrets = secretsOf(credential);
  return { type: strikeOut(error.type, secrets), reason: strikeOut(error.reason, secrets) };
}

/** What must not be repeated: the credential as it is sent, and decoded. */
function secretsOf({ authorization }: Credential): readonly string[] {
  const value = authorization.slice(authorization.indexOf(' ') + 1);
  return [value, Buffer.from(value, 'base64').toString()];
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

function tooLate(timeoutMs: number): readonly [UnavailableCode, string] {
  return ['timeout', `no answer within ${timeoutMs} ms (upstream.timeoutMs)`];
}

/** Verdicts while no node may be asked. One for each second of waiting: making an error costs a stack trace. */
function createCircuitOpen(): (waitMs: number) => Verdict {
  const verdicts = new Map<number, Verdict>();
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

/** What is wrong with a node that was asked without a credential; good is a 401 of Elasticsearch's. */
function problemOf(reply: Reply, deadline: AbortSignal, timeoutMs: number): LookupError | undefined {
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

/** `Retry-After` (RFC 9110 §10.2.3) in milliseconds, at most a minute; 0 if there is none. */
function retryAfterOf({ headers }: Answer, now: number): number {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return 0;
  const wanted = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now;
  return wanted > 0 ? Math.min(wanted, 60_000) : 0;
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
