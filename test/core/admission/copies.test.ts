// Two copies of the package in one process, as package managers install them for an adapter and an application that
// ask for different ranges. What the one records, the other finds.

import * as first from '@esauth/core';
import manifest from '@esauth/core/package.json' with { type: 'json' };
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { version } from '../../../packages/core/src/values/process-state.js';
import { identityBody, respond, type ScriptedNode, startScriptedNode } from '../../support/scripted-node.js';
import { settled } from '../../support/settled.js';
import { warningsDuring } from '../../support/warnings.js';

const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const host: first.Host<first.RequestLike> = { node: (request) => request, address: () => undefined };

async function anotherCopy(): Promise<typeof first> {
  vi.resetModules();
  const copy = await import('@esauth/core');
  expect(copy.createVerifier).not.toBe(first.createVerifier);
  return copy;
}

let node: ScriptedNode;
beforeEach(async () => {
  node = await startScriptedNode(respond({ body: identityBody() }));
});
afterEach(() => node.close());

test('guards, identityOf and callerHeaders of one know what the middleware of another has recorded', async () => {
  const second = await anotherCopy();
  // Made by the application's copy, used by the adapter's, read by the application's.
  const verifier = first.createVerifier({ nodes: node.url, clientAuthentication: 's3cr3t-of-the-realm' });
  const request = { rawHeaders: ['Authorization', jane], headers: {} };
  const warnings = await warningsDuring(async () => {
    await settled(second.createGate(verifier, {}, host).admit(request));
    for (const copy of [first, second]) {
      expect(copy.identityOf(request).username).toBe('jane');
      expect(copy.callerHeaders(request)).toEqual({
        authorization: jane,
        'es-client-authentication': 'SharedSecret s3cr3t-of-the-realm',
      });
      expect(copy.createGuard(first.roles('editor'))(request, request)).toBeUndefined();
      expect(copy.createGuard(second.roles('admin'))(request, request)).toMatchObject({ status: 403 });
    }
  });
  expect(warnings).toEqual([]);
  await verifier.close();
});

test('what they throw is told apart by both', async () => {
  const second = await anotherCopy();
  const bare = { rawHeaders: [], headers: {}, url: '/copies' };
  expect(() => second.identityOf(bare)).toThrow(first.DenialError);
  expect(() => first.identityOf(bare)).toThrow(second.DenialError);
});

test('two verifiers from equal options are two caches, whichever copy made them', async () => {
  const second = await anotherCopy();
  const options = { nodes: node.url, cache: { ttlMs: 1_234 } };
  const warnings = await warningsDuring(async () => {
    for (const { verifierFrom } of [first, second]) await verifierFrom(options).close();
  });
  expect(warnings).toMatchObject([{ code: 'ESAUTH_TWO_CACHES' }]);
});

test('another version is named beside this one', async () => {
  await first.createVerifier({ nodes: node.url }).close();
  const versions: unknown = Reflect.get(globalThis, Symbol.for('esauth.versions'));
  expect(versions).toEqual(new Set([version]));
  // As another version would have done.
  (versions as Set<string>).add('0.0.7');
  const second = await anotherCopy();
  const warnings = await warningsDuring(async () => {
    for (const _ of [1, 2]) await second.createVerifier({ nodes: node.url }).close();
  });
  expect(warnings).toEqual([
    {
      name: 'EsauthWarning',
      code: 'ESAUTH_TWO_VERSIONS',
      message: expect.stringContaining(`loaded, 0.0.7 and ${version}; install one for the whole application`),
    },
  ]);
  (versions as Set<string>).delete('0.0.7');
});

test('the version is that of the package', () => {
  expect(version).toBe(manifest.version);
});

test('what is shared cannot be replaced, nor listed', async () => {
  await first.createVerifier({ nodes: node.url }).close();
  const symbols = Object.getOwnPropertySymbols(globalThis).filter(({ description }) =>
    description?.startsWith('esauth.'),
  );
  expect(symbols.length).toBeGreaterThan(1);
  for (const symbol of symbols) {
    expect(Object.getOwnPropertyDescriptor(globalThis, symbol)).toMatchObject({
      writable: false,
      enumerable: false,
      configurable: false,
    });
  }
});
