// The server in Elasticsearch's place, in a process of its own, over HTTP and HTTPS. Its parent is told where, and asks
// it by messages how many questions it has answered.

import { generate } from 'selfsigned';
import { startElasticsearch } from './elasticsearch.mjs';

const { delayMs = 0, users = 100, secure = false } = JSON.parse(process.argv[2] ?? '{}');
const plain = await startElasticsearch({ delayMs, users });
const tls = secure ? await certificate() : undefined;
const encrypted = secure ? await startElasticsearch({ delayMs, users, tls }) : undefined;

process.on('message', (word) => {
  const counts = { ...plain.counts };
  counts.served += encrypted?.counts.served ?? 0;
  if (word === 'clear') plain.counts.mostAtOnce = 0;
  process.send(counts);
});
process.on('disconnect', () => process.exit());
process.send({ http: plain.url, https: encrypted?.url, ca: tls?.cert });

async function certificate() {
  const names = [{ type: 7, ip: '127.0.0.1' }];
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'bench' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: names }],
  });
  return { key, cert };
}
