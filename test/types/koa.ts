// Compiled, never run: what a Koa application may write, and what it must not.

import {
  anyOf,
  callerHeaders,
  type EsauthMiddleware,
  esauth,
  handleDenials,
  type Identity,
  type IdentityState,
  identityOf,
  privileges,
  requireAuthenticationType,
  requireIdentity,
  requirePrivileges,
  requireRoles,
  requireThat,
  roles,
  type Verifier,
} from '@esauth/koa';
import Koa, { type Context } from 'koa';
import compose from 'koa-compose';

declare const verifier: Verifier;
declare const other: Verifier;
const app = new Koa<IdentityState>();

app.use(esauth(verifier));
app.use(esauth({ nodes: 'https://es.internal:9200' }, { optional: true, maxAgeMs: 0, onDenied: 'throw' }));
const middleware: EsauthMiddleware = esauth(verifier);
void middleware.verifier.revoke('all');

app.use(requireRoles('superuser'));
app.use((ctx) => {
  const maybe: Identity | undefined = ctx.state.identity;
  // @ts-expect-error the identity may be absent
  ctx.state.identity.username;
  const certain: Identity = identityOf(ctx);
  // @ts-expect-error an identity is shared by all requests of its credential
  certain.username = 'somebody else';
  ctx.body = [maybe, callerHeaders(ctx).authorization];
});

// An application without types takes it too, and so does one with a state of its own.
new Koa().use(esauth(verifier)).use(requireRoles('reader'));
new Koa<IdentityState & { readonly started: Date }>()
  .use(esauth(verifier))
  .use(requireRoles('reader'))
  .use((ctx) => {
    const started: Date = ctx.state.started;
    ctx.body = [started, ctx.state.identity?.username];
  });

// Under another name, for an application that has something else at `identity`.
new Koa<IdentityState<'caller'> & { readonly identity: { readonly tenant: string } }>()
  .use(esauth(verifier, { property: 'caller' }))
  .use((ctx) => {
    const tenant: string = ctx.state.identity.tenant;
    // @ts-expect-error the identity may be absent
    ctx.state.caller.subject;
    ctx.body = [tenant, ctx.state.caller?.subject];
  });

// Guards compose, and know the context.
app.use(compose([esauth(verifier), requireAuthenticationType('api_key')]));
app.use(requirePrivileges({ index: [{ names: 'docs', privileges: ['read'] }] }));
app.use(requirePrivileges((ctx) => ({ index: [{ names: ctx.path.slice(1), privileges: ['read'] }] })));
app.use(
  requireThat(
    anyOf(
      roles('admin'),
      privileges((ctx: Context) => ({ cluster: [ctx.method] })),
    ),
  ),
);

// They can be awaited, and so can the middleware itself.
app.use(async (ctx) => {
  await requireRoles('reader')(ctx);
  await middleware(ctx);
  ctx.body = identityOf(ctx);
});
// @ts-expect-error it takes nothing
requireIdentity('reader');
app.use(handleDenials);

// Several authorities, and credentials that are not in the header.
app.use(esauth((ctx) => (ctx.hostname === 'a' ? verifier : other)));
// @ts-expect-error there is no one verifier
esauth(() => verifier).verifier;
// @ts-expect-error nor a promise of one
esauth(async () => verifier);
esauth(verifier, { credential: (ctx) => ctx.cookies.get('token') && `Bearer ${ctx.cookies.get('token')}` });
// @ts-expect-error a credential is a header's value
esauth(verifier, { credential: () => 7 });

// @ts-expect-error a question names privileges
requirePrivileges({ index: [{ names: 'docs' }] });
// @ts-expect-error no such way to authenticate
requireAuthenticationType('cookie');
// @ts-expect-error a requirement is made by one of the functions for it
requireThat('superuser');
// @ts-expect-error an unknown option
esauth(verifier, { optinal: true });
esauth(verifier, { source: (ctx) => ctx.get('x-client') || ctx.ip });
// @ts-expect-error a source is a string
esauth(verifier, { source: () => 7 });
// @ts-expect-error the context, not its request
identityOf(app);
