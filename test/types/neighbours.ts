// Compiled, never run: other libraries in the same program as ours, such as those that put somebody on the request,
// or say what is in it.

import { callerHeaders, type Identity, identityOf } from '@esauth/express';
import {
  esauth,
  identityOf as identityOfFastify,
  requireIdentity,
  requireRealm,
  requireRoles,
  type Verifier,
} from '@esauth/fastify';
import type {} from '@fastify/jwt';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Client } from 'elasticsearch9';
import type { Request } from 'express';
import type { AuthResult } from 'express-oauth2-jwt-bearer';
import fastify, { type FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type {} from 'passport';
import { Type } from 'typebox';
import { z } from 'zod';

declare const verifier: Verifier;

declare const req: Request;
const passports: Express.User | undefined = req.user;
const auth0s: AuthResult | undefined = req.auth;
const ours: readonly (Identity | undefined)[] = [req.identity, identityOf(req)];
// @ts-expect-error what others put there is no identity
identityOf(req.user);

// What a search as the caller takes.
declare const elasticsearch: Client;
const found: Promise<unknown> = elasticsearch.search({ index: 'docs' }, { headers: callerHeaders(req) });

declare const request: FastifyRequest;
const theirs: string | object | Buffer = request.user;
const oursToo: Identity = identityOfFastify(request);
const decoded: Promise<unknown> = request.jwtVerify();

// What the usual type providers say of a route stays, beside guards of every kind.
const app = fastify();
await app.register(esauth, { verifier });
const guards = { onRequest: requireIdentity(), preHandler: [requireRoles('a'), requireRealm('native1')] };
const withTypebox = {
  params: Type.Object({ id: Type.String() }),
  body: Type.Object({ name: Type.String() }),
  querystring: Type.Object({ page: Type.Number() }),
};
app
  .withTypeProvider<TypeBoxTypeProvider>()
  .post('/typebox/:id', { schema: withTypebox, ...guards }, async ({ params, body, query }) => {
    const typed: [string, string, number] = [params.id, body.name, query.page];
    // @ts-expect-error not in the schema
    body.nope;
    return typed;
  });
const withZod = {
  params: z.object({ id: z.string() }),
  body: z.object({ name: z.string() }),
  querystring: z.object({ page: z.number() }),
};
app
  .withTypeProvider<ZodTypeProvider>()
  .post('/zod/:id', { schema: withZod, ...guards }, async ({ params, body, query }) => {
    const typed: [string, string, number] = [params.id, body.name, query.page];
    // @ts-expect-error not in the schema
    params.nope;
    return typed;
  });

export { auth0s, decoded, found, ours, oursToo, passports, theirs };
