// Two processes behind one port, with one memory: what one has looked up the other need not ask for, and a logout at one
// ends the session at the other too.

import cluster from 'node:cluster';
import { createSecurityClient } from '@esauth/client';
import { createVerifier, esauth, identityOf } from '@esauth/express';
import { redisSharing } from '@esauth/redis';
import express from 'express';
import { createClient } from 'redis';

const { ELASTICSEARCH_URL: nodes = 'http://127.0.0.1:9200', REDIS_URL: url = 'redis://127.0.0.1:6379' } =
  process.env;
const auth = { username: 'elastic', password: process.env.ELASTICSEARCH_PASSWORD ?? 'changeme' };

if (cluster.isPrimary) start();
else await serve();

function start() {
  let listening = 0;
  cluster.on('listening', (_worker, { port }) => {
    listening += 1;
    if (listening === 2) console.log(`two processes listen on http://127.0.0.1:${port}`);
  });
  cluster.fork();
  cluster.fork();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => cluster.disconnect());
}

async function serve() {
  const redis = createClient({ url });
  // Without a listener the first broken connection would end the process. What it means is in `verifier.stats()`.
  redis.on('error', () => {});
  await redis.connect();
  const sharing = redisSharing({ client: redis, secrets: [process.env.ESAUTH_SECRET] });
  const verifier = createVerifier({ nodes, sharing });
  const client = createSecurityClient({ nodes, auth });

  const app = express();
  app.use((_req, res, next) => {
    res.set('X-Process', String(cluster.worker.id));
    next();
  });
  app.use(esauth(verifier));
  app.get('/me', (req, res) => res.json(identityOf(req)));
  app.post('/logout', async (req, res) => {
    const credential = req.headers.authorization; // the only one, and it was accepted
    await client.invalidateToken({ token: credential.split(' ')[1] });
    // 'shared': all the others can know. 'local': not yet, Redis does not answer; they hear of it when it does.
    const reach = await verifier.revoke({ credential });
    res.json({ reach });
  });

  const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
  process.on('SIGINT', () => {}); // Ctrl-C tells all processes; these end when the first says so
  cluster.worker.once('disconnect', async () => {
    server.close();
    await Promise.all([verifier.close(), client.close()]);
    redis.destroy();
  });
}
