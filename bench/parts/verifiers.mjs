// Our own variants: a verifier that already knows its callers, and the hook of each adapter, taken out of the framework
// that it was registered with.

import { createVerifier } from '@esauth/core';
import { must } from '../measure/work.mjs';
import { startElasticsearch } from './elasticsearch.mjs';

/** Nothing may expire or be asked again while it is measured. */
export const lasting = { ttlMs: 86_400_000, rejectedTtlMs: 86_400_000, refreshAfterMs: 0 };

/** Under callgrind, on a busy machine, the first questions take long. */
export const patient = { timeoutMs: 600_000, hedgeAfterMs: 0 };

/** Slots for headers that were seen last. */
export const recent = 4_096;

/**
 * @param {readonly string[]} headers whom it is to know
 * @param {{ cache?: object }} [options]
 * @param {import('@esauth/core').PrivilegesQuestion} [privileges] which it is to know that they have
 * @returns {Promise<{ verifier: import('@esauth/core').Verifier, close(): Promise<void> } | { absent: string }>}
 */
export async function knowing(headers, { cache = {}, ...options } = {}, privileges = undefined) {
  // Privileges are answered to one name.
  const elasticsearch = await startElasticsearch({ users: privileges === undefined ? 100 : 1 });
  let verifier;
  try {
    verifier = createVerifier({
      nodes: elasticsearch.url,
      cache: { ...lasting, ...cache },
      upstream: patient,
      ...options,
    });
  } catch (error) {
    elasticsearch.close();
    if (error.code === 'invalid_option' && 'recent' in cache) {
      return { absent: 'this version has no `cache.recent`' };
    }
    throw error;
  }
  for (const header of headers) {
    const verdict = await verifier.verify(header);
    must(verdict.kind === 'authenticated', () => `a caller was ${verdict.code} before it began`);
    if (privileges !== undefined) await verifier.hasPrivileges(header, privileges);
  }
  // Nothing is asked any more: what is left of this is memory.
  elasticsearch.close();
  return { verifier, close: () => verifier.close() };
}

/** The hook that the plugin gives to Fastify, whoever else listens. */
export async function hookOf(plugin, options) {
  const { default: Fastify } = await import('fastify');
  const app = Fastify();
  let hook;
  const add = app.addHook;
  app.addHook = function addHook(name, handler) {
    if (name === 'onRequest') hook ??= handler;
    return add.call(this, name, handler);
  };
  await app.register(plugin, options);
  await app.ready();
  return hook;
}
