// What revocations cost those whom they do not concern: the first hit of each entry after somebody else was revoked,
// the hits after it, hits while others are revoked all the time, and many revocations that are remembered at once.

import { createVerifier } from '@esauth/core';
import { pick } from '../measure/bench.mjs';
import { batch, turns } from '../measure/rounds.mjs';
import { cell } from '../measure/statistics.mjs';
import { must } from '../measure/work.mjs';
import { createSource, credentials, forEach } from '../parts/credentials.mjs';
import { instantElasticsearch } from '../parts/elasticsearch.mjs';
import { lasting } from '../parts/verifiers.mjs';

const reference = 'none';

/** What is done before the hits of a turn, and after every hundredth of them; the number of revocations before all. */
const variants = {
  [reference]: {},
  '10, later hits': { outstanding: 10 },
  '10 000, later hits': { outstanding: 9_990 },
  'first hit after one': { outstanding: 10, before: true },
  'first hit after one, 10 000 others': { outstanding: 9_900, before: true },
  'one more every 100 hits': { outstanding: 10, between: true },
};

async function run(bench) {
  const entries = pick(bench, { full: 8_192, quick: 4_096, check: 128 });
  const headers = credentials('opaque', entries);
  const spoiled = credentials('opaque', entries);
  const built = {};
  for (const [name, variant] of Object.entries(variants)) {
    built[name] = await build(variant, headers, bench.spoil ? spoiled : headers, bench);
  }
  const rounds = pick(bench, { full: 21, quick: 5, check: 1 });
  const taken = await turns(
    bench,
    Object.fromEntries(Object.entries(built).map(([n, { turn }]) => [n, turn])),
    rounds,
  );
  for (const { close } of Object.values(built)) await close();
  const rows = Object.keys(variants).map((name) => ({
    name,
    kind: 'ours',
    cells: { time: cell(taken[name], taken[reference]) },
  }));
  const title = `A hit, by revocations of others; ${entries} entries in turn`;
  return [{ id: 'revocation', title, reference, columns: { time: 'ns' }, rows, notes: [] }];
}

async function build({ outstanding = 0, before = false, between = false }, known, presented, bench) {
  const verifier = createVerifier({
    nodes: 'http://127.0.0.1:9',
    dispatcher: instantElasticsearch(100),
    cache: { ...lasting, maxEntries: 2 * known.length },
    upstream: { maxConcurrent: 64, maxQueue: 10_000, hedgeAfterMs: 0 },
  });
  for (const header of known) {
    const { kind } = await verifier.verify(header);
    must(kind === 'authenticated', () => 'a caller was refused before it began');
  }
  let number = 0;
  // A credential is one name, so that the limit of what is remembered of revocations is not reached on the way.
  const revoke = () => {
    number += 1;
    void verifier.revoke({ credential: `Bearer somebody-else-${number % 9_900}` });
  };
  for (let count = 0; count < outstanding; count += 1) revoke();
  let hits = 0;
  const hit = forEach(createSource(presented), (header) => {
    hits += 1;
    if (between && hits % 100 === 0) revoke();
    must(verifier.peek(header)?.kind === 'authenticated', () => 'an entry was dropped');
  });
  const all = () => batch({ run: hit }, known.length);
  // Each is checked against what was revoked by now, and compiled.
  for (let pass = 0; pass < (bench.effort === 'check' ? 0 : 3); pass += 1) await all();
  const turn = async () => {
    if (before) revoke();
    const { wall } = await all();
    return (wall * 1e6) / known.length;
  };
  return { turn, close: () => verifier.close() };
}

export default {
  title: 'Revocations of others',
  about: 'A hit through `peek`, with the making of the header, while others were revoked.',
  chart: { table: 'revocation', column: 'time' },
  run,
};
