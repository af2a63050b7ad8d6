// A canary goes everywhere that a credential can go, and eight of its characters in a row must not come out
// anywhere: not in what the verifier says, not in what it says of itself, and not in the memory that it keeps.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createVerifier, DenialError, type Verdict, type Verifier, type VerifierOptions } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeCertificates } from '../support/certificates.js';
import { type Watch, watchEverything, windowIn, windowsOf } from '../support/exposed.js';
import { createFakeClock, type FakeClock } from '../support/fake-clock.js';
import {
  errorBody,
  holdAnswers,
  identityBody,
  mistakeBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../support/scripted-node.js';

// ---- the canaries

interface Canary {
  readonly header: string;
  /** What must not be seen: the value as it is presented, and the part of it that is secret when decoded. */
  readonly secrets: readonly [string, ...string[]];
  readonly type: string;
}

const random = (bytes: number) => randomBytes(bytes).toString('base64url');
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function pair(scheme: 'ApiKey' | 'Basic', type: string): Canary {
  const secret = random(24);
  // A key's id and a user's name are no secrets: they are who it is.
  const value = Buffer.from(`jane-of-${scheme}:${secret}`).toString('base64');
  return { header: `${scheme} ${value}`, secrets: [value, secret], type };
}

function canaries(): Record<string, Canary> {
  const token = random(40);
  const jwt = [
    { alg: 'RS256', kid: random(9) },
    { sub: random(12), exp: 1_900_000_000 },
  ]
    .map(encoded)
    .join('.');
  const signed = `${jwt}.${random(64)}`;
  const cloud = `essu_${random(40)}`;
  return {
    Bearer: { header: `Bearer ${token}`, secrets: [token], type: 'token' },
    JWT: { header: `Bearer ${signed}`, secrets: [signed], type: 'token' },
    ApiKey: pair('ApiKey', 'api_key'),
    'cloud ApiKey': { header: `ApiKey ${cloud}`, secrets: [cloud], type: 'api_key' },
    Basic: pair('Basic', 'realm'),
  };
}

// ---- where they go

/** Answers that say again what they were asked with, wherever there is room for it. */
function echoes({ header, secrets, type }: Canary): Record<string, Script> {
  const said = [header, ...secrets].map((secret) => `<${secret}>`).join(' and ');
  const [value] = secrets;
  const inReason = errorBody(401, said, { type: `type ${said}`, additional_unsuccessful_credentials: said });
  const unfit = type === 'api_key' ? 'token' : 'api_key';
  const raw =
    (text: string): Script =>
    (socket) =>
      void socket.end(text);
  const named = (name: string) => ({ [name]: value });
  const who = identityBody({
    authentication_type: type,
    authentication_realm: { name: 'r', type: 'native' },
  });
  return {
    'a refusal': respond({ status: 401, body: inReason }),
    'a restriction': respond({ status: 403, body: inReason }),
    'a check that failed': respond({
      status: 401,
      body: errorBody(401, 'error attempting to authenticate request', { type: said }),
    }),
    'an error': respond({ status: 500, body: { ...inReason, status: 500 } }),
    'a busy node': respond({ status: 429, headers: named('retry-after'), body: inReason }),
    'a gateway': respond({ status: 503, body: said }),
    'a missing handler': respond({ status: 400, body: errorBody(400, `no handler for ${said}`) }),
    'a redirect': respond({ status: 302, headers: { location: `https://elsewhere/?${value}` }, body: said }),
    'a page': respond({ body: `<html>${said}</html>` }),
    'JSON that breaks off': respond({ body: `{"username":"${said}` }),
    'no identity': respond({ body: { said } }),
    'an encoding': respond({ headers: named('content-encoding'), body: said }),
    'another product': respond({ headers: named('x-elastic-product'), body: said }),
    'a misfit': respond({ body: { ...who, authentication_type: said } }),
    'a misfit by its realm': respond({
      body: { ...who, authentication_type: unfit, authentication_realm: { name: said, type: said } },
    }),
    'an anonymous user': respond({ body: { ...who, username: said, authentication_type: 'anonymous' } }),
    'a status line': raw(`HTTP/1.1 200 ${value}\r\n\r\n`),
    'no HTTP': raw(`${said}\r\n\r\n`),
    'a header that is none': raw(`HTTP/1.1 200 OK\r\n${value}\u0000: ${value}\r\n\r\n`),
    'a length that is none': raw(`HTTP/1.1 200 OK\r\ncontent-length: ${value}\r\n\r\n`),
    'a body that breaks off': raw(`HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n${said}`),
    'headers without end': raw(`HTTP/1.1 200 OK\r\n${`x: ${value}\r\n`.repeat(2_000)}`),
  };
}

/** Answers that blame the question for it, or that are about somebody else. */
function refusedQuestions({ header, secrets }: Canary): Record<string, Script> {
  const said = [header, ...secrets].join(' and ');
  return {
    'a question that cannot be answered': respond({
      status: 400,
      body: errorBody(400, said, { type: said }),
    }),
    'an answer about somebody else': respond({
      body: { username: said, cluster: {}, index: {}, application: { a: { r: { p: true } } } },
    }),
  };
}

let node: ScriptedNode;
let clock: FakeClock;
let verifier: Verifier;
let watch: Watch;

beforeEach(async () => {
  node = await startScriptedNode();
  clock = createFakeClock();
  verifier = create();
  watch = watchEverything();
});
afterEach(async () => {
  watch.stop();
  await verifier.close();
  await node.close();
});

function create(options: Partial<VerifierOptions> = {}): Verifier {
  return createVerifier({
    nodes: node.url,
    clock,
    schemes: ['Bearer', 'ApiKey', 'Basic'],
    cache: { ttlMs: 10_000, refreshAfterMs: 5_000, staleIfErrorMs: 10_000, jitter: 0 },
    ...options,
  });
}

function note(verdict: Verdict | undefined, header: unknown): void {
  watch.note(verdict);
  watch.note(verifier.stats());
  watch.note(verifier);
  if (verdict === undefined || verdict.kind === 'authenticated') return;
  if (verdict.kind === 'unavailable') watch.note(verdict.cause);
  const denial = verifier.denial(verdict, header as string);
  watch.note(denial);
  watch.note(new DenialError(denial));
}

async function present(
  header: unknown,
  options?: Parameters<Verifier['verify']>[1],
): Promise<Verdict | undefined> {
  const presented = header as string;
  const verdict = await verifier.verify(presented, options).catch((error: unknown) => watch.note(error));
  note(verdict ?? undefined, presented);
  note(verifier.peek(presented), presented);
  return verdict ?? undefined;
}

async function nothingSeen({ secrets }: Canary): Promise<void> {
  // Warnings come in the next tick.
  await new Promise(setImmediate);
  const windows = windowsOf(secrets);
  for (const text of watch.seen) {
    const window = windowIn(text, windows);
    if (window !== undefined) expect.fail(`${window} is seen in: ${text.slice(0, 2_000)}`);
  }
}

// ---- what is said

describe.each(Object.entries(canaries()))(
  'P47: nothing that is said holds any part of a %s',
  (_kind, canary) => {
    const { header, secrets, type } = canary;
    const [value] = secrets;
    const accepted = respond({
      body: identityBody({
        authentication_type: type,
        authentication_realm: { name: 'native1', type: 'native' },
        lookup_realm: { name: 'native1', type: 'native' },
      }),
    });

    test.each(Object.entries(echoes(canary)))(
      'when Elasticsearch, or whoever, repeats it in %s',
      async (_where, script) => {
        node.answer(script);
        const verdict = await present(header);
        expect(verdict?.kind).not.toBe('authenticated');
        // Once more, from memory or not, and as a refresh that fails.
        await present({ authorization: [header] });
        node.answer(accepted);
        await clock.advance(9_000);
        expect((await present(header))?.kind).toBe('authenticated');
        await clock.advance(5_000);
        node.answer(script);
        await present(header);
        while (verifier.stats().inFlight > 0) await new Promise(setImmediate);
        // Past its lifetime: stale, or not.
        await clock.advance(5_000);
        await present(header);
        await nothingSeen(canary);
      },
    );

    test.each(Object.entries({ ...echoes(canary), ...refusedQuestions(canary) }))(
      'when it is asked about privileges, and that repeats it in %s',
      async (_where, script) => {
        node.answer((socket, head) =>
          (head.startsWith('POST /_security/user/_has_privileges ') ? script : accepted)(socket, head),
        );
        const question = { application: [{ application: 'a', privileges: ['p'], resources: ['r'] }] };
        const asked = verifier.hasPrivileges(header, question);
        const verdict = (await asked.catch((error: unknown) => watch.note(error))) ?? undefined;
        if (verdict?.kind === 'answered') expect.fail('this is no answer');
        note(verdict, header);
        watch.note(verifier.peekPrivileges(header, question));
        await nothingSeen(canary);
      },
    );

    test('when it is accepted, remembered, refreshed, revoked', async () => {
      node.answer(accepted);
      expect((await present(header))?.kind).toBe('authenticated');
      await present(
        header.replace(' ', '    ').toLowerCase().slice(0, header.indexOf(' ')) +
          header.slice(header.indexOf(' ')),
      );
      await present(header, { maxAgeMs: 0 });
      await clock.advance(5_000);
      await present(header);
      while (verifier.stats().inFlight > 0) await new Promise(setImmediate);
      void verifier.revoke({ credential: header });
      await present(header);
      void verifier.revoke('all');
      await nothingSeen(canary);
    });

    test('when its lookup hangs, is left, outdated, closed', async () => {
      const answers = holdAnswers(node);
      const leaving = new AbortController();
      const left = present(header, { signal: leaving.signal });
      await node.arrived(1);
      leaving.abort();
      await left;
      const outdated = present(header);
      await node.arrived(2);
      void verifier.revoke({ credential: header });
      answers.release(() => {});
      answers.release(accepted);
      await node.arrived(3);
      await clock.advance(3_000);
      expect(await outdated).toMatchObject({ code: 'timeout' });
      const closed = present(header);
      await node.arrived(4);
      await verifier.close();
      expect(await closed).toMatchObject({ code: 'closed' });
      await present(header);
      await nothingSeen(canary);
    });

    test('when nobody listens, or the connection breaks', async () => {
      node.answer((socket) => void socket.destroy());
      expect(await present(header)).toMatchObject({ code: 'unreachable' });
      await node.close();
      expect(await present(header)).toMatchObject({ code: 'unreachable' });
      node = await startScriptedNode();
      await nothingSeen(canary);
    });

    test('when it is refused unread', async () => {
      const headers = [
        `Digest ${value}`,
        value,
        `${header}, ${header}`,
        `${header}\r\nx: ${value}`,
        `Bearer ${value}é`,
        `${value} ${value}`,
        `ApiKey -${value}`,
        `Basic ${value}_`,
        `Bearer ${value.repeat(200)}`,
      ];
      const wrong = [
        { authorization: [header, header] },
        [header],
        { authorization: { value } },
        Object(header),
      ];
      for (const presented of [...headers, ...wrong]) {
        expect((await present(presented))?.kind).toBe('rejected');
      }
      expect(node.requests).toHaveLength(0);
      await nothingSeen(canary);
    });

    test('P44: when it stands where an option or an argument belongs', async () => {
      const options: readonly unknown[] = [
        value,
        { nodes: header },
        { nodes: `https://elastic:${value}@es.example` },
        { nodes: `https://${encodeURIComponent(value)}@es.example` },
        { nodes: `https://es.example/?key=${value}` },
        { nodes: `https://es.example/#${value}` },
        { nodes: [value, header] },
        { nodes: node.url, tls: { ca: [value, 7] } },
        { nodes: node.url, tls: { ca: `-----BEGIN ${value}` } },
        { nodes: node.url, tls: value },
        { nodes: node.url, schemes: [value] },
        { nodes: node.url, challenge: { realm: `${value}\n` } },
        { nodes: node.url, challenge: { resourceMetadata: value } },
        { nodes: node.url, cache: { ttlMs: value } },
        { nodes: node.url, cache: header },
        { nodes: node.url, upstream: { timeoutMs: value } },
        { nodes: node.url, maxHeaderLength: value },
        { nodes: node.url, clock: { wall: value } },
      ];
      for (const wrong of options) {
        expect(() => createVerifier(wrong as VerifierOptions)).toThrow(
          expect.objectContaining({ code: 'invalid_option' }),
        );
        try {
          createVerifier(wrong as VerifierOptions);
        } catch (error) {
          watch.note(error);
        }
      }
      for (const subject of [
        header,
        { credentials: header },
        { apiKeyIds: header },
        { credential: [header] },
        { credential: `${header} is none` },
        { credential: value },
      ]) {
        try {
          void verifier.revoke(subject as 'all');
          expect.fail('this is not a subject');
        } catch (error) {
          watch.note(error);
        }
      }
      await present(header, { maxAgeMs: value as unknown as number }).catch(() => {});
      await nothingSeen(canary);
    });
  },
);

// ---- what is kept

const child = fileURLToPath(new URL('../support/secrets-in-memory.mjs', import.meta.url));
const run = promisify(execFile);

/** Answers in turn with a yes, several kinds of no and of no verdict, most of which repeat the credential. */
function inTurn(socket: Parameters<Script>[0], head: string): void {
  const credential = /^authorization: (.*)$/m.exec(head)?.[1] ?? '';
  const scheme = credential.slice(0, credential.indexOf(' '));
  const type = { Bearer: 'token', ApiKey: 'api_key', Basic: 'realm' }[scheme] ?? '';
  const body = identityBody({ authentication_type: type });
  const said = errorBody(401, `not ${credential}`);
  if (head.startsWith('POST ')) {
    const granted = { username: body.username, index: { docs: { read: true } } };
    const blamed = respond({ status: 400, body: mistakeBody(`unknown privilege in ${credential}`) });
    (node.requests.length % 3 === 0 ? blamed : respond({ body: granted }))(socket, head);
    return;
  }
  const scripts: readonly Script[] = [
    respond({ body }),
    respond({ body }),
    respond({ body }),
    respond({ status: 401, body: said }),
    respond({ status: 500, body: said }),
    respond({ body: { ...body, authentication_type: credential } }),
    (asked) => void asked.destroy(),
  ];
  scripts[node.requests.length % scripts.length]?.(socket, head);
}

describe('P46: after a thousand credentials the heap of an idle verifier holds none', () => {
  test.each(['http', 'https'])(
    'that asked over %s',
    async (protocol) => {
      const certificates = await makeCertificates();
      await node.close();
      node = await startScriptedNode(inTurn, protocol === 'https' ? certificates.server : undefined);
      const folder = await mkdtemp(join(tmpdir(), 'esauth-'));
      try {
        const snapshot = join(folder, 'idle.heapsnapshot');
        const ca = join(folder, 'ca.pem');
        await writeFile(ca, certificates.ca);
        const options = ['--expose-gc', '--no-warnings', child, node.url, snapshot, ca];
        const { stdout } = await run(process.execPath, options, { maxBuffer: 1e6 });
        const { kept, kinds, answers, idle } = JSON.parse(stdout);
        expect(idle).toBeGreaterThan(0);
        expect(kinds).toEqual({
          authenticated: expect.any(Number),
          rejected: expect.any(Number),
          unavailable: expect.any(Number),
          aborted: 100,
        });
        expect(answers).toMatchObject({
          answered: expect.any(Number),
          rejected: expect.any(Number),
          unavailable: expect.any(Number),
          invalid_privileges: expect.any(Number),
        });

        const credentials = node.requests.map((head) => /^authorization: \w+ (.*)$/m.exec(head)?.[1] ?? '');
        const decoded = credentials.map(
          (value) => Buffer.from(value, 'base64').toString().split(':')[1] ?? '',
        );
        const windows = windowsOf([...credentials, ...decoded]);
        const strings: readonly string[] = JSON.parse(await readFile(snapshot, 'utf8')).strings;
        // What is kept is found.
        expect(strings.some((text) => text.includes(kept))).toBe(true);
        expect(new Set(credentials).size).toBeGreaterThanOrEqual(1_000);
        // Node's public root certificates are random enough to share eight characters with somebody; a snapshot
        // cuts long ones off.
        const known = (text: string) => rootCertificates.some((certificate) => certificate.startsWith(text));
        const found = strings.filter((text) => windowIn(text, windows) !== undefined && !known(text));
        expect(found).toEqual([]);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
    120_000,
  );
});
