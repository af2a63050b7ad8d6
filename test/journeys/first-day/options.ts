// Mistakes in options: they show when the application starts, and no value is repeated.

import { createVerifier } from '@esauth/core';
import { esauth } from '@esauth/express';
import { Agent } from 'undici6';
import { type Mistake, verifierOf } from './mistake.js';

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
