// Compiled, never run: what a Fastify application may write, and what it must not.

import {
  anyOf,
  callerHeaders,
  type EsauthOptions,
  esauth,
  type Guard,
  handleDenials,
  type Identity,
  identityOf,
  privileges,
  requireAuthenticationType,
  requireIdentity,
  requirePrivileges,
  requireRoles,
  requireThat,
  roles,
  type Verifier,
} from '@esauth/fastify';
import fastify, { type FastifyRequest, type FastifyTypeProvider, type preHandlerHookHandler } from 'fastify';

declare const verifier: Verifier;
declare const other: Verifier;
const app = fastify();

await app.register(esauth, { verifier });
await app.register(esauth, { verifier: { nodes: 'https://es.internal:9200' }, optional: true, maxAgeMs: 0 });
const options: EsauthOptions = { verifier, source: (request) => request.ip };
await app.register(esauth, options);
// @ts-expect-error without a verifier
await app.register(esauth, {});
// @ts-expect-error an unknown option
await app.register(esauth, { verifier, optinal: true });
// @ts-expect-error a source is a string
await app.register(esauth, { verifier, source: () => 7 });

// Guards are hooks, and leave a route's own types alone.
const hook: preHandlerHookHandler = requireRoles('superuser');
const guard: Guard = requireAuthenticationType('api_key');
app.addHook('onRequest', guard);
app.addHook('preHandler', hook);
app.get<{ Params: { id: string } }>(
  '/items/:id',
  { onRequest: requireRoles('reader'), preHandler: [requireRoles('a'), requireRoles('b')] },
  async (request) => request.params.id,
);
app.post<{ Body: { name: string }; Reply: { ok: boolean } }>(
  '/items',
  { preHandler: requirePrivileges({ index: [{ names: 'docs', privileges: ['write'] }] }) },
  async (request) => ({ ok: request.body.name !== '' }),
);
app.get('/own', { preHandler: requirePrivileges((request) => ({ cluster: [request.url] })) }, async () => 1);
app.addHook(
  'preHandler',
  requireThat(
    anyOf(
      roles('admin'),
      privileges((request: FastifyRequest) => ({ cluster: [request.method] })),
    ),
  ),
);
// @ts-expect-error too late, for a hook that gets no reply; the types of other late hooks take it
app.addHook('onRequestAbort', requireRoles('superuser'));

// They can be awaited.
app.get(
  '/awaited',
  { preHandler: async (asked, reply) => requireRoles('reader')(asked, reply) },
  async (asked, reply) => {
    const guarded: Promise<void> = requireIdentity()(asked, reply);
    await guarded;
  },
);
// @ts-expect-error it takes nothing
requireIdentity('reader');
app.setErrorHandler(handleDenials);

// What a type provider says of a route stays, beside guards of every kind. A small one of our own, in the form of
// Fastify 4 (`output`) and that of 5 (`validator`).
interface Says<Type> {
  readonly says: Type;
}
type Said<Schema> = Schema extends Says<infer Type> ? Type : unknown;
interface Provider extends FastifyTypeProvider {
  readonly input: unknown;
  readonly schema: unknown;
  readonly output: Said<this['input']>;
  readonly validator: Said<this['schema']>;
}
declare function says<Type>(): Says<Type>;
const schema = {
  params: says<{ id: string }>(),
  body: says<{ name: string }>(),
  querystring: says<{ page: number }>(),
};
app.withTypeProvider<Provider>().post(
  '/typed/:id',
  {
    schema,
    onRequest: requireIdentity(),
    preValidation: [requireRoles('a')],
    preHandler: [requireRoles('b'), requirePrivileges((asked) => ({ cluster: [asked.url] }))],
  },
  async ({ params, body, query }) => {
    const typed: [string, string, number] = [params.id, body.name, query.page];
    // @ts-expect-error not in the schema
    params.nope;
    // @ts-expect-error not in the schema
    body.nope;
    // @ts-expect-error not in the schema
    query.nope;
    return typed;
  },
);

// Several authorities, and credentials that are not in the header.
await app.register(esauth, { verifier: (asked) => (asked.hostname === 'a' ? verifier : other) });
// @ts-expect-error no promise of one
await app.register(esauth, { verifier: async () => verifier });
await app.register(esauth, { verifier, credential: (asked) => asked.headers['x-token']?.toString() });
// @ts-expect-error a credential is a header's value
await app.register(esauth, { verifier, credential: () => 7 });

// A route's config.
app.get('/open', { config: { esauth: false } }, async () => 1);
app.get('/maybe', { config: { esauth: { optional: true, maxAgeMs: 0 } } }, async () => 1);
// @ts-expect-error true or false; Fastify infers more of a config than it checks, the rest fails at the start
app.get('/x', { config: { esauth: { optional: 'yes' } } }, async () => 1);

declare const request: FastifyRequest;
// @ts-expect-error the identity may be absent
request.identity.username;
const maybe: Identity | undefined = request.identity;
const certain: Identity = identityOf(request);
// @ts-expect-error an identity is shared by all requests of its credential
certain.username = 'somebody else';
const sent: string = callerHeaders(request).authorization;

// @ts-expect-error a question names privileges
requirePrivileges({ index: [{ names: 'docs' }] });
// @ts-expect-error no such way to authenticate
requireAuthenticationType('cookie');
// @ts-expect-error a requirement is made by one of the functions for it
requireThat('superuser');

// Over HTTP/2, everything is the same.
const secure = fastify({ http2: true, https: {} });
await secure.register(esauth, { verifier });
secure.get('/', { preHandler: requireRoles('reader') }, async (asked) => identityOf(asked).username);

export { maybe, sent };
