// The only file that knows Elasticsearch's security API: asks with the caller's own credential, and turns what
// comes back into a verdict. What every answer has in common is read in `answers.ts`.

import { type Warn, warnOnce } from '../observation/warnings.js';
import type { Clock } from '../time/clock.js';
import { Stop } from '../time/stop.js';
import type { ClientAuthentication } from '../values/client-authentication.js';
import { type Credential, isKeyAsBearer, type Scheme } from '../values/credential.js';
import { InvalidPrivilegesError, type LookupError } from '../values/errors.js';
import { expiryOf } from '../values/freshness.js';
import type { Identity } from '../values/identity.js';
import { unworded } from '../values/messages.js';
import { type Fact, questionOf, readAnswer } from '../values/privileges.js';
import { strikeOut } from '../values/redaction.js';
import { type Rejected, rejected, type Unavailable, type Verdict } from '../values/verdict.js';
import { createReplyReader, type Readable, type Refusal } from './answers.js';
import { apiKeyPath, readApiKeyDetails } from './api-key-details.js';
import { createDeadlines, stoodStill } from './deadline.js';
import { blamesQuestion, describe, secretsOf } from './error-body.js';
import { fits, isJwt } from './fit.js';
import { createBodyReader } from './known-bodies.js';
import { problemOf } from './node-check.js';
import type { Nodes } from './nodes.js';
import { type Asking, type Inquiry, Query, type Said, Talk } from './talk.js';
import type { NodeRequest } from './transport.js';

export type { Asking } from './talk.js';

export interface Elasticsearch {
  /** Asks whose credential this is. Never rejects. */
  authenticate(asking: Asking): Promise<Verdict>;
  /**
   * Asks which of these facts hold for the caller, who is known to be called `username`. Rejects never, and
   * settles as `authenticate` does.
   */
  hasPrivileges(
    asking: Asking,
    username: string,
    facts: readonly Fact[],
  ): Promise<PrivilegesFound | Rejected | Unavailable>;
  /** Asks every node without a credential. @returns what is wrong with those that are not as they should be. */
  check(): Promise<readonly LookupError[]>;
  /** Whether the last lookup that somebody waited for gave no verdict. */
  readonly lastFailed: boolean;
}

/** What Elasticsearch says of privileges: which are granted, by the facts' keys, or that there are no such. */
export type PrivilegesFound =
  | { readonly kind: 'granted'; readonly granted: ReadonlyMap<string, boolean> }
  | { readonly kind: 'invalid'; readonly error: InvalidPrivilegesError };

export interface ElasticsearchSettings {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What lookups of Bearer credentials carry besides. */
  readonly clientAuthentication: ClientAuthentication;
  /** Whether a lookup of an API key reads the key's own entry too. */
  readonly apiKeyDetails: boolean;
  /** How long a body may be that says who somebody is, or what a key's entry is. */
  readonly maxBodyBytes: number;
  readonly warn: Warn;
}

const authenticatePath = '/_security/_authenticate';
const privilegesPath = '/_security/user/_has_privileges';
// Never a versioned media type: servers refuse those of other versions.
const plainHeaders = { accept: 'application/json', 'accept-encoding': 'identity' };

const fine: readonly number[] = [200];

/** Asks who is calling, without a credential. */
export const probe: NodeRequest = { path: authenticatePath, headers: plainHeaders };

export function createElasticsearch(nodes: Nodes, settings: ElasticsearchSettings): Elasticsearch {
  const { clock, timeoutMs, clientAuthentication, apiKeyDetails, maxBodyBytes: maxBytes, warn } = settings;
  const readIdentity = createBodyReader();
  const readReply = createReplyReader(clock, timeoutMs);
  const deadlines = createDeadlines(clock, timeoutMs);
  // One for all: an object with a credential in it would have to be made for each lookup.
  const bearerHeaders = { ...plainHeaders, ...clientAuthentication };
  const showsSecret = 'es-client-authentication' in clientAuthentication;
  const whoIsIt: Inquiry = { path: authenticatePath, readable: fine, maxBytes };
  let lastFailed = false;

  return {
    async authenticate(asking) {
      const verifiedAt = clock.wall();
      const talk = new Talk(asking, deadlines);
      let verdict: Verdict;
      try {
        // Not by `ask`: one promise less to wait for.
        const query = new Query(talk, whoIsIt, headersFor(asking.credential), readReply);
        const first = better(query, query.read(await nodes.send(query.request, query)));
        const said = first instanceof Promise ? await first : first;
        const judged =
          said.kind === 'readable' ? whoIs(said, talk, verifiedAt) : heard(said, asking.credential);
        verdict = judged instanceof Promise ? await judged : judged;
      } finally {
        talk.over();
      }
      conclude(talk, verdict);
      return verdict;
    },

    async hasPrivileges(asking, username, facts) {
      const talk = new Talk(asking, deadlines);
      let found: PrivilegesFound | Rejected | Unavailable;
      try {
        const body = JSON.stringify(questionOf(facts));
        const said = await ask(talk, { path: privilegesPath, body, readable: [200, 400] });
        found =
          said.kind === 'readable'
            ? readPrivileges(said, asking.credential, username, facts)
            : heard(said, asking.credential);
      } finally {
        talk.over();
      }
      conclude(talk, found);
      return found;
    },

    async check() {
      const signal = new Stop();
      const endsAt = clock.monotonic() + timeoutMs;
      const deadline = deadlines.start(endsAt, { end: (reason) => signal.abort(reason) });
      const replies = await nodes.sendAll(probe, signal);
      deadline.over();
      return replies
        .map((reply) => problemOf(readReply(reply, { credential: nobody, readable: fine, signal })))
        .filter((problem) => problem !== undefined);
    },

    get lastFailed() {
      return lastFailed;
    },
  };

  async function ask(talk: Talk, inquiry: Inquiry): Promise<Said> {
    const query = new Query(talk, inquiry, headersFor(talk.asking.credential), readReply);
    return better(query, query.read(await nodes.send(query.request, query)));
  }

  function headersFor({ scheme }: Credential): NodeRequest['headers'] {
    return scheme === 'Bearer' ? bearerHeaders : plainHeaders;
  }

  /** A node that cannot read the security index refuses good credentials too; another one may do better. */
  function better(query: Query, said: Said): Said | Promise<Said> {
    if (said.kind !== 'refusal' || !said.doubtful || !query.wasGood()) return said;
    query.after = said.answer.node;
    return nodes.send(query.request, query).then((reply) => {
      const again = query.read(reply);
      return again.kind === 'unavailable' ? said : again;
    });
  }

  /** What is left to ask is asked only where key details are wanted. */
  function whoIs(said: Readable, talk: Talk, verifiedAt: number): Verdict | Promise<Verdict> {
    const { credential } = talk.asking;
    const identity = readIdentity(said, expiryOf(credential));
    if (identity === undefined) return said.useless('does not say who it is');
    const refusal = judgeIdentity(identity, credential, said);
    if (refusal !== undefined) return refusal;
    if (apiKeyDetails && credential.scheme === 'ApiKey') return withDetails(identity, talk, verifiedAt);
    return yes(identity, verifiedAt);
  }

  /** Everything but an entry, no entry, and a refusal of the key leaves no verdict: what is asked for is not known. */
  async function withDetails(identity: Identity, talk: Talk, verifiedAt: number): Promise<Verdict> {
    const { credential } = talk.asking;
    const said = await ask(talk, { path: apiKeyPath(identity, credential), readable: [200, 404], maxBytes });
    if (said.kind === 'unavailable') return said;
    if (said.kind === 'refusal' && said.answer.status !== 403) return said.verdict;
    const answer = said.kind === 'refusal' ? said.answer : said;
    if (answer.status === 404) return yes(identity, verifiedAt);
    const detailed =
      said.kind === 'readable' ? readApiKeyDetails(said.text, identity, credential) : undefined;
    if (detailed === 'invalidated') return rejected('credentials_invalid');
    if (detailed === undefined) return answer.useless("is not the API key's entry");
    return yes(detailed, verifiedAt);
  }

  function readPrivileges(
    said: Readable,
    credential: Credential,
    username: string,
    facts: readonly Fact[],
  ): PrivilegesFound | Rejected | Unavailable {
    if (said.status === 400) {
      const { error } = said;
      if (error === undefined) return said.useless('is not an Elasticsearch error');
      // The index that knows is closed, for example.
      if (!blamesQuestion(error)) return said.useless('is not about the question', 'server_error');
      const { type, reason } = describe(error, credential);
      const message = `Elasticsearch cannot answer this question about privileges: ${reason}`;
      return { kind: 'invalid', error: new InvalidPrivilegesError(message, { type, reason }) };
    }
    const answer = readAnswer(said.text, facts);
    if (answer === undefined) return said.useless('does not say which privileges there are');
    if (answer.username === username) return { kind: 'granted', granted: answer.granted };
    return misfit(credential, said, 'somebody else than before');
  }

  function conclude({ asking, signal }: Talk, outcome: { readonly kind: string }): void {
    if (asking.abandoned.aborted) return;
    if (isUnavailable(outcome)) report(outcome);
    const ownStall = isUnavailable(outcome) && signal.reason === stoodStill;
    if (!isOfOneCredential(outcome) && !ownStall) lastFailed = isUnavailable(outcome);
  }

  /**
   * One that was dropped because all its callers left is nobody's problem, nor is an open breaker, which has its own
   * event.
   */
  function report({ code, cause }: Unavailable): void {
    if (cause.node === undefined) return;
    // The cast holds: letters that have one upper case.
    const warning = code.toUpperCase() as Uppercase<typeof code>;
    warn(`ESAUTH_${warning} ${cause.node}`, `no verdict: ${unworded(cause.message)}`);
  }

  function heard(said: Refusal | Unavailable, credential: Credential): Rejected | Unavailable {
    if (said.kind === 'unavailable') return said;
    const { scheme } = credential;
    const { code } = said.verdict;
    if (said.ignored) {
      warn(
        `ESAUTH_NOT_LOOKED_AT ${scheme} ${said.answer.node}`,
        `${said.answer.node} answered a ${scheme} credential as if there had been none: ${readers[scheme]}, or something ` +
          'in front of it takes the Authorization header away',
      );
    }
    if (isKeyAsBearer(credential)) {
      warnOnce(
        'ESAUTH_KEY_AS_BEARER',
        'a caller sent an API key as a Bearer token; keys go as Authorization: ApiKey ‹encoded›',
      );
    } else if (code === 'credentials_invalid' && said.read && isJwt(credential) && !showsSecret) {
      warnOnce(
        'ESAUTH_NO_CLIENT_AUTHENTICATION',
        'a JWT realm has read a JWT and refused it; if that realm has client_authentication.type: shared_secret, ' +
          'which is the default, set the option clientAuthentication to its secret',
      );
    }
    return said.verdict;
  }

  // The answer must fit what was presented. Otherwise something else than the caller's credential was
  // accepted: a client certificate by a PKI realm, or what a proxy put in.
  function judgeIdentity(identity: Identity, credential: Credential, said: Readable): Rejected | undefined {
    if (identity.authenticationType === 'anonymous') return rejected('anonymous_refused');
    if (fits(identity, credential)) return undefined;
    // Whatever accepted it may also repeat it.
    const secrets = secretsOf(credential);
    const type = strikeOut(identity.authenticationType, secrets);
    const realmType = strikeOut(identity.realm.type, secrets);
    return misfit(credential, said, `${type} of a realm of type ${realmType}`);
  }

  function misfit({ scheme }: Credential, said: Readable, as: string): Rejected {
    said.hangUp();
    const { node } = said;
    warn(
      `ESAUTH_MISFIT ${scheme} ${as} ${node}`,
      `${node} answered a ${scheme} credential as ${as}: it accepted something else than the caller's ` +
        'credential, such as a client certificate (tls.cert) or what a proxy adds; the caller is refused',
    );
    return rejected('credentials_invalid');
  }
}

/** Whom `check` asks for. */
const nobody: Credential = { kind: 'credential', scheme: 'Basic', authorization: '' };

function yes(identity: Identity, verifiedAt: number): Verdict {
  return Object.freeze({ kind: 'authenticated', identity, verifiedAt });
}

function isUnavailable(outcome: { readonly kind: string }): outcome is Unavailable {
  return outcome.kind === 'unavailable';
}

/** A 401 that says that its check failed may be about one credential only, such as a key's id that no key has. */
function isOfOneCredential(outcome: { readonly kind: string }): boolean {
  return isUnavailable(outcome) && outcome.code === 'server_error' && outcome.cause.upstreamStatus === 401;
}

/** What may be switched off where a credential is not looked at (`test/recorded`, `services-off`). */
const readers: Readonly<Record<Scheme, string>> = {
  Bearer: 'xpack.security.authc.token.enabled is false there and no realm reads such tokens',
  ApiKey: 'xpack.security.authc.api_key.enabled is false there',
  Basic: 'no realm there reads passwords',
};
