// One cell of the matrix, as a program of a user's: it runs in a project with our packages, a framework and both
// official clients, on the Node of the cell. Its argument says what meets; it prints what was found that should not
// be, and how much was looked at. Nothing here is a test's: what it asks goes over real sockets.

import { createSecurityClient } from '@esauth/client';
import { createVerifier } from '@esauth/core';
import { startEmulator } from '@esauth/emulator';
import { acting } from './acting.mjs';
import { admission } from './admission.mjs';
import { officialClient } from './official-client.mjs';
import { outage } from './outage.mjs';
import { securityClient } from './security-client.mjs';

const failures = [];
let checks = 0;
// Ours are part of what is provoked here. Another, such as a deprecation of the newest Node, is news.
process.on('warning', (warning) => {
  if (warning.name !== 'EsauthWarning') failures.push(`it warned: ${warning.stack}`);
});

const [framework, clientMajor, elasticsearch] = process.argv.slice(2);
const { serve } = await import(`./${framework}.mjs`);

const books = [{ names: ['books'], privileges: ['read'] }];
const emulator = await startEmulator({
  version: elasticsearch,
  users: {
    jane: { password: 'correct-horse', roles: ['reader', 'key_owner'] },
    joe: { password: 'battery-staple', roles: [] },
  },
  roles: { reader: { indices: books }, key_owner: { cluster: ['manage_own_api_key'] } },
});
const auth = { username: emulator.username, password: emulator.password };
const verifier = createVerifier({ nodes: emulator.url, upstream: { timeoutMs: 60_000 } });
const official = await officialClient(Number(clientMajor), elasticsearch, emulator.url, auth);
const ours = createSecurityClient({ nodes: emulator.url, auth, verifier, timeoutMs: 60_000 });
const server = await serve(verifier, official.search);

/** Looks at one thing; the name is the sentence that it makes true. */
async function check(name, expected, look) {
  checks += 1;
  let found;
  try {
    found = await look();
  } catch (error) {
    found = `${error.name}: ${error.message}`;
  }
  const [wanted, got] = [JSON.stringify(expected), JSON.stringify(found)];
  if (wanted !== got) failures.push(`${name}: ${wanted} is wanted, and ${got} came`);
}

/** What the server answers to whoever presents this; of a refusal its code. */
async function ask(path, authorization) {
  const headers = { connection: 'close', ...(authorization !== undefined && { authorization }) };
  const response = await fetch(server.url + path, { headers });
  const text = await response.text();
  const body = text === '' ? undefined : JSON.parse(text);
  return { status: response.status, headers: response.headers, body };
}

const cell = { check, ask, emulator, verifier, official, ours };
await admission(cell);
await acting(cell);
await official.checks(cell);
await securityClient(cell);
await outage(cell);

await server.close();
await official.close();
await ours.close();
await verifier.close();
await emulator.close();
process.stdout.write(`${JSON.stringify({ node: process.versions.node, checks, failures })}\n`);
