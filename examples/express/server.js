// A protected Express API: what an application has to write, and nothing else.

import { readFileSync } from 'node:fs';
import { createVerifier, esauth, identityOf, requirePrivileges } from '@esauth/express';
import express from 'express';

const { ELASTICSEARCH_URL: nodes = 'http://127.0.0.1:9200', ELASTICSEARCH_CA: ca } = process.env;
const caFingerprint = process.env.ELASTICSEARCH_CA_FINGERPRINT;
const verifier = createVerifier({ nodes, tls: ca ? { ca: readFileSync(ca) } : { caFingerprint } });
await verifier.check({ atLeast: 1 }); // a wrong address or certificate stops the start; one node of several may be down

const app = express();
app.get('/health', (_req, res) => res.json({ state: verifier.health().state })); // before it: open to everybody
app.use(esauth(verifier));
app.get('/me', (req, res) => res.json(identityOf(req)));
app.get('/admin', requirePrivileges({ cluster: ['manage_security'] }), (_req, res) =>
  res.json({ welcome: true }),
);

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    void verifier.close();
  });
}
