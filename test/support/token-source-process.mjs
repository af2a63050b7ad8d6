// Run by `test/client/token-source-processes.test.ts` several times at once: uses the token of a family that it shares
// with the others until the time is up, and prints what became of it.
//
// node token-source-process.mjs <url> <file> <milliseconds>

import { createSecurityClient, createTokenSource, fileTokenStore } from '@esauth/client';

const [, , url, file, forMs] = process.argv;
const client = createSecurityClient({ nodes: url, auth: { username: 'elastic', password: 'changeme' } });
const source = createTokenSource({ client, store: fileTokenStore(file) });
const headers = new Set();
const errors = [];
const until = Date.now() + Number(forMs);
while (Date.now() < until) {
  try {
    headers.add(await source.authorization());
  } catch (error) {
    errors.push(`${error.code} ${error.message}`);
    if (errors.length > 20) break;
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
}
process.stdout.write(JSON.stringify({ headers: headers.size, errors }));
source.close();
await client.close();
