// How an application is built with Express, 5 and 4, for the suites that all adapters have.

import { createServer, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import type { AdmissionOptions } from '@esauth/core';
import * as guards from '@esauth/express';
import { callerHeaders, esauth, handleDenials, identityOf } from '@esauth/express';
import cors from 'cors';
import express5, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Router,
} from 'express';
import express4 from 'express4';
import type { Adapter, Options, Settled } from './adapter.js';

// One type for both: Express 4 has the same surface as far as it is used here.
export const versions: readonly (readonly [string, () => Express, () => Router])[] = [
  ['Express 5', () => express5(), express5.Router],
  ['Express 4', () => express4() as unknown as Express, express4.Router as () => unknown as () => Router],
];

export function adapterOf(name: string, create: () => Express): Adapter<RequestHandler> {
  return {
    name,
    esauth: (verifier, options) => esauth(verifier, optionsOf(options)),
    esauthOf: (verifierOf) => esauth((req: Request) => verifierOf(req.path)),
    guards,
    awaitGuard: (make, settled, next) => awaiting(make(guards), settled, next),
    awaitEsauth: (verifier, options, settled, next) =>
      awaiting(esauth(verifier, optionsOf(options)), settled, next),
    bareGuard: guards.requireIdentity() as (...args: unknown[]) => unknown,
    args: (response) => [{ headers: {} }, response],
    requirePrivilegesOf: (question) => guards.requirePrivileges((req) => question(req.path)),
    forge: (identity) => (req, _res, next) => {
      Object.assign(req, { identity });
      next();
    },
    cors: () => cors(),
    impatient: (finished) => (_req, res, next) => {
      next();
      res.writeHead(504).write('la');
      void finished.then(() => res.end('te'));
    },
    async build({ behindProxy = false, handlesDenials, steps = [], routes }, failed, options = {}) {
      const app = create();
      app.set('trust proxy', behindProxy);
      for (const step of steps) app.use(step);
      for (const { method = 'GET', path, steps: own = [], handler } of routes) {
        app[method.toLowerCase() as 'get'](path, ...own, async (req, res, next) => {
          try {
            res.json(
              handler === undefined
                ? { username: req.identity?.username ?? null }
                : await handler({
                    identity: req.identity,
                    identityOf: () => identityOf(req),
                    callerHeaders: () => callerHeaders(req),
                    body: () => text(req),
                  }),
            );
          } catch (error) {
            next(error);
          }
        });
      }
      const watch: ErrorRequestHandler = (error, _req, _res, next) => {
        failed(error);
        next(error);
      };
      app.use(watch);
      if (handlesDenials) app.use(handleDenials);
      // Express 4's own type is not assignable; at run time it is a listener.
      return createServer(options, app as RequestListener);
    },
  };
}

function optionsOf({ source, credential, ...options }: Options = {}): AdmissionOptions<Request> {
  return {
    ...options,
    ...(source && { source }),
    ...(credential && { credential: (req) => credential(req.headers.cookie ?? '') }),
  };
}

function awaiting(middleware: unknown, settled: Settled = () => {}, given?: () => void): RequestHandler {
  const goOn = given === undefined ? [] : [given];
  return async (req, res, next) => {
    try {
      await (middleware as (...args: unknown[]) => unknown)(req, res, ...goOn);
      settled();
    } catch (error) {
      settled(error);
      return next(error);
    }
    next();
  };
}
