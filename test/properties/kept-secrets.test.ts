// What applications keep for good (verdicts, causes, errors, identities, events, warnings) keeps no credential alive:
// not as text, not by the stack of an error, not by being cut out of a text that holds it. Searched for in a real heap
// snapshot of applications on Express, Koa and Fastify, after a request of every kind with every kind of credential.

import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { windowIn, windowsOf } from '../support/exposed.js';
import {
  errorBody,
  identityBody,
  mistakeBody,
  respond,
  type Script,
  startScriptedNode,
} from '../support/scripted-node.js';

const random = (bytes: number) => randomBytes(bytes).toString('base64url');
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A credential, and what of it must not be found: all of the value as it is sent, and the secret in it. */
interface Presented {
  readonly header: string;
  readonly secrets: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
}

const apiKeyRealm = { name: '_es_api_key', type: '_es_api_key' };
const realm = (type: string) => ({ name: `${type}1`, type });
const keyBody = {
  authentication_type: 'api_key',
  authentication_realm: apiKeyRealm,
  lookup_realm: apiKeyRealm,
};

const makers: Readonly<Record<string, () => Presented>> = {
  Bearer() {
    const token = random(48);
    return { header: `Bearer ${token}`, secrets: [token], body: {} };
  },
  JWT() {
    const token = [encoded({ kid: random(9) }), encoded({ sub: random(12), exp: 2e9 }), random(64)].join('.');
    const body = {
      authentication_type: 'realm',
      authentication_realm: realm('jwt'),
      lookup_realm: realm('jwt'),
    };
    return { header: `Bearer ${token}`, secrets: [token], body };
  },
  ApiKey() {
    const [id, secret] = [`key-${random(3)}-of-many`, random(24)];
    const value = Buffer.from(`${id}:${secret}`).toString('base64');
    return { header: `ApiKey ${value}`, secrets: [value, secret], body: { ...keyBody, api_key: { id } } };
  },
  // Whose identity does not name the key, so that its id is read from the credential.
  'ApiKey before 7.16'() {
    const secret = random(24);
    const value = Buffer.from(`key-${random(3)}-of-long-ago:${secret}`).toString('base64');
    return { header: `ApiKey ${value}`, secrets: [value, secret], body: keyBody };
  },
  'cloud ApiKey'() {
    const value = `essu_${random(40)}`;
    return {
      header: `ApiKey ${value}`,
      secrets: [value],
      body: { ...keyBody, api_key: { id: 'cloud-key-1' } },
    };
  },
  Basic() {
    const secret = random(24);
    const value = Buffer.from(`jane-of-the-password:${secret}`).toString('base64');
    const body = {
      ...{
        authentication_type: 'realm',
        authentication_realm: realm('native'),
        lookup_realm: realm('native'),
      },
    };
    return { header: `Basic ${value}`, secrets: [value, secret], body };
  },
};

/** What becomes of a credential: most of it quotes the credential wherever there is room. */
const fates: Readonly<Record<string, (presented: Presented) => Script>> = {
  accepted: ({ body }) => respond({ body: identityBody(body) }),
  'accepted, for a bad question': ({ body }) => respond({ body: identityBody(body) }),
  refused: ({ header }) =>
    respond({ status: 401, body: errorBody(401, `no ${header}`, { type: 'security_exception' }) }),
  restricted: ({ header }) => respond({ status: 403, body: errorBody(403, `not ${header}`) }),
  'not checked': ({ header }) =>
    respond({
      status: 401,
      body: errorBody(401, 'error attempting to authenticate request', { x: header }),
    }),
  failed: ({ header }) =>
    respond({ status: 500, body: errorBody(500, `boom ${header} boom`, { type: header }) }),
  'too many': ({ header }) =>
    respond({ status: 429, headers: { 'retry-after': header }, body: errorBody(429, header) }),
  misfit: ({ header, body }) =>
    respond({ body: identityBody({ ...body, authentication_type: `a ${header}`, username: header }) }),
  garbled: ({ header }) => respond({ body: `{"username":"${header}"` }),
  'no HTTP':
    ({ header }) =>
    (socket) =>
      void socket.end(`HTTP/1.1 ${header}\r\n\r\n`),
  'hung up on': () => (socket) => void socket.destroy(),
  silence: () => () => {},
};

interface How {
  readonly port: number;
  readonly cookie: boolean;
}

/** Asks one of the applications. Resolves when it has answered. */
async function ask({ port, cookie }: How, path: string, header: string): Promise<number | undefined> {
  const headers = cookie ? { cookie: `session=${header.replace(' ', '+')}` } : { authorization: header };
  const sent = request({
    port,
    host: '127.0.0.1',
    path,
    headers: { ...headers, connection: 'close' },
    agent: false,
  });
  sent.end();
  const [response] = await once(sent, 'response');
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}

const child = fileURLToPath(new URL('../support/secrets-in-applications.mjs', import.meta.url));

test('P46: no credential stays in the heap of an application, whatever it keeps of what it was told', async () => {
  const known = new Map<
    string,
    { readonly presented: Presented; readonly fate: string; readonly script: Script }
  >();
  const node = await startScriptedNode((socket, head, body = '') => {
    const [, header = ''] = /^authorization: (.*)$/m.exec(head) ?? [];
    const who = known.get(header);
    // `check` asks without.
    if (who === undefined) return respond({ status: 401, body: errorBody(401, 'who?') })(socket, head);
    const { presented, fate, script } = who;
    if (head.startsWith('GET /_security/api_key')) {
      const id = decodeURIComponent(/[?]id=(\S*)/.exec(head)?.[1] ?? '');
      const entry = { id, name: 'ci', metadata: { team: 'a' }, role_descriptors: {} };
      return respond({ body: { api_keys: [entry] } })(socket, head);
    }
    if (!head.startsWith('POST ')) return script(socket, head);
    if (fate !== 'accepted') {
      const reason = `unknown privilege in ${presented.header}`;
      return respond({ status: 400, body: mistakeBody(reason) })(socket, head);
    }
    const names: { names: string[] }[] = JSON.parse(body).index;
    const index = Object.fromEntries(names.map(({ names: [name = ''] }) => [name, { read: true }]));
    return respond({ body: { username: 'jane', index } })(socket, head);
  });
  const folder = await mkdtemp(join(tmpdir(), 'esauth-'));
  const snapshot = join(folder, 'kept.heapsnapshot');
  let application: ChildProcess | undefined;
  try {
    application = fork(child, [node.url, snapshot], { execArgv: ['--expose-gc', '--no-warnings'] });
    const [servers]: How[][] = await once(application, 'message');
    const statuses = new Set<number | undefined>();
    const present = async (how: How) => {
      for (const make of Object.values(makers)) {
        for (const [fate, answer] of Object.entries(fates)) {
          const presented = make();
          known.set(presented.header, { presented, fate, script: answer(presented) });
          for (const path of ['/me', '/read', `/named/index-${random(3)}-of-somebody`, '/admin']) {
            statuses.add(await ask(how, path, presented.header));
            // The first answer of others says all.
            if (!fate.startsWith('accepted')) break;
          }
        }
      }
    };
    await Promise.all((servers ?? []).map(present));
    application.send('rest');
    const [counts] = await once(application, 'message');
    expect([...statuses]).toEqual(expect.arrayContaining([200, 401, 403, 500, 503]));
    for (const what of [
      'DenialError',
      'LookupError',
      'InvalidPrivilegesError',
      'identity',
      'event',
      'warning',
    ]) {
      expect(counts[what], what).toBeGreaterThan(10);
    }
    for (const kind of ['authenticated', 'rejected', 'unavailable']) {
      expect(counts[`verdict: ${kind}`], kind).toBeGreaterThan(10);
    }

    const windows = new Map<string, string>();
    for (const { presented, fate } of known.values()) {
      const whose = `${presented.header.split(' ', 1)[0]}, ${fate}`;
      for (const window of windowsOf(presented.secrets)) windows.set(window, whose);
    }
    const strings: readonly string[] = JSON.parse(await readFile(snapshot, 'utf8')).strings;
    // What is kept is found: names that requests brought, and the owner of the keys.
    expect(strings.some((text) => text.includes('-of-somebody'))).toBe(true);
    // Random enough to share eight characters with somebody.
    const root = (text: string) => rootCertificates.some((certificate) => certificate.startsWith(text));
    const found = new Set<string>();
    for (const text of strings) {
      const window = windowIn(text, windows);
      if (window !== undefined && !root(text)) found.add(`${windows.get(window)}: ${text.slice(0, 200)}`);
    }
    expect([...found]).toEqual([]);
  } finally {
    application?.kill();
    await node.close();
    await rm(folder, { recursive: true });
  }
}, 180_000);
