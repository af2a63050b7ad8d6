// The same bytes to all six frameworks, over real sockets, before the same routes and an Elasticsearch that knows who
// is who. What must hold: all six decide the same, nobody gets to a handler but with a credential that is good for it,
// and nothing breaks: no 500, no unhandled rejection, no process that ends.

import { createVerifier, type Verifier } from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Adapter, issueCredentials, type Route } from '../adapters/adapter.js';
import * as express from '../adapters/express-adapter.js';
import * as fastify from '../adapters/fastify-adapter.js';
import { versions as fastifyVersions } from '../adapters/fastify-versions.js';
import * as koa from '../adapters/koa-adapter.js';
import type { Credentials } from '../adapters/requests.js';
import { listen, type Served } from '../support/serving.js';
import { attack, isRepeated, patienceMs, tell, tellAttempts, watchProcess } from './campaign.js';
import { type Answer, type Conversation, converse } from './conversation.js';
import { agree, type Decision } from './differences.js';
import { type Bytes, type Part, paths, rawBytes } from './raw-requests.js';

interface Application {
  readonly name: string;
  readonly served: Served;
  readonly verifier: Verifier;
}

let elasticsearch: Emulator;
let issued: Credentials;
const applications: Application[] = [];
/** What came to a framework's error path. */
const errors: unknown[] = [];

beforeAll(async () => {
  elasticsearch = await startEmulator({
    users: { jane: { password: 'correct-horse', roles: ['writer', 'key_owner'] } },
    roles: {
      writer: { indices: [{ names: ['docs-*'], privileges: ['read', 'write'] }] },
      key_owner: { cluster: ['manage_own_api_key'] },
    },
  });
  issued = await issueCredentials(elasticsearch.url, 'correct-horse');
  for (const [name, create] of express.versions) await start(express.adapterOf(name, create));
  for (const [name, create] of koa.versions) await start(koa.adapterOf(name, create));
  for (const version of fastifyVersions) await start(fastify.adapterOf(version));
});
afterAll(async () => {
  for (const { served, verifier } of applications) {
    await served.close();
    await verifier.close();
  }
  await elasticsearch.close();
});

async function start<Step>(adapter: Adapter<Step>): Promise<void> {
  const verifier = createVerifier({ nodes: elasticsearch.url, upstream: { timeoutMs: 60_000 } });
  const { guards } = adapter;
  const to = (privilege: string) => ({ index: [{ names: 'docs-1', privileges: [privilege] }] });
  const guardOf: Record<(typeof paths)[number], Step> = {
    '/me': guards.requireIdentity(),
    '/admin': guards.requireRoles('superuser'),
    '/read': guards.requirePrivileges(to('read')),
    '/write': guards.requirePrivileges(to('write')),
  };
  const routes = paths.flatMap((path): Route<Step>[] =>
    (['GET', 'POST'] as const).map((method) => ({
      method,
      path,
      steps: [guardOf[path]],
      handler: (call) => ({ path, who: call.identityOf().username, as: call.callerHeaders().authorization }),
    })),
  );
  const steps = [adapter.esauth(verifier)];
  const server = await adapter.build({ steps, routes }, (error) => errors.push(error));
  applications.push({ name: adapter.name, served: await listen(server), verifier });
}

test('raw requests get the same answers from all six, and let nobody in', {
  timeout: patienceMs,
}, async (context) => {
  const runs = 350;
  const process = watchProcess();
  const figures = { connections: 0, answers: 0, handled: 0, refused: 0, 'left to frameworks': 0 };
  const good = { [issued.token]: /./, [issued.superuser]: /./, [issued.apiKey]: /^\/(?:me|read)$/ };
  if (issued.token in good) good[issued.token] = /^\/(?:me|read|write)$/;

  await attack(rawBytes(Object.values(issued)), { runs }, async (bytes) => {
    const all = await Promise.all(
      applications.map(({ served, verifier }) =>
        converse(served.port, bytes, () => verifier.stats().waiting > 0),
      ),
    );
    figures.connections += all.length;
    for (const conversation of all) judge(bytes, conversation);
    if (all.every(({ complete }) => complete)) compare(bytes, all);
    expect(process.broken).toEqual([]);
  });
  process.stop();
  const lookups = applications.reduce((sum, { verifier }) => sum + verifier.stats().lookups, 0);
  tell('frameworks', { ...figures, lookups, '500s': 0, 'unhandled rejections': process.broken.length });
  // The attack has met everything.
  if (!isRepeated) expect(Math.min(...Object.values(figures))).toBeGreaterThan(0);
  // A server learns of a client that hung up some time after that.
  for (const { verifier } of applications)
    await expect
      .poll(() => verifier.stats(), { timeout: 30_000 })
      .toMatchObject({ inFlight: 0, waiting: 0, queued: 0 });
  tellAttempts(context, 'frameworks', runs);

  function judge({ text, parts }: Bytes, { received, answers }: Conversation): void {
    // 505 is Fastify's, of which `differences.ts` tells.
    expect(received).not.toMatch(/^HTTP\/1\.1 5(?!05)/m);
    figures.answers += answers.length;
    answers.forEach((answer, at) => {
      const { handled } = decisionIn(answer);
      if (handled === undefined) return;
      figures.handled += 1;
      const { path, as } = handled;
      expect([as, path]).toEqual([as, expect.stringMatching(good[padded(as)] ?? /(?!)/)]);
      const part = partAt(parts, at);
      if (part === undefined) expect(text).toContain(as.slice(as.indexOf(' ') + 1).replace(/=+$/, ''));
      else expect([part.target, part.presented.map(canonical)]).toEqual([part.target, [padded(as)]]);
    });
  }

  function compare({ text, parts }: Bytes, all: readonly Conversation[]): void {
    const most = Math.max(...all.map(({ answers }) => answers.length));
    const decided = all.map(({ answers }, n) =>
      Array.from({ length: most }, (_, at) => ({
        ...decisionIn(answers[at], applications[n]?.name),
        hungUp: at >= answers.length && answers.at(-1)?.headers.get('connection')?.[0] === 'close',
      })),
    );
    // What was under way when bytes came that are no HTTP, or a CONNECT, is lost or is not, by chance.
    const broken = text.includes('CONNECT') || decided.flat().some(({ isParsers }) => isParsers);
    for (let at = 0; at < most; at += 1) {
      const row = decided.map((decisions) => decisions[at] as Decision);
      const lost = ({ kind, whole }: Decision) => broken && (kind === 'none' || kind === 'other' || !whole);
      const told = row.filter((decision) => !lost(decision));
      figures.refused += told[0]?.kind === 'refused' ? 1 : 0;
      if (new Set(told.map(({ said }) => said)).size < 2) continue;
      figures['left to frameworks'] += 1;
      if (agree(told, partAt(parts, at))) continue;
      throw new Error(row.map(({ by, said }) => `${by}: ${said}`).join('\n'));
    }
  }
});

/** What was meant there; nothing if something before it may have been read otherwise than it was meant. */
function partAt(parts: readonly Part[] | undefined, at: number): Part | undefined {
  return parts?.slice(0, at + 1).every(({ whole }) => whole) ? parts[at] : undefined;
}

/** With as many `=` as its Base64 wants: Java reads it without them too (`java.util.Base64.Decoder`). */
function padded(value: string): string {
  const [, unpadded = value] = /^(.*?)=*$/.exec(value) ?? [];
  const found = Object.values(issued).find((one) =>
    one.replace(/=*$/, '').endsWith(unpadded.split(' ').at(-1) ?? ''),
  );
  return found === undefined ? value : `${unpadded}${/=*$/.exec(found)?.[0]}`;
}

/** As it is passed on; whatever is no credential stays different from all. */
function canonical(presented: string): string {
  const [, scheme = '', value = presented] = /^(\w+) +(\S+)$/.exec(presented) ?? [];
  const found = Object.values(issued).find((one) => one.endsWith(` ${padded(value)}`));
  return found?.toLowerCase().startsWith(`${scheme.toLowerCase()} `) ? found : 'none';
}

const problem = 'application/problem+json; charset=utf-8';

function decisionIn(answer: Answer | undefined, by = ''): Decision {
  if (answer === undefined) return { by, kind: 'none', said: 'no answer', whole: false };
  const { status, headers, body, whole } = answer;
  const of = (name: string) => headers.get(name) ?? [];
  const decision = { by, status, whole };
  if (of('content-type')[0] === problem) {
    const ours = ['www-authenticate', 'cache-control', 'retry-after'].map(of);
    return { ...decision, kind: 'refused', said: JSON.stringify([status, ...ours, body]) };
  }
  if (body.startsWith('{"path":') && whole) {
    return { ...decision, kind: 'handled', said: body, handled: JSON.parse(body) };
  }
  return {
    ...decision,
    kind: 'other',
    said: String(status),
    isParsers: status >= 400 && !headers.has('date'),
  };
}
