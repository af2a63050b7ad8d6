// Where most tests of a verifier begin: one on stepped time, before whatever stands there for Elasticsearch. Without
// chance and without questions in the background, unless a test is about them.

import { createVerifier, type Verifier, type VerifierOptions } from '@esauth/core';
import { createFakeClock, type FakeClock } from './fake-clock.js';

/** What stands for Elasticsearch. */
interface Server {
  readonly url: string;
  close(): Promise<void>;
}

// Of the test that runs. Each test file has this module for itself.
export let clock: FakeClock;
export let verifier: Verifier;
let server: Server;

/** For `beforeEach`. */
export function begin<Started extends Server>(started: Started, options?: Partial<VerifierOptions>): Started {
  server = started;
  clock = createFakeClock();
  verifier = create(options);
  return started;
}

/** Puts another verifier in the place of the one there is. */
export async function again(options: Partial<VerifierOptions>): Promise<void> {
  await verifier.close();
  verifier = create(options);
}

/** For `afterEach`. */
export async function end(): Promise<void> {
  await verifier.close();
  await server.close();
}

/** One more verifier, which whoever makes it closes. */
export function create(options: Partial<VerifierOptions> = {}): Verifier {
  const cache = options.cache !== false && { jitter: 0, refreshAfterMs: 0, ...options.cache };
  return createVerifier({ nodes: server.url, clock, ...options, cache });
}

/** Nothing is under way any more, in the background either. */
export async function idle(): Promise<void> {
  while (verifier.stats().inFlight > 0) await clock.advance(0);
}
