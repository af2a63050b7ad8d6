// Compiled, never run: what an Express application may write, and what it must not.

import {
  type EsauthMiddleware,
  esauth,
  type Identity,
  identityOf,
  requireRoles,
  type Verifier,
} from '@esauth/express';
import express, { type Request, type RequestHandler } from 'express';

declare const verifier: Verifier;
const app = express();

app.use(esauth(verifier));
app.use('/api', esauth({ nodes: 'https://es.internal:9200' }, { optional: true, maxAgeMs: 0 }));
const middleware: EsauthMiddleware = esauth(verifier);
middleware.verifier.revoke('all');
const asHandler: RequestHandler = requireRoles('superuser');
app.use(asHandler, [requireRoles('a'), requireRoles('b')]);

// Guards leave a route's own types alone.
app.get('/items/:id', esauth(verifier), requireRoles('reader'), (req, res) => {
  const id: string = req.params.id;
  res.json({ id });
});
app.post<{ id: string }, { ok: boolean }, { name: string }>(
  '/items/:id',
  requireRoles('writer'),
  (req, res) => {
    const name: string = req.body.name;
    res.json({ ok: name !== req.params.id });
  },
);

declare const req: Request;
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

export { maybe };
