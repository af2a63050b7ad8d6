import { once } from 'node:events';
import { createServer, type RequestListener, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { ConfigurationError } from '@esauth/core';
import { type Emulator, startEmulator } from '@esauth/emulator';
import {
  callerHeaders,
  createVerifier,
  DenialError,
  type EsauthMiddleware,
  esauth,
  identityOf,
  requireRoles,
  type Verifier,
} from '@esauth/express';
import express5, { type Express } from 'express';
import express4 from 'express4';
import supertest from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const both = 'Bearer realm="elasticsearch", ApiKey realm="elasticsearch"';
const jane = { password: 'correct-horse', roles: ['writer', 'key_owner'], full_name: 'Jane Doe' };

let elasticsearch: Emulator;
let bearer: string;
let janesBearer: string;
let apiKey: string;

beforeAll(async () => {
  elasticsearch = await startEmulator({
    users: { jane },
    roles: { writer: {}, key_owner: { cluster: ['manage_own_api_key'] } },
  });
  bearer = `Bearer ${(await token({ grant_type: 'client_credentials' })).access_token}`;
  const login = { grant_type: 'password', username: 'jane', password: jane.password };
  janesBearer = `Bearer ${(await token(login)).access_token}`;
  const created = await ask('PUT', '/_security/api_key', { name: 'k' }, `jane:${jane.password}`);
  apiKey = `ApiKey ${created.encoded}`;
});
afterAll(() => elasticsearch.close());

function token(body: object) {
  return ask('POST', '/_security/oauth2/token', body, 'elastic:changeme');
}

async function ask(
  method: string,
  path: string,
  body: object,
  user: string,
): Promise<Record<string, unknown>> {
  const response = await fetch(elasticsearch.url + path, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(user).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

// One import for both: Express 4 has the same surface as far as it is used here.
const versions: readonly (readonly [string, () => Express])[] = [
  ['Express 5', () => express5()],
  ['Express 4', () => express4() as unknown as Express],
];

describe.each(versions)('%s', (_version, createApp) => {
  let verifier: Verifier;
  let app: Express;

  beforeEach(() => {
    verifier = createVerifier({ nodes: elasticsearch.url });
    app = createApp();
  });
  afterEach(() => verifier.close());

  describe('a protected route', () => {
    beforeEach(() => {
      app.use(esauth(verifier));
      app.get('/me', (req, res) => {
        res.json(req.identity);
      });
    });

    test('knows a user by access token, also the second time', async () => {
      for (const _ of [1, 2]) {
        const { status, body } = await supertest(app).get('/me').set('Authorization', janesBearer);
        expect(status).toBe(200);
        expect(body).toMatchObject({
          username: 'jane',
          fullName: 'Jane Doe',
          roles: ['writer', 'key_owner'],
          realm: { name: 'default_native', type: 'native' },
          authenticationType: 'token',
          subject: 'token:default_native:jane',
        });
      }
      expect(verifier.stats()).toMatchObject({ lookups: 1, hits: 1 });
    });

    test('knows an API key', async () => {
      const { body } = await supertest(app).get('/me').set('Authorization', apiKey);
      expect(body).toMatchObject({
        username: 'jane',
        roles: [],
        authenticationType: 'api_key',
        apiKey: { name: 'k' },
      });
    });

    const refusals: readonly (readonly [string, string | undefined, number, string, string])[] = [
      ['no credential', undefined, 401, 'credentials_missing', both],
      ['an unknown scheme', 'Digest a="b"', 401, 'scheme_unsupported', both],
      ['a scheme that is not enabled', 'Basic amFuZTpz', 401, 'scheme_unsupported', both],
      [
        'a malformed API key header',
        'ApiKey a b',
        400,
        'credentials_malformed',
        'ApiKey realm="elasticsearch", error="invalid_request"',
      ],
      [
        'an empty header',
        '',
        400,
        'credentials_malformed',
        'Bearer realm="elasticsearch", error="invalid_request"',
      ],
      [
        'an unknown token',
        'Bearer c29tZXRoaW5nIGVsc2UgYWx0b2dldGhlcg==',
        401,
        'credentials_invalid',
        'Bearer realm="elasticsearch", error="invalid_token", ApiKey realm="elasticsearch"',
      ],
      [
        'an unknown API key',
        'ApiKey aWQ6c2VjcmV0',
        401,
        'credentials_invalid',
        'Bearer realm="elasticsearch", ApiKey realm="elasticsearch", error="invalid_token"',
      ],
    ];
    test.each(refusals)('refuses %s', async (_name, authorization, status, code, challenges) => {
      const asked = supertest(app).get('/me');
      const response = await (authorization === undefined
        ? asked
        : asked.set('Authorization', authorization));
      expect(response.status).toBe(status);
      expect(response.headers['www-authenticate']).toBe(challenges);
      expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.body).toMatchObject({ type: 'about:blank', status, code });
      expect(Object.keys(response.body)).toEqual(['type', 'title', 'status', 'code', 'detail']);
    });

    test('answers 401 to the letter, with one header line for each challenge', async () => {
      const raw = await sendRaw(
        app,
        'GET /me HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer abc\r\nConnection: close\r\n\r\n',
      );
      const [head = '', body] = raw.split('\r\n\r\n');
      expect(
        head.split('\r\n').filter((line) => !/^(?:x-powered-by|date|connection|content-length):/i.test(line)),
      ).toEqual([
        'HTTP/1.1 401 Unauthorized',
        'www-authenticate: Bearer realm="elasticsearch", error="invalid_token"',
        'www-authenticate: ApiKey realm="elasticsearch"',
        'cache-control: no-store',
        'content-type: application/problem+json; charset=utf-8',
      ]);
      expect(body).toBe(
        '{"type":"about:blank","title":"Unauthorized","status":401,"code":"credentials_invalid",' +
          '"detail":"Elasticsearch does not accept this credential."}',
      );
    });

    test('P31: two Authorization lines are malformed, whichever comes first', async () => {
      for (const [first, second] of [
        [janesBearer, 'Bearer x'],
        ['Bearer x', janesBearer],
        [janesBearer, janesBearer],
      ]) {
        const raw = await sendRaw(
          app,
          `GET /me HTTP/1.1\r\nHost: a\r\nAuthorization: ${first}\r\nauthorization: ${second}\r\nConnection: close\r\n\r\n`,
        );
        expect(raw).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
        expect(raw).toContain('"code":"credentials_malformed"');
      }
    });

    test('HEAD gets the same headers and no body; OPTIONS is authenticated like any method (P36)', async () => {
      const head = await supertest(app).head('/me');
      expect([head.status, head.headers['www-authenticate'], head.text]).toEqual([401, both, undefined]);
      expect((await supertest(app).options('/me')).status).toBe(401);
    });

    test('answers 503 and no challenge while Elasticsearch is away, and the process goes on', async () => {
      const away = await startEmulator();
      const cut = createVerifier({ nodes: away.url });
      const other = createApp().use(esauth(cut));
      other.get('/me', (req, res) => {
        res.json(req.identity);
      });
      await away.close();
      const response = await supertest(other).get('/me').set('Authorization', janesBearer);
      expect(response.status).toBe(503);
      expect(response.headers['retry-after']).toBe('1');
      expect(response.headers['www-authenticate']).toBeUndefined();
      expect(response.body).toEqual({
        type: 'about:blank',
        title: 'Service Unavailable',
        status: 503,
        code: 'unreachable',
        detail: 'Elasticsearch cannot be reached.',
      });
      await cut.close();
    });
  });

  test('a client that hangs up stops waiting, and its lookup is cancelled', async () => {
    const remove = elasticsearch.faults.add({
      path: '/_security/_authenticate',
      delayMs: Number.POSITIVE_INFINITY,
    });
    let handled = 0;
    app.use(esauth(verifier));
    app.use(() => {
      handled += 1;
    });
    const { server, port } = await listen(app);
    const client = request({ port, host: '127.0.0.1', headers: { authorization: janesBearer } }).end();
    client.on('error', () => {});
    await until(() => verifier.stats().waiting === 1);
    client.destroy();
    await until(() => verifier.stats().waiting === 0);
    expect([verifier.stats().inFlight, handled]).toEqual([0, 0]);
    remove();
    server.close();
  });

  describe('optional', () => {
    beforeEach(() => {
      app.use(esauth(verifier, { optional: true }));
      app.get('/me', (req, res) => {
        res.json({ who: req.identity?.username ?? null });
      });
      app.get('/mine', (req, res) => {
        res.json({ who: identityOf(req).username });
      });
    });

    test('P52: absent is fine, present and bad is refused', async () => {
      expect((await supertest(app).get('/me')).body).toEqual({ who: null });
      expect((await supertest(app).get('/me').set('Authorization', bearer)).body).toEqual({ who: 'elastic' });
      expect((await supertest(app).get('/me').set('Authorization', 'Bearer bad')).status).toBe(401);
    });

    test('identityOf throws the denial, which reaches the error path with status and headers', async () => {
      const response = await supertest(app).get('/mine');
      expect([response.status, response.headers['www-authenticate']]).toEqual([401, both]);
    });

    test('P59: a strict second mount refuses what the first let through, with one lookup in all', async () => {
      app.get('/strict', esauth(verifier), (req, res) => {
        res.json({ who: req.identity?.username });
      });
      expect((await supertest(app).get('/strict')).status).toBe(401);
      expect((await supertest(app).get('/strict').set('Authorization', bearer)).body).toEqual({
        who: 'elastic',
      });
      expect(verifier.stats().lookups).toBe(1);
    });
  });

  describe('guards', () => {
    beforeEach(() => {
      app.use(esauth(verifier, { optional: true }));
      app.get('/edit', requireRoles('writer', 'key_owner'), (_req, res) => {
        res.json({ ok: true });
      });
      app.get('/admin', requireRoles('superuser'), (_req, res) => {
        res.json({ ok: true });
      });
    });

    test('P6: what is remembered is who it is, never that a guard let him in', async () => {
      const asked = elasticsearch.requests.length;
      const statusOf = async (path: string) =>
        (await supertest(app).get(path).set('Authorization', janesBearer)).status;
      expect([await statusOf('/edit'), await statusOf('/admin'), await statusOf('/edit')]).toEqual([
        200, 403, 200,
      ]);
      expect(elasticsearch.requests.length - asked).toBe(1);
    });

    test('let in whoever has all the roles, and nobody else', async () => {
      expect((await supertest(app).get('/edit').set('Authorization', janesBearer)).status).toBe(200);
      expect((await supertest(app).get('/edit').set('Authorization', bearer)).status).toBe(403);
      const response = await supertest(app).get('/admin').set('Authorization', janesBearer);
      expect(response.status).toBe(403);
      expect(response.headers['www-authenticate']).toBe(
        'Bearer realm="elasticsearch", error="insufficient_scope"',
      );
      expect(response.body).toEqual({
        type: 'about:blank',
        title: 'Forbidden',
        status: 403,
        code: 'forbidden',
        detail: 'The identity does not meet the requirements of this route.',
      });
    });

    test('tell an API key that roles are not for it', async () => {
      const response = await supertest(app).get('/admin').set('Authorization', apiKey);
      expect([response.status, response.body.code]).toEqual([403, 'forbidden']);
      expect(response.headers['www-authenticate']).toBe(
        'ApiKey realm="elasticsearch", error="insufficient_scope"',
      );
      expect(response.body.detail).toBe(
        'The identity has no roles. API keys and service accounts are judged by privileges, not by roles.',
      );
    });

    test('answer 401 when nobody was authenticated', async () => {
      const response = await supertest(app).get('/admin');
      expect([response.status, response.body.code]).toEqual([401, 'credentials_missing']);
    });

    test('P60: do not trust a property that anybody can write', async () => {
      const forged = createApp();
      forged.use((req, _res, next) => {
        Object.assign(req, { identity: { username: 'elastic', roles: ['superuser'] } });
        next();
      });
      forged.get('/admin', requireRoles('superuser'), (_req, res) => {
        res.json({ ok: true });
      });
      const response = await supertest(forged).get('/admin').set('Authorization', bearer);
      expect([response.status, response.headers['www-authenticate']]).toEqual([401, both]);
    });
  });

  describe('callerHeaders', () => {
    test('acts as the caller, in canonical spelling, and never as nobody', async () => {
      app.use(esauth(verifier, { optional: true }));
      app.get('/whoami', async (req, res, next) => {
        try {
          const response = await fetch(`${elasticsearch.url}/_security/_authenticate`, {
            headers: callerHeaders(req),
          });
          res.json({
            sent: callerHeaders(req),
            username: ((await response.json()) as { username: string }).username,
          });
        } catch (error) {
          next(error);
        }
      });
      const spelled = apiKey.replace('ApiKey ', 'apikey   ').replace(/=+$/, '');
      const response = await supertest(app).get('/whoami').set('Authorization', spelled);
      expect(response.body).toEqual({ sent: { authorization: apiKey }, username: 'jane' });
      expect((await supertest(app).get('/whoami')).status).toBe(401);
    });
  });

  test('P11: a handler that writes to the identity fails alone', async () => {
    app.use(esauth(verifier));
    app.get('/promote', (req, res) => {
      (identityOf(req).roles as string[]).push('superuser');
      res.json(req.identity);
    });
    app.get('/me', (req, res) => {
      res.json(req.identity);
    });
    app.use(silentErrors);
    expect((await supertest(app).get('/promote').set('Authorization', janesBearer)).status).toBe(500);
    const { body } = await supertest(app).get('/me').set('Authorization', janesBearer);
    expect(body.roles).toEqual(['writer', 'key_owner']);
  });

  test('makes its verifier from options and shows it, and answers 503 when that is closed', async () => {
    const middleware: EsauthMiddleware = esauth({ nodes: elasticsearch.url });
    app.use(middleware);
    await middleware.verifier.close();
    const response = await supertest(app).get('/').set('Authorization', bearer);
    expect([response.status, response.body.code]).toEqual([503, 'closed']);
  });

  test.each<[string, unknown, unknown]>([
    ['nodes: required', { nodes: [] }, {}],
    ['options: must be an object', undefined, {}],
    ['options: must be an object', null, {}],
    ['options: must be an object', 'http://es', {}],
    ['options: must be an object', 'verifier', null],
    ['options: must be an object', 'verifier', 'optional'],
    [
      'optinal: unknown option; known are optional, maxAgeMs, onDenied, source',
      'verifier',
      { optinal: true },
    ],
    ['optional: must be true or false', 'verifier', { optional: 1 }],
    ['maxAgeMs: must be a number of milliseconds from 0', 'verifier', { maxAgeMs: -1 }],
    ["onDenied: must be 'respond' or 'throw'", 'verifier', { onDenied: 'ignore' }],
    ['source: must be a function', 'verifier', { source: '127.0.0.1' }],
  ])('wrong options fail when the application starts: %s', (message, given, options) => {
    const make = () => esauth((given === 'verifier' ? verifier : given) as Verifier, options as object);
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(message);
  });

  test('a guard without a role fails when the application starts', () => {
    expect(() => requireRoles()).toThrow('roles: must be one or more names, none of them empty');
  });

  test('P59: maxAgeMs of a second mount holds; 0 asks again', async () => {
    app.use(esauth(verifier));
    app.get('/now', esauth(verifier, { maxAgeMs: 0 }), (req, res) => {
      res.json({ who: req.identity?.username });
    });
    for (const _ of [1, 2]) {
      expect((await supertest(app).get('/now').set('Authorization', bearer)).body).toEqual({
        who: 'elastic',
      });
    }
    expect(verifier.stats().lookups).toBe(3);
  });

  test("onDenied: 'throw' hands middleware's and guards' refusals to the error path, once, as they are", async () => {
    const errors: DenialError[] = [];
    app.use(esauth(verifier, { onDenied: 'throw' }));
    app.get('/admin', requireRoles('superuser'), (_req, res) => {
      res.json({ ok: true });
    });
    const collect: import('express').ErrorRequestHandler = (error, _req, res, _next) => {
      errors.push(error);
      res.status(error.status).set(error.headers).json(error.body);
    };
    app.use(collect);
    const nobody = await supertest(app).get('/admin');
    expect([nobody.status, nobody.headers['www-authenticate']]).toEqual([401, both]);
    const refused = await supertest(app).get('/admin').set('Authorization', janesBearer);
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    expect(errors.map((error) => error instanceof DenialError && error.code)).toEqual([
      'credentials_missing',
      'forbidden',
    ]);
    expect(errors[0]).toMatchObject({ statusCode: 401, expose: true });
  });

  test('the client address is the source of a lookup; an option takes another', async () => {
    const sources: unknown[] = [];
    const watched: Verifier = {
      ...verifier,
      verify(presented, options) {
        sources.push(options?.source);
        return verifier.verify(presented, options);
      },
    };
    app.use('/a', esauth(watched));
    app.use('/b', esauth(watched, { source: (req) => req.get('x-client') }));
    await supertest(app).get('/a').set('Authorization', bearer);
    await supertest(app).get('/b').set('Authorization', janesBearer).set('x-client', 'somebody');
    expect(sources).toEqual([expect.stringMatching(/127\.0\.0\.1$/), 'somebody']);
  });

  test('what somebody else already answered is left alone', async () => {
    const release = elasticsearch.faults.add({ path: '/_security/_authenticate', delayMs: 60_000, times: 1 });
    app.use((_req, res, next) => {
      next();
      res.status(504).json({ late: true });
    });
    app.use(esauth(verifier));
    const response = await supertest(app).get('/').set('Authorization', 'Bearer dW5rbm93bg==');
    expect([response.status, response.body]).toEqual([504, { late: true }]);
    release();
  });

  test('an exception of the verifier reaches the error path', async () => {
    const broken: Verifier = {
      ...verifier,
      peek: () => undefined,
      verify: () => Promise.reject(new Error('broken')),
    };
    app.use(esauth(broken));
    const collect: import('express').ErrorRequestHandler = (error, _req, res, _next) => {
      res.status(500).json({ message: error.message });
    };
    app.use(collect);
    expect((await supertest(app).get('/')).body).toEqual({ message: 'broken' });
  });
});

const silentErrors: import('express').ErrorRequestHandler = (_error, _req, res, _next) => {
  res.status(500).end();
};

async function listen(app: Express): Promise<{ server: Server; port: number }> {
  // Express 4's own type is not assignable; at run time it is a listener.
  const server = createServer(app as RequestListener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

async function sendRaw(app: Express, bytes: string): Promise<string> {
  const { server, port } = await listen(app);
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
  let received = '';
  for await (const chunk of socket) received += chunk;
  server.close();
  return received;
}

/** Turns the event loop until something real (a socket) has happened. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}
