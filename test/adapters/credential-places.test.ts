// Credentials that are not in the header, as the readmes write them: from a cookie, for an event stream, and as a
// WebSocket's subprotocol; each with what it costs.

import { createServer } from 'node:http';
import { createVerifier, type Verifier } from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { esauth, identityOf } from '@esauth/express';
import { esauth as esauthFastify, identityOf as identityOfFastify } from '@esauth/fastify';
import websocket from '@fastify/websocket';
import cookieParser from 'cookie-parser';
import express from 'express';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { basic, type Outgoing, send } from '../support/http-client.js';
import { listen, openLine, type Served } from '../support/serving.js';

let elasticsearch: Emulator;
let verifier: Verifier;
let token: string;
let served: Served | undefined;
let url: string;

beforeAll(async () => {
  elasticsearch = await startEmulator();
});
afterAll(() => elasticsearch.close());
beforeEach(async () => {
  const headers = basic('elastic', 'changeme');
  const body = { grant_type: 'client_credentials' };
  const made = await send(`${elasticsearch.url}/_security/oauth2/token`, { method: 'POST', headers, body });
  token = made.json.access_token;
  verifier = createVerifier({ nodes: elasticsearch.url });
});
afterEach(async () => {
  await served?.close();
  served = undefined;
  await verifier.close();
});

describe('a cookie', () => {
  const own = 'https://app.example';

  beforeEach(async () => {
    const app = express();
    app.use(cookieParser());
    // Browsers send cookies whoever asks them to, so what changes something wants to know who did.
    app.use((req, res, next) => {
      if (req.method === 'GET' || req.get('origin') === own) next();
      else res.sendStatus(403);
    });
    app.use(esauth(verifier, { credential: (req) => req.cookies.token && `Bearer ${req.cookies.token}` }));
    app.all('/me', (req, res) => void res.json(identityOf(req).username));
    served = await listen(createServer(app));
    url = served.url;
  });
  const ask = (more: Outgoing['headers'] = {}, method = 'GET') =>
    send(`${url}/me`, {
      method,
      headers: { cookie: `theme=dark; token=${encodeURIComponent(token)}`, ...more },
    });

  test('says who is calling', async () => {
    expect((await ask()).json).toBe('elastic');
    const nobody = await send(`${url}/me`, { headers: { authorization: `Bearer ${token}` } });
    expect(nobody.json.code).toBe('credentials_missing');
  });

  test('its price: another site can make a browser send it, and is kept out by the application', async () => {
    const forged = await ask({ origin: 'https://evil.example' }, 'POST');
    expect(forged.status).toBe(403);
    expect((await ask({ origin: own }, 'POST')).json).toBe('elastic');
  });
});

describe('an event stream', () => {
  beforeEach(async () => {
    const app = express();
    const fromQuery = esauth(verifier, {
      // `EventSource` can set no headers.
      credential: (req) => req.query.token && `Bearer ${req.query.token}`,
    });
    app.get('/events', fromQuery, (req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      res.write(`data: hello ${identityOf(req).username}\n\n`);
    });
    app.get('/me', esauth(verifier), (req, res) => void res.json(identityOf(req).username));
    served = await listen(createServer(app));
    url = served.url;
  });

  test('says who is listening', async () => {
    const line = await openLine(Number(new URL(url).port));
    line.write(`GET /events?token=${encodeURIComponent(token)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(await line.read((text) => text.includes('\n\n') && text.includes('data:'))).toContain(
      'hello elastic',
    );
    line.close();
  });

  test('its price: it stands in every log of addresses; so nowhere else, and a leak is revoked', async () => {
    const elsewhere = await send(`${url}/me?token=${encodeURIComponent(token)}`);
    expect(elsewhere.json.code).toBe('credentials_missing');
    const leaked = { method: 'DELETE', headers: basic('elastic', 'changeme'), body: { token } };
    await send(`${url}/me`, { headers: { authorization: `Bearer ${token}` } });
    await send(`${elasticsearch.url}/_security/oauth2/token`, leaked);
    void verifier.revoke({ credential: `Bearer ${token}` });
    const after = await send(`${url}/events?token=${encodeURIComponent(token)}`);
    expect([after.status, after.json.code]).toEqual([401, 'credentials_expired']);
  });
});

describe('a subprotocol of a WebSocket', () => {
  let app: FastifyInstance;
  // Names of subprotocols are tokens (RFC 6455 §4.1), which Base64 is not: `/` and `=`.
  const offered = () => ['chat', `bearer.${Buffer.from(token).toString('base64url')}`];
  const presented = (protocols = '') => {
    const [, encoded] = /(?:^|, *)bearer\.([\w-]+)/.exec(protocols) ?? [];
    return encoded && `Bearer ${Buffer.from(encoded, 'base64url')}`;
  };

  beforeEach(async () => {
    app = fastify();
    await app.register(websocket, {
      options: { handleProtocols: (names) => (names.has('chat') ? 'chat' : false) },
    });
    await app.register(esauthFastify, {
      verifier,
      credential: ({ headers }) => presented(headers['sec-websocket-protocol']),
    });
    app.get('/chat', { websocket: true }, (socket, request) => {
      const { username } = identityOfFastify(request);
      socket.on('message', () => socket.send(`hello ${username}`));
    });
    url = await app.listen({ port: 0, host: '127.0.0.1' });
  });
  afterEach(() => app.close());
  const open = (protocols: readonly string[]) =>
    new WebSocket(`${url.replace('http', 'ws')}/chat`, [...protocols]);
  const heard = (socket: WebSocket, event: 'open' | 'message' | 'unexpected-response') =>
    new Promise<unknown[]>((resolve, reject) => {
      socket.once(event, (...values: unknown[]) => resolve(values));
      if (event !== 'unexpected-response') socket.once('error', reject);
    });

  test('says who is calling, and the server answers with another one', async () => {
    const socket = open(offered());
    await heard(socket, 'open');
    expect(socket.protocol).toBe('chat');
    socket.send('who am I?');
    expect(String((await heard(socket, 'message'))[0])).toBe('hello elastic');
    socket.close();
  });

  test('nobody gets no socket, but the answer that all get', async () => {
    const socket = open(['chat']);
    socket.on('error', () => {});
    const [, response] = await heard(socket, 'unexpected-response');
    expect(response).toMatchObject({ statusCode: 401, headers: { 'cache-control': 'no-store' } });
    socket.terminate();
  });

  test('its price: it is looked at once, so that who is revoked stays until the socket is closed', async () => {
    const socket = open(offered());
    await heard(socket, 'open');
    void verifier.revoke('all');
    socket.send('still there?');
    expect(String((await heard(socket, 'message'))[0])).toBe('hello elastic');
    socket.close();
  });
});
