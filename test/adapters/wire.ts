// The second part of the contract: what arrives in bytes, late, in part, twice, or not at all any more.

import { createVerifier } from '@esauth/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { openableGate } from '../support/gate.js';
import { getOverHttp2, http2Request } from '../support/http2-client.js';
import {
  errorBody,
  holdAnswers,
  identityBody,
  respond,
  startScriptedNode,
} from '../support/scripted-node.js';
import { listen, openLine, type Served, sendRaw, until } from '../support/serving.js';
import { answerIn, get, type World } from './adapter.js';
import { found, malformed, missing, notAccepted } from './requests.js';

export function wire<Step>(world: World<Step>): void {
  const { adapter } = world;
  const neverAnswered = { path: '/_security/_authenticate', delayMs: Number.POSITIVE_INFINITY };

  test('401 to the letter, with one line for each challenge', async () => {
    const served = await world.serveMe();
    const raw = await sendRaw(served.port, ['GET /me HTTP/1.1', 'Authorization: Bearer abc']);
    const [head = '', body] = raw.split('\r\n\r\n');
    const frameworks = /^(?:x-powered-by|date|connection|content-length|keep-alive):/i;
    const lines = head
      .split('\r\n')
      .filter((line) => !frameworks.test(line))
      .map((line) => line.replace(/^[^:]+:/, (name) => name.toLowerCase()));
    expect(lines.sort()).toEqual([
      'HTTP/1.1 401 Unauthorized',
      'cache-control: no-store',
      'content-type: application/problem+json; charset=utf-8',
      'www-authenticate: ApiKey realm="elasticsearch"',
      'www-authenticate: Bearer realm="elasticsearch", error="invalid_token"',
    ]);
    expect(body).toBe(
      '{"type":"about:blank","title":"Unauthorized","status":401,"code":"credentials_invalid",' +
        '"detail":"Elasticsearch does not accept this credential."}',
    );
  });

  test.each([
    ['kept apart, as Node does by default', {}],
    ['joined, as with joinDuplicateHeaders', { joinDuplicateHeaders: true }],
  ])('P31: two Authorization lines are malformed, whichever is good: %s', async (_how, options) => {
    const { verifier } = world;
    const { token } = world.issued;
    const served = await world.serve(
      { steps: [adapter.esauth(verifier)], routes: [{ path: '/me' }] },
      options,
    );
    for (const [first, second] of [
      [token, 'Bearer x'],
      ['Bearer x', token],
      [token, token],
    ]) {
      const lines = ['GET /me HTTP/1.1', `Authorization: ${first}`, `authorization: ${second}`];
      const [head, body] = (await sendRaw(served.port, lines)).split('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      expect(body).toBe(malformed('Bearer').body);
    }
    expect(answerIn(await get(served, '/me', token))).toEqual(found('jane'));
    expect(verifier.stats().lookups).toBe(1);
  });

  test('a body that is still being sent does not hold up the refusal', async () => {
    const served = await world.serve({
      steps: [adapter.esauth(world.verifier)],
      routes: [{ method: 'POST', path: '/me' }, { path: '/me' }],
    });
    const line = await openLine(served.port);
    line.write(
      'POST /me HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\nabc',
    );
    const received = await line.read((text) => text.endsWith('}'));
    expect(received).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
    expect(received.split('\r\n\r\n')[1]).toBe(missing.body);
    // And the connection is good for the next request.
    const next = `GET /me HTTP/1.1\r\nHost: a\r\nAuthorization: ${world.issued.token}\r\n\r\n`;
    line.write('x'.repeat(100_000 - 'abc'.length) + next);
    expect(await line.read((text) => text.endsWith('}'))).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    line.close();
  });

  test('a body that arrives during the lookup is there for the handler', async () => {
    const node = await startScriptedNode();
    const held = holdAnswers(node);
    const verifier = createVerifier({ nodes: node.url });
    world.cleanUp(node.close);
    world.cleanUp(() => verifier.close());
    const served = await world.serve({
      steps: [adapter.esauth(verifier)],
      routes: [{ method: 'POST', path: '/echo', handler: async (call) => ({ body: await call.body() }) }],
    });
    const line = await openLine(served.port);
    const head = ['POST /echo HTTP/1.1', 'Host: a', 'Authorization: Bearer abc', 'Content-Type: text/plain'];
    line.write(`${[...head, 'Content-Length: 11'].join('\r\n')}\r\n\r\nhello`);
    await node.arrived(1);
    line.write(' world');
    held.release(respond({ body: identityBody() }));
    expect(await line.read((text) => text.endsWith('}'))).toMatch(
      /^HTTP\/1\.1 200 OK\r\n.*\{"body":"hello world"\}$/s,
    );
    line.close();
  });

  test('a client that hangs up stops waiting, and its lookup is cancelled', async () => {
    const { verifier, elasticsearch, issued, errors } = world;
    const resume = elasticsearch.faults.add(neverAnswered);
    let handled = 0;
    const served = await world.serve({
      steps: [adapter.esauth(verifier)],
      routes: [{ path: '/me', handler: () => ({ handled: ++handled }) }],
    });
    const line = await openLine(served.port);
    line.write(`GET /me HTTP/1.1\r\nHost: a\r\nAuthorization: ${issued.token}\r\n\r\n`);
    await until(() => verifier.stats().waiting === 1);
    line.close();
    await until(() => verifier.stats().waiting === 0);
    resume();
    // The others are served as before.
    expect((await get(served, '/me', issued.token)).json).toEqual({ handled: 1 });
    expect([verifier.stats().inFlight, errors]).toEqual([0, []]);
  });

  test('what somebody else has begun to answer meanwhile is left alone', async () => {
    const node = await startScriptedNode();
    const held = holdAnswers(node);
    const verifier = createVerifier({ nodes: node.url });
    world.cleanUp(node.close);
    world.cleanUp(() => verifier.close());
    const { opened, open } = openableGate();
    const served = await world.serve({
      steps: [adapter.impatient(opened), adapter.esauth(verifier)],
      routes: [{ path: '/me' }],
    });
    const response = get(served, '/me', 'Bearer bm9ib2R5');
    await node.arrived(1);
    held.release(respond({ status: 401, body: errorBody(401, 'no') }));
    await until(() => verifier.stats().refusals === 1);
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    open();
    expect([(await response).status, (await response).text, world.errors]).toEqual([504, 'late', []]);
  });

  const { buildHttp2 } = adapter;
  if (buildHttp2 === undefined) return;
  describe('over HTTP/2', () => {
    let served: Served;
    beforeEach(async () => {
      const application = { steps: [adapter.esauth(world.verifier)], routes: [{ path: '/me' }] };
      served = await listen(await buildHttp2(application));
      world.cleanUp(() => served.close());
    });

    test('the answers are the same', async () => {
      for (const [authorization, { status, body, challenges }] of [
        [world.issued.token, found('jane')],
        [undefined, missing],
        ['Bearer bm9ib2R5', notAccepted('Bearer')],
        ['ApiKey a b', malformed('ApiKey')],
      ] as const) {
        const response = await getOverHttp2(served.url, authorization);
        expect([response.headers[':status'], response.text]).toEqual([status, body]);
        expect(response.headers['www-authenticate']).toBe(challenges?.join(', '));
        expect(response.headers['cache-control']).toBe(challenges && 'no-store');
      }
    });

    test('two Authorization lines are malformed', async () => {
      const { token } = world.issued;
      const line = await openLine(served.port);
      line.write(http2Request(['authorization', token], ['authorization', token]));
      await line.read((text) => text.includes(malformed('Bearer').body));
      line.close();
      expect(world.verifier.stats().lookups).toBe(0);
    });

    test('a client that hangs up stops waiting', async () => {
      const { verifier, elasticsearch, issued } = world;
      const resume = elasticsearch.faults.add(neverAnswered);
      const line = await openLine(served.port);
      line.write(http2Request(['authorization', issued.token]));
      await until(() => verifier.stats().waiting === 1);
      line.close();
      await until(() => verifier.stats().waiting === 0);
      resume();
      expect(verifier.stats().inFlight).toBe(0);
    });
  });
}
