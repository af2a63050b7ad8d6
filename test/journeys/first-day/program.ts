// Mistakes in a program that uses the middleware: in which order, where, and with which functions.

import type { Verifier } from '@esauth/core';
import * as forExpress from '@esauth/express';
import * as forFastify from '@esauth/fastify';
import * as forKoa from '@esauth/koa';
import express, { type ErrorRequestHandler, type Express } from 'express';
import fastify, { type FastifyInstance } from 'fastify';
import Koa from 'koa';
import { ask, type Mistake, type Seen, type World, type Wrong, withVerifier } from './mistake.js';

const { esauth } = forExpress;

/** An application of Express, and what its error path hears. */
const inExpress =
  (use: (app: Express, verifier: Verifier) => unknown) =>
  async (world: World): Promise<Seen> => {
    const app = express();
    const heard: Heard[] = [];
    const seen = await withVerifier(world, (verifier) => {
      use(app, verifier);
      app.get('/me', (req, res) => void res.json(req.identity?.username));
      const hear: ErrorRequestHandler = (error, _req, _res, next) => {
        heard.push(error);
        next(error);
      };
      app.use(hear);
      return ask(app, { authorization: world.token });
    });
    return withErrors(seen, heard);
  };

const inKoa =
  (use: (app: Koa, verifier: Verifier) => unknown) =>
  async (world: World): Promise<Seen> => {
    const app = new Koa();
    const heard: Heard[] = [];
    app.on('error', (error) => heard.push(error));
    const seen = await withVerifier(world, (verifier) => {
      use(app, verifier);
      return ask(app.callback(), { authorization: world.token }, { path: '/koa' });
    });
    return withErrors(seen, heard);
  };

/** An application of Fastify that may not even start. */
const inFastify =
  (use: (app: FastifyInstance, verifier: Verifier) => unknown) =>
  async (world: World): Promise<Seen> => {
    const app = fastify();
    try {
      return await withVerifier(world, async (verifier) => {
        await use(app, verifier);
        const response = await app.inject({ url: '/fastify', headers: { authorization: world.token } });
        const { code, detail, message } = response.json();
        return {
          status: response.statusCode,
          code,
          detail,
          text: response.body,
          messages: message ? [message] : [],
        };
      });
    } finally {
      await app.close();
    }
  };

interface Heard {
  readonly code?: unknown;
  readonly message: string;
}

/** What came to a framework's error path, beside what the client got. */
function withErrors(seen: Seen, heard: readonly Heard[]): Seen {
  return { ...seen, code: seen.code ?? heard[0]?.code, messages: heard.map(({ message }) => message) };
}

const invalid = { code: 'invalid_option', status: 500 } as const;
const open = { code: 'ESAUTH_NO_MIDDLEWARE', status: 500 } as const;
// As `fastify-plugin` marks one.
const taken = Object.assign(async (app: FastifyInstance) => void app.decorateRequest('identity', undefined), {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('plugin-meta')]: { name: '@acme/who' },
});

export const programMistakes: readonly Mistake[] = [
  {
    ...open,
    done: 'Express: esauth is forgotten',
    cure: 'register it before this route, as in app.use(esauth({ nodes }))',
    make: inExpress((app) => app.get('/me', forExpress.requireIdentity())),
  },
  {
    ...open,
    done: 'Koa: a guard before esauth',
    cure: 'register it before this route, as in app.use(esauth({ nodes }))',
    make: inKoa((app, verifier) => app.use(forKoa.requireRoles('a')).use(forKoa.esauth(verifier))),
  },
  {
    ...open,
    done: 'Fastify: esauth is registered in another context',
    cure: 'register it before this route',
    make: inFastify((app, verifier) => {
      app.register((inner, _options, done) => {
        inner.register(forFastify.esauth, { verifier });
        done();
      });
      app.get('/fastify', { preHandler: forFastify.requireIdentity() }, async () => 'never');
    }),
  },
  {
    ...invalid,
    done: 'Express: app.use(esauth), not called',
    cure: 'call it: app.use(esauth({ nodes }))',
    make: inExpress((app) => app.use(esauth as Wrong)),
  },
  {
    done: 'Koa: app.use(esauth), not called',
    code: 'invalid_option',
    status: 500,
    cure: 'call it: app.use(esauth({ nodes }))',
    make: inKoa((app) => app.use(forKoa.esauth as Wrong)),
  },
  {
    done: 'Express: a node in place of options',
    code: 'invalid_option',
    cure: 'an object with the options to make one: esauth({ nodes })',
    make: inExpress(() => esauth('https://es.internal:9200' as Wrong)),
  },
  {
    done: 'Fastify: { nodes } in place of { verifier }',
    code: 'invalid_option',
    cure: 'verifier: must be a verifier, or an object with the options to make one: { verifier: { nodes } }',
    make: inFastify((app) => app.register(forFastify.esauth, { nodes: 'https://es:9200' } as Wrong)),
  },
  {
    done: 'Fastify: the plugin, called',
    code: 'invalid_option',
    cure: 'app.register(esauth, { verifier: { nodes } })',
    make: inFastify((app, verifier) => app.register((forFastify.esauth as Wrong)({ verifier }))),
  },
  {
    done: 'Fastify: a verifier in place of { verifier }',
    code: 'invalid_option',
    cure: '{ verifier: { nodes } }',
    make: inFastify((app, verifier) => app.register(forFastify.esauth, verifier as Wrong)),
  },
  ...(
    [
      ['requireIdentity', forExpress.requireIdentity, 'requireIdentity()'],
      ['requireRoles', forExpress.requireRoles, "requireRoles('admin')"],
      ['requireAnyRole', forExpress.requireAnyRole, "requireAnyRole('admin', 'editor')"],
      ['requireRealm', forExpress.requireRealm, "requireRealm('default_native')"],
      ['requireAuthenticationType', forExpress.requireAuthenticationType, "('api_key')"],
      ['requirePrivileges', forExpress.requirePrivileges, '({ index: [{ names, privileges }] })'],
      ['requireThat', forExpress.requireThat, "requireThat(roles('admin'))"],
    ] as const
  ).map(
    ([name, guard, cure]): Mistake => ({
      ...invalid,
      done: `Express: ${name}, not called`,
      cure,
      make: inExpress((app, verifier) => app.use(esauth(verifier), guard as Wrong)),
    }),
  ),
  {
    done: 'Fastify: a guard, not called',
    code: 'invalid_option',
    cure: "requireRoles('admin')",
    status: 500,
    make: inFastify(async (app, verifier) => {
      await app.register(forFastify.esauth, { verifier });
      app.get('/fastify', { preHandler: forFastify.requireRoles as Wrong }, async () => 'never');
    }),
  },
  {
    done: 'requireThat of nothing',
    code: 'invalid_option',
    cure: 'use requireIdentity()',
    make: () => forExpress.requireThat(undefined as Wrong),
  },
  {
    done: 'requireRoles of nothing',
    code: 'invalid_option',
    cure: 'must be one or more names',
    make: () => forExpress.requireRoles(),
  },
  {
    done: 'requireRoles of a list',
    code: 'invalid_option',
    cure: 'must be one or more names',
    make: () => forExpress.requireRoles(['admin'] as Wrong),
  },
  {
    done: 'requirePrivileges with a misspelt section',
    code: 'invalid_option',
    cure: 'known are cluster, index, application',
    make: () => forExpress.requirePrivileges({ indices: [] } as Wrong),
  },
  {
    done: 'requirePrivileges with a privilege that there is not',
    code: 'invalid_privileges',
    status: 500,
    cure: 'unknown index privilege [raed]',
    make: inExpress((app, verifier) =>
      app.use(
        esauth(verifier),
        forExpress.requirePrivileges({ index: [{ names: 'docs', privileges: ['raed'] }] }),
      ),
    ),
  },
  {
    done: 'requirePrivileges with an async function',
    code: 'invalid_privileges',
    status: 500,
    cure: 'must return its question, not a promise of it',
    make: inExpress((app, verifier) =>
      app.use(esauth(verifier), forExpress.requirePrivileges((async () => ({})) as Wrong)),
    ),
  },
  {
    done: 'await guard(req), without the response',
    code: 'invalid_argument',
    status: 500,
    cure: 'await guard(request, response)',
    make: inExpress((app, verifier) =>
      app.use(esauth(verifier), async (req, _res, next) => {
        await (forExpress.requireIdentity() as Wrong)(req);
        next();
      }),
    ),
  },
  {
    ...invalid,
    done: 'an async function for credential',
    cure: 'at once and not as a promise',
    make: inExpress((app, verifier) => app.use(esauth(verifier, { credential: (async () => 'x') as Wrong }))),
  },
  {
    ...invalid,
    done: 'an async function for the verifier of each request',
    cure: 'not a promise of one',
    make: inExpress((app, verifier) => app.use(esauth((async () => verifier) as Wrong))),
  },
  {
    done: 'an async function for source',
    code: 'ESAUTH_SOURCE',
    status: 200,
    cure: 'the option source must return a string, at once',
    make: inExpress((app, verifier) => app.use(esauth(verifier, { source: (async () => 'x') as Wrong }))),
  },
  {
    done: 'Express: a guard in a handler, without await',
    code: 'ESAUTH_NOT_AWAITED',
    // The handler went on before anything could be known.
    status: 200,
    cure: 'write await guard(request, response)',
    make: inExpress((app, verifier) =>
      app.use(esauth(verifier), (req, res, next) => {
        forExpress.requireRoles('nobody')(req, res);
        next();
      }),
    ),
  },
  {
    done: 'requireThat of two',
    code: 'invalid_option',
    cure: 'requireThat(allOf(one, other))',
    make: () => (forExpress.requireThat as Wrong)(forExpress.roles('a'), forExpress.roles('b')),
  },
  {
    done: 'requirePrivileges of two',
    code: 'invalid_option',
    cure: 'requirePrivileges({ index: [one, other] })',
    make: () => (forExpress.requirePrivileges as Wrong)({ cluster: ['monitor'] }, { cluster: ['manage'] }),
  },
  {
    done: 'privileges of two',
    code: 'invalid_option',
    cure: 'privileges({ index: [one, other] })',
    make: () => (forExpress.privileges as Wrong)({ cluster: ['monitor'] }, { cluster: ['manage'] }),
  },
  {
    done: 'identityOf of nothing',
    code: 'invalid_argument',
    cure: 'identityOf(request)',
    make: () => (forKoa.identityOf as Wrong)(),
  },
  {
    done: 'Koa: the middleware of Express',
    code: 'invalid_argument',
    status: 500,
    cure: '@esauth/koa',
    make: inKoa((app, verifier) => app.use(esauth(verifier) as Wrong)),
  },
  {
    done: 'Express: the middleware of Koa',
    code: 'invalid_argument',
    status: 500,
    cure: '@esauth/express',
    make: inExpress((app, verifier) => app.use(forKoa.esauth(verifier) as Wrong)),
  },
  {
    done: 'Express: handleDenials, called',
    code: 'invalid_argument',
    cure: 'app.use(handleDenials)',
    make: () => (forExpress.handleDenials as Wrong)(),
  },
  {
    done: 'Koa: handleDenials, called',
    code: 'invalid_argument',
    cure: 'app.use(handleDenials)',
    make: () => (forKoa.handleDenials as Wrong)(),
  },
  {
    done: 'Fastify: handleDenials, called',
    code: 'invalid_argument',
    cure: 'app.setErrorHandler(handleDenials)',
    make: () => (forFastify.handleDenials as Wrong)(),
  },
  {
    done: 'Fastify: a guard under a name that is no hook',
    code: 'invalid_option',
    cure: 'this guard would never run; write preHandler',
    make: inFastify(async (app, verifier) => {
      await app.register(forFastify.esauth, { verifier });
      app.get('/fastify', { prehandler: [forFastify.requireRoles('nobody')] } as Wrong, async () => 'open');
    }),
  },
  {
    done: 'Fastify: esauth: false beside config',
    code: 'invalid_option',
    cure: '{ config: { esauth: false } }',
    make: inFastify(async (app, verifier) => {
      await app.register(forFastify.esauth, { verifier });
      app.get('/fastify', { esauth: false } as Wrong, async () => 'open');
    }),
  },
  {
    done: 'Express: identity is something else’s',
    code: 'ESAUTH_PROPERTY',
    status: 200,
    cure: 'give the option property another name',
    make: inExpress((app, verifier) => {
      app.use((req, _res, next) => {
        Object.assign(req, { identity: 'ours' });
        next();
      });
      app.use(esauth(verifier));
    }),
  },
  {
    done: 'Fastify: identity is another plugin’s',
    code: 'invalid_option',
    cure: "declared already, by @acme/who or the application itself, and @esauth/fastify needs one of its own; give it another: app.register(esauth, { verifier, property: 'caller' })",
    make: inFastify((app, verifier) => app.register(taken).register(forFastify.esauth, { verifier })),
  },
  {
    done: 'Fastify: a guard where nothing can be refused any more',
    code: 'invalid_option',
    cure: 'which goes to onRequest or preHandler',
    make: inFastify(async (app, verifier) => {
      await app.register(forFastify.esauth, { verifier });
      app.addHook('onResponse', forFastify.requireRoles('a'));
      app.get('/me', async () => 'never');
      await app.ready();
    }),
  },
  // A refusal that is thrown where nobody answers it: status and challenge are right, and the sentence where one shows.
  {
    done: 'Express: refusals are thrown, without handleDenials',
    code: 'forbidden',
    status: 403,
    cure: 'The identity does not meet the requirements of this route.',
    make: inExpress((app, verifier) =>
      app.use(esauth(verifier, { onDenied: 'throw' }), forExpress.requireRoles('nobody')),
    ),
  },
  {
    done: 'Koa: refusals are thrown, without handleDenials',
    code: 'forbidden',
    status: 403,
    cure: 'The identity does not meet the requirements of this route.',
    make: inKoa((app, verifier) =>
      app.use(forKoa.esauth(verifier, { onDenied: 'throw' })).use(forKoa.requireRoles('nobody')),
    ),
  },
  {
    done: 'Fastify: refusals are thrown, without handleDenials',
    code: 'forbidden',
    status: 403,
    cure: 'The identity does not meet the requirements of this route.',
    make: inFastify(async (app, verifier) => {
      await app.register(forFastify.esauth, { verifier, onDenied: 'throw' });
      app.get('/fastify', { preHandler: forFastify.requireRoles('nobody') }, async () => 'never');
    }),
  },
];
