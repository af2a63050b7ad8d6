// What can become of one request, by the two handler interfaces that an exchange speaks: the older one, to connections
// of our own, and the newer one, to somebody else's dispatcher.

import type { Socket } from 'node:net';
import { Agent, type Dispatcher, Pool } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Answer } from '../../../packages/core/src/upstream/exchange.js';
import { createTransports, type Transport } from '../../../packages/core/src/upstream/transport.js';
import {
  idOf,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

const mebibyte = 1_048_576;
const request = { path: '/', headers: { accept: 'application/json' }, authorization: 'Bearer secret' };

const kinds: readonly (readonly [string, (origin: string) => Dispatcher | undefined])[] = [
  ['connections of our own', () => undefined],
  ['a Pool', (origin) => new Pool(origin, { connections: 1 })],
  ['an Agent', () => new Agent({ connections: 1 })],
];

describe.each(kinds)('by %s', (kind, open) => {
  let node: ScriptedNode;
  let way: Transport;
  let dispatcher: Dispatcher | undefined;

  beforeEach(async () => {
    node = await startScriptedNode();
    dispatcher = open(node.url);
    const settings = { tls: {}, connectTimeoutMs: 60_000, maxConnections: 1, dispatcher };
    way = createTransports(settings).connect(node.url);
  });
  afterEach(async () => {
    await way.close();
    await dispatcher?.destroy();
    await node.close();
  });

  const send = (script: Script, signal: AbortSignal = new AbortController().signal): Promise<Answer> => {
    node.answer(script);
    return way.send(request, signal);
  };
  const textOf = ({ body }: Answer) => body?.toString();

  test('the answer is what came, and so was the request', async () => {
    const answer = await send(
      respond({ status: 201, body: 'yes', headers: { 'X-Two': 'b', 'x-Three': 'c' } }),
    );
    expect([answer.status, textOf(answer), answer.echoed]).toEqual([201, 'yes', true]);
    expect(['x-two', 'x-three', 'x-four'].map((name) => answer.head.get(name))).toEqual([
      'b',
      'c',
      undefined,
    ]);
    expect(answer.head.all()).toMatchObject({ 'x-two': 'b', 'content-length': '3' });
    const [head = ''] = node.requests;
    expect(head).toMatch(/^GET \/ HTTP\/1\.1\r\n/);
    for (const line of ['authorization: Bearer secret', 'accept: application/json']) {
      expect(head.split('\r\n')).toContain(line);
    }
    expect(idOf(head)).toHaveLength(36);
  });

  test('a body goes with its type and its length', async () => {
    node.answer(respond());
    await way.send({ ...request, body: '{"é":1}' }, new AbortController().signal, '/below');
    const [head = ''] = node.requests;
    expect(head).toMatch(/^POST \/below\/ HTTP\/1\.1\r\n/);
    expect(head.toLowerCase().split('\r\n')).toEqual(
      expect.arrayContaining(['content-type: application/json', 'content-length: 8']),
    );
  });

  test('no body is an empty one', async () => {
    expect(textOf(await send(respond({ status: 204 })))).toBe('');
  });

  test.each([1, 7, 4_095, 4_096, 4_097, 300_000])(
    'a body in pieces of %i bytes is the same',
    async (size) => {
      const text = Array.from({ length: Math.min(300_000, size * 150) }, (_, n) => n % 10).join('');
      const drip = async (socket: Socket, head: string) => {
        socket.setNoDelay(true);
        socket.write(
          `HTTP/1.1 200 OK\r\nx-opaque-id: ${idOf(head)}\r\ncontent-length: ${text.length}\r\n\r\n`,
        );
        for (let at = 0; at < text.length; at += size) {
          socket.write(text.slice(at, at + size));
          if ((at / size) % 8 === 0) await new Promise(setImmediate);
        }
      };
      const answer = await send((socket, head) => void drip(socket, head));
      expect(textOf(answer)).toBe(text);
    },
  );

  test('a body of one MiB is read, and one that is a byte longer is not', async () => {
    expect((await send(respond({ body: 'x'.repeat(mebibyte) }))).body).toHaveLength(mebibyte);
    expect((await send(respond({ body: 'x'.repeat(mebibyte + 1) }))).body).toBeUndefined();
    // The rest of it is nobody's answer.
    expect(textOf(await send(respond({ body: 'next' })))).toBe('next');
  });

  test('a connection that ends in the middle of the body is an error', async () => {
    const cut: Script = (socket, head) => {
      respond({ headers: { 'content-length': '9' }, body: '{' })(socket, head);
      setImmediate(() => socket.destroy());
    };
    await expect(send(cut)).rejects.toMatchObject({ code: expect.stringMatching(/^(UND_ERR|ECONN)/) });
    expect(textOf(await send(respond({ body: 'next' })))).toBe('next');
  });

  test('one who leaves while the body comes hears of nothing more', async () => {
    const gone = new AbortController();
    const left = new Error('left');
    let finish = () => {};
    const pending = send((socket, head) => {
      respond({ headers: { 'content-length': '9' }, body: '{' })(socket, head);
      finish = () => socket.write('"late": 1}');
    }, gone.signal);
    await node.arrived(1);
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    gone.abort(left);
    finish();
    await expect(pending).rejects.toBe(left);
    expect(textOf(await send(respond({ body: 'next' })))).toBe('next');
  });

  test('one who leaves before anything is sent hears so at once, and nothing is sent', async () => {
    const gone = new AbortController();
    const pending = send(respond(), gone.signal);
    gone.abort('left');
    await expect(pending).rejects.toBe('left');
    expect(textOf(await send(respond({ body: 'next' })))).toBe('next');
    const secrets = node.requests.filter((head) => /bearer secret/i.test(head));
    expect(secrets).toHaveLength(1);
  });

  test('one who leaves after the answer changes nothing', async () => {
    const gone = new AbortController();
    const answer = await send(respond({ body: 'yes' }), gone.signal);
    gone.abort('left');
    expect(textOf(answer)).toBe('yes');
    expect(textOf(await send(respond({ body: 'next' })))).toBe('next');
    expect(node.connections).toBe(1);
  });

  test('interim answers are none, where undici takes them', async () => {
    // It destroys the connection at 100, which our own connections keep from it.
    const interim =
      kind === 'connections of our own' ? ['100 Continue', '102 Processing'] : ['102 Processing'];
    const answer = await send((socket, head) => {
      for (const each of [...interim, '103 Early Hints'])
        socket.write(`HTTP/1.1 ${each}\r\nx-one: 1\r\n\r\n`);
      respond({ body: 'yes' })(socket, head);
    });
    expect([answer.status, textOf(answer), answer.head.get('x-one')]).toEqual([200, 'yes', undefined]);
  });

  test('an upgrade that nobody asked for is an error', async () => {
    const upgrade: Script = (socket) =>
      void socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
    await expect(send(upgrade)).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
    expect(textOf(await send(respond({ body: 'next' })))).toBe('next');
  });

  test('an answer to another question is an error, whatever comes after its head', async () => {
    const other = respond({ body: 'theirs', headers: { 'x-opaque-id': 'another' } });
    await expect(send(other)).rejects.toMatchObject({ code: 'ESAUTH_MISDIRECTED' });
    expect(textOf(await send(respond({ body: 'next' })))).toBe('next');
    expect(node.connections).toBe(2);
  });

  test('a header that comes twice has both values', async () => {
    const answer = await send((socket, head) =>
      respond({ body: 'yes', headers: { 'X-Elastic-Product': 'Elasticsearch\r\nX-ELASTIC-product: other' } })(
        socket,
        head,
      ),
    );
    const values = answer.head.get('x-elastic-product');
    expect(values).toEqual(expect.arrayContaining(['Elasticsearch', 'other']));
    expect(answer.head.all()['x-elastic-product']).toEqual(values);
  });

  test('who hangs up has another connection next, if it is our own', async () => {
    const answer = await send(respond({ body: 'yes' }));
    answer.hangUp();
    await send(respond({ body: 'next' }));
    expect(node.connections).toBe(dispatcher === undefined ? 2 : 1);
  });
});

test('interceptors of a dispatcher see headers as members, as those of undici expect them', async () => {
  const node = await startScriptedNode(respond({ body: 'yes' }));
  const seen: unknown[] = [];
  const dispatcher = new Agent().compose((dispatch) => (options, handler) => {
    seen.push(options.headers);
    return dispatch(options, handler);
  });
  const way = createTransports({ tls: {}, connectTimeoutMs: 60_000, maxConnections: 1, dispatcher });
  await way.connect(node.url).send(request, new AbortController().signal);
  const id = idOf(node.requests[0] ?? '');
  expect(seen).toEqual([{ authorization: 'Bearer secret', accept: 'application/json', 'x-opaque-id': id }]);
  await dispatcher.destroy();
  await node.close();
});

test.each([false, true])(
  'what is closed is asked nothing, whether it was asked before: %s',
  async (before) => {
    const node = await startScriptedNode(respond({ body: 'yes' }));
    const settings = { tls: {}, connectTimeoutMs: 60_000, maxConnections: 1, dispatcher: undefined };
    const way = createTransports(settings).connect(node.url);
    const { signal } = new AbortController();
    if (before) await way.send(request, signal);
    await way.close();
    await expect(way.send(request, signal)).rejects.toMatchObject({ code: 'UND_ERR_DESTROYED' });
    expect(node.requests).toHaveLength(before ? 1 : 0);
    await node.close();
  },
);
