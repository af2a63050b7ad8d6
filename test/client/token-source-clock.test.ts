// A token source on the real clock: tokens of two seconds are renewed ahead of their end, and whoever asks is never
// given one that has ended.

import { createSecurityClient, createTokenSource } from '@esauth/client';
import { startEmulator } from '@esauth/emulator';
import { expect, onTestFinished, test } from 'vitest';

const lifetimeMs = 2_000;

test('is renewed in time', async () => {
  const emulator = await startEmulator({ tokenTimeoutMs: lifetimeMs });
  const auth = { username: 'elastic', password: 'changeme' };
  const client = createSecurityClient({ nodes: emulator.url, auth });
  const source = createTokenSource({ client, grant: { grant_type: 'password', ...auth } });
  onTestFinished(async () => {
    source.close();
    await client.close();
    await emulator.close();
  });
  const headers = new Set<string>();
  let refused = 0;
  while (headers.size < 3) {
    const givenAt = performance.now();
    const authorization = await source.authorization();
    headers.add(authorization);
    await client.authenticate({ authorization }).catch((error: { readonly code: string }) => {
      // Its margin is a tenth of its lifetime: a machine that takes longer than that to ask is too slow to tell.
      expect([error.code, performance.now() - givenAt > lifetimeMs / 10]).toEqual(['unauthorized', true]);
      refused += 1;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(refused).toBeLessThan(5);
  // The first one by the grant, and all others by refreshing.
  const asked = emulator.requests.filter(({ path }) => path === '/_security/oauth2/token');
  expect(asked.length).toBeLessThanOrEqual(headers.size + 1);
}, 30_000);
