/** The recordings as they lie in `test/recorded`, found by folder and file; their format is described in its README. */

import { readdirSync, readFileSync } from 'node:fs';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** A credential in words; a text is the whole header value. */
export type RecordedCredential =
  | string
  | { readonly basic: string | readonly [string, string] }
  | { readonly bearer: string }
  | { readonly apiKey: string }
  | { readonly jwt: RecordedJwt };

export interface RecordedJwt {
  readonly key: string;
  readonly alg: string;
  readonly header?: { readonly [name: string]: Json };
  readonly claims: { readonly [name: string]: Json };
  readonly from?: number | null;
  readonly until?: number | null;
  readonly tail?: string;
}

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly auth?: RecordedCredential;
  readonly headers?: readonly (readonly [string, RecordedCredential])[];
  readonly type?: string | null;
  readonly gzip?: boolean;
  readonly chunked?: boolean;
  readonly body?: Json;
  readonly save?: string;
}

export type RecordedResponse = RecordedAnswer | { readonly failed: string };

export interface RecordedAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly framing?: string;
  readonly connection?: string;
  readonly body?: Json;
  readonly text?: string;
}

export interface RecordedExchange {
  readonly request: RecordedRequest;
  readonly response: RecordedResponse;
}

export type RecordedStep =
  | RecordedExchange
  | { readonly wait: number }
  | { readonly hook: string }
  | { readonly parallel: readonly RecordedExchange[]; readonly any?: unknown };

export interface Scenario {
  readonly id: string;
  readonly about: string;
  readonly node: string;
  readonly lengths?: Readonly<Record<string, string>>;
  readonly exchanges: readonly RecordedStep[];
}

/** A release and what was recorded from it. */
export interface Release {
  readonly version: string;
  readonly scenarios: readonly Scenario[];
}

const root = new URL('../recorded/', import.meta.url);

/** Everything that was recorded, in the order of names. */
export function readRecordings(): Release[] {
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders
    .map(({ name }) => name)
    .sort()
    .map((version) => ({ version, scenarios: readScenarios(new URL(`${version}/`, root)) }));
}

function readScenarios(folder: URL): Scenario[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return files.sort().map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Scenario);
}
