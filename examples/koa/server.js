// A protected Koa API: what an application has to write, and nothing else.

import { readFileSync } from 'node:fs';
import { createVerifier, esauth, identityOf, requirePrivileges } from '@esauth/koa';
import Koa from 'koa';

const { ELASTICSEARCH_URL: nodes = 'http://127.0.0.1:9200', ELASTICSEARCH_CA: ca } = process.env;
const caFingerprint = process.env.ELASTICSEARCH_CA_FINGERPRINT;
const verifier = createVerifier({ nodes, tls: ca ? { ca: readFileSync(ca) } : { caFingerprint } });
await verifier.check(); // a wrong address or certificate stops the start, and says what to do

const app = new Koa();
const mayManage = requirePrivileges({ cluster: ['manage_security'] });

app.use((ctx, next) => {
  if (ctx.path !== '/health') return next();
  ctx.body = verifier.health(); // before it: open to everybody
});
app.use(esauth(verifier));
app.use((ctx, next) => {
  if (ctx.path !== '/me') return next();
  ctx.body = identityOf(ctx);
});
app.use((ctx, next) => (ctx.path === '/admin' ? mayManage(ctx, next) : next()));
app.use((ctx) => {
  if (ctx.path === '/admin') ctx.body = { welcome: true };
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    void verifier.close();
  });
}
