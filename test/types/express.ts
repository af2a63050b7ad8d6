// Compiled, never run: what an Express application may write, and what it must not.

import {
  anyOf,
  callerHeaders,
  type EsauthMiddleware,
  esauth,
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
} from '@esauth/express';
import express, { type Request, type RequestHandler, Router } from 'express';

declare const verifier: Verifier;
declare const other: Verifier;
const app = express();

app.use(esauth(verifier));
app.use('/api', esauth({ nodes: 'https://es.internal:9200' }, { optional: true, maxAgeMs: 0 }));
const middleware: EsauthMiddleware = esauth(verifier);
void middleware.verifier.revoke('all');
const asHandler: RequestHandler = requireRoles('superuser');
app.use(asHandler, [requireRoles('a'), requireRoles('b')]);

// Guards leave a route's own types alone.
app.get('/items/:id', esauth(verifier), requireRoles('reader'), (req, res) => {
  const id: string = req.params.id;
  // @ts-expect-error the path has no such parameter
  req.params.nope;
  res.json({ id });
});
app.get('/open/:id', requireIdentity(), (req, res) => {
  // @ts-expect-error the path has no such parameter
  res.json([req.params.id, req.params.nope]);
});
app.post<{ id: string }, { ok: boolean }, { name: string }>(
  '/items/:id',
  requireRoles('writer'),
  (req, res) => {
    const name: string = req.body.name;
    res.json({ ok: name !== req.params.id });
  },
);

// They can be awaited, and so can the middleware itself.
app.get('/awaited', async (req, res) => {
  const guarded: Promise<void> = requireRoles('reader')(req, res);
  await Promise.all([guarded, middleware(req, res)]);
  res.json(identityOf(req));
});
// @ts-expect-error without a response nobody can be refused
requireIdentity()({} as Request);
// @ts-expect-error it takes nothing
requireIdentity('reader');
app.use(handleDenials);

// Several authorities, and credentials that are not in the header.
app.use(esauth((req) => (req.hostname === 'a' ? verifier : other)));
// Callers choose the host: what an unknown one gets is to be said, and is no 500.
// @ts-expect-error: a map may have none.
esauth((req) => new Map([['a', verifier]]).get(req.hostname));
// @ts-expect-error there is no one verifier
esauth(() => verifier).verifier;
// @ts-expect-error nor a promise of one
esauth(async () => verifier);
esauth(verifier, { credential: (req) => req.query.token && `Bearer ${req.query.token}` });
// @ts-expect-error a credential is a header's value
esauth(verifier, { credential: () => 7 });

// They know the request, and go wherever a handler goes.
app.delete('/docs/:id', requirePrivileges({ index: [{ names: 'docs', privileges: ['delete'] }] }));
app.use(requirePrivileges((req) => ({ index: [{ names: req.path.slice(1), privileges: ['read'] }] })));
app.use(
  requireThat(
    anyOf(
      roles('admin'),
      privileges((req: Request) => ({ cluster: [req.method] })),
    ),
  ),
);
app.all('/any', requireAuthenticationType('api_key', 'token'));
app.use('/inner', Router().use(esauth(verifier), requireRoles('reader')));
app.param('user', (req, _res, next, user: string) =>
  next(user === identityOf(req).username ? undefined : 'route'),
);

// @ts-expect-error a question names privileges
requirePrivileges({ index: [{ names: 'docs' }] });
// @ts-expect-error no such way to authenticate
requireAuthenticationType('cookie');
// @ts-expect-error a requirement is made by one of the functions for it
requireThat('superuser');

declare const req: Request;
const sent: string = callerHeaders(req).authorization;
// @ts-expect-error the identity may be absent
req.identity.username;
const maybe: Identity | undefined = req.identity;
const certain: Identity = identityOf(req);
// @ts-expect-error an identity is shared by all requests of its credential
certain.username = 'somebody else';

// @ts-expect-error an unknown option
esauth(verifier, { optinal: true });
esauth(verifier, { source: (request) => request.get('x-client') ?? request.ip });
// @ts-expect-error a source is a string
esauth(verifier, { source: () => 7 });

export { maybe, sent };
