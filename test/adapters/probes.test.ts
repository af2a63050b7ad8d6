// The readmes' recipe for the probes of an orchestrator, as it stands there, in each framework: what they answer while
// a cluster goes and comes back is what the readme's table says.

import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createVerifier, type Health, type Verifier, type VerifierOptions } from '@esauth/core';
import { esauth as onExpress } from '@esauth/express';
import { esauth as onFastify } from '@esauth/fastify';
import { esauth as onKoa } from '@esauth/koa';
import Router from '@koa/router';
import express5 from 'express';
import express4 from 'express4';
import { type FastifyInstance, fastify as fastify5 } from 'fastify';
import { fastify as fastify4 } from 'fastify4';
import Koa3 from 'koa';
import Koa2 from 'koa2';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { parse } from 'yaml';
import { accepted, jane } from '../support/callers.js';
import { createFakeClock } from '../support/fake-clock.js';
import { send } from '../support/http-client.js';
import { type ScriptedNode, startScriptedNode } from '../support/scripted-node.js';
import { listen } from '../support/serving.js';

vi.setConfig({ testTimeout: 60_000 });

/** Runs the recipe, and serves it. */
type Serve = (recipe: string, verifier: Verifier) => Promise<string>;

/** Runs lines of a readme with what stands around them there. */
async function run(lines: string, around: Readonly<Record<string, unknown>>): Promise<void> {
  const AsyncFunction = Object.getPrototypeOf(run).constructor;
  await new AsyncFunction(...Object.keys(around), lines)(...Object.values(around));
}

async function serve(listener: RequestListener): Promise<string> {
  const served = await listen(createServer(listener));
  onTestFinished(() => served.close());
  return served.url;
}

const expressApp =
  (create: () => unknown): Serve =>
  async (recipe, verifier) => {
    const app = create() as ReturnType<typeof express5>;
    await run(recipe, { app, verifier, esauth: onExpress });
    return serve(app.get('/', (_req, res) => void res.json({})));
  };
const koaApp =
  (create: () => unknown): Serve =>
  async (recipe, verifier) => {
    const app = create() as Koa3;
    await run(recipe, { app, verifier, esauth: onKoa, Router });
    app.use((ctx) => {
      ctx.body = {};
    });
    return serve(app.callback());
  };
const fastifyApp =
  (create: () => unknown): Serve =>
  async (recipe, verifier) => {
    const app = create() as FastifyInstance;
    await run(recipe, { app, verifier, esauth: onFastify });
    app.get('/', async () => ({}));
    onTestFinished(() => app.close());
    return app.listen({ port: 0, host: '127.0.0.1' });
  };

const frameworks: readonly (readonly [string, 'express' | 'koa' | 'fastify', Serve])[] = [
  ['Express 5', 'express', expressApp(() => express5())],
  ['Express 4', 'express', expressApp(() => express4())],
  ['Koa 3', 'koa', koaApp(() => new Koa3())],
  ['Koa 2', 'koa', koaApp(() => new Koa2())],
  ['Fastify 5', 'fastify', fastifyApp(() => fastify5())],
  ['Fastify 4', 'fastify', fastifyApp(() => fastify4())],
];

/** The section of an adapter's readme: its code, its manifest and its table, each row as [what happened, …cells]. */
async function readRecipe(adapter: string) {
  const readme = await readFile(new URL(`../../docs/packages/${adapter}.md`, import.meta.url), 'utf8');
  const [, section = ''] = /^## Probes of Kubernetes\n(.*?)^## /ms.exec(readme) ?? [];
  const block = (language: string) =>
    new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(section)?.[1] ?? '';
  const [, , ...lines] = section.split('\n').filter((line) => line.startsWith('|'));
  const rows = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
  return { code: block('js'), manifest: parse(block('yaml')), rows };
}

interface Cluster {
  readonly nodes: readonly [ScriptedNode, ScriptedNode];
  readonly verifier: Verifier;
}

async function startCluster(options: Partial<VerifierOptions>): Promise<Cluster> {
  const nodes = [await startScriptedNode(accepted), await startScriptedNode(accepted)] as const;
  const urls = nodes.map(({ url }) => url);
  const verifier = createVerifier({ nodes: urls, ...options });
  onTestFinished(async () => {
    await verifier.close();
    await Promise.all(nodes.map((node) => node.close()));
  });
  return { nodes, verifier };
}

describe.each(frameworks)('%s', (_name, adapter, start) => {
  test('the probes answer as the table says, while the cluster goes and comes back', async () => {
    const clock = createFakeClock();
    const upstream = { breaker: { failures: 2, openMs: 2_000 } };
    const { nodes, verifier } = await startCluster({ clock, upstream, cache: false });
    const { code, manifest, rows } = await readRecipe(adapter);
    const url = await start(code, verifier);
    const paths = [manifest.livenessProbe, manifest.readinessProbe].map(({ httpGet }) => httpGet.path);
    const seen: string[][] = [];
    const note = async (what: string) => {
      const answers = await Promise.all(paths.map((path) => send(url + path)));
      const health = answers[1]?.json as Health | undefined;
      seen.push([what, ...answers.map(({ status }) => String(status)), health?.state ?? 'none']);
    };
    const ask = async () => (await send(url, { headers: { authorization: jane } })).status;
    const open = () => verifier.stats().nodes.filter(({ breaker }) => breaker === 'open').length;
    const askUntilOpen = async (count: number, pauseMs = 0) => {
      for (let tries = 0; open() < count && tries < 20; tries += 1) {
        await clock.advance(pauseMs);
        await ask();
      }
      expect(open()).toBe(count);
    };

    await note('nobody has asked yet');
    await nodes[0].stop();
    // While the other one answers, it is asked again only after a rest.
    await askUntilOpen(1, 2_000);
    expect(await ask()).toBe(200);
    await note('one of two nodes fails, upstream.breaker.failures times in a row');
    await nodes[1].stop();
    await askUntilOpen(2);
    await note('the other one fails as often: the cluster is gone');
    await clock.advance(2_000);
    await note('upstream.breaker.openMs have passed: a request may try');
    expect(await ask()).toBe(503);
    await askUntilOpen(2);
    await note('it fails too');
    await Promise.all(nodes.map((node) => node.restart()));
    await clock.advance(2_000);
    expect([await ask(), await ask()]).toEqual([200, 200]);
    await note('the cluster is back, and each node has answered a request');
    await verifier.close();
    await note('verifier.close()');
    expect(seen).toEqual(rows);
  });

  test('on the real clock too, and by itself once the cluster is back', async () => {
    const upstream = { breaker: { failures: 1, openMs: 500 } };
    const { nodes, verifier } = await startCluster({ upstream, cache: false });
    const { code } = await readRecipe(adapter);
    const url = await start(code, verifier);
    const ready = async () => (await send(`${url}/readyz`)).status;
    const ask = async () => (await send(url, { headers: { authorization: jane } })).status;
    const patiently = { timeout: 30_000, interval: 20 };
    expect(await ready()).toBe(200);
    await Promise.all(nodes.map((node) => node.stop()));
    await expect.poll(async () => [await ask(), await ready()], patiently).toEqual([503, 503]);
    await Promise.all(nodes.map((node) => node.restart()));
    // Without any request it is ready to be tried.
    await expect.poll(ready, patiently).toBe(200);
    await expect.poll(async () => [await ask(), verifier.health().state], patiently).toEqual([200, 'up']);
  });
});

test('all three say the same', async () => {
  const recipes = await Promise.all(['express', 'koa', 'fastify'].map(readRecipe));
  const [first, ...others] = recipes.map(({ manifest, rows }) => ({ manifest, rows }));
  for (const other of others) expect(other).toEqual(first);
  expect(first?.rows).toHaveLength(7);
});
