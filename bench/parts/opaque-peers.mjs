// Other libraries that look an opaque token up in a `Map`, which therefore holds every credential as it is. Each
// through the function that its framework calls, and loaded when it is its turn.

import { createRequire } from 'node:module';
import { must } from '../measure/work.mjs';
import { forEach, forEachAwaited } from './credentials.mjs';
import { next, requestWith, response } from './requests.mjs';

/** By name; each takes the tokens with whose they are, and where its headers come from. */
export const opaquePeers = {
  async 'passport-http-bearer, Map'(users, source) {
    const { default: passports } = await import('passport');
    const { Strategy } = await import('passport-http-bearer');
    const passport = new passports.Passport();
    passport.use(new Strategy((token, done) => done(null, users.get(token) ?? false)));
    const middleware = passport.authenticate('bearer', { session: false });
    return forEach(source, (header) => {
      const request = requestWith(header);
      middleware(request, response(), next);
      must(request.user !== undefined, () => 'no user');
    });
  },

  '@fastify/bearer-auth, Map'(users, source) {
    // The hook alone: its plugin adds it to a whole application.
    const factory = createRequire(import.meta.url)('@fastify/bearer-auth/lib/verify-bearer-auth-factory.js');
    const hook = factory({ keys: [], auth: (token) => users.has(token) });
    const log = { error() {} };
    // It goes on in a later turn, whatever `auth` returns.
    return forEachAwaited(source, (header) => {
      const request = requestWith(header);
      return new Promise((resolve, reject) => {
        const reply = { code: () => reply, header: () => reply, send: reject };
        hook({ raw: request, headers: request.headers, method: 'GET', log }, reply, resolve);
      });
    });
  },

  async 'hono bearerAuth, Map'(users, source) {
    const { bearerAuth } = await import('hono/bearer-auth');
    const middleware = bearerAuth({ verifyToken: (token) => users.has(token) });
    let passed = 0;
    const following = async () => {
      passed += 1;
    };
    return forEachAwaited(source, async (header) => {
      const request = requestWith(header);
      const before = passed;
      await middleware({ req: { raw: request, header: () => request.headers.authorization } }, following);
      must(passed === before + 1, () => 'it did not go on');
    });
  },
};
