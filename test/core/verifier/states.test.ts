// Each state of a cluster that the emulator can be in, met by each kind of credential: new, known, and past its
// lifetime with `staleIfErrorMs` set; and whether `health()` saw it. On stepped time, and once more on the real clock,
// which has to agree. `vitest -u` writes the table into the readme.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createVerifier, type Verdict, type Verifier, type VerifierOptions } from '@esauth/core';
import { startEmulator } from '@esauth/emulator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bearEvidence } from '../../support/evidence.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { send } from '../../support/http-client.js';
import { type IllCluster, startIllCluster } from '../../support/ill-cluster.js';
import {
  type Kind,
  kinds,
  type Outcomes,
  type StateRow,
  statesToMarkdown,
  stateTable,
} from '../../support/state-table.js';

const said = (verdict: Verdict): string => {
  if (verdict.kind !== 'authenticated') return verdict.code;
  return verdict.stale === true ? 'stale' : 'authenticated';
};

function create(url: string, clock: FakeClock | undefined, ttlMs: number, openMs: number): Verifier {
  const options: VerifierOptions = {
    nodes: url,
    schemes: ['Bearer', 'ApiKey', 'Basic'],
    cache: { ttlMs, refreshAfterMs: 0, staleIfErrorMs: 1_000_000, rejectedTtlMs: 0, jitter: 0 },
    upstream: { breaker: { openMs } },
    ...(clock !== undefined && { clock }),
  };
  return createVerifier(options);
}

interface Ill {
  readonly cluster: IllCluster;
  readonly outcomes: () => Promise<Outcomes>;
  readonly pass: (ms: number) => Promise<unknown>;
  readonly verifier: Verifier;
}

type OnFinished = typeof onTestFinished;

/**
 * @param clock `undefined`: the real one
 * @param whenOver of the test, where several run at once
 */
async function meet(
  { enters, degraded = [] }: StateRow,
  clock?: FakeClock,
  whenOver: OnFinished = onTestFinished,
): Promise<Ill> {
  const [ttlMs, openMs] = clock === undefined ? [150, 200] : [10_000, 2_000];
  const cluster = await startIllCluster(enters);
  const verifier = create(cluster.url, clock, ttlMs, openMs);
  whenOver(async () => {
    await verifier.close();
    await cluster.close();
  });
  const pass = async (ms: number): Promise<unknown> =>
    clock === undefined ? new Promise((resolve) => setTimeout(resolve, ms)) : clock.advance(ms);

  async function outcomes(): Promise<Outcomes> {
    const found: Partial<Record<Kind, string>> = {};
    for (const kind of kinds) {
      const told = said(await verifier.verify(cluster.credentials[kind]));
      found[kind] = told;
      // A 401 that says that its check failed may be about this credential alone, and is no news of the cluster.
      const state = told !== 'authenticated' && degraded.includes(kind) ? 'degraded' : 'up';
      expect([kind, told, verifier.health().state]).toEqual([kind, told, state]);
      // What came of one must not keep the breaker from asking about the next.
      if (state === 'degraded') await pass(openMs + 20);
    }
    return found;
  }

  return { cluster, outcomes, pass, verifier };
}

const whole = (outcomes: Outcomes): Outcomes => ({
  ...Object.fromEntries(kinds.map((kind) => [kind, 'authenticated'])),
  ...outcomes,
});

describe.each(stateTable)('a cluster: $name', (row) => {
  const { enters, cold, remembered, applications = 'answered' } = row;
  test('a credential that is new', async () => {
    const { cluster, outcomes, pass } = await meet(row, createFakeClock());
    await cluster.fallIll(enters);
    expect(await outcomes()).toEqual(whole(cold));
    await cluster.recover();
    await pass(2_000);
    expect(await outcomes()).toEqual(whole({}));
  });

  test('a credential that is known, and then past its lifetime', async () => {
    const { cluster, outcomes, pass, verifier } = await meet(row, createFakeClock());
    expect(await outcomes()).toEqual(whole({}));
    await cluster.fallIll(enters);
    const { lookups } = verifier.stats();
    expect(await outcomes()).toEqual(whole({}));
    expect(verifier.stats().lookups).toBe(lookups);
    await pass(10_000);
    expect(await outcomes()).toEqual(whole(remembered));
    await cluster.recover();
    await pass(2_000);
    expect(await outcomes()).toEqual(whole({}));
  });

  test('an application that starts meanwhile', async () => {
    const { cluster, verifier } = await meet(row, createFakeClock());
    await cluster.fallIll(enters);
    const checked = verifier.check().then(
      () => 'good',
      ({ code }) => code,
    );
    // Without security nobody is asked who he is, and that is not to go unnoticed.
    expect(await checked).toBe(row.name === 'security off' ? 'bad_response' : 'good');
  });

  test('a question about the privileges in an application', async () => {
    const { cluster, verifier } = await meet(row, createFakeClock());
    const caller = await verifier.verify(cluster.credentials['user in a file']);
    if (caller.kind !== 'authenticated') throw new Error('the user in a file is not known');
    await cluster.fallIll(enters);
    const question = { application: [{ application: 'reports', privileges: ['read'], resources: ['*'] }] };
    const answer = await verifier.hasPrivileges(cluster.credentials['user in a file'], question);
    expect(answer.kind === 'unavailable' ? answer.code : 'answered').toBe(applications);
  });
});

describe.concurrent('on the real clock', () => {
  test.for(stateTable)('a cluster: $name', async (row, { expect, onTestFinished }) => {
    const { enters, cold, remembered } = row;
    const fresh = await meet(row, undefined, onTestFinished);
    await fresh.cluster.fallIll(enters);
    expect(await fresh.outcomes()).toEqual(whole(cold));
    const { cluster, outcomes, pass } = await meet(row, undefined, onTestFinished);
    expect(await outcomes()).toEqual(whole({}));
    await cluster.fallIll(enters);
    await pass(170);
    expect(await outcomes()).toEqual(whole(remembered));
    await cluster.recover();
    await pass(220);
    expect(await outcomes()).toEqual(whole({}));
  });

  test('an API key waits for its hash for as long as the verifier has time, and not for ever', async ({
    expect,
    onTestFinished,
  }) => {
    const cryptoPool = { threads: 1, queue: 1, hashMs: 600 };
    const cluster = await startIllCluster({ cryptoPool });
    await cluster.fallIll({ cryptoPool });
    const verifier = createVerifier({
      nodes: cluster.url,
      schemes: ['ApiKey'],
      upstream: { timeoutMs: 200, retries: 0 },
    });
    onTestFinished(async () => {
      await verifier.close();
      await cluster.close();
    });
    const ask = async (): Promise<string> => said(await verifier.verify(cluster.credentials['API key']));
    expect(await ask()).toBe('timeout');
    expect(verifier.health().state).toBe('degraded');
    // Elasticsearch has finished meanwhile, and needs no hash any more.
    await expect.poll(ask, { timeout: 20_000, interval: 100 }).toBe('authenticated');
    expect(verifier.health().state).toBe('up');
  });
});

test('what Elasticsearch remembers of callers ends: after five minutes of a key, after twenty of others', async () => {
  const clock = createFakeClock();
  const emulator = await startEmulator({ users: { alice: { password: 'alice-password', roles: [] } } });
  const verifier = create(emulator.url, clock, 10_000, 2_000);
  onTestFinished(async () => {
    await verifier.close();
    await emulator.close();
  });
  const alice = `Basic ${Buffer.from('alice:alice-password').toString('base64')}`;
  const headers = { authorization: `Basic ${Buffer.from('elastic:changeme').toString('base64')}` };
  const made = await send(`${emulator.url}/_security/api_key`, {
    method: 'PUT',
    headers,
    body: { name: 'k' },
  });
  const key = `ApiKey ${made.json.encoded}`;
  const both = async () => [said(await verifier.verify(alice)), said(await verifier.verify(key))];
  const pass = (ms: number) => Promise.all([clock.advance(ms), emulator.clock.advance(ms)]);
  expect(await both()).toEqual(['authenticated', 'authenticated']);
  emulator.cluster('security index read-blocked');
  await pass(4 * 60_000);
  expect(await both()).toEqual(['authenticated', 'authenticated']);
  await pass(60_000);
  expect(await both()).toEqual(['authenticated', 'stale']);
  await pass(15 * 60_000);
  expect(await both()).toEqual(['credentials_invalid', 'stale']);
});

test('every state of the emulator is a row, and the readme shows them all', async (context) => {
  bearEvidence(context, { 'states of a cluster': stateTable.length, 'kinds of credentials': kinds.length });
  const emulator = await startEmulator();
  const names = stateTable.map(({ enters }) => enters).filter((enters) => typeof enters === 'string');
  expect(() => emulator.cluster('on fire' as never)).toThrow(`must be one of "${names.join('", "')}"`);
  await emulator.close();
  const readme = fileURLToPath(new URL('../../../docs/packages/core.md', import.meta.url));
  const text = readFileSync(readme, 'utf8');
  const start = '<!-- states: written by `vitest -u verifier/states` -->\n';
  const end = '\n<!-- /states -->';
  const [before = '', rest = ''] = text.split(start);
  const after = rest.slice(rest.indexOf(end));
  await expect(`${before}${start}${statesToMarkdown(stateTable)}${after}`).toMatchFileSnapshot(readme);
});
