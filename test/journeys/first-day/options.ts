// Mistakes in options: they show when the application starts, and no value is repeated.

import { createVerifier } from '@esauth/core';
import { esauth } from '@esauth/express';
import { Agent } from 'undici6';
import { type Mistake, verifierOf, type Wrong } from './mistake.js';

const nodes = 'https://es.internal:9200';

const refused = (done: string, options: unknown, cure: string): Mistake => ({
  done,
  code: 'invalid_option',
  cure,
  make: verifierOf(options),
});

export const optionMistakes: readonly Mistake[] = [
  refused('no options', undefined, "{ nodes: 'https://localhost:9200' }"),
  refused('no nodes', {}, 'nodes: required: the base URL of Elasticsearch'),
  refused('an environment variable that is not set', { nodes: undefined }, 'nodes: required'),
  refused(
    'a node without a scheme',
    { nodes: 'localhost:9200' },
    'as strings such as https://localhost:9200',
  ),
  refused('a node as an object', { nodes: new URL(nodes) }, 'as strings such as https://localhost:9200'),
  refused('a user in a node', { nodes: 'https://elastic:secret@es:9200' }, 'callers bring their own'),
  refused(
    'a user in one node of a list',
    { nodes: `${nodes},https://elastic:secret@b:9200` },
    'must not hold a user name or password',
  ),
  refused('a node twice', { nodes: [nodes, `${nodes}/`] }, 'the same node is listed twice'),
  refused('nodes and cloudId', { nodes, cloudId: 'x:y' }, 'must not be set together with nodes'),
  refused('node for nodes', { node: nodes }, 'did you mean nodes?'),
  refused('url for nodes', { url: nodes }, 'did you mean nodes?'),
  refused('hosts for nodes', { hosts: [nodes] }, 'did you mean nodes?'),
  refused('ttlMs beside nodes', { nodes, ttlMs: 60_000 }, 'did you mean cache.ttlMs?'),
  refused('timeout for upstream.timeoutMs', { nodes, timeout: 3_000 }, 'did you mean upstream.timeoutMs?'),
  refused('retries beside nodes', { nodes, retries: 2 }, 'did you mean upstream.retries?'),
  refused('a misspelt section', { nodes, upstrem: {} }, 'did you mean upstream?'),
  refused('a misspelt option in its section', { nodes, cache: { tttMs: 1 } }, 'did you mean cache.ttlMs?'),
  refused('an option in another section', { nodes, cache: { timeoutMs: 3_000 } }, 'mean upstream.timeoutMs?'),
  refused('ca beside nodes', { nodes, ca: 'x' }, 'did you mean tls.ca?'),
  refused('ssl for tls', { nodes, ssl: {} }, 'did you mean tls?'),
  refused('a credential of our own', { nodes, auth: { apiKey: 'x' } }, 'callers bring their own credential'),
  refused('the path of a certificate', { nodes, tls: { ca: './http_ca.crt' } }, 'in the file, not its path'),
  refused(
    'a fingerprint by SHA-1',
    { nodes, tls: { caFingerprint: 'ab'.repeat(20) } },
    'must be a SHA-256 fingerprint: 64 hexadecimal digits',
  ),
  refused('schemes in lower case', { nodes, schemes: ['bearer'] }, 'one or more of Bearer, ApiKey, Basic'),
  refused('a duration as a text', { nodes, cache: { ttlMs: '60s' } }, 'must be a number of milliseconds'),
  refused(
    'ttlMs below its default refresh',
    { nodes, cache: { refreshAfterMs: 60_000 } },
    'below cache.ttlMs',
  ),
  refused(
    'a secret that was read with its line break',
    { nodes, clientAuthentication: 'of the clients\n' },
    'without a space or a line break around it',
  ),
  refused('an undici dispatcher of another major', { nodes, dispatcher: new Agent() }, 'one of undici 7'),
  refused(
    "requestTimeout of Elasticsearch's client",
    { nodes, requestTimeout: 3_000 },
    'mean upstream.timeoutMs?',
  ),
  refused("maxRetries of Elasticsearch's client", { nodes, maxRetries: 2 }, 'did you mean upstream.retries?'),
  refused('cache: true', { nodes, cache: true }, 'such as { ttlMs: 60000 }, or false'),
  refused('cache.enabled', { nodes, cache: { enabled: false } }, 'cache: false turns it off'),
  refused('cache.max', { nodes, cache: { max: 100 } }, 'did you mean cache.maxEntries?'),
  refused('the address of an endpoint', { nodes: `${nodes}/_security/_authenticate` }, 'the base URL'),
  refused(
    'a shared secret as it stands in the header',
    { nodes, clientAuthentication: 'SharedSecret abc' },
    'without SharedSecret before it',
  ),
  refused('the emulator for its clock', { nodes, clock: { clock: {} } }, 'as emulator.clock has'),
  {
    done: 'a promise of a verifier',
    code: 'invalid_option',
    cure: 'not a promise of one: await it before',
    make: () => esauth(Promise.resolve() as never),
  },
  {
    done: 'createVerifier, not called',
    code: 'invalid_option',
    cure: 'createVerifier({ nodes })',
    make: () => esauth(createVerifier as never),
  },
  ...(
    [
      ['a request in place of its header', [{ headers: { authorization: 'x' } }], 'authorizationOf(request)'],
      ['Headers in place of the header', [new Headers({ authorization: 'x' })], 'authorizationOf(request)'],
      ['headers in another case', [{ Authorization: 'x' }], 'verify(headers.Authorization)'],
      ['maxAge for maxAgeMs', ['Bearer abc', { maxAge: 0 }], 'maxAgeMs in milliseconds'],
      ['a number for options', ['Bearer abc', 1_000], '{ maxAgeMs, source, signal }'],
      ['a controller for its signal', ['Bearer abc', { signal: new AbortController() }], 'controller.signal'],
    ] as const
  ).map(
    ([given, args, cure]): Mistake => ({
      done: `verify: ${given}`,
      code: 'invalid_argument',
      cure,
      make: () => (createVerifier({ nodes }).verify as Wrong)(...args),
    }),
  ),
  {
    done: 'a verifier as an option',
    code: 'invalid_option',
    cure: 'handed on itself, not as an option: esauth(verifier)',
    make: () => esauth({ verifier: {} } as never),
  },
  {
    done: 'an option of the middleware beside nodes',
    code: 'invalid_option',
    cure: "did you mean optional, beside the verifier's options?",
    make: () => esauth({ nodes, optional: true } as never),
  },
  {
    done: 'an option of the verifier beside those of the middleware',
    code: 'invalid_option',
    cure: 'did you mean cache.ttlMs of the verifier?',
    make: () => esauth({ nodes }, { ttlMs: 60_000 } as never),
  },
  {
    done: 'seconds for milliseconds',
    code: 'ESAUTH_SMALL_DURATION',
    cure: 'for 60 seconds write cache.ttlMs: 60000',
    make: verifierOf({ nodes, cache: { ttlMs: 60 } }),
  },
  {
    done: 'seconds for milliseconds, to wait',
    code: 'ESAUTH_SMALL_DURATION',
    cure: 'for 3 seconds write upstream.timeoutMs: 3000',
    make: verifierOf({ nodes, upstream: { timeoutMs: 3 } }),
  },
  {
    done: 'plain http to another machine',
    code: 'ESAUTH_PLAIN_HTTP',
    cure: 'use https',
    make: verifierOf({ nodes: 'http://es.internal:9200' }),
  },
  {
    done: 'any certificate',
    code: 'ESAUTH_ANY_CERTIFICATE',
    cure: 'set tls.ca instead',
    make: verifierOf({ nodes, tls: { rejectUnauthorized: false } }),
  },
  {
    done: 'two verifiers for one cluster',
    code: 'ESAUTH_TWO_CACHES',
    cure: 'make one with createVerifier and pass it to both',
    make: () => [esauth({ nodes: 'https://twice:9200' }), esauth({ nodes: 'https://twice:9200' })],
  },
  {
    done: 'a token without its scheme, to revoke it',
    code: 'invalid_argument',
    cure: 'with its scheme, such as Bearer ‹token›',
    make: () => createVerifier({ nodes }).revoke({ credential: 'dG9rZW4tb2Ytc29tZWJvZHk=' }),
  },
];
