// What each framework's own tests need: an Elasticsearch that takes every credential for Jane's, a verifier that
// asks it, and for applications that are listeners a server.

import { createServer, type RequestListener } from 'node:http';
import { createVerifier, type Verifier } from '@esauth/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Incoming, send } from '../support/http-client.js';
import { identityBody, respond, type ScriptedNode, startScriptedNode } from '../support/scripted-node.js';
import { listen, type Served } from '../support/serving.js';

/** Jane's credential, as any. */
export const headers = { authorization: 'Bearer dGhlLXRva2VuLW9mLWphbmU=' };

export interface JanesWorld {
  readonly node: ScriptedNode;
  readonly verifier: Verifier;
  /** Starts the application as it is now, once in a test. */
  serve(): Promise<Served>;
  get(path: string, as?: Readonly<Record<string, string>>): Promise<Incoming>;
}

/** @param listener the test's application. */
export function worldOfJane(listener?: () => RequestListener): JanesWorld {
  let node: ScriptedNode;
  let verifier: Verifier;
  let served: Served | undefined;
  beforeEach(async () => {
    node = await startScriptedNode(respond({ body: identityBody() }));
    verifier = createVerifier({ nodes: node.url });
  });
  afterEach(async () => {
    await served?.close();
    served = undefined;
    await verifier.close();
    await node.close();
  });

  const world: JanesWorld = {
    get node() {
      return node;
    },
    get verifier() {
      return verifier;
    },
    async serve() {
      served ??= await listen(createServer(listener?.()));
      return served;
    },
    get: async (path, as = {}) => send((await world.serve()).url + path, { headers: as }),
  };
  return world;
}

/** What the middleware of Express and Koa has and Fastify's plugin has not. */
export function showsItsVerifier(
  world: JanesWorld,
  use: (options: { readonly nodes: string }) => { readonly verifier: Verifier },
): void {
  test('its verifier is there to revoke, watch and close', async () => {
    const { verifier } = use({ nodes: world.node.url });
    await world.get('/', headers);
    expect(verifier.stats().lookups).toBe(1);
    await verifier.close();
    expect((await world.get('/', headers)).json.code).toBe('closed');
  });
}
