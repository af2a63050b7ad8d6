// The Fetch API: what is read of its requests and headers, and a denial as its response.

import { authorizationOf, createVerifier, DenialError, responseOf, type Verifier } from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identityBody, respond, type ScriptedNode, startScriptedNode } from '../../support/scripted-node.js';

const jane = 'Bearer dGhlLXRva2VuLW9mLWphbmU=';
const problem = 'application/problem+json; charset=utf-8';

let node: ScriptedNode;
let verifier: Verifier;
beforeEach(async () => {
  node = await startScriptedNode(respond({ body: identityBody() }));
  verifier = createVerifier({ nodes: node.url });
});
afterEach(async () => {
  await verifier.close();
  await node.close();
});

/** As somebody would write it for a runtime that has nothing else. */
async function handle(request: Request): Promise<Response> {
  const presented = authorizationOf(request);
  const verdict = await verifier.verify(presented);
  if (verdict.kind !== 'authenticated') return responseOf(verifier.denial(verdict, presented));
  return new Response(verdict.identity.username);
}

const requestWith = (headers: Headers | Record<string, string>) =>
  new Request('http://api.example/me', { headers });

describe('a handler of requests', () => {
  test('knows who is calling', async () => {
    const response = await handle(requestWith({ authorization: jane }));
    expect([response.status, await response.text()]).toEqual([200, 'jane']);
  });

  test('answers who is not let in with all that a denial has', async () => {
    const response = await handle(requestWith({}));
    expect([response.status, response.statusText]).toEqual([401, 'Unauthorized']);
    expect(response.headers.get('content-type')).toBe(problem);
    expect(response.headers.get('cache-control')).toBe('no-store');
    // One after the other: as a list of challenges (RFC 9110 §11.6.1) they may stand in one line.
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer realm="elasticsearch", ApiKey realm="elasticsearch"',
    );
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      code: 'credentials_missing',
      detail: 'The request has no Authorization header.',
    });
  });

  test('P31: two values are malformed, whichever is good', async () => {
    const headers = new Headers({ authorization: jane });
    headers.append('authorization', jane);
    const response = await handle(requestWith(headers));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'credentials_malformed' });
    expect(node.requests).toEqual([]);
  });
});

test('headers alone will do', async () => {
  expect(authorizationOf(new Headers({ Authorization: jane }))).toBe(jane);
  expect(authorizationOf(new Headers())).toBeUndefined();
});

test('a header called get, or a method of a framework’s request, is not taken for headers', () => {
  expect(authorizationOf({ headers: { get: 'x', authorization: jane } })).toEqual({ authorization: jane });
  const request = { get: () => 'Bearer of-somebody', headers: { authorization: jane }, rawHeaders: [] };
  expect(authorizationOf(request)).toEqual({ authorization: jane });
});

test('an outage says when to come again, and a caught error is answered alike', async () => {
  await verifier.close();
  const verdict = await verifier.verify(jane);
  if (verdict.kind !== 'unavailable') throw new Error('it is closed');
  const denial = verifier.denial(verdict);
  for (const refusal of [denial, new DenialError(denial)]) {
    const response = responseOf(refusal);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(response.headers.has('www-authenticate')).toBe(false);
    expect(await response.json()).toEqual(denial.body);
  }
});
