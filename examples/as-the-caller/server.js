// A search that runs as whoever calls: Elasticsearch decides what each of them finds. The service's own client is
// shared by all, and never lends its credential to a request that has none.

import { readFileSync } from 'node:fs';
import { Client } from '@elastic/elasticsearch';
import { callerHeaders, createVerifier, esauth, requireIdentity } from '@esauth/express';
import express from 'express';

const { ELASTICSEARCH_URL: node = 'http://127.0.0.1:9200', ELASTICSEARCH_CA: ca } = process.env;
const tls = ca ? { ca: readFileSync(ca) } : {};
const auth = { username: 'elastic', password: process.env.ELASTICSEARCH_PASSWORD ?? 'changeme' };
const elasticsearch = new Client({ node, auth, tls });
const verifier = createVerifier({ nodes: node, tls });
await verifier.check({ atLeast: 1 }); // a wrong address or certificate stops the start; one node of several may be down

const app = express();
app.use(esauth(verifier, { optional: true }));
app.get('/books', requireIdentity(), async (req, res) => {
  const found = await elasticsearch.search({ index: 'esauth-books' }, { headers: callerHeaders(req) });
  res.json(found.hits.hits.map((hit) => hit._source.title));
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    void verifier.close();
    void elasticsearch.close();
  });
}
