// What is there while the walk goes on, whether Elasticsearch is the emulator or a cluster; and how credentials are
// got from it.

import type { Verifier } from '@esauth/express';
import { createStory, type Story } from './story.js';
import type { Wire } from './wire.js';

export interface Stage {
  readonly story: Story;
  /** Fires when the walk has to end. */
  readonly stopped: AbortSignal;
  readonly apiUrl: string;
  readonly verifier: Verifier;
  readonly elasticsearch: Elasticsearch;
}

export interface Elasticsearch {
  /** The way to it, and to the API. */
  readonly wire: Wire;
  /** Where tokens and keys come from. */
  readonly url: string;
  /** Where the API asks about them. */
  readonly node: string;
  /** Who gives tokens, and revokes. */
  readonly admin: Person;
  /** A native user, who may make API keys and read the index `reports`. */
  readonly jane: Person & { readonly password: string };
  /** Why there are no tokens, if there are none. */
  readonly noTokens?: string | undefined;
  /** What a thing of the demo's is called in this Elasticsearch. */
  name(plain: string): string;
  /** Learns of every access token, to end it with the demo. */
  remember(accessToken: string): void;
  /** How many credentials it was asked about. */
  lookups(): number;
  /** Keeps the API from reaching it. @returns how. */
  stop(): Promise<string>;
  /** @returns how, and whether it has forgotten everything since. */
  start(): Promise<{ readonly said: string; readonly empty: boolean }>;
  /** What can be tried by hand: lines for a shell that work as they are. */
  invitation(stage: Stage): Promise<string>;
  /** Takes away what the demo made, and says so. @returns whether nothing is left. */
  close(): Promise<boolean>;
}

export interface Person {
  readonly username: string;
  readonly realm: string;
  readonly roles: readonly string[];
  /** An `Authorization` value. */
  readonly basic: string;
}

/** The same, with nothing told and nothing counted. */
export function silent(stage: Stage): Stage {
  return { ...stage, story: createStory(() => {}, stage.elasticsearch.wire, stage.stopped) };
}

export interface Token {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly bearer: string;
}

export const granted = 'Elasticsearch grants a token';

/** Gets a token with any grant. */
export async function token(
  { story, elasticsearch }: Stage,
  grant: Readonly<Record<string, string>>,
): Promise<Token> {
  const { status, body } = await story.call(`${elasticsearch.url}/_security/oauth2/token`, {
    method: 'POST',
    authorization: elasticsearch.admin.basic,
    body: grant,
  });
  const accessToken = String(body.access_token);
  if (status === 200) elasticsearch.remember(accessToken);
  story.check(granted, status === 200);
  return { accessToken, refreshToken: String(body.refresh_token), bearer: `Bearer ${accessToken}` };
}

export interface ApiKey {
  readonly id: string;
  readonly authorization: string;
}

/** Creates an API key of jane's, limited to the roles that are described if any are. */
export async function apiKey(
  { story, elasticsearch }: Stage,
  name: string,
  roles?: Readonly<Record<string, object>>,
): Promise<ApiKey> {
  const { status, body } = await story.call(`${elasticsearch.url}/_security/api_key`, {
    method: 'POST',
    authorization: elasticsearch.jane.basic,
    body: { name, expiration: '1h', ...(roles && { role_descriptors: roles }) },
  });
  story.check('Elasticsearch creates a key', status === 200);
  return { id: String(body.id), authorization: `ApiKey ${body.encoded}` };
}

/** A credential that the API has never seen: a token, or a key where there are none. */
export async function unseen(stage: Stage): Promise<string> {
  if (stage.elasticsearch.noTokens === undefined) {
    return (await token(stage, { grant_type: 'client_credentials' })).bearer;
  }
  return (await apiKey(stage, stage.elasticsearch.name('unseen'))).authorization;
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
