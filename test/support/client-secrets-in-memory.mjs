// Run by `test/client/heap.test.ts` in a process of its own: makes calls with credentials that live in local variables,
// keeps the errors that come of them, lets the client rest, and writes a heap snapshot. The parent knows the credentials
// because it plays Elasticsearch.
//
// node --expose-gc client-secrets-in-memory.mjs <url> <snapshot file>

import { randomBytes } from 'node:crypto';
import { writeHeapSnapshot } from 'node:v8';
import { createSecurityClient, createTokenSource, memoryTokenStore } from '@esauth/client';

const [, , url, file] = process.argv;
const count = 240;
const random = () => randomBytes(24).toString('base64url');
const client = createSecurityClient({ nodes: url, auth: { bearer: 'short' }, timeoutMs: 50 });

const calls = [
  (options) => client.getToken({ grant_type: 'password', username: 'jane', password: random() }, options),
  (options) => client.getToken({ grant_type: 'refresh_token', refresh_token: random() }, options),
  (options) => client.authenticate({ ...options, authorization: `Bearer ${random()}` }),
  (options) => client.invalidateToken({ token: random() }, options),
  (options) => client.changePassword({ username: 'jane', password: random() }, options),
  (options) =>
    client.cloneApiKey({ api_key: Buffer.from(`jane:${random()}`).toString('base64'), name: 'k' }, options),
  async () => {
    const store = memoryTokenStore();
    const tokens = { accessToken: random(), refreshToken: random(), issuedAt: 0, expiresAt: 1 };
    await store.compareAndSet(undefined, tokens);
    const source = createTokenSource({ client, store });
    try {
      await source.authorization();
    } finally {
      source.close();
    }
  },
];

globalThis.errors = [];
let good = 0;
for (let index = 0; index < count; index += 1) {
  const leaving = new AbortController();
  const options = index % 5 === 4 ? { signal: leaving.signal } : {};
  const call = calls[index % calls.length](options).then(
    () => {
      good += 1;
    },
    (error) => {
      globalThis.errors.push(error);
    },
  );
  if (index % 5 === 4) setTimeout(() => leaving.abort(new Error('changed my mind')), 5);
  await call;
}
// What the search must find, so that it is known to search.
globalThis.kept = random();
for (let round = 0; round < 10; round += 1) {
  await new Promise((resolve) => setTimeout(resolve, 20));
  globalThis.gc();
}
writeHeapSnapshot(file);
const result = { kept: globalThis.kept, good, failed: globalThis.errors.length };
process.stdout.write(JSON.stringify(result), () => process.exit());
