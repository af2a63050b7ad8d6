// Mistakes about the cluster: where it is, how it is spoken to, and what it is set up for. Each message shows wherever
// there is one: `check`, the cause of a verdict, the warning.

import { createVerifier } from '@esauth/core';
import { issue, makeAuthority } from '../../support/certificates.js';
import { errorBody, respond, type Script, startScriptedNode } from '../../support/scripted-node.js';
import { atCluster, type Mistake, type Seen } from './mistake.js';

/** @param answer what is there in place of Elasticsearch. */
const elsewhere = (answer: Script) => async (): Promise<Seen> => {
  const node = await startScriptedNode(answer);
  return atCluster({ nodes: node.url }).finally(() => node.close());
};

/** A node whose certificate is somehow wrong. */
const behind =
  (
    certificate: (authority: Awaited<ReturnType<typeof makeAuthority>>) => ReturnType<typeof issue>,
    host = '127.0.0.1',
    trusted?: () => ReturnType<typeof makeAuthority>,
  ) =>
  async (): Promise<Seen> => {
    const authority = await makeAuthority();
    const node = await startScriptedNode(respond({ status: 401 }), await certificate(authority));
    const { cert } = trusted === undefined ? authority : await trusted();
    const nodes = node.url.replace('127.0.0.1', host);
    return atCluster({ nodes, tls: { ca: cert } }).finally(() => node.close());
  };

const noProduct = { 'x-elastic-product': undefined };
const yesterday = new Date(Date.now() - 86_400_000);
const unreachable = { code: 'unreachable' } as const;

export const clusterMistakes: readonly Mistake[] = [
  {
    ...unreachable,
    done: 'http to an https port',
    cure: 'it seems to speak https; check the scheme in nodes',
    make: ({ secure }) => atCluster({ nodes: secure.url.replace('https:', 'http:') }),
  },
  {
    ...unreachable,
    done: 'https to an http port',
    cure: 'it seems to speak plain http; check the scheme and port in nodes',
    make: ({ elasticsearch }) => atCluster({ nodes: elasticsearch.url.replace('http:', 'https:') }),
  },
  {
    ...unreachable,
    done: 'http to something that resets the connection',
    cure: 'if it speaks https, say so in nodes',
    make: elsewhere((socket) => socket.resetAndDestroy()),
  },
  {
    ...unreachable,
    done: 'a port where nobody listens',
    cure: 'nothing listens there; check host and port in nodes',
    make: async () => {
      const gone = await startScriptedNode();
      await gone.close();
      return atCluster({ nodes: gone.url });
    },
  },
  {
    ...unreachable,
    done: 'an authority of its own that is not trusted',
    cure: 'set tls.ca to the certificate of its authority, or tls.caFingerprint',
    make: ({ secure }) => atCluster({ nodes: secure.url }),
  },
  {
    ...unreachable,
    done: 'the certificate of another authority',
    cure: 'tls.ca is of another authority',
    make: behind(
      (authority) => issue(authority),
      '127.0.0.1',
      () => makeAuthority('another authority'),
    ),
  },
  {
    ...unreachable,
    done: 'the fingerprint of another authority',
    cure: 'tls.caFingerprint is of another authority',
    make: ({ secure }) => atCluster({ nodes: secure.url, tls: { caFingerprint: 'ab'.repeat(32) } }),
  },
  {
    ...unreachable,
    done: 'a certificate that has expired',
    cure: 'renew the certificate of the node',
    make: behind((authority) =>
      issue(authority, { from: new Date(yesterday.getTime() - 86_400_000), until: yesterday }),
    ),
  },
  {
    ...unreachable,
    done: 'a host name that the certificate has not',
    cure: 'use a host name of its certificate in nodes, or set tls.servername',
    make: behind((authority) => issue(authority), 'localhost'),
  },
  {
    done: 'security that is off',
    code: 'bad_response',
    cure: 'set xpack.security.enabled: true',
    make: elsewhere(
      respond({
        status: 400,
        body: { error: 'no handler found for uri [/_security/_authenticate] and method [GET]' },
      }),
    ),
  },
  {
    done: 'the port of Kibana',
    code: 'not_elasticsearch',
    cure: 'this is Kibana; nodes has to lead to Elasticsearch, whose port is 9200',
    make: elsewhere(
      respond({
        status: 401,
        headers: { ...noProduct, 'kbn-name': 'kibana' },
        body: { statusCode: 401, error: 'Unauthorized', message: 'Unauthorized' },
      }),
    ),
  },
  {
    done: 'the port of Kibana, which leads to its login',
    code: 'not_elasticsearch',
    cure: 'this is Kibana',
    make: elsewhere(
      respond({ status: 302, headers: { ...noProduct, 'kbn-name': 'kibana', location: '/login' } }),
    ),
  },
  {
    done: 'a gateway that does not know the path',
    code: 'not_elasticsearch',
    cure: 'check host, port and path in nodes',
    make: elsewhere(respond({ status: 404, headers: noProduct, body: '404 page not found' })),
  },
  {
    done: 'a path in nodes that Elasticsearch does not know',
    code: 'bad_response',
    cure: 'check the path in nodes',
    make: elsewhere(respond({ status: 404, body: { error: 'not here' } })),
  },
  {
    done: 'a proxy that wants https',
    code: 'not_elasticsearch',
    cure: 'should it be https?',
    make: elsewhere(respond({ status: 400, headers: noProduct, body: 'sent to HTTPS port' })),
  },
  {
    done: 'a gateway that wants a password of its own',
    code: 'not_elasticsearch',
    cure: 'something in front of it refuses',
    make: elsewhere(respond({ status: 401, headers: noProduct, body: '<html>401</html>' })),
  },
  {
    done: 'API keys that are switched off',
    code: 'ESAUTH_NOT_LOOKED_AT',
    cure: 'xpack.security.authc.api_key.enabled is false there',
    make: async (): Promise<Seen> => {
      // As recorded (`services-off`): the emulator cannot switch them off.
      const reason = 'missing authentication credentials for REST request [/_security/_authenticate]';
      const node = await startScriptedNode(respond({ status: 401, body: errorBody(401, reason) }));
      const verifier = createVerifier({ nodes: node.url });
      const verdict = await verifier.verify(`ApiKey ${Buffer.from('id:secret').toString('base64')}`);
      await Promise.all([verifier.close(), node.close()]);
      return { code: verdict.kind === 'rejected' && verdict.code };
    },
  },
  {
    done: 'a verifier that is closed too early',
    code: 'closed',
    cure: 'close() comes after the last request',
    make: async ({ elasticsearch, token }): Promise<Seen> => {
      const verifier = createVerifier({ nodes: elasticsearch.url });
      await verifier.close();
      const verdict = await verifier.verify(token);
      if (verdict.kind !== 'unavailable') throw new Error('there is a verdict');
      return { code: verdict.code, messages: [verdict.cause.message] };
    },
  },
];
