// What `createVerifier` promises about age: refreshes in the background, identities that bridge an outage,
// `maxAgeMs`, and jitter. Against a scripted node, on stepped time.

import {
  type CacheOptions,
  createVerifier,
  InvalidArgumentError,
  type Verdict,
  type Verifier,
} from '@esauth/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import {
  errorBody,
  holdAnswers,
  identityBody,
  respond,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../../support/scripted-node.js';

const jane = 'Bearer dGhlLXNlY3JldC10b2tlbi1vZi1qYW5l';
const as = (username: string) => respond({ body: identityBody({ username }) });
const refused = respond({ status: 401, body: errorBody(401, 'unable to authenticate') });
const broken = respond({ status: 500 });

let node: ScriptedNode;
let clock: FakeClock;
let verifier: Verifier;

beforeEach(async () => {
  node = await startScriptedNode(as('jane'));
  clock = createFakeClock();
});
afterEach(async () => {
  await verifier.close();
  await node.close();
});

function create(cache: CacheOptions): void {
  verifier = createVerifier({ nodes: node.url, clock, cache: { jitter: 0, ...cache } });
}

function nameOf(verdict: Verdict | undefined): string | undefined {
  return verdict?.kind === 'authenticated' ? verdict.identity.username : verdict?.code;
}

/** What the lookup under way answers has arrived and been dealt with. */
async function landed(): Promise<void> {
  while (verifier.stats().inFlight > 0) await new Promise(setImmediate);
}

describe('refreshAfterMs', () => {
  beforeEach(() => create({ ttlMs: 60_000, refreshAfterMs: 20_000 }));

  test('a hit older than that is served, and asked again in the background: one question at a time', async () => {
    await verifier.verify(jane);
    await clock.advance(19_999);
    verifier.peek(jane);
    expect(verifier.stats()).toMatchObject({ refreshes: 0, inFlight: 0 });
    const answers = holdAnswers(node);
    await clock.advance(1);
    for (const serve of [verifier.peek, verifier.verify, verifier.verify]) {
      expect(nameOf(await serve(jane))).toBe('jane');
    }
    await node.arrived(2);
    expect(verifier.stats()).toMatchObject({ refreshes: 1, inFlight: 1, hits: 4, lookups: 2 });
    answers.release(as('jane 2'));
    await landed();
    expect(nameOf(verifier.peek(jane))).toBe('jane 2');
    expect(node.requests).toHaveLength(2);
  });

  test('what it learns counts from its own start', async () => {
    await verifier.verify(jane);
    await clock.advance(30_000);
    verifier.peek(jane);
    await landed();
    await clock.advance(59_999);
    // Served, and due for the next refresh.
    expect(nameOf(verifier.peek(jane))).toBe('jane');
    const answers = holdAnswers(node);
    await clock.advance(1);
    expect(verifier.peek(jane)).toBeUndefined();
    answers.release(as('jane'));
  });

  test('another spelling of the credential refreshes the same entry', async () => {
    await verifier.verify(jane);
    await clock.advance(20_000);
    verifier.peek(jane.replace('Bearer ', 'bearer   '));
    await landed();
    expect(verifier.stats()).toMatchObject({ refreshes: 1, entries: 1 });
    expect(node.requests[1]).toContain(`authorization: ${jane}`);
  });

  test('P21: a refusal ends the identity at once', async () => {
    await verifier.verify(jane);
    await clock.advance(20_000);
    node.answer(refused);
    verifier.peek(jane);
    await landed();
    expect(nameOf(verifier.peek(jane))).toBe('credentials_invalid');
  });

  test('without a verdict the identity stays, and the next refresh comes no sooner than a second later', async () => {
    await verifier.verify(jane);
    await clock.advance(20_000);
    node.answer(broken);
    verifier.peek(jane);
    await landed();
    await clock.advance(999);
    expect(nameOf(verifier.peek(jane))).toBe('jane');
    expect(verifier.stats()).toMatchObject({ refreshes: 1 });
    await clock.advance(1);
    verifier.peek(jane);
    expect(verifier.stats()).toMatchObject({ refreshes: 2 });
    await landed();
  });

  test('a refresh that never ends is given up after timeoutMs, and harms nobody', async () => {
    await verifier.verify(jane);
    await clock.advance(20_000);
    holdAnswers(node);
    verifier.peek(jane);
    await node.arrived(2);
    await clock.advance(3_000);
    expect(verifier.stats()).toMatchObject({ inFlight: 0, waiting: 0, unavailable: 1 });
    expect(nameOf(verifier.peek(jane))).toBe('jane');
  });

  test('P15: it does not bring back what was revoked while it was under way', async () => {
    await verifier.verify(jane);
    await clock.advance(20_000);
    const answers = holdAnswers(node);
    verifier.peek(jane);
    await node.arrived(2);
    void verifier.revoke({ username: 'jane' });
    expect(verifier.peek(jane)).toBeUndefined();
    answers.release(as('jane'));
    await node.arrived(3);
    expect(verifier.peek(jane)).toBeUndefined();
    answers.release(refused);
    await landed();
    expect(nameOf(verifier.peek(jane))).toBe('credentials_invalid');
  });

  test('refusals are not refreshed', async () => {
    node.answer(refused);
    create({ ttlMs: 60_000, refreshAfterMs: 1_000, rejectedTtlMs: 60_000 });
    await verifier.verify(jane);
    await clock.advance(59_999);
    expect(nameOf(verifier.peek(jane))).toBe('credentials_invalid');
    expect(verifier.stats()).toMatchObject({ refreshes: 0 });
  });

  test('0 turns it off', async () => {
    create({ refreshAfterMs: 0 });
    await verifier.verify(jane);
    await clock.advance(59_999);
    verifier.peek(jane);
    expect(verifier.stats()).toMatchObject({ refreshes: 0 });
  });
});

describe('staleIfErrorMs', () => {
  const options = { ttlMs: 10_000, refreshAfterMs: 0, staleIfErrorMs: 50_000 };
  const bad: readonly (readonly [string, Script])[] = [
    ['server_error', broken],
    ['overloaded', respond({ status: 429 })],
    ['unreachable', (socket) => void socket.destroy()],
  ];
  test.each(bad)(
    'after %s an identity past its lifetime is served, marked as stale',
    async (_code, script) => {
      create(options);
      const fresh = await verifier.verify(jane);
      await clock.advance(59_999);
      node.answer(script);
      const stale = await verifier.verify(jane);
      expect(stale).toEqual({ ...fresh, stale: true });
      expect(Object.isFrozen(stale)).toBe(true);
      expect(verifier.peek(jane)).toBeUndefined();
      expect(verifier.stats()).toMatchObject({ stale: 1, hits: 0 });
      await clock.advance(1);
      expect((await verifier.verify(jane)).kind).toBe('unavailable');
    },
  );

  test('after a timeout as well, within the same deadline', async () => {
    create(options);
    await verifier.verify(jane);
    await clock.advance(20_000);
    node.answer(() => {});
    const pending = verifier.verify(jane);
    await node.arrived(2);
    await clock.advance(3_000);
    expect(await pending).toMatchObject({ kind: 'authenticated', stale: true });
  });

  const never: readonly (readonly [string, Script])[] = [
    ['bad_response', respond({ body: '{}' })],
    ['not_elasticsearch', respond({ headers: { 'x-elastic-product': undefined } })],
    ['credentials_invalid', refused],
    ['credentials_restricted', respond({ status: 403, body: errorBody(403, 'no') })],
  ];
  test.each(never)('never after %s', async (code, script) => {
    create(options);
    await verifier.verify(jane);
    await clock.advance(20_000);
    node.answer(script);
    expect(nameOf(await verifier.verify(jane))).toBe(code);
  });

  test('P21: never after a refusal, even when that is not remembered', async () => {
    create({ ...options, rejectedTtlMs: 0 });
    await verifier.verify(jane);
    await clock.advance(20_000);
    node.answer(refused);
    await verifier.verify(jane);
    node.answer(broken);
    expect(nameOf(await verifier.verify(jane))).toBe('server_error');
  });

  test('never after revoke, nor with maxAgeMs, nor when closed', async () => {
    create(options);
    await verifier.verify(jane);
    await clock.advance(20_000);
    node.answer(broken);
    expect(nameOf(await verifier.verify(jane, { maxAgeMs: 86_400_000 }))).toBe('server_error');
    expect(nameOf(await verifier.verify(jane))).toBe('jane');
    void verifier.revoke({ credential: jane });
    expect(nameOf(await verifier.verify(jane))).toBe('server_error');
    await verifier.close();
    expect(nameOf(await verifier.verify(jane))).toBe('closed');
  });

  test("P13: never past the credential's own expiry", async () => {
    create(options);
    const claims = Buffer.from(JSON.stringify({ exp: clock.wall() / 1_000 + 15 })).toString('base64url');
    const jwt = `Bearer e30.${claims}.c2ln`;
    await verifier.verify(jwt);
    node.answer(broken);
    await clock.advance(14_999);
    expect(nameOf(await verifier.verify(jwt))).toBe('jane');
    await clock.advance(1);
    expect(nameOf(await verifier.verify(jwt))).toBe('server_error');
  });

  test('a recovered Elasticsearch is believed at once', async () => {
    create(options);
    await verifier.verify(jane);
    await clock.advance(20_000);
    node.answer(broken);
    expect(await verifier.verify(jane)).toMatchObject({ stale: true });
    node.answer(as('jane 2'));
    expect(nameOf(await verifier.verify(jane))).toBe('jane 2');
  });

  test('0 by default: an outage is an outage', async () => {
    create({});
    await verifier.verify(jane);
    await clock.advance(60_000);
    node.answer(broken);
    expect(nameOf(await verifier.verify(jane))).toBe('server_error');
  });
});

describe('maxAgeMs', () => {
  beforeEach(() => create({ refreshAfterMs: 0 }));

  test('nothing older is returned from memory, neither by verify nor by peek', async () => {
    await verifier.verify(jane);
    await clock.advance(5_000);
    expect(nameOf(verifier.peek(jane, { maxAgeMs: 5_000 }))).toBe('jane');
    expect(verifier.peek(jane, { maxAgeMs: 4_999 })).toBeUndefined();
    await verifier.verify(jane, { maxAgeMs: 5_000 });
    expect(node.requests).toHaveLength(1);
    await verifier.verify(jane, { maxAgeMs: 4_999 });
    expect(node.requests).toHaveLength(2);
    // What it learnt is for everybody.
    expect(nameOf(verifier.peek(jane, { maxAgeMs: 1 }))).toBe('jane');
  });

  test('it bounds refusals too', async () => {
    node.answer(refused);
    await verifier.verify(jane);
    await clock.advance(1);
    node.answer(as('jane'));
    expect(nameOf(await verifier.verify(jane, { maxAgeMs: 1 }))).toBe('credentials_invalid');
    expect(nameOf(await verifier.verify(jane, { maxAgeMs: 0 }))).toBe('jane');
  });

  test('a lookup under way is joined if it started at most so long ago', async () => {
    const answers = holdAnswers(node);
    const first = verifier.verify(jane);
    await node.arrived(1);
    await clock.advance(500);
    const second = verifier.verify(jane, { maxAgeMs: 500 });
    answers.release(as('jane'));
    expect([nameOf(await first), nameOf(await second)]).toEqual(['jane', 'jane']);
    expect(node.requests).toHaveLength(1);
  });

  test('else all who need a newer one wait for the same next lookup', async () => {
    const answers = holdAnswers(node);
    const first = verifier.verify(jane);
    await node.arrived(1);
    await clock.advance(500);
    const later = [verifier.verify(jane, { maxAgeMs: 499 }), verifier.verify(jane, { maxAgeMs: 0 })];
    expect(node.requests).toHaveLength(1);
    answers.release(as('jane 1'));
    expect(nameOf(await first)).toBe('jane 1');
    await node.arrived(2);
    answers.release(as('jane 2'));
    expect((await Promise.all(later)).map(nameOf)).toEqual(['jane 2', 'jane 2']);
    expect(node.requests).toHaveLength(2);
  });

  test('0 means asked after I called, also within one instant', async () => {
    const answers = holdAnswers(node);
    const calls = [1, 2, 3].map(() => verifier.verify(jane, { maxAgeMs: 0 }));
    await node.arrived(1);
    answers.release(as('jane 1'));
    await node.arrived(2);
    answers.release(as('jane 2'));
    expect((await Promise.all(calls)).map(nameOf)).toEqual(['jane 1', 'jane 2', 'jane 2']);
  });

  test('who waits for the next lookup waits no longer than timeoutMs in all', async () => {
    holdAnswers(node);
    const first = verifier.verify(jane);
    await node.arrived(1);
    await clock.advance(2_000);
    const second = verifier.verify(jane, { maxAgeMs: 0 });
    await clock.advance(1_000);
    expect(nameOf(await first)).toBe('timeout');
    await node.arrived(2);
    await clock.advance(1_999);
    expect(verifier.stats().waiting).toBe(1);
    await clock.advance(1);
    expect(nameOf(await second)).toBe('timeout');
  });

  test('when everybody leaves the lookup under way, the next one starts', async () => {
    holdAnswers(node);
    const leaving = new AbortController();
    const first = verifier.verify(jane, { signal: leaving.signal });
    await node.arrived(1);
    const answers = holdAnswers(node);
    const second = verifier.verify(jane, { maxAgeMs: 0 });
    leaving.abort();
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    await node.arrived(2);
    answers.release(as('jane'));
    expect(nameOf(await second)).toBe('jane');
  });

  test('a next lookup that everybody has left does not start; one who comes then gets it', async () => {
    const answers = holdAnswers(node);
    const first = verifier.verify(jane);
    await node.arrived(1);
    const leaving = new AbortController();
    const left = verifier.verify(jane, { maxAgeMs: 0, signal: leaving.signal });
    leaving.abort();
    await expect(left).rejects.toMatchObject({ name: 'AbortError' });
    const stays = verifier.verify(jane, { maxAgeMs: 0 });
    answers.release(as('jane 1'));
    await first;
    await node.arrived(2);
    answers.release(as('jane 2'));
    expect(nameOf(await stays)).toBe('jane 2');
    expect(node.requests).toHaveLength(2);
  });

  test('close ends those who wait for the next lookup', async () => {
    holdAnswers(node);
    const calls = [verifier.verify(jane), verifier.verify(jane, { maxAgeMs: 0 })];
    await node.arrived(1);
    await verifier.close();
    expect((await Promise.all(calls)).map(nameOf)).toEqual(['closed', 'closed']);
    expect(verifier.stats()).toMatchObject({ inFlight: 0, waiting: 0 });
  });

  test.each([-1, Number.NaN, '5' as unknown as number, null as unknown as number])(
    '%j is refused',
    async (maxAgeMs) => {
      expect(() => verifier.peek(jane, { maxAgeMs })).toThrow(InvalidArgumentError);
      await expect(verifier.verify(jane, { maxAgeMs })).rejects.toThrow(InvalidArgumentError);
    },
  );
});

describe('P62: at the first tick past a limit nothing is served, however finely the clock ticks', () => {
  const tick = 1 / 1_024;
  const limits: readonly (readonly [string, Script, CacheOptions, number, number | undefined])[] = [
    ['ttlMs', as('jane'), { ttlMs: 5_000 }, 5_000, undefined],
    ['rejectedTtlMs', refused, { rejectedTtlMs: 5_000 }, 5_000, undefined],
    ['ttlMs, for a refusal', refused, { ttlMs: 5_000, rejectedTtlMs: 9_000 }, 5_000, undefined],
    // Of all limits the only one that includes its own instant.
    ['maxAgeMs', as('jane'), {}, 5_000 + tick, 5_000],
    ['maxAgeMs, for a refusal', refused, { rejectedTtlMs: 9_000 }, 5_000 + tick, 5_000],
    ["a credential's own end", as('jane'), {}, 5_000, undefined],
  ];
  test.each(limits)('%s', async (limit, script, cache, endMs, maxAgeMs) => {
    create({ refreshAfterMs: 0, ...cache });
    const claims = Buffer.from(JSON.stringify({ exp: clock.wall() / 1_000 + 5 })).toString('base64url');
    const credential = limit.startsWith('a credential') ? `Bearer e30.${claims}.c2ln` : jane;
    node.answer(script);
    await verifier.verify(credential);
    await clock.advance(endMs - tick);
    expect(verifier.peek(credential, { maxAgeMs })).toBeDefined();
    await clock.advance(tick);
    expect(verifier.peek(credential, { maxAgeMs })).toBeUndefined();
    await verifier.verify(credential, { maxAgeMs });
    expect(node.requests).toHaveLength(2);
  });

  test('staleIfErrorMs', async () => {
    create({ ttlMs: 5_000, refreshAfterMs: 0, staleIfErrorMs: 5_000 });
    await verifier.verify(jane);
    node.answer(broken);
    await clock.advance(10_000 - tick);
    expect(await verifier.verify(jane)).toMatchObject({ stale: true });
    await clock.advance(tick);
    expect(nameOf(await verifier.verify(jane))).toBe('server_error');
  });

  test('upstream.timeoutMs', async () => {
    create({});
    holdAnswers(node);
    const pending = verifier.verify(jane);
    await node.arrived(1);
    await clock.advance(3_000 - tick);
    expect(verifier.stats().waiting).toBe(1);
    await clock.advance(tick);
    expect(nameOf(await pending)).toBe('timeout');
  });
});

describe('jitter (P30)', () => {
  test('shortens lifetimes at random, by at most that part, drawn once per entry', async () => {
    create({ ttlMs: 10_000, refreshAfterMs: 0, jitter: 0.5 });
    const credentials = Array.from({ length: 200 }, (_, n) => `Bearer ${'t'.repeat(20)}${n}`);
    for (const credential of credentials) await verifier.verify(credential);
    const alive = () => credentials.filter((credential) => verifier.peek(credential)).length;
    await clock.advance(4_999);
    expect(alive()).toBe(200);
    const counts: number[] = [];
    for (let step = 0; step < 10; step += 1) {
      await clock.advance(500);
      counts.push(alive());
    }
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    // Spread evenly over the second half; a tenth is 20, and 3 to 60 is wide enough for chance.
    const ended = counts.map((count, step) => (counts[step - 1] ?? 200) - count);
    for (const each of ended) {
      expect(each).toBeGreaterThan(2);
      expect(each).toBeLessThan(60);
    }
    await clock.advance(1);
    expect(alive()).toBe(0);
  });
});
