// What an administrator's credential finds out about somebody else's: the entry of an API key, the entry of a user, the
// licence, and the node's clock. It reads, and changes nothing.

import { type ApiKeyInfo, createSecurityClient, SecurityApiError } from '@esauth/client';
import { own, unworded } from '@esauth/core';
import type { Reach } from '../arguments/connection.js';
import { usageOf } from '../arguments/option-words.js';
import { type Asker, offsetOf, wordsOf } from '../asking/elasticsearch.js';
import type { Credential } from '../credentials/credential.js';
import type { Looks } from '../credentials/looks.js';
import { type Cause, causes } from './cause.js';

/** What was found. */
export interface Findings {
  /** Of an API key; `null`: there is none with this id. */
  readonly key?: ApiKeyInfo | null;
  /** Of a user of the native realm or a reserved one; `null`: those have none of this name. */
  readonly user?: { readonly enabled: boolean; readonly roles: readonly string[] } | null;
  readonly licence?: { readonly type: string; readonly status: string };
  /** What is stored could not be read, whoever asks. */
  readonly isIll?: true;
  /** By how much the node's clock is ahead of ours, in milliseconds. */
  readonly offsetMs?: number;
  /** What could not be looked up, and why. */
  readonly problems: readonly string[];
}

export async function lookUp(
  looks: Looks,
  administrator: Credential,
  reach: Reach,
  asker: Asker,
): Promise<Findings> {
  const { authorization } = administrator;
  const ask = (path: string) => asker.ask({ path, authorization });
  const problems: string[] = [];
  const id = looks.kind === 'api_key' || looks.kind === 'api_key_as_bearer' ? looks.id : undefined;
  const [key, user, stored, licence, health] = await Promise.all([
    id === undefined ? undefined : keyOf(id, authorization, reach),
    looks.kind === 'password' && looks.username !== ''
      ? ask(`/_security/user/${encodeURIComponent(looks.username)}`)
      : undefined,
    // While reading is blocked, no user is there; but that nothing can be searched is said.
    looks.kind === 'password' ? ask('/_security/api_key?owner=true') : undefined,
    ask('/_license'),
    ask('/_cat/health?h=epoch&format=json'),
  ]);
  if (typeof key === 'string') problems.push(`the entry of the key: ${key}`);
  if (user !== undefined && (user.kind === 'none' || ![200, 404].includes(user.status))) {
    const why = user.kind === 'none' ? user.words : `${user.status}, which needs the privilege read_security`;
    problems.push(`the entry of the user: ${why}`);
  }
  // What is no refusal of the administrator is about the index.
  const isIll = [user, stored].some(
    (said) =>
      said?.kind === 'answer' &&
      ![200, 404].includes(said.status) &&
      wordsOf(said)?.type !== 'security_exception',
  );
  const epoch =
    health.kind === 'answer' ? Number(own(own(health.body, '0'), 'epoch') ?? Number.NaN) : Number.NaN;
  const type = licence.kind === 'answer' ? own(own(licence.body, 'license'), 'type') : undefined;
  const status = licence.kind === 'answer' ? own(own(licence.body, 'license'), 'status') : undefined;
  return {
    problems,
    ...(isIll && { isIll }),
    ...(typeof key !== 'string' && key !== undefined && { key }),
    ...(user?.kind === 'answer' && looks.kind === 'password' && entryOf(user, looks.username)),
    ...(typeof type === 'string' && { licence: { type, status: String(status) } }),
    ...(health.kind === 'answer' &&
      !Number.isNaN(epoch) && { offsetMs: offsetOf(epoch * 1_000, health.between) }),
  };
}

function entryOf(
  { status, body }: Extract<Awaited<ReturnType<Asker['ask']>>, { readonly kind: 'answer' }>,
  username: string,
): Pick<Findings, 'user'> {
  if (status === 404) return { user: null };
  const entry = own(body, username);
  const enabled = own(entry, 'enabled');
  if (typeof enabled !== 'boolean') return {};
  const roles = [own(entry, 'roles')].flat().filter((role) => typeof role === 'string');
  return { user: { enabled, roles } };
}

/** @returns `null` if there is none, or why that is not known */
async function keyOf(id: string, authorization: string, reach: Reach): Promise<ApiKeyInfo | null | string> {
  const { timeoutMs, ...way } = reach;
  const client = open({ ...way, timeoutMs, auth: { authorization: () => authorization } });
  try {
    // What limits it besides is told since 8.5, and before that is a mistake to ask for.
    const answer = await client.getApiKeys({ id, with_limited_by: true }).catch((error: unknown) => {
      if (error instanceof SecurityApiError && error.status === 400) return client.getApiKeys({ id });
      throw error;
    });
    const keys: unknown = own(answer, 'api_keys');
    return Array.isArray(keys) ? (keys[0] ?? null) : "the answer is none of Elasticsearch's";
  } catch (error) {
    if (!(error instanceof SecurityApiError)) throw error;
    if (error.code === 'not_found') return null;
    if (error.code === 'unauthorized') return "Elasticsearch does not accept the administrator's credential";
    if (error.code === 'forbidden') return 'it needs the privilege read_security or manage_api_key';
    return unworded(error.message);
  } finally {
    await client.close();
  }
}

function open(options: Parameters<typeof createSecurityClient>[0]) {
  try {
    return createSecurityClient(options);
  } catch (error) {
    throw usageOf(error);
  }
}

/** What the entries say outweighs what Elasticsearch says to whoever has no right to know. */
export function narrowed(found: readonly Cause[], findings: Findings, looks: Looks): readonly Cause[] {
  const [first] = found;
  const { key, user, licence } = findings;
  if (first === undefined) return found;
  if (first.code === 'wrong_password' && looks.kind === 'password') {
    if (findings.isIll === true) return [causes.security_index_unavailable];
    if (user === null) return [causes.user_unknown];
    if (user !== undefined) return [user.enabled ? causes.wrong_password : causes.user_disabled];
  }
  if (first.code === 'token_unknown' && licence !== undefined) {
    const isWithout = licence.type === 'basic' || licence.status === 'expired';
    if (isWithout) return [causes.tokens_unlicensed];
    return found.filter(({ code }) => code !== 'tokens_unlicensed');
  }
  // A cluster that has stored nothing says of an unknown key that it could not look.
  if (first.code === 'check_failed' && key === null) return [causes.key_unknown];
  return found;
}
