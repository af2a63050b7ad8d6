// Other libraries that verify a signed token, with HMAC and SHA-256, which is the cheapest signature there is. Each
// through the function that its framework calls, and loaded when it is its turn.

import { createSecretKey, randomBytes, webcrypto } from 'node:crypto';
import { createSigner, createVerifier } from 'fast-jwt';
import { must } from '../measure/work.mjs';
import { forEach, forEachAwaited } from './credentials.mjs';
import { requestWith, response } from './requests.mjs';

export const issuer = 'https://issuer.test/';
export const audience = 'api';
export const createSecret = () => randomBytes(32).toString('hex');

/** Tokens of about 600 characters. @param {number} count */
export function signed(secret, count) {
  const sign = createSigner({
    key: secret,
    algorithm: 'HS256',
    kid: '1',
    iss: issuer,
    aud: audience,
    expiresIn: 36e6,
  });
  return Array.from({ length: count }, (_, user) => {
    const sub = `user${String(user).padStart(6, '0')}`;
    const roles = ['viewer', 'ingest_admin', 'monitoring_user'];
    return `Bearer ${sign({ sub, roles, realm: 'native1', pad: 'x'.repeat(300) })}`;
  });
}

const tokenOf = (header) => header.slice('Bearer '.length);
const hasSubject = (claims) =>
  must(claims?.sub?.startsWith('user'), () => `claims are ${JSON.stringify(claims)}`);

/** By name; each takes the secret, and where its headers come from. */
export const jwtPeers = {
  'fast-jwt'(secret, source) {
    const verify = createVerifier({ key: secret, algorithms: ['HS256'] });
    return forEach(source, (header) => hasSubject(verify(tokenOf(header))));
  },

  'fast-jwt, cache'(secret, source) {
    const verify = createVerifier({ key: secret, algorithms: ['HS256'], cache: 10_000 });
    return forEach(source, (header) => hasSubject(verify(tokenOf(header))));
  },

  async '@fastify/jwt, cache'(secret, source) {
    const { default: Fastify } = await import('fastify');
    const app = Fastify();
    await app.register((await import('@fastify/jwt')).default, { secret, verify: { cache: 10_000 } });
    let request;
    app.get('/', async (received) => {
      request = received;
      return {};
    });
    await app.inject('/');
    const { headers } = request.raw;
    return forEachAwaited(source, async (header) => {
      headers.authorization = header;
      hasSubject(await request.jwtVerify());
    });
  },

  async jose(secret, source) {
    const { jwtVerify } = await import('jose');
    const hmac = { name: 'HMAC', hash: 'SHA-256' };
    const key = await webcrypto.subtle.importKey('raw', Buffer.from(secret), hmac, false, ['verify']);
    return forEachAwaited(source, async (header) => {
      const { payload } = await jwtVerify(tokenOf(header), key, { issuer, audience });
      hasSubject(payload);
    });
  },

  async 'express-jwt'(secret, source) {
    const { expressjwt } = await import('express-jwt');
    const middleware = expressjwt({ secret: createSecretKey(Buffer.from(secret)), algorithms: ['HS256'] });
    return forEachAwaited(source, async (header) => {
      const request = requestWith(header);
      await passing((next) => middleware(request, response(), next));
      hasSubject(request.auth);
    });
  },

  async 'koa-jwt'(secret, source) {
    const { default: koaJwt } = await import('koa-jwt');
    const middleware = koaJwt({ secret: createSecretKey(Buffer.from(secret)) });
    return forEachAwaited(source, async (header) => {
      const { headers } = requestWith(header);
      const refuse = (status, message) => {
        throw new Error(`${status} ${message}`);
      };
      const ctx = {
        header: headers,
        request: { header: headers },
        state: {},
        cookies: { get() {} },
        throw: refuse,
      };
      await middleware(ctx, async () => {});
      hasSubject(ctx.state.user);
    });
  },

  async 'express-oauth2-jwt-bearer'(secret, source) {
    const { auth } = await import('express-oauth2-jwt-bearer');
    const middleware = auth({ secret, issuer, audience, tokenSigningAlg: 'HS256' });
    return forEachAwaited(source, async (header) => {
      const request = requestWith(header);
      request.is = () => false;
      request.query = {};
      request.protocol = 'http';
      request.originalUrl = '/';
      request.get = (name) => (name === 'Host' ? 'a:3000' : undefined);
      await passing((next) => middleware(request, response(), next));
      hasSubject(request.auth?.payload);
    });
  },
};

/** An Express middleware that goes on later. */
function passing(start) {
  return new Promise((resolve, reject) => {
    start((error) => (error === undefined ? resolve() : reject(error)));
  });
}
