// The only file that knows Elasticsearch's security API: asks with the caller's own credential, and turns what
// comes back into a verdict. What every answer has in common is read in `answers.ts`.

import { type Warn, warnOnce } from '../observation/warnings.js';
import type { Clock } from '../time/clock.js';
import type { ClientAuthentication } from '../values/client-authentication.js';
import { type Credential, isKeyAsBearer, type Scheme } from '../values/credential.js';
import { InvalidPrivilegesError, type LookupError } from '../values/errors.js';
import { expiryOf } from '../values/freshness.js';
import { createIdentityReader, type Identity } from '../values/identity.js';
import { unworded } from '../values/messages.js';
import { type Fact, questionOf, readAnswer } from '../values/privileges.js';
import { strikeOut } from '../values/redaction.js';
import { type Rejected, rejected, type Unavailable, type Verdict } from '../values/verdict.js';
import { createReplyReader, type Readable, type Refusal } from './answers.js';
import { apiKeyPath, readApiKeyDetails } from './api-key-details.js';
import { nobodyWaits } from './conversation.js';
import { startDeadline, stoodStill } from './deadline.js';
import { blamesQuestion, describe, secretsOf } from './error-body.js';
import { fits, isJwt } from './fit.js';
import { problemOf } from './node-check.js';
import type { Nodes } from './nodes.js';
import type { Reply } from './question.js';
import type { NodeRequest } from './transport.js';

/** On whose behalf something is asked, and for how long. */
export interface Asking {
  readonly credential: Credential;
  /** Ends it early, when nobody waits any more. */
  readonly abandoned: AbortSignal;
  /** Ends it, on the monotonic clock. */
  readonly endsAt: number;
  /** A place for one more request on the wire; `undefined` if there is none now. */
  readonly besides: () => (() => void) | undefined;
  /** Whether the credential was good so lately that a doubtful refusal needs a second opinion. */
  readonly wasGood: () => boolean;
  /** Hears of each node that answered, or failed to. */
  readonly toldBy: (node: string) => void;
}

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

/** One request, made with a lookup's credential and inside its deadline. */
interface Inquiry {
  readonly path: string;
  readonly body?: string;
  /** The statuses that can be read; only 200 if it does not say. */
  readonly readable?: readonly number[];
  /** What is longer is not read. */
  readonly maxBytes?: number;
}
type Ask = (inquiry: Inquiry) => Promise<Readable | Refusal | Unavailable>;

const authenticatePath = '/_security/_authenticate';
const privilegesPath = '/_security/user/_has_privileges';
// Never a versioned media type: servers refuse those of other versions.
const plainHeaders = { accept: 'application/json', 'accept-encoding': 'identity' };

/** Asks who is calling, without a credential. */
export const probe: NodeRequest = { path: authenticatePath, headers: plainHeaders };

export function createElasticsearch(nodes: Nodes, settings: ElasticsearchSettings): Elasticsearch {
  const { clock, timeoutMs, clientAuthentication, apiKeyDetails, maxBodyBytes: maxBytes, warn } = settings;
  const readIdentity = createIdentityReader();
  const readReply = createReplyReader(clock, timeoutMs);
  const showsSecret = 'es-client-authentication' in clientAuthentication;
  let lastFailed = false;

  return {
    authenticate(asking) {
      const { credential } = asking;
      const verifiedAt = clock.wall();
      return lookup(asking, async (ask) => {
        const said = await ask({ path: authenticatePath, maxBytes });
        if (said.kind !== 'readable') return heard(said, credential);
        const identity = readIdentity(said.text, expiryOf(credential));
        if (identity === undefined) return said.useless('does not say who it is');
        const refusal = judgeIdentity(identity, credential, said);
        if (refusal !== undefined) return refusal;
        const detailed =
          apiKeyDetails && credential.scheme === 'ApiKey'
            ? await addDetails((inquiry) => ask({ ...inquiry, maxBytes }), identity, credential)
            : identity;
        if ('kind' in detailed) return detailed;
        return Object.freeze({ kind: 'authenticated', identity: detailed, verifiedAt });
      });
    },

    hasPrivileges(asking, username, facts) {
      const { credential } = asking;
      return lookup(asking, async (ask) => {
        const body = JSON.stringify(questionOf(facts));
        const said = await ask({ path: privilegesPath, body, readable: [200, 400] });
        if (said.kind !== 'readable') return heard(said, credential);
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
      });
    },

    async check() {
      const deadline = new AbortController();
      const { signal } = deadline;
      const endsAt = clock.monotonic() + timeoutMs;
      const stopTimer = startDeadline(clock, endsAt, timeoutMs, (reason) => deadline.abort(reason));
      const replies = await nodes.sendAll(probe, signal);
      stopTimer();
      return replies
        .map((reply) => problemOf(readReply(reply, { credential: nobody, readable: [200], signal })))
        .filter((problem) => problem !== undefined);
    },

    get lastFailed() {
      return lastFailed;
    },
  };

  /** All requests of one lookup, which share one deadline. */
  async function lookup<Outcome extends { readonly kind: string }>(
    { credential, abandoned, endsAt, besides, wasGood, toldBy }: Asking,
    inquire: (ask: Ask) => Promise<Outcome | Unavailable>,
  ): Promise<Outcome | Unavailable> {
    const deadline = new AbortController();
    const { signal } = deadline;
    const stopTimer = startDeadline(clock, endsAt, timeoutMs, (reason) => deadline.abort(reason));
    const leave = () => deadline.abort(nobodyWaits);
    abandoned.addEventListener('abort', leave, { once: true });
    const { scheme, authorization } = credential;
    const headers = {
      authorization,
      ...plainHeaders,
      ...(scheme === 'Bearer' && clientAuthentication),
    };
    const hedge = { spent: false };
    const ask = async ({ readable = [200], maxBytes, ...inquiry }: Inquiry, after?: string) => {
      const read = (reply: Reply) => readReply(reply, { credential, readable, maxBytes, signal });
      const isFinal = (reply: Reply) => read(reply).kind !== 'unavailable';
      const call = { signal, after, isFinal, hedge, besides };
      const reply = await nodes.send({ ...inquiry, headers }, call);
      if (reply.kind !== 'open') toldBy(reply.node);
      return read(reply);
    };
    let outcome: Outcome | Unavailable;
    try {
      outcome = await inquire(async (inquiry) => {
        const said = await ask(inquiry);
        // A node that cannot read the security index refuses good credentials too; another one may do better.
        if (said.kind !== 'refusal' || !said.doubtful || !wasGood()) return said;
        const again = await ask(inquiry, said.node);
        return again.kind === 'unavailable' ? said : again;
      });
    } finally {
      stopTimer();
      abandoned.removeEventListener('abort', leave);
    }
    if (!abandoned.aborted) {
      if (isUnavailable(outcome)) report(outcome);
      const ownStall = isUnavailable(outcome) && signal.reason === stoodStill;
      if (!isOfOneCredential(outcome) && !ownStall) lastFailed = isUnavailable(outcome);
    }
    return outcome;
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
        `ESAUTH_NOT_LOOKED_AT ${scheme} ${said.node}`,
        `${said.node} answered a ${scheme} credential as if there had been none: ${readers[scheme]}, or something ` +
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

  function misfit({ scheme }: Credential, { node, hangUp }: Readable, as: string): Rejected {
    hangUp();
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

/** Everything but an entry, no entry, and a refusal of the key leaves no verdict: what is asked for is not known. */
async function addDetails(
  ask: Ask,
  identity: Identity,
  credential: Credential,
): Promise<Identity | Rejected | Unavailable> {
  const said = await ask({ path: apiKeyPath(identity, credential), readable: [200, 404] });
  if (said.kind === 'unavailable') return said;
  if (said.kind === 'refusal' && said.status !== 403) return said.verdict;
  if (said.status === 404) return identity;
  const detailed = said.kind === 'readable' ? readApiKeyDetails(said.text, identity, credential) : undefined;
  if (detailed === 'invalidated') return rejected('credentials_invalid');
  return detailed ?? said.useless("is not the API key's entry");
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
