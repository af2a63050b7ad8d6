// A day in the life of the API, in some seconds: callers who are known and new ones, some who should not be there, a
// slow hour, Redis, a node and then the whole cluster gone, and all back. Each goes on until Prometheus has seen it.

const second = 1_000;

/** @param seen whether Prometheus finds anything for an expression now. @param say hears what happens. */
export async function liveADay({ api, emulator, nodes, redis, seen, say }) {
  const known = await makeKeys(emulator, 'known', 5);
  const narrow = { role_descriptors: { watcher: { cluster: ['monitor'] } } };
  known.push(...(await makeKeys(emulator, 'narrow', 1, narrow)));
  const fresh = await makeKeys(emulator, 'new', 60);
  const expired = await makeKeys(emulator, 'expired', 1, { expiration: '1h' });
  await emulator.clock.advance(2 * 3_600_000);
  let turn = 0;

  /** What one caller after the other does; a request that is refused, or not answered, is part of it. */
  const call = async () => {
    turn += 1;
    const authorization = callerOf(turn);
    const path = turn % 4 === 1 ? '/admin' : '/me';
    const response = await fetch(api.url + path, { headers: authorization ? { authorization } : {} });
    await response.arrayBuffer();
  };
  const callerOf = (n) => {
    if (n % 29 === 0) return undefined;
    if (n % 23 === 0) return expired[0];
    if (n % 11 === 0) return `Bearer ${btoa(`guess ${n}`)}`;
    if (n % 5 === 0) return fresh[(n / 5) % fresh.length];
    return known[n % known.length];
  };
  const callFor = async (ms) => {
    const endsAt = Date.now() + ms;
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        while (Date.now() < endsAt) {
          await call();
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }),
    );
  };
  const callUntil = async (expression) => {
    do await callFor(second / 4);
    while (!(await seen(expression)));
  };

  say('Morning: everybody is new, then known.');
  await callFor(2 * second);
  say('Noon: Elasticsearch is slow.');
  const mend = emulator.faults.add({ path: '/_security/*', delayMs: 150 });
  await callFor(second);
  await callUntil('histogram_quantile(0.99, sum by (le) (rate(esauth_lookup_duration_bucket[2s]))) > 0.1');
  mend();
  say('Afternoon: Redis goes away, a node, then the other one.');
  await redis.stop();
  const [one, two] = nodes;
  await two.hangUp();
  await callUntil('esauth_node_consecutive_failures > 0');
  await one.hangUp();
  await callUntil('esauth_upstream_status{esauth_upstream_state="down"} == 1');
  await callUntil('esauth_sharing_status{esauth_sharing_state="blind"} == 1');
  say('Evening: they are back.');
  await one.pickUp();
  await two.pickUp();
  await redis.start();
  await callUntil('esauth_upstream_status{esauth_upstream_state="up"} == 1');
  await callUntil('esauth_sharing_status{esauth_sharing_state="seeing"} == 1');
  await callFor(second);
}

/** API keys, as an application of its own would have them. */
async function makeKeys(emulator, name, count, more = {}) {
  const headers = {
    authorization: `Basic ${btoa('alice:secret-of-alice')}`,
    'content-type': 'application/json',
  };
  const make = async (_, n) => {
    const body = JSON.stringify({ name: `${name}-${n}`, ...more });
    const response = await fetch(`${emulator.url}/_security/api_key`, { method: 'POST', headers, body });
    const { encoded } = await response.json();
    return `ApiKey ${encoded}`;
  };
  return Promise.all(Array.from({ length: count }, make));
}
