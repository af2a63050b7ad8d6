// What can be wrong where the plugin is registered: how, and with which property of requests.

import { ConfigurationError } from '@esauth/core';
import type { FastifyInstance } from 'fastify';

/** @throws {ConfigurationError} if the plugin was called in place of being handed on. */
export function checkRegistration(app: FastifyInstance): void {
  if (typeof app?.decorateRequest === 'function') return;
  throw new ConfigurationError(
    'esauth',
    'is registered without being called: app.register(esauth, { verifier: { nodes } })',
  );
}

/**
 * Declares the property, as Fastify wants it, once in a context; here it also is known whether it was us, in this
 * context or one around it.
 *
 * @throws {ConfigurationError} if somebody else has declared it, naming who may have, and the option.
 */
export function declareProperty(app: FastifyInstance, property = 'identity'): void {
  const mark = Symbol.for(`esauth.property.${property}`);
  if (app.hasRequestDecorator(mark)) return;
  if (app.hasRequestDecorator(property)) {
    throw new ConfigurationError(
      'property',
      `request.${property} is declared already, by ${othersIn(app)}, and @esauth/fastify needs one of its own; ` +
        "give it another: app.register(esauth, { verifier, property: 'caller' })",
    );
  }
  app.decorateRequest(property, undefined);
  app.decorateRequest(mark, undefined);
}

/** The plugins that were loaded before us. Fastify does not tell which of them has declared what. */
function othersIn(app: FastifyInstance): string {
  const names = app
    .printPlugins()
    .split('\n')
    .map((line) => /^[\s│├└─]*(.+?) -?[\d.]+ ms$/.exec(line)?.[1] ?? '')
    // A plugin without a name is told by its source.
    .filter((name) => /^@?[\w./-]+$/.test(name) && name !== 'root' && name !== '@esauth/fastify');
  return [...names, 'the application itself'].join(' or ');
}
