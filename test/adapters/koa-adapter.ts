// How an application is built with Koa, 3 and 2, for the suites that all adapters have.

import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { text } from 'node:stream/consumers';
import type { AdmissionOptions } from '@esauth/core';
import * as guards from '@esauth/koa';
import { callerHeaders, esauth, handleDenials, type IdentityState, identityOf } from '@esauth/koa';
import cors from '@koa/cors';
import Koa3, { type Context, type Middleware } from 'koa';
import compose from 'koa-compose';
import Koa2 from 'koa2';
import type { Adapter, Application, Options, Route, Settled } from './adapter.js';

type Step = Middleware<IdentityState>;
export type Koa = Koa3<IdentityState>;

// One type for both: Koa 2 has the same surface as far as it is used here.
export const versions: readonly (readonly [string, () => Koa])[] = [
  ['Koa 3', () => new Koa3()],
  ['Koa 2', () => new Koa2() as unknown as Koa],
];

export function adapterOf(name: string, create: () => Koa): Adapter<Step> {
  function callback(
    { behindProxy = false, handlesDenials, steps = [], routes }: Application<Step>,
    failed: (error: unknown) => void,
  ): RequestListener {
    const app = create();
    app.proxy = behindProxy;
    app.on('error', failed);
    if (handlesDenials) app.use(handleDenials).use(noting(failed));
    for (const step of [...steps, ...routes.map(routed)]) app.use(step);
    return app.callback();
  }
  return {
    name,
    esauth: (verifier, options) => esauth(verifier, optionsOf(options)),
    esauthOf: (verifierOf) => esauth((ctx: Context) => verifierOf(ctx.path)),
    guards,
    awaitGuard: (make, settled, next) => awaiting(make(guards), settled, next),
    awaitEsauth: (verifier, options, settled, next) =>
      awaiting(esauth(verifier, optionsOf(options)), settled, next),
    bareGuard: guards.requireIdentity() as (...args: unknown[]) => unknown,
    args: (res) => [{ req: { headers: {} }, res }],
    requirePrivilegesOf: (question) => guards.requirePrivileges((ctx) => question(ctx.path)),
    forge: (identity) => (ctx, next) => {
      Object.assign(ctx.state, { identity });
      return next();
    },
    cors: () => cors(),
    impatient: (finished) => (ctx, next) => {
      const rest = next();
      ctx.respond = false;
      ctx.res.writeHead(504).write('la');
      void finished.then(() => ctx.res.end('te'));
      return rest;
    },
    build: async (application, failed, options = {}) => createServer(options, callback(application, failed)),
    buildHttp2: async (application) => createHttp2Server(callback(application, () => {}) as never),
  };
}

function routed({ method = 'GET', path, steps = [], handler }: Route<Step>): Step {
  const route = compose<Koa3.ParameterizedContext<IdentityState>>([
    ...steps,
    async (ctx) => {
      ctx.body =
        handler === undefined
          ? { username: ctx.state.identity?.username ?? null }
          : await handler({
              identity: ctx.state.identity,
              identityOf: () => identityOf(ctx),
              callerHeaders: () => callerHeaders(ctx),
              body: () => text(ctx.req),
            });
    },
  ]);
  return (ctx, next) => {
    const asked = ctx.method === 'HEAD' ? 'GET' : ctx.method;
    return asked === method && ctx.path === path ? route(ctx, next) : next();
  };
}

/** What is caught before it comes to `app.on('error')`. */
function noting(failed: (error: unknown) => void): Step {
  return (_ctx, next) =>
    next().catch((error: unknown) => {
      failed(error);
      throw error;
    });
}

function optionsOf({ source, credential, ...options }: Options = {}): AdmissionOptions<Context> {
  return {
    ...options,
    ...(source && { source }),
    ...(credential && { credential: (ctx) => credential(ctx.get('cookie')) }),
  };
}

function awaiting(middleware: unknown, settled: Settled = () => {}, given?: () => void): Step {
  const goOn = given === undefined ? [] : [given];
  return async (ctx, next) => {
    try {
      await (middleware as (...args: unknown[]) => unknown)(ctx, ...goOn);
      settled();
    } catch (error) {
      settled(error);
      throw error;
    }
    return next();
  };
}
