// A protected Fastify API: what an application has to write, and nothing else.

import { readFileSync } from 'node:fs';
import { createVerifier, esauth, identityOf, requirePrivileges } from '@esauth/fastify';
import fastify from 'fastify';

const { ELASTICSEARCH_URL: nodes = 'http://127.0.0.1:9200', ELASTICSEARCH_CA: ca } = process.env;
const caFingerprint = process.env.ELASTICSEARCH_CA_FINGERPRINT;
const verifier = createVerifier({ nodes, tls: ca ? { ca: readFileSync(ca) } : { caFingerprint } });
await verifier.check({ atLeast: 1 }); // a wrong address or certificate stops the start; one node of several may be down

const app = fastify();
await app.register(esauth, { verifier });
app.addHook('onClose', () => verifier.close());

app.get('/health', { config: { esauth: false } }, async () => ({ state: verifier.health().state }));
app.get('/me', async (request) => identityOf(request));
app.get('/admin', { preHandler: requirePrivileges({ cluster: ['manage_security'] }) }, async () => ({
  welcome: true,
}));

console.log(
  `listening on ${await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })}`,
);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void app.close());
