// Where Fastify goes past its hooks, or runs them too late: what could let somebody in there.

import type { ServerResponse } from 'node:http';
import { ConfigurationError } from '@esauth/core';
import type { FastifyInstance } from 'fastify';

interface NotFoundRouter {
  onBadUrl: (path: string, request: unknown, response: ServerResponse) => void;
}

/**
 * Fastify 4 hands a URL that cannot be decoded (`/%`), if its method has no routes, to the application's not-found
 * handler without running any hook before it, ours and that handler's own guards included (`createOnBadUrl` in
 * `lib/fourOhFour.js` of 4.29.1). Here such a request gets 400 and reaches no handler, as in Fastify 5.
 *
 * @throws {ConfigurationError} if this is a Fastify 4 that is built in another way: it would stay open.
 */
export function refuseMalformedUrls(app: FastifyInstance): void {
  if (!app.version.startsWith('4.')) return;
  const router = notFoundRouterOf(app);
  if (router === undefined) {
    throw new ConfigurationError(
      'fastify',
      'this version serves malformed URLs past all hooks; use 4.29.1 or 5',
    );
  }
  router.onBadUrl = (_path, _request, response) => {
    response.statusCode = 400;
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end('{"error":"Bad Request","code":"FST_ERR_BAD_URL","statusCode":400}');
  };
}

/** One for the whole application, under a symbol that contexts inherit from it. */
function notFoundRouterOf(app: object): NotFoundRouter | undefined {
  const symbol = Object.getOwnPropertySymbols(app).find(({ description }) => description === 'fastify.404');
  if (symbol !== undefined) return Reflect.get(app, symbol).router;
  const parent = Object.getPrototypeOf(app);
  return parent === null ? undefined : notFoundRouterOf(parent);
}

const nameOfGuards = 'esauthGuard';

/** Gives a guard the name by which a late one is found, whatever a minifier has made of its own. */
export function named<Made extends object>(guard: Made): Made {
  return Object.defineProperty(guard, 'name', { value: nameOfGuards });
}

const hooks = [
  'onRequest',
  'preParsing',
  'preValidation',
  'preHandler',
  'preSerialization',
  'onSend',
  'onResponse',
];
const others = ['handler', 'errorHandler', 'onError', 'onTimeout', 'onRequestAbort'];

/**
 * Fastify passes over options of a route that it does not know, and a guard there would never run.
 *
 * @throws {ConfigurationError} if a guard stands, or `esauth: false`, where nobody looks.
 */
export function checkRoute(route: object): void {
  if ('esauth' in route) {
    throw new ConfigurationError('esauth', 'belongs into config: { config: { esauth: false } }');
  }
  for (const [name, value] of Object.entries(route)) {
    if (hooks.includes(name) || others.includes(name)) continue;
    if ([value].flat().some((each) => typeof each === 'function' && each.name === nameOfGuards)) {
      throw new ConfigurationError(
        name,
        'is no hook of Fastify, so that this guard would never run; write preHandler',
      );
    }
  }
}

/**
 * In a hook that runs when the handler is through, a guard could refuse nothing any more. Nothing else tells which
 * hooks a route came to have.
 */
export function lateGuard(app: FastifyInstance): Error | undefined {
  const late = new RegExp(`\\((?!onRequest|preValidation|preHandler)(\\w+)\\) .*"${nameOfGuards}\\(\\)"`);
  const hook = late.exec(app.printRoutes({ includeHooks: true }))?.[1];
  const cure = 'too late for a guard, which goes to onRequest or preHandler';
  return hook === undefined ? undefined : new ConfigurationError(hook, cure);
}
