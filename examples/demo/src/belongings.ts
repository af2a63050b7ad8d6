// What the demo makes in somebody's cluster, and how it takes that away again. Everything has a name of this run's,
// and nothing is made if anything of such a name is there already.

import { Complaint } from './complaint.js';
import type { Call, Reply } from './story.js';

/** Asks the cluster as its administrator. */
export type Ask = (path: string, call?: Omit<Call, 'authorization'>) => Promise<Reply>;

export interface Belongings {
  readonly username: string;
  readonly roles: readonly string[];
  /** @throws {Complaint} if something of these names is there already. */
  checkThatFree(): Promise<void>;
  /** @throws {Complaint} if something can not be made. */
  make(password: string, stopped: AbortSignal): Promise<void>;
  /** @returns what is left, and why. */
  remove(accessTokens: readonly string[] | undefined): Promise<readonly string[]>;
}

/** @param prefix what the names of all that is made begin with. */
export function createBelongings(prefix: string, ask: Ask): Belongings {
  const username = `${prefix}-jane`;
  const writer = `${prefix}-writer`;
  const keyOwner = `${prefix}-key_owner`;
  const bodies: ReadonlyMap<string, object> = new Map([
    [writer, { indices: [{ names: [`${prefix}-reports`], privileges: ['read', 'write'] }] }],
    [keyOwner, { cluster: ['manage_own_api_key'] }],
  ]);
  const roles = [...bodies.keys()];
  const userPath = `/_security/user/${username}`;

  return {
    username,
    roles,

    async checkThatFree() {
      for (const path of [userPath, ...roles.map(rolePath)]) await refuseToReplace(path);
      if ((await liveKeys()).length > 0) throw taken(`API keys called ${prefix}-…`);
    },

    async make(password, stopped) {
      for (const [role, body] of bodies) {
        stopped.throwIfAborted();
        await put(rolePath(role), body);
      }
      stopped.throwIfAborted();
      await put(userPath, { password, roles });
    },

    async remove(accessTokens) {
      const left: string[] = [];
      const end = async (what: string, path: string, body?: object) => {
        const problem = await attempt(() => ask(path, { method: 'DELETE', ...(body && { body }) }));
        if (problem !== undefined) left.push(`${what}: ${problem}`);
      };
      if (accessTokens !== undefined) {
        await end(`tokens of ${username}`, '/_security/oauth2/token', { username });
        for (const token of accessTokens) await end('a token', '/_security/oauth2/token', { token });
      }
      const ids = await liveKeys().catch((error: Error) => {
        left.push(`API keys called ${prefix}-…: ${error.message}`);
        return [];
      });
      if (ids.length > 0) await end(`API keys called ${prefix}-…`, '/_security/api_key', { ids });
      await end(`user ${username}`, userPath);
      for (const role of roles) await end(`role ${role}`, rolePath(role));
      return left;
    },
  };

  async function refuseToReplace(path: string): Promise<void> {
    const reply = await ask(path);
    if (reply.status === 200) throw taken(path);
    if (reply.status !== 404) throw new Complaint(`GET ${path}: ${explain(reply)}`);
  }

  function taken(what: string): Complaint {
    return new Complaint(`${what} is there already and was not touched; take another --name`);
  }

  async function put(path: string, body: object): Promise<void> {
    const reply = await ask(path, { method: 'PUT', body });
    if (reply.status !== 200) throw new Complaint(`PUT ${path}: ${explain(reply)}`);
  }

  /** The ids of the keys of this run that are not invalidated. */
  async function liveKeys(): Promise<string[]> {
    const reply = await ask(`/_security/api_key?name=${prefix}-*`);
    const { api_keys: keys } = reply.body;
    if (reply.status !== 200 || !Array.isArray(keys)) throw new Complaint(`API keys: ${explain(reply)}`);
    return keys.filter(({ invalidated }) => invalidated !== true).map(({ id }) => String(id));
  }
}

function rolePath(role: string): string {
  return `/_security/role/${role}`;
}

/** @returns why it did not succeed. What is not there (404) needs no end. */
async function attempt(removal: () => Promise<Reply>): Promise<string | undefined> {
  try {
    const reply = await removal();
    if (reply.status === 404) return undefined;
    // With a full disk Elasticsearch says 200 and that it could not (recorded from 9.5.0).
    const errors = reply.body.error_count;
    if (typeof errors === 'number' && errors > 0) return `Elasticsearch could not invalidate ${errors}`;
    return reply.status === 200 ? undefined : explain(reply);
  } catch (error) {
    return error instanceof Error ? error.message : 'it failed';
  }
}

/** What Elasticsearch says is wrong, in its words. */
export function explain({ status, body }: Reply): string {
  const { error } = body;
  const reason = typeof error === 'object' && error !== null && 'reason' in error ? error.reason : undefined;
  return `Elasticsearch answered ${status}${typeof reason === 'string' ? `, ${reason}` : ''}`;
}
