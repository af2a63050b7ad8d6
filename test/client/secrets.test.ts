// Canaries go wherever a call can take a credential, and nodes say them again wherever an answer has room: eight
// characters of one in a row must not come out in an error, its cause, its details, its stack, or a warning.

import { randomBytes } from 'node:crypto';
import {
  createSecurityClient,
  createTokenSource,
  memoryTokenStore,
  type SecurityClient,
  sessionRoutes,
} from '@esauth/client';
import { createVerifier } from '@esauth/core';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { views, watchEverything, windowIn, windowsOf } from '../support/exposed.js';
import {
  errorBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../support/scripted-node.js';

let node: ScriptedNode;
beforeEach(async () => {
  node = await startScriptedNode();
});
afterEach(() => node.close());

const canary = () => randomBytes(24).toString('base64url');

/** Answers that quote what they were asked with. */
function echoes(said: string): readonly Script[] {
  const part = { type: said, reason: said };
  const refusals = [400, 401, 403, 404, 409, 429, 500, 503].flatMap((status) => [
    respond({ status, body: errorBody(status, said, { type: said, [said]: said }) }),
    respond({ status, body: { error: said, error_description: said } }),
    respond({ status, body: { error: 'invalid_grant', error_description: said } }),
    respond({ status, body: said, headers: { 'retry-after': said, location: said } }),
  ]);
  return [
    ...refusals,
    respond({
      body: { error_count: 1, error_details: [part, { caused_by: part }], [said]: said, ids: [said] },
    }),
    respond({ body: { errors: { count: 2, details: { [said]: part } }, updated: [said] } }),
    respond({ body: said }),
    respond({ body: { access_token: { [said]: said } } }),
    respond({ status: 302, headers: { location: `http://127.0.0.1:1/${said}` } }),
    (socket) => void socket.end(said),
    (socket) => void socket.end(`HTTP/1.1 200 OK\r\n${said}\r\n\r\n`),
    (socket) => void socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n${said}`),
    (socket) => void socket.destroy(),
  ];
}

interface Way {
  readonly secrets: readonly string[];
  /** As it is on the wire, where that is another text. */
  readonly encoded?: readonly string[];
  readonly options?: object;
  readonly call: (client: SecurityClient) => Promise<unknown>;
}

function ways(): Record<string, Way> {
  const [a, b] = [canary(), canary()];
  const basic = Buffer.from(`jane:${a}`).toString('base64');
  return {
    'the client’s bearer': {
      secrets: [a],
      options: { auth: { bearer: a } },
      call: (it) => it.authenticate(),
    },
    'the client’s key': {
      secrets: [a],
      encoded: [basic],
      options: { auth: { apiKey: { id: 'jane', api_key: a } } },
      call: (it) => it.createApiKey({ name: 'k' }),
    },
    'the client’s password': {
      secrets: [a],
      encoded: [basic],
      options: { auth: { username: 'jane', password: a } },
      call: (it) => it.getApiKeys(),
    },
    'a function’s': {
      secrets: [a],
      options: { auth: { authorization: async () => `Bearer ${a}` } },
      call: (it) => it.invalidateApiKey({ name: 'k' }),
    },
    'that of a call': { secrets: [a], call: (it) => it.authenticate({ authorization: `Bearer ${a}` }) },
    'a password grant': {
      secrets: [a],
      call: (it) => it.getToken({ grant_type: 'password', username: 'jane', password: a }),
    },
    'a refresh token': {
      secrets: [a],
      call: (it) => it.getToken({ grant_type: 'refresh_token', refresh_token: a }),
    },
    'a ticket': { secrets: [a], call: (it) => it.getToken({ grant_type: '_kerberos', kerberos_ticket: a }) },
    'a token that is ended': { secrets: [a], call: (it) => it.invalidateToken({ token: a }) },
    'a refresh token that is ended': {
      secrets: [a],
      call: (it) => it.invalidateToken({ refresh_token: a }),
    },
    'a password for a key': {
      secrets: [a],
      call: (it) =>
        it.grantApiKey({ grant_type: 'password', username: 'j', password: a, api_key: { name: 'k' } }),
    },
    'a token and a shared secret for a key': {
      secrets: [a, b],
      call: (it) =>
        it.grantApiKey({
          grant_type: 'access_token',
          access_token: a,
          client_authentication: { scheme: 'SharedSecret', value: b },
          api_key: { name: 'k' },
        }),
    },
    'a key that is copied': {
      secrets: [a],
      encoded: [basic],
      call: (it) => it.cloneApiKey({ api_key: basic, name: 'k' }),
    },
    'a new password': { secrets: [a], call: (it) => it.changePassword({ username: 'j', password: a }) },
    'a hash': { secrets: [a], call: (it) => it.changePassword({ username: 'j', password_hash: a }) },
  };
}

test.each(Object.keys(ways()))('%s', async (name) => {
  const { secrets, encoded = [], options, call } = ways()[name] as Way;
  const client = createSecurityClient({ nodes: node.url, auth: { bearer: 'short' }, ...options });
  onTestFinished(() => client.close());
  const windows = windowsOf([...secrets, ...encoded]);
  const said = [...secrets, ...encoded].map((each) => `<${each}>`).join(' and ');
  const watch = watchEverything();
  let failed = 0;
  try {
    for (const script of echoes(said)) {
      node.answer(script);
      await call(client).catch((error: unknown) => {
        failed += 1;
        watch.note(error);
      });
    }
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    watch.stop();
  }
  expect(failed).toBeGreaterThan(34);
  expect(watch.seen.map((view) => windowIn(view, windows)).filter((found) => found !== undefined)).toEqual(
    [],
  );
});

test('a token source, its store’s errors, and the routes', async () => {
  const [access, refresh, password] = [canary(), canary(), canary()];
  const windows = windowsOf([access, refresh, password]);
  const client = createSecurityClient({ nodes: node.url, auth: { bearer: 'short' } });
  const verifier = createVerifier({ nodes: node.url });
  onTestFinished(async () => {
    await client.close();
    await verifier.close();
  });
  const watch = watchEverything();
  try {
    for (let at = 0; at < echoes('').length; at += 1) {
      node.answer((socket, head, body = '') =>
        echoes(`${head.replaceAll('\r\n', ' ')} ${body}`)[at]?.(socket, head),
      );
      const store = memoryTokenStore();
      await store.compareAndSet(undefined, {
        accessToken: access,
        refreshToken: refresh,
        issuedAt: 0,
        expiresAt: 1,
      });
      const source = createTokenSource({ client, store });
      await source.authorization().catch(watch.note);
      await source.invalidate().catch(watch.note);
      watch.note(source);
      source.close();
      const routes = sessionRoutes({ client, verifier });
      watch.note(await routes.login({ body: { username: 'jane', password } }));
      watch.note(await routes.refresh({ body: { refresh_token: refresh } }));
      watch.note(await routes.logout({ body: { refresh_token: refresh, access_token: access } }));
    }
  } finally {
    watch.stop();
  }
  expect(watch.seen.map((view) => windowIn(view, windows)).filter((found) => found !== undefined)).toEqual(
    [],
  );
});

test('the instrument sees a canary in each of these places', () => {
  const secret = canary();
  const windows = windowsOf([secret]);
  for (const cause of [secret, { type: secret }, { [secret]: 1 }]) {
    expect(views(new Error('x', { cause })).some((view) => windowIn(view, windows) !== undefined)).toBe(true);
  }
});
