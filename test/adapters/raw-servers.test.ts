// Express's middleware on servers that hand it Node's own requests and responses: connect and polka.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createVerifier, type Verifier } from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { esauth, handleDenials, identityOf, requirePrivileges, requireRoles } from '@esauth/express';
import connect from 'connect';
import polka from 'polka';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { basic, type Incoming, send } from '../support/http-client.js';
import { listen, type Served, sendRaw } from '../support/serving.js';

let elasticsearch: Emulator;
let superuser: string;
let jane: string;
beforeAll(async () => {
  const roles = { reader: { indices: [{ names: ['docs'], privileges: ['read'] }] } };
  elasticsearch = await startEmulator({
    users: { jane: { password: 'correct-horse', roles: ['reader'] } },
    roles,
  });
  const issue = async (body: object) => {
    const headers = basic('elastic', 'changeme');
    const { json } = await send(`${elasticsearch.url}/_security/oauth2/token`, {
      method: 'POST',
      headers,
      body,
    });
    return `Bearer ${json.access_token}`;
  };
  superuser = await issue({ grant_type: 'client_credentials' });
  jane = await issue({ grant_type: 'password', username: 'jane', password: 'correct-horse' });
});
afterAll(() => elasticsearch.close());

type Listener = (req: IncomingMessage, res: ServerResponse) => void;

const read = { index: [{ names: 'docs', privileges: ['read'] }] };
const say = (req: IncomingMessage, res: ServerResponse) => void res.end(identityOf(req).username);

const servers: readonly (readonly [string, (verifier: Verifier) => Listener])[] = [
  [
    'connect',
    (verifier) =>
      connect()
        .use(esauth(verifier))
        .use('/admin', requireRoles('superuser'))
        .use('/docs', requirePrivileges(read))
        .use(say)
        .use(handleDenials),
  ],
  [
    'polka',
    (verifier) => {
      const app = polka();
      app.use(esauth(verifier));
      app.get('/me', say);
      app.get('/admin', requireRoles('superuser'), say);
      app.get('/docs', requirePrivileges(read), say);
      return app.handler as Listener;
    },
  ],
];

describe.each(servers)('%s', (_name, create) => {
  let served: Served;
  let verifier: Verifier;
  beforeEach(async () => {
    verifier = createVerifier({ nodes: elasticsearch.url });
    served = await listen(createServer(create(verifier)));
  });
  afterEach(async () => {
    await served.close();
    await verifier.close();
  });

  const get = (path: string, authorization?: string): Promise<Incoming> =>
    send(served.url + path, { headers: authorization === undefined ? {} : { authorization } });

  test('knows who is calling, and answers who is not let in', async () => {
    expect((await get('/me', jane)).text).toBe('jane');
    const refused = await get('/me');
    expect([refused.status, refused.json.code]).toEqual([401, 'credentials_missing']);
    expect(refused.header('content-type')).toEqual(['application/problem+json; charset=utf-8']);
    expect(refused.header('www-authenticate')).toHaveLength(2);
  });

  test('guards let in whom they should', async () => {
    for (const [path, as, status] of [
      ['/admin', superuser, 200],
      ['/admin', jane, 403],
      ['/docs', jane, 200],
      ['/docs', superuser, 200],
    ] as const) {
      expect((await get(path, as)).status).toBe(status);
    }
  });

  test('P31: two lines are malformed, whichever is good', async () => {
    const lines = ['GET /me HTTP/1.1', `Authorization: ${jane}`, 'Authorization: Bearer x'];
    expect(await sendRaw(served.port, lines)).toContain('"code":"credentials_malformed"');
  });
});

test('without an address of a framework’s, clients are told apart by the socket’s', async () => {
  const asked: unknown[] = [];
  const verifier = createVerifier({ nodes: elasticsearch.url });
  const watched: Verifier = {
    ...verifier,
    verify: (presented, options) => {
      asked.push(options?.source);
      return verifier.verify(presented, options);
    },
  };
  const served = await listen(createServer(connect().use(esauth(watched)).use(say)));
  await send(served.url, { headers: { authorization: jane } });
  expect(asked).toEqual(['127.0.0.1']);
  await served.close();
  await verifier.close();
});
