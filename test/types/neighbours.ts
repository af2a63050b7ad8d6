// Compiled, never run: other libraries in the same program as ours, such as those that put somebody on the request.

import { callerHeaders, type Identity, identityOf } from '@esauth/express';
import { identityOf as identityOfFastify } from '@esauth/fastify';
import type {} from '@fastify/jwt';
import type { Client } from 'elasticsearch9';
import type { Request } from 'express';
import type { AuthResult } from 'express-oauth2-jwt-bearer';
import type { FastifyRequest } from 'fastify';
import type {} from 'passport';

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

export { auth0s, decoded, found, ours, oursToo, passports, theirs };
