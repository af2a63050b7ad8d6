// A protected Express API that Prometheus can watch: what an application has to write, and nothing else.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createVerifier, esauth, identityOf, requirePrivileges } from '@esauth/express';
import { observe } from '@esauth/opentelemetry';
import { redisSharing } from '@esauth/redis';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import express from 'express';
import { createClient } from 'redis';

const { ELASTICSEARCH_URL: nodes = 'http://127.0.0.1:9200', ELASTICSEARCH_CA: ca } = process.env;
// With other processes that share what they know, by REDIS_URL and a secret that all of them have.
const { REDIS_URL: url, ESAUTH_SECRET: secret } = process.env;
const redis = url ? createClient({ url }) : undefined;
redis?.on('error', () => {}); // what a broken connection means is in the series
await redis?.connect();
const sharing = redis && redisSharing({ client: redis, secrets: [secret] });

const tls = ca ? { ca: readFileSync(ca) } : {};
const verifier = createVerifier({ nodes: nodes.split(','), tls, sharing });

const exporter = new PrometheusExporter({ preventServerStart: true });
const meterProvider = new MeterProvider({ readers: [exporter] });
const observation = observe(verifier, { meterProvider });
// On a port of its own: what Prometheus reads is not for callers.
const metrics = createServer((req, res) => exporter.getMetricsRequestHandler(req, res));
metrics.listen(Number(process.env.METRICS_PORT ?? 9464), '127.0.0.1', () => {
  console.log(`metrics on http://127.0.0.1:${metrics.address().port}`);
});

const app = express();
app.get('/livez', (_req, res) => res.json({ alive: true }));
app.get('/readyz', (_req, res) => {
  const { state } = verifier.health();
  res.status(state === 'down' ? 503 : 200).json({ state });
});
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
    observation.stop();
    server.close();
    metrics.close();
    void verifier.close().then(() => redis?.destroy());
    void meterProvider.shutdown();
  });
}
