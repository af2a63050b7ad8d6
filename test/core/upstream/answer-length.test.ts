// How long and how deep an answer may be, and what one costs that comes in pieces.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createVerifier, type Verdict, type Verifier, type VerifierOptions } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { worded } from '../../../packages/core/src/values/messages.js';
import { heldBytes } from '../../support/heap.js';
import {
  errorBody,
  identityBody,
  respond,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

const key = `ApiKey ${Buffer.from('k1:secret-of-the-key').toString('base64')}`;
const keyRealm = { name: '_es_api_key', type: '_es_api_key' };

let node: ScriptedNode;
let verifier: Verifier | undefined;
beforeEach(async () => {
  node = await startScriptedNode();
});
afterEach(async () => {
  await verifier?.close();
  verifier = undefined;
  await node.close();
});

/** An object of exactly so many bytes as JSON. */
function padded(body: Readonly<Record<string, unknown>>, bytes: number): Record<string, unknown> {
  const metadata = { padding: '' };
  metadata.padding = 'x'.repeat(bytes - JSON.stringify({ ...body, metadata }).length);
  return { ...body, metadata };
}

function verifyWith(options: Partial<VerifierOptions>, credential = 'Bearer a-token'): Promise<Verdict> {
  verifier = createVerifier({ nodes: node.url, ...options });
  return verifier.verify(credential);
}

function causeOf(verdict: Verdict) {
  if (verdict.kind !== 'unavailable') throw new TypeError(`${verdict.kind}, and not unavailable`);
  return [verdict.code, verdict.cause.message];
}

describe('the body that says who it is', () => {
  test.each<[string, Partial<VerifierOptions>, number, string]>([
    ['by default', {}, 65_536, 'raise upstream.maxBodyBytes'],
    ['as the option says', { upstream: { maxBodyBytes: 4_096 } }, 4_096, 'raise upstream.maxBodyBytes'],
    [
      'at the most',
      { upstream: { maxBodyBytes: 1_048_576 } },
      1_048_576,
      'the most for upstream.maxBodyBytes',
    ],
    ['with the details of keys', { apiKeyDetails: true }, 262_144, 'raise upstream.maxBodyBytes'],
  ])('is read up to so many bytes, and no further: %s', async (_when, options, limit, cure) => {
    node.answer(respond({ body: padded(identityBody(), limit) }));
    expect(await verifyWith(options)).toMatchObject({ kind: 'authenticated' });
    await verifier?.close();
    node.answer(respond({ body: padded(identityBody(), limit + 1) }));
    expect(causeOf(await verifyWith(options))).toEqual([
      'bad_response',
      worded('bad_response', `${node.url}/: the answer (200) is longer than ${limit} bytes: ${cure}`),
    ]);
    expect(verifier?.stats()).toMatchObject({ entries: 0, bytes: 0 });
  });

  test('counts in bytes, and not in characters', async () => {
    const full_name = 'ж'.repeat(32_700);
    node.answer(respond({ body: identityBody({ full_name }) }));
    expect(causeOf(await verifyWith({}))[0]).toBe('bad_response');
  });

  test('so does that of a key', async () => {
    const who = identityBody({
      ...{ authentication_type: 'api_key', authentication_realm: keyRealm, lookup_realm: keyRealm },
      api_key: { id: 'k1' },
    });
    let length = 4_096;
    const entry = () => ({ api_keys: [padded({ id: 'k1' }, length - '{"api_keys":[]}'.length)] });
    node.answer((socket, head) =>
      respond({ body: head.startsWith('GET /_security/api_key?') ? entry() : who })(socket, head),
    );
    const options = { apiKeyDetails: true, upstream: { maxBodyBytes: 4_096 } };
    expect(await verifyWith(options, key)).toMatchObject({ kind: 'authenticated' });
    await verifier?.close();
    length += 1;
    expect(causeOf(await verifyWith(options, key))[1]).toMatch(/longer than 4096 bytes: raise upstream/);
  });
});

describe('JSON inside of JSON', () => {
  /** A body that is so deep, with the one that it is made from. */
  const deep = (body: object, depth: number) =>
    JSON.stringify({ ...body, deep: '?' }).replace('"?"', '['.repeat(depth - 1) + ']'.repeat(depth - 1));

  test('is read a thousand deep', async () => {
    node.answer(respond({ body: deep(identityBody(), 1_000) }));
    expect(await verifyWith({})).toMatchObject({ kind: 'authenticated' });
  });

  test.each([1_001, 30_000])('and no deeper: %i', async (depth) => {
    node.answer(respond({ body: deep(identityBody(), depth) }));
    expect(causeOf(await verifyWith({}))).toEqual([
      'bad_response',
      worded('bad_response', `${node.url}/: the answer (200) does not say who it is`),
    ]);
  });

  test('a refusal neither: it is none then', async () => {
    const body = errorBody(401, 'unable to authenticate user [jane] for REST request [/]');
    node.answer(respond({ status: 401, body: deep(body, 30_000) }));
    expect(causeOf(await verifyWith({}))[0]).toBe('not_elasticsearch');
  });
});

test('a refusal is heard however long it is: it may quote the caller, escaped and twice', async () => {
  const quoted = '\u0001'.repeat(12_000);
  const body = errorBody(401, `unable to authenticate user [${quoted}] for REST request [/]`);
  expect(JSON.stringify(body).length).toBeGreaterThan(140_000);
  node.answer(respond({ status: 401, body }));
  expect(await verifyWith({})).toEqual({ kind: 'rejected', code: 'credentials_invalid' });
});

test('an answer about privileges may be as long as its question made it, up to one MiB', async () => {
  const names = Array.from({ length: 400 }, (_, n) => `${n}`.padEnd(200, 'x'));
  const index = Object.fromEntries(names.map((name) => [name, { read: true }]));
  let padding = '';
  node.answer((socket, head) =>
    respond({ body: head.startsWith('POST ') ? { username: 'jane', index, padding } : identityBody() })(
      socket,
      head,
    ),
  );
  verifier = createVerifier({ nodes: node.url, upstream: { maxBodyBytes: 4_096 } });
  const ask = () =>
    verifier?.hasPrivileges('Bearer a-token', { index: [{ names, privileges: ['read'] }] }, { maxAgeMs: 0 });
  expect(await ask()).toMatchObject({ kind: 'answered', privileges: { has_all_requested: true } });
  padding = 'x'.repeat(1_048_576);
  const verdict = await ask();
  if (verdict?.kind !== 'unavailable') throw new TypeError(`${verdict?.kind}`);
  expect(verdict.cause.message).toBe(
    worded('bad_response', `${node.url}/: the answer (200) is longer than 1048576 bytes`),
  );
});

test('an answer in chunks of one byte costs what it weighs', async () => {
  const text = JSON.stringify(padded(identityBody(), 65_536));
  const chunks = [...text].map((byte) => `1\r\n${byte}\r\n`);
  let finish = () => {};
  node.answer((socket) => {
    const head =
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-elastic-product: Elasticsearch\r\n' +
      'transfer-encoding: chunked\r\n\r\n';
    socket.write(`${head}${chunks.slice(0, -1).join('')}`);
    finish = () => void socket.write(`${chunks.at(-1)}0\r\n\r\n`);
  });
  let received = 0;
  const count = () => {
    received += 1;
  };
  subscribe('undici:request:bodyChunkReceived', count);
  try {
    const before = await heldBytes();
    const verdict = verifyWith({ upstream: { timeoutMs: 60_000 } });
    while (received < text.length - 1) await new Promise(setImmediate);
    // As many views of what was read would be 7.7 MB.
    expect((await heldBytes()) - before).toBeLessThan(2_000_000);
    finish();
    expect(await verdict).toMatchObject({ kind: 'authenticated', identity: { username: 'jane' } });
  } finally {
    unsubscribe('undici:request:bodyChunkReceived', count);
  }
});
