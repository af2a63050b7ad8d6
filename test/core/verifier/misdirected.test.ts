// Answers to other questions: of a cache that looks at nothing but the path, of a proxy that mixes them up, and left
// over on a connection that is kept. Whoever asked must not become whoever they are about. Real sockets, and bytes as
// they come.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createVerifier, type Verdict, type Verifier, type VerifierOptions } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  errorBody,
  holdAnswers,
  identityBody,
  idOf,
  respond,
  type Script,
  type ScriptedAnswer,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

// Seconds of work, or of real time, which become more beside other work.
vi.setConfig({ testTimeout: 60_000 });

const bearer = (name: string) => `Bearer token-of-${name}-${'x'.repeat(20)}`;
const nameIn = (head: string) => /authorization: Bearer token-of-(\w+)-/.exec(head)?.[1] ?? '';
const keyCalled = (id: string) => `ApiKey ${Buffer.from(`${id}:secret`).toString('base64')}`;
/** Answers with whoever asks. */
const honest: Script = (socket, head) =>
  respond({ body: identityBody({ username: nameIn(head) }) })(socket, head);
/** The same, with other headers. */
const answering =
  (answer: ScriptedAnswer): Script =>
  (socket, head) =>
    respond({ body: identityBody({ username: nameIn(head) }), ...answer })(socket, head);
const stripped = answering({ headers: { 'x-opaque-id': undefined } });
const generic =
  'unable to authenticate with provided credentials and anonymous access is not allowed for this request';

let node: ScriptedNode;
let verifier: Verifier;
const create = (options: Partial<VerifierOptions> = {}) =>
  createVerifier({ nodes: node.url, cache: false, schemes: ['Bearer', 'ApiKey', 'Basic'], ...options });
beforeEach(async () => {
  node = await startScriptedNode(honest);
  verifier = create();
});
afterEach(async () => {
  await verifier.close();
  await node.close();
});

/** Whom the verdict lets in, or its code. */
const said = (verdict: Verdict) =>
  verdict.kind === 'authenticated' ? `is ${verdict.identity.username}` : verdict.code;
/**
 * @returns it when the connection, if it is still good, can be used again: undici waits for a turn of the event loop.
 */
async function ask(name: string): Promise<string> {
  const verdict = await verifier.verify(bearer(name));
  await turn();
  return said(verdict);
}
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
/** A script, and on which connection it answered last. */
function watched(script: Script): { readonly script: Script; readonly ended: () => Promise<void> } {
  let used: Socket | undefined;
  return {
    script(socket, head, body) {
      used = socket;
      script(socket, head, body);
    },
    async ended() {
      if (used === undefined) throw new Error('it never answered');
      if (!used.closed) await once(used, 'close');
    },
  };
}
/** Until a node that returns ids is known to. */
async function learn(): Promise<void> {
  for (let time = 0; time < 16; time += 1) expect(await ask('jane')).toBe('is jane');
}

test('every request bears an id of its own: both of a lookup, privileges, retries, second ones and probes', async () => {
  const second = await startScriptedNode(honest);
  await verifier.close();
  const options = {
    nodes: [node.url, second.url],
    apiKeyDetails: true,
    upstream: { hedgeAfterMs: 20, timeoutMs: 1_000 },
  };
  verifier = create(options);
  const key = { authentication_type: 'api_key', api_key: { id: 'k1' } };
  const all: Script = (socket, head) =>
    head.includes('/api_key')
      ? respond({ body: { api_keys: [{ id: 'k1' }] } })(socket, head)
      : answering({ body: identityBody(key) })(socket, head);
  for (const each of [node, second]) each.answer(all);
  expect(await verifier.verify(keyCalled('k1'))).toMatchObject({ kind: 'authenticated' });
  for (const each of [node, second]) each.answer(honest);
  await verifier.hasPrivileges(bearer('jane'), { cluster: ['monitor'] });
  const challenge = respond({ status: 401, body: errorBody(401, generic) });
  for (const each of [node, second]) each.answer(challenge);
  await verifier.check();
  second.answer(honest);
  node.answer((socket) => void socket.destroy());
  for (const name of ['ann', 'ben', 'cem', 'dan']) expect(await ask(name)).toBe(`is ${name}`);
  // One that does not know yet that the first has failed.
  await verifier.close();
  verifier = create(options);
  node.answer(() => {});
  for (const name of ['eva', 'fay', 'gil', 'hal']) expect(await ask(name)).toBe(`is ${name}`);
  expect(verifier.stats().hedges).toBeGreaterThan(0);
  const heads = [...node.requests, ...second.requests];
  expect(heads.length).toBeGreaterThan(14);
  expect(new Set(heads.map(idOf)).size).toBe(heads.length);
  await second.close();
});

const anothers: readonly (readonly [string, (id: string) => string])[] = [
  ['another id', () => '7b1a2f0e-0000-4000-8000-000000000000'],
  ['an empty one', () => ''],
  ['its own twice', (id) => `${id}\r\nx-opaque-id: ${id}`],
  ['its own and another one', (id) => `${id}\r\nx-opaque-id: b`],
  ['both in one line', (id) => `${id}, b`],
  ['its own in other letters', (id) => `${id.slice(0, 9).toUpperCase()}!${id.slice(10)}`],
];
describe.each<[number, ScriptedAnswer]>([
  [200, {}],
  [401, { status: 401, body: errorBody(401, generic) }],
  [403, { status: 403, body: errorBody(403, 'not for this') }],
  [500, { status: 500, body: errorBody(500, 'boom') }],
  [503, { status: 503, body: '<html>' }],
])('a %i', (_status, answer) => {
  test.each(anothers)(
    'with %s is no verdict, and its connection is not used again',
    async (_what, returned) => {
      await learn();
      const spoiled = watched((socket, head) => {
        const id = returned(idOf(head) ?? '');
        answering({ ...answer, headers: { 'x-opaque-id': id } })(socket, head);
      });
      node.answer(spoiled.script);
      const verdict = await verifier.verify(bearer('ann'));
      expect(verdict).toMatchObject({ kind: 'unavailable', code: 'bad_response' });
      if (verdict.kind === 'unavailable') {
        expect(verdict.cause.message).toContain(
          'must cache nothing of /_security, hand on each answer to whoever asked',
        );
      }
      expect(verifier.stats().nodes).toMatchObject([{ breaker: 'closed', failures: 0 }]);
      node.answer(honest);
      expect(await ask('ben')).toBe('is ben');
      await spoiled.ended();
    },
  );
});

test('a cache between that looks only at the path lets nobody in as whoever came first', async () => {
  let first: string | undefined;
  node.answer((socket, head) => {
    first ??= head;
    honest(socket, first);
  });
  expect(await ask('jane')).toBe('is jane');
  for (const name of ['ann', 'ben', 'jane']) expect(await ask(name)).toBe('bad_response');
});

describe('without an id', () => {
  test('answers of a node that never returns it are believed', async () => {
    node.answer(stripped);
    for (let n = 0; n < 100; n += 1) expect(await ask(`n${n}`)).toBe(`is n${n}`);
    expect(node.connections).toBe(1);
  });

  test.each<[string, ScriptedAnswer]>([
    ['an identity', {}],
    ['a refusal', { status: 401, body: errorBody(401, generic) }],
    ['a restriction', { status: 403, body: errorBody(403, 'not for this') }],
  ])(
    '%s from a node that returns it is no verdict, and its connection is not used again',
    async (_what, answer) => {
      await learn();
      node.answer(answering({ ...answer, headers: { 'x-opaque-id': undefined } }));
      const verdict = await verifier.verify(bearer('ann'));
      expect(verdict).toMatchObject({ kind: 'unavailable', code: 'bad_response' });
      expect(verdict.kind === 'unavailable' && verdict.cause.message).toContain('bears no X-Opaque-Id');
      await turn();
      node.answer(honest);
      expect(await ask('ben')).toBe('is ben');
      expect(node.connections).toBe(2);
      expect(verifier.stats().nodes).toMatchObject([{ failures: 0 }]);
    },
  );

  test.each<[string, ScriptedAnswer, string]>([
    ['a page of a gateway', { status: 502, body: '<html>' }, 'server_error'],
    ["a proxy's own refusal", { status: 401, body: '<html>' }, 'not_elasticsearch'],
    [
      'a head that is too long to be read',
      {
        status: 400,
        body: errorBody(400, 'HTTP header is larger than 16384 bytes.', { type: 'too_long_frame_exception' }),
      },
      'credentials_malformed',
    ],
  ])('%s is what it is, and unteaches nothing', async (_what, answer, code) => {
    await verifier.close();
    verifier = create({ upstream: { breaker: { failures: 100 } } });
    await learn();
    node.answer(answering({ ...answer, headers: { 'x-opaque-id': undefined } }));
    for (let time = 0; time < 4; time += 1) expect(await ask('ann')).toBe(code);
    node.answer(stripped);
    expect(await ask('ben')).toBe('bad_response');
  });

  test('a node behind two proxies, of which one strips it, is believed through both', async () => {
    let count = 0;
    node.answer((...request) => (count++ % 2 === 0 ? honest : stripped)(...request));
    for (let n = 0; n < 300; n += 1) expect(await ask(`n${n}`)).toBe(`is n${n}`);
  });

  test('a node whose way changes is believed again after three that are not', async () => {
    await learn();
    node.answer(stripped);
    const heard: string[] = [];
    for (let n = 0; n < 20; n += 1) heard.push(await ask('ann'));
    expect(heard).toEqual([...Array(3).fill('bad_response'), ...Array(17).fill('is ann')]);
  });

  test('each node is known by its own answers', async () => {
    const second = await startScriptedNode(stripped);
    await verifier.close();
    verifier = create({ nodes: [node.url, second.url] });
    for (let n = 0; n < 100; n += 1) expect(await ask(`n${n}`)).toBe(`is n${n}`);
    await second.close();
  });
});

describe('an answer that does not fit ends its connection:', () => {
  const key = { authentication_type: 'api_key', api_key: { id: 'k2' } };
  test.each<[string, string, ScriptedAnswer, string]>([
    ['of another key', keyCalled('k1'), { body: identityBody(key) }, 'credentials_invalid'],
    [
      'of a realm that reads no such credentials',
      bearer('ann'),
      { body: identityBody({ authentication_type: 'realm' }) },
      'credentials_invalid',
    ],
    ['of no shape', bearer('ann'), { body: '{}' }, 'bad_response'],
  ])('%s', async (_what, presented, answer, code) => {
    expect(await ask('jane')).toBe('is jane');
    node.answer(respond(answer));
    expect(said(await verifier.verify(presented))).toBe(code);
    await turn();
    node.answer(honest);
    expect(await ask('ben')).toBe('is ben');
    expect(node.connections).toBe(2);
  });

  test('somebody else’s privileges', async () => {
    const spoiled = watched((socket, head) => {
      const body = {
        username: 'eve',
        has_all_requested: true,
        cluster: { monitor: true },
        index: {},
        application: {},
      };
      (head.startsWith('POST') ? respond({ body }) : honest)(socket, head);
    });
    node.answer(spoiled.script);
    const verdict = await verifier.hasPrivileges(bearer('jane'), { cluster: ['monitor'] });
    expect(verdict).toMatchObject({ kind: 'rejected', code: 'credentials_invalid' });
    await spoiled.ended();
  });

  test('the entry of another key', async () => {
    await verifier.close();
    verifier = create({ apiKeyDetails: true });
    const spoiled = watched((socket, head) => {
      const mine = { authentication_type: 'api_key', api_key: { id: 'k1' } };
      const body = head.includes('/api_key') ? { api_keys: [{ id: 'k2' }] } : identityBody(mine);
      respond({ body })(socket, head);
    });
    node.answer(spoiled.script);
    expect(said(await verifier.verify(keyCalled('k1')))).toBe('bad_response');
    await spoiled.ended();
  });

  test.each<[string, ScriptedAnswer]>([
    ['an identity', {}],
    ['a refusal', { status: 401, body: errorBody(401, generic) }],
    ['an overload', { status: 429, body: errorBody(429, 'busy') }],
    ['a failure', { status: 500, body: errorBody(500, 'boom') }],
  ])('not so %s', async (_what, answer) => {
    node.answer(answering(answer));
    for (const name of ['ann', 'ben', 'cem']) await ask(name);
    expect(node.connections).toBe(1);
  });
});

describe('surplus answers on a connection that is kept', () => {
  /** What the node would have said to eve, had she asked. */
  const toEve = (id?: string): Script =>
    respond({ body: identityBody({ username: 'eve' }), headers: { 'x-opaque-id': id } });

  test('two answers at once: the first counts, and the connection is over', async () => {
    node.answer((socket, head) => {
      socket.cork();
      honest(socket, head);
      honest(socket, head);
      socket.uncork();
    });
    for (const name of ['ann', 'ben', 'cem']) expect(await ask(name)).toBe(`is ${name}`);
    expect(node.connections).toBe(3);
  });

  test('one that comes when the next question is there: it is nobody’s', async () => {
    let last: string | undefined;
    // Answers each question with what the one before was to get, as a proxy does that has lost count.
    node.answer((socket, head) => {
      honest(socket, last ?? head);
      last = head;
    });
    expect(await ask('ann')).toBe('is ann');
    expect(await ask('ben')).toBe('bad_response');
    expect(await ask('cem')).toBe('bad_response');
    expect(node.connections).toBe(3);
  });

  test('one of somebody who sent no id, from a node that returns it', async () => {
    await learn();
    node.answer((socket, head) => {
      toEve()(socket, head);
      honest(socket, head);
    });
    expect(await ask('ann')).toBe('bad_response');
    node.answer(honest);
    expect(await ask('ben')).toBe('is ben');
    expect(node.connections).toBe(2);
  });

  test('an answer to a question that was given up: it meets nobody on that connection', async () => {
    const sockets: Socket[] = [];
    const held = holdAnswers(node);
    const leaving = new AbortController();
    const left = verifier.verify(bearer('eve'), { signal: leaving.signal });
    await node.arrived(1);
    leaving.abort();
    await expect(left).rejects.toThrow();
    const next = ask('ben');
    await node.arrived(2);
    const late: Script = (socket, head) => {
      sockets.push(socket);
      honest(socket, head);
    };
    held.release(late);
    held.release(late);
    expect(await next).toBe('is ben');
    expect(sockets[0]).not.toBe(sockets[1]);
  });

  test('an answer before any question: it is nobody’s', async () => {
    const eager = createServer((socket) => {
      socket.on('error', () => {});
      toEve('a')(socket, '');
    }).listen(0, '127.0.0.1');
    await once(eager, 'listening');
    await verifier.close();
    const { port } = eager.address() as AddressInfo;
    verifier = create({ nodes: `http://127.0.0.1:${port}`, upstream: { timeoutMs: 1_000, retries: 0 } });
    for (let time = 0; time < 10; time += 1) {
      expect(await verifier.verify(bearer('ann'))).toMatchObject({ kind: 'unavailable' });
    }
    eager.close();
  });

  test('two thousand callers on a connection that does all of this by chance: nobody is somebody else', async () => {
    await learn();
    let last = '';
    const spoiled: readonly Script[] = [
      (socket, head) => {
        honest(socket, head);
        honest(socket, last);
      },
      (socket, head) => {
        honest(socket, head);
        setImmediate(() => honest(socket, last));
      },
      (socket, head) => {
        honest(socket, last);
        honest(socket, head);
      },
      (socket, head) => {
        toEve()(socket, head);
        honest(socket, head);
      },
      (socket, head) => {
        honest(socket, head);
        setTimeout(() => toEve('a')(socket, head), 1);
      },
    ];
    let count = 0;
    node.answer((socket, head) => {
      count += 1;
      // Sixteen as they should be make up for one that lacks its id.
      const script = count % 17 === 0 ? spoiled[Math.floor(Math.random() * spoiled.length)] : honest;
      script?.(socket, head);
      last = head;
    });
    const heard = { own: 0, none: 0, anothers: 0 };
    for (let round = 0; round < 250; round += 1) {
      const names = Array.from({ length: 8 }, (_, n) => `n${round}x${n}`);
      for (const [n, verdict] of (await Promise.all(names.map(ask))).entries()) {
        if (verdict === `is ${names[n]}`) heard.own += 1;
        else heard[verdict.startsWith('is ') ? 'anothers' : 'none'] += 1;
      }
    }
    expect(heard.anothers).toBe(0);
    expect(heard.own).toBeGreaterThan(1_700);
  });
});
