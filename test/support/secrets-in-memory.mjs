// Run by `test/properties/secrets.test.ts` in a process of its own: takes a verifier through a thousand
// credentials, lets it rest, and writes a heap snapshot. The credentials are made here, live in local variables,
// and are known to the parent only because it plays Elasticsearch.
//
// node --expose-gc secrets-in-memory.mjs <url> <snapshot file> <file with the authority's certificate>

import { randomBytes } from 'node:crypto';
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { writeHeapSnapshot } from 'node:v8';
import { createVerifier } from '@esauth/core';

const [, , url, file, ca] = process.argv;
const count = 1_000;

// A clock that is moved on by hand, so that a timeout takes no time.
let now = 0;
const timers = new Set();
const clock = {
  wall: () => 1_700_000_000_000 + now,
  monotonic: () => now,
  after(delayMs, callback) {
    const timer = { due: now + delayMs, callback };
    timers.add(timer);
    return () => timers.delete(timer);
  },
};
function advance(ms) {
  now += ms;
  for (const timer of timers) {
    if (timer.due > now) continue;
    timers.delete(timer);
    timer.callback();
  }
}

const verifier = createVerifier({
  nodes: url,
  tls: { ca: readFileSync(ca) },
  clock,
  schemes: ['Bearer', 'ApiKey', 'Basic'],
  cache: { ttlMs: 60_000, refreshAfterMs: 1_000, staleIfErrorMs: 60_000 },
});
let onSent = () => {};
subscribe('undici:client:sendHeaders', () => onSent());
process.on('warning', () => {});
const sockets = new Set();
subscribe('undici:client:connected', ({ socket }) => sockets.add(socket));

const random = (bytes) => randomBytes(bytes).toString('base64url');
const pair = (scheme) => `${scheme} ${Buffer.from(`${random(15)}:${random(24)}`).toString('base64')}`;
const makers = [
  () => `Bearer ${random(48)}`,
  () => pair('ApiKey'),
  () => pair('Basic'),
  () =>
    `Bearer ${[{ alg: 'none' }, { sub: random(12), exp: 1_700_000_100 }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.${random(32)}`,
  () => `ApiKey essu_${random(40)}`,
];

const kinds = {};
const answers = {};

async function present(index) {
  const credential = makers[index % makers.length]();
  const caller = new AbortController();
  if (index % 10 === 7) onSent = () => caller.abort();
  else if (index % 10 === 8) onSent = () => advance(3_000);
  else onSent = () => {};
  const value = credential.slice(credential.indexOf(' ') + 1);
  // Refused unread, in every way.
  for (const bad of [`Digest ${value}`, `Bearer ${value},`, `${credential} `, `ApiKey ${value}~`, value]) {
    verifier.peek(bad);
    verifier.denial({ kind: 'rejected', code: 'credentials_malformed' }, bad);
  }
  const spelled = credential.replace(' ', '   ').replace('B', 'b');
  const calls = [
    verifier.verify(credential, { signal: caller.signal }),
    verifier.verify({ authorization: [spelled] }, { signal: caller.signal, maxAgeMs: 0 }),
  ];
  if (index % 10 === 6) setImmediate(() => verifier.revoke({ credential: spelled }));
  const [first] = await Promise.allSettled(calls);
  verifier.peek(credential);
  onSent = () => {};
  const question = { index: [{ names: 'docs', privileges: ['read'] }] };
  const asked = await verifier.hasPrivileges(spelled, question).catch((error) => ({ kind: error.code }));
  answers[asked.kind] = (answers[asked.kind] ?? 0) + 1;
  // Refreshed in the background, and past its lifetime.
  if (index % 10 === 1) {
    advance(index % 20 === 1 ? 1_500 : 61_000);
    await verifier.verify(spelled).catch(() => {});
  }
  return first.status === 'fulfilled' ? first.value.kind : 'aborted';
}

for (let index = 0; index < count; index += 1) {
  const kind = await present(index);
  kinds[kind] = (kinds[kind] ?? 0) + 1;
}
onSent = () => {};
while (verifier.stats().inFlight > 0) {
  advance(3_000);
  await new Promise(setImmediate);
}
// Idle, not closed: the last request's connection is kept alive.
const idle = [...sockets].filter((socket) => !socket.destroyed).length;
sockets.clear();
// What the search must find, so that it is known to search.
globalThis.kept = random(24);
for (let round = 0; round < 10; round += 1) {
  await new Promise(setImmediate);
  globalThis.gc();
}
writeHeapSnapshot(file);
process.stdout.write(JSON.stringify({ kept: globalThis.kept, kinds, answers, idle }), () => process.exit());
