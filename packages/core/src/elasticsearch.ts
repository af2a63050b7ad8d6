// The only file that knows Elasticsearch's security API: asks with the caller's own credential, and turns what
// comes back into a verdict. What every answer has in common is read in `answers.ts`.

import { createReplyReader, type Readable, secretsOf } from './answers.js';
import type { ClientAuthentication } from './client-authentication.js';
import type { Clock } from './clock.js';
import type { Credential } from './credential.js';
import type { LookupError } from './errors.js';
import { expiryOf } from './freshness.js';
import { createIdentityReader, type Identity } from './identity.js';
import { problemOf } from './node-check.js';
import type { Nodes } from './nodes.js';
import { strikeOut } from './redaction.js';
import { type Rejected, rejected, type Unavailable, type Verdict } from './verdict.js';
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

/** One request, made with a lookup's credential and inside its deadline. */
interface Inquiry {
  readonly path: string;
  readonly body?: string;
  /** The statuses that can be read; 200 if there are none. */
  readonly readable?: readonly number[];
}
type Ask = (inquiry: Inquiry) => Promise<Readable | Rejected | Unavailable>;

const authenticatePath = '/_security/_authenticate';
// Never a versioned media type: servers refuse those of other versions.
const plainHeaders = { accept: 'application/json', 'accept-encoding': 'identity' };

export function createElasticsearch(nodes: Nodes, settings: ElasticsearchSettings): Elasticsearch {
  const { clock, timeoutMs, clientAuthentication, warn } = settings;
  const readIdentity = createIdentityReader();
  const readReply = createReplyReader(clock, timeoutMs, warn);
  let lastFailed = false;

  return {
    authenticate(credential, abandoned) {
      const verifiedAt = clock.wall();
      return lookup(credential, abandoned, async (ask) => {
        const said = await ask({ path: authenticatePath });
        if (said.kind !== 'readable') return said;
        const identity = readIdentity(said.text, expiryOf(credential), (read) => fits(read, credential));
        if (identity === undefined) return said.useless('does not say who it is');
        return judgeIdentity(identity, credential, verifiedAt, said.node);
      });
    },

    async check() {
      const deadline = new AbortController();
      const stopTimer = clock.after(timeoutMs, () => deadline.abort());
      const request = { path: authenticatePath, headers: plainHeaders };
      const replies = await nodes.sendAll(request, deadline.signal);
      stopTimer();
      return replies
        .map((reply) => problemOf(reply, deadline.signal, timeoutMs))
        .find((problem) => problem !== undefined);
    },

    get lastFailed() {
      return lastFailed;
    },
  };

  /** All requests of one lookup, which share one deadline. */
  async function lookup<Outcome extends { readonly kind: string }>(
    credential: Credential,
    abandoned: AbortSignal,
    inquire: (ask: Ask) => Promise<Outcome>,
  ): Promise<Outcome> {
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
    const outcome = await inquire(async ({ readable = [200], ...inquiry }) => {
      const reply = await nodes.send({ ...inquiry, headers }, deadline.signal, () => abandoned.aborted);
      const stopped = deadline.signal.aborted;
      return readReply(reply, { credential, readable, stopped, unheard: abandoned.aborted });
    });
    stopTimer();
    abandoned.removeEventListener('abort', stop);
    if (!abandoned.aborted) lastFailed = outcome.kind === 'unavailable';
    return outcome;
  }

  // The answer must fit what was presented. Otherwise something else than the caller's credential was
  // accepted: a client certificate by a PKI realm, or what a proxy put in.
  function judgeIdentity(
    identity: Identity,
    credential: Credential,
    verifiedAt: number,
    node: string,
  ): Verdict {
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
