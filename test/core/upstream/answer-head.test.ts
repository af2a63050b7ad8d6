// The first bytes of an answer: what comes unasked before it is passed over, and after an answer to the head the
// connection is given up, because the node may read no further on it.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createVerifier, type Verdict, type Verifier } from '@esauth/core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { watchAnswers } from '../../../packages/core/src/upstream/answer-head.js';
import { type Certificates, makeCertificates } from '../../support/certificates.js';
import {
  errorBody,
  identityBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

const bearer = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const accepted = respond({ body: identityBody() });
const missing = respond({ status: 401, body: errorBody(401, 'token expired') });

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates();
});

let node: ScriptedNode;
let verifier: Verifier;
beforeEach(async () => {
  node = await startScriptedNode(accepted);
  verifier = createVerifier({ nodes: node.url, cache: false });
});
afterEach(async () => {
  await verifier.close();
  await node.close();
});

/** Until a connection that is still good can be used again: undici waits for a turn of the event loop. */
async function rested(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

const said = (verdict: Verdict) => (verdict.kind === 'unavailable' ? verdict.cause.message : verdict.kind);

/** What a script would write, as one text. */
function textOf(script: Script): string {
  const written: string[] = [];
  script({ write: (chunk: string) => written.push(chunk) } as unknown as Socket, '');
  return written.join('');
}

describe('an answer to the head', () => {
  /** Answers the first request of each connection with `first`, all of whose others are never answered. */
  const deafAfter = (first: Script): Script => {
    const deaf = new Set<Socket>();
    return (socket, head) => {
      if (deaf.has(socket)) return;
      deaf.add(socket);
      (head.includes('stranger') ? accepted : first)(socket, head);
    };
  };
  const tooLong = errorBody(400, 'HTTP header is larger than 16384 bytes.');
  const chunked = (status: number) => (socket: Socket) => {
    const text = JSON.stringify(tooLong);
    socket.write(
      `HTTP/1.1 ${status} Scripted\r\nx-elastic-product: Elasticsearch\r\ntransfer-encoding: chunked\r\n\r\n` +
        `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
    );
  };
  const table: readonly (readonly [string, number, Script])[] = [
    ...[400, 408, 413, 414, 431].map(
      (status) => ['a body', status, respond({ status, body: tooLong })] as const,
    ),
    ['chunks', 400, chunked(400)],
    ['no body', 431, respond({ status: 431 })],
    [
      'keep-alive promised',
      400,
      respond({ status: 400, headers: { connection: 'keep-alive' }, body: tooLong }),
    ],
  ];
  test.each(table)(
    'V6: with %s (%d): it is read whole, and the next lookup is answered at once',
    async (...row) => {
      const [how, status, script] = row;
      node.answer(deafAfter(script));
      const refused = await verifier.verify(`Bearer ${'x'.repeat(8_000)}`);
      expect(refused).toMatchObject({
        kind: 'unavailable',
        code: 'bad_response',
        cause: { upstreamStatus: status },
      });
      await rested();
      if (how !== 'no body') expect(refused).toMatchObject({ cause: { reason: tooLong.error.reason } });
      expect(await verifier.verify('Bearer stranger')).toMatchObject({ kind: 'authenticated' });
      expect(node.connections).toBe(2);
    },
  );

  test('V6: over TLS too', async () => {
    const secure = await startScriptedNode(
      deafAfter(respond({ status: 400, body: tooLong })),
      certificates.server,
    );
    await verifier.close();
    verifier = createVerifier({ nodes: secure.url, cache: false, tls: { ca: certificates.ca } });
    expect(await verifier.verify(bearer)).toMatchObject({ cause: { reason: tooLong.error.reason } });
    await rested();
    expect(await verifier.verify('Bearer stranger')).toMatchObject({ kind: 'authenticated' });
    await secure.close();
  });

  test('every other answer leaves its connection in use', async () => {
    for (const status of [401, 403, 404, 405, 429, 500]) {
      node.answer(respond({ status, body: errorBody(status, 'x') }));
      await verifier.verify(bearer);
      await rested();
    }
    node.answer(accepted);
    await verifier.verify(bearer);
    expect(node.connections).toBe(1);
  });
});

describe('an interim answer', () => {
  const interim = (status: number) => `HTTP/1.1 ${status} Interim\r\nx-a: b\r\n\r\n`;
  const table: readonly (readonly [string, string])[] = [
    ['100 Continue', interim(100)],
    ['100 Continue without headers', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['102 Processing', interim(102)],
    ['103 Early Hints', interim(103)],
    ['several', interim(100) + interim(103) + interim(100) + interim(102)],
  ];
  test.each(table)('%s is passed over', async (_name, before) => {
    node.answer((socket) => void socket.write(before + textOf(accepted)));
    for (let n = 0; n < 3; n += 1) {
      expect(said(await verifier.verify(bearer))).toBe('authenticated');
      await rested();
    }
    node.answer((socket) => void socket.write(before + textOf(missing)));
    expect(await verifier.verify(bearer)).toMatchObject({ code: 'credentials_expired' });
    expect(node.connections).toBe(1);
  });

  test('wherever it is torn', async () => {
    const text = interim(100) + interim(100) + textOf(accepted);
    const tear = async (socket: Socket, at: number) => {
      socket.write(text.slice(0, at));
      await rested();
      socket.write(text.slice(at));
    };
    for (let at = 1; at < 2 * interim(100).length + 30; at += 1) {
      node.answer((socket) => void tear(socket.setNoDelay(true), at));
      expect(said(await verifier.verify(bearer))).toBe('authenticated');
      await rested();
    }
    expect(node.connections).toBe(1);
  });

  test('a 100 that never ends is no answer', async () => {
    node.answer((socket) => void socket.write(`HTTP/1.1 100 Continue\r\nx: ${'y'.repeat(20_000)}`));
    expect(await verifier.verify(bearer)).toMatchObject({ kind: 'unavailable' });
  });

  test('nor is one after which the connection ends', async () => {
    for (const last of [interim(100), 'HTTP/1.1 10', 'HTTP/1.1 400 Bad']) {
      node.answer((socket) => void socket.end(last));
      expect(await verifier.verify(bearer)).toMatchObject({ kind: 'unavailable', code: 'unreachable' });
    }
  });
});

describe('nothing else is touched', () => {
  /** What comes out of a watched connection, of what is written to it after a request, torn at `at`. */
  async function through(text: string, at: number): Promise<string> {
    const server = createServer((socket) => void tear(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const client = connect(port, '127.0.0.1');
    const tear = async (socket: Socket) => {
      await once(socket, 'data');
      socket.write(text.slice(0, at));
      while (client.bytesRead < at) await new Promise(setImmediate);
      socket.end(text.slice(at));
    };
    await once(client, 'connect');
    watchAnswers(client);
    client.write('request');
    let received = '';
    for await (const chunk of client) received += chunk.toString('latin1');
    server.close();
    return received;
  }

  const looksInterim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n';
  test.each([
    [
      'a body that looks like an interim answer',
      `HTTP/1.1 200 OK\r\ncontent-length: 60\r\n\r\n${looksInterim}`,
    ],
    ['headers that do', `HTTP/1.1 200 OK\r\nx: ${looksInterim}`],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\nrest'],
    ['another version', 'HTTP/1.0 100 Continue\r\n\r\nHTTP/2.0 100 Continue\r\n\r\n'],
    ['something else', 'SSH-2.0-OpenSSH_9.9\r\nHTTP/1.1 100 Continue\r\n\r\n'],
    ['a short something', 'HTTP/1'],
    ['nothing', ''],
  ])('%s', async (_name, text) => {
    for (let at = 0; at <= text.length; at += 1) expect(await through(text, at)).toBe(text);
  });
});

test('headers above the limit are named as that, in the cause and in the warning', async () => {
  node.answer(respond({ headers: { 'x-long': 'y'.repeat(20_000) } }));
  const verdict = await verifier.verify(bearer);
  expect(verdict).toMatchObject({ kind: 'unavailable', code: 'bad_response' });
  expect(said(verdict)).toMatch(/: the answer has more than \d+ bytes of headers, and no more are read; /);
});
