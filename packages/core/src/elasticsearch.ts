// The only file that knows Elasticsearch's security API: asks `GET /_security/_authenticate` with the
// caller's own credential and turns what comes back into a verdict. 200, 401 and 403 say something about the
// credential; everything else only says that there is no verdict.

import type { Clock } from './clock.js';
import type { Credential } from './credential.js';
import { LookupError, type LookupFailure } from './errors.js';
import { expiryOf } from './freshness.js';
import { createIdentityReader, type Identity, parseJson } from './identity.js';
import type { Nodes, Reply } from './nodes.js';
import { strikeOut } from './redaction.js';
import type { Answer } from './transport.js';
import { rejected, type UnavailableCode, unavailable, type Verdict } from './verdict.js';
import type { Warn } from './warnings.js';

export interface Elasticsearch {
  /** Asks whose credential this is. Never rejects. `abandoned` ends it early, when nobody waits any more. */
  authenticate(credential: Credential, abandoned: AbortSignal): Promise<Verdict>;
}

export function createElasticsearch(
  nodes: Nodes,
  { clock, timeoutMs, warn }: { readonly clock: Clock; readonly timeoutMs: number; readonly warn: Warn },
): Elasticsearch {
  const readIdentity = createIdentityReader();
  return {
    async authenticate(credential, abandoned) {
      const verifiedAt = clock.wall();
      const deadline = new AbortController();
      const stop = () => deadline.abort();
      const stopTimer = clock.after(timeoutMs, stop);
      abandoned.addEventListener('abort', stop, { once: true });
      const headers = {
        authorization: credential.authorization,
        accept: 'application/json',
        'accept-encoding': 'identity',
      };
      const reply = await nodes.get('/_security/_authenticate', headers, deadline.signal);
      stopTimer();
      abandoned.removeEventListener('abort', stop);
      return judge(reply, {
        credential,
        verifiedAt,
        stopped: deadline.signal.aborted,
        unheard: abandoned.aborted,
      });
    },
  };

  function judge(reply: Reply, lookup: Lookup): Verdict {
    const { node, answer } = reply;
    if (answer === undefined) {
      const [code, message] = lookup.stopped
        ? (['timeout', `no answer within ${timeoutMs} ms (upstream.timeoutMs)`] as const)
        : networkFailure(reply.error);
      return noVerdict(code, message, { node }, lookup);
    }

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

// A certificate problem has a cure that its error message does not tell.
const untrusted = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_GET_ISSUER_CERT',
]);

function networkFailure(error: unknown): readonly [UnavailableCode, string] {
  const code = String(member(error, 'code') ?? '');
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return ['timeout', 'no connection in time'];
  // The parser's error holds a piece of the answer, so nothing of it is quoted.
  if (member(error, 'name') === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return ['bad_response', 'the answer is not HTTP as it should be'];
  }
  const said = error instanceof Error && error.message !== '' ? error.message : 'the connection failed';
  const cure = untrusted.has(code) ? '; set tls.ca to the certificate of its authority' : '';
  return ['unreachable', `${said}${code === '' ? '' : ` (${code})`}${cure}`];
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
