// A mistake of a first day with the library, and what whoever made it is told: by an exception, by a warning, in an
// answer, or by the cause of a verdict.

import { createServer, type RequestListener } from 'node:http';
import { createVerifier, type Verifier, type VerifierOptions } from '@esauth/core';
import type { Emulator } from '@esauth/emulator';
import { type Incoming, send } from '../../support/http-client.js';
import { listen } from '../../support/serving.js';

export interface Mistake {
  /** What was done. */
  readonly done: string;
  /** The code of whatever tells about it. */
  readonly code: string;
  /** The option, the call or the value that cures it, as it stands in every message. */
  readonly cure: string;
  /** Of the answer, if a request has to come for it to show. */
  readonly status?: number;
  /** Makes it. What it warns of, throws or rejects with counts as a message, too. */
  readonly make: (world: World) => unknown;
}

/** What can be seen of it besides warnings and exceptions. */
export interface Seen {
  readonly status?: number;
  /** The `code` of the problem document, or of the error. */
  readonly code?: unknown;
  /** What clients are told: the sentence of a problem document, and the whole body. */
  readonly detail?: string | undefined;
  readonly text?: string;
  /** To whoever runs the application. */
  readonly messages?: readonly string[];
}

export interface World {
  readonly elasticsearch: Emulator;
  /** The same over https. */
  readonly secure: Emulator;
  readonly token: string;
  readonly key: { readonly id: string; readonly api_key: string; readonly encoded: string };
}

/** The certainly wrong: types forbid it, programs in JavaScript do it. */
// biome-ignore lint/suspicious/noExplicitAny: for what no type allows
export type Wrong = any;

/** Makes a verifier, and no more. */
export const verifierOf = (options: Wrong): (() => Promise<void>) => {
  return () => createVerifier(options as VerifierOptions).close();
};

/** Sends one request to an application, and hands on what the client sees. */
export async function ask(
  application: RequestListener,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
  { path = '/me', method = 'GET' } = {},
): Promise<Seen> {
  const served = await listen(createServer(application));
  try {
    return seen(await send(served.url + path, { method, headers }));
  } finally {
    await served.close();
  }
}

export function seen({ status, text, header }: Incoming): Seen {
  const [type = ''] = header('content-type');
  if (!type.includes('json')) return { status, text };
  const { code, detail } = JSON.parse(text);
  return { status, code, detail, text };
}

/**
 * How a cluster that is not as it should be shows: in `check`, in the cause of a verdict, and in the warning that goes
 * with it, which `first-day.test.ts` hears.
 */
export async function atCluster(options: VerifierOptions): Promise<Seen> {
  const verifier = createVerifier(options);
  try {
    const problem = await verifier.check().catch((error: Error) => error);
    const verdict = await verifier.verify('Bearer dG9rZW4tb2Ytc29tZWJvZHk=');
    if (verdict.kind !== 'unavailable') throw new Error(`there is a verdict: ${verdict.kind}`);
    return { code: verdict.code, messages: [problem?.message ?? 'no problem', verdict.cause.message] };
  } finally {
    await verifier.close();
  }
}

/** A verifier that asks the emulator, for as long as it is used. */
export async function withVerifier<Result>(
  { elasticsearch }: World,
  use: (verifier: Verifier) => Promise<Result>,
): Promise<Result> {
  const verifier = createVerifier({ nodes: elasticsearch.url });
  return use(verifier).finally(() => verifier.close());
}
