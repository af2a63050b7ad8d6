// What a guard adds to a request that is let in from memory: one that the identity decides, and ones that depend on
// privileges which are remembered.

import { allOf, anyOf, createGate, createGuard, createVerifier, privileges, roles } from '@esauth/core';
import { compareInProcess } from '../measure/in-process.mjs';
import { must } from '../measure/work.mjs';
import { createSource, credentials, forEach } from '../parts/credentials.mjs';
import { startElasticsearch } from '../parts/elasticsearch.mjs';
import { host, requestWith } from '../parts/requests.mjs';
import { lasting, patient } from '../parts/verifiers.mjs';

const freshRequest = 'a fresh request';
const none = 'no guard';

export const groups = {
  guard: {
    title: 'A request let in from memory, with a guard',
    reference: none,
    variants: {
      [freshRequest]: 'bare',
      [none]: 'ours',
      roles: 'ours',
      'one privilege': 'ours',
      'one privilege, named by the request': 'ours',
      'three privileges combined': 'ours',
    },
    quick: [freshRequest, none, 'one privilege'],
  },
};

const read = privileges({ index: [{ names: 'docs', privileges: ['read'] }] });
const write = privileges({ index: [{ names: 'docs', privileges: ['write'] }] });
const monitor = privileges({ cluster: ['monitor'] });

/** What each guard asks for; spoiled, something that nobody has. */
const requirements = {
  roles: (spoil) => roles(spoil ? 'nobody' : 'viewer'),
  'one privilege': (spoil) => (spoil ? privileges({ cluster: ['manage'] }) : read),
  'one privilege, named by the request': (spoil) =>
    privileges(() => ({ index: [{ names: spoil ? 'others' : 'docs', privileges: ['read'] }] })),
  'three privileges combined': (spoil) =>
    allOf(read, spoil ? privileges({ cluster: ['manage'] }) : anyOf(write, monitor)),
};

export async function build(_group, name, { bench }) {
  const headers = credentials('opaque', 64);
  const source = createSource(headers);
  if (name === freshRequest) {
    const kept = [undefined];
    const use = (header) => {
      kept[0] = requestWith(header);
    };
    return { run: forEach(source, use), isInert: true, window: 10_000 };
  }
  const elasticsearch = await startElasticsearch({ users: 1 });
  const verifier = createVerifier({ nodes: elasticsearch.url, cache: lasting, upstream: patient });
  const gate = createGate(verifier, {}, host);
  const guard = name === none ? () => undefined : createGuard(requirements[name](bench.spoil));
  const known = (outcome) => (typeof outcome === 'function' ? outcome() : outcome);
  for (const header of bench.spoil && name === none ? [] : headers) {
    const request = requestWith(header);
    await known(gate.admit(request));
    await known(guard(request, request));
  }
  elasticsearch.close();
  const use = (header) => {
    const request = requestWith(header);
    must(gate.admit(request).identity !== undefined, () => 'the caller is not remembered');
    const refusal = guard(request, request);
    must(refusal === undefined, () => refusal.body?.code ?? 'the privileges are not remembered');
  };
  return {
    run: forEach(source, use),
    base: freshRequest,
    window: 12_000,
    warmUp: 30_000,
    close: () => verifier.close(),
  };
}

const file = import.meta.url;

export default {
  title: 'A guard, from memory',
  about: 'One request through the gate and a guard, less the making of the request.',
  chart: { table: 'guard', column: 'instructions' },
  groups,
  build,
  run: (bench) => compareInProcess(bench, { file, groups, build }),
};
