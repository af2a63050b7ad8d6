import { beforeEach, describe, expect, test } from 'vitest';
import type { BreakerState } from '../../../packages/core/src/observation/stats.js';
import { type Attempt, type Breaker, createBreaker } from '../../../packages/core/src/upstream/breaker.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

let clock: FakeClock;
let breaker: Breaker;
let changes: BreakerState[];

beforeEach(() => {
  clock = createFakeClock();
  changes = [];
  breaker = createBreaker({ failures: 3, openMs: 2_000, timeoutMs: 1_000 }, clock, (state) =>
    changes.push(state),
  );
});

function fail(times: number): void {
  for (let time = 0; time < times; time += 1) breaker.begin().failed();
}

describe('closed', () => {
  test('is how it starts: nobody waits', () => {
    expect(breaker).toMatchObject({ state: 'closed', failures: 0, resting: false, waitMs: 0 });
  });

  test('stays closed below the number of failures in a row', () => {
    fail(2);
    expect(breaker).toMatchObject({ state: 'closed', failures: 2, waitMs: 0 });
    expect(changes).toEqual([]);
  });

  test('P57: one answer ends the row, however useless', () => {
    fail(2);
    breaker.begin().answered();
    fail(2);
    expect(breaker).toMatchObject({ state: 'closed', failures: 2 });
  });

  test('one that nobody waited for neither counts nor ends the row', () => {
    fail(2);
    breaker.begin().dropped();
    expect(breaker).toMatchObject({ state: 'closed', failures: 2 });
    fail(1);
    expect(breaker.state).toBe('open');
  });

  test('after a failure the node rests for openMs: others go first', async () => {
    fail(1);
    await clock.advance(1_999);
    expect(breaker).toMatchObject({ resting: true, waitMs: 0 });
    await clock.advance(1);
    expect(breaker.resting).toBe(false);
  });
});

describe('a node that says nothing', () => {
  /** Asks, and leaves after so long. @returns the question, if it goes on. */
  async function leaveAfter(waitMs: number): Promise<Attempt | undefined> {
    const attempt = breaker.begin();
    await clock.advance(waitMs);
    if (attempt.left()) return attempt;
    attempt.dropped();
    return undefined;
  }

  test('by the deadline has failed, if it has had a third of the time', async () => {
    const whole = breaker.begin();
    await clock.advance(667);
    const fair = breaker.begin();
    await clock.advance(1);
    const short = breaker.begin();
    await clock.advance(333);
    short.late();
    expect(breaker.failures).toBe(0);
    await clock.advance(1);
    fair.late();
    whole.late();
    expect(breaker.failures).toBe(2);
  });

  test('for as long as a question may take is asked to the end: by so many who leave as it takes to open', async () => {
    expect(await leaveAfter(300)).toBeUndefined();
    expect(await leaveAfter(300)).toBeUndefined();
    const witnesses = [await leaveAfter(300), await leaveAfter(1), await leaveAfter(1)];
    expect(witnesses).not.toContain(undefined);
    expect(await leaveAfter(1)).toBeUndefined();
    await clock.advance(1_000);
    for (const witness of witnesses) witness?.late();
    expect(breaker).toMatchObject({ state: 'open', failures: 3 });
  });

  test('P57: and answers one of them is as good as any', async () => {
    await leaveAfter(900);
    const witness = await leaveAfter(1);
    expect(witness).toBeDefined();
    witness?.answered();
    expect(await leaveAfter(899)).toBeUndefined();
    expect(breaker).toMatchObject({ state: 'closed', failures: 0 });
  });

  test('P57: until then, however many leave and however often', async () => {
    for (let n = 0; n < 100; n += 1) {
      breaker.begin().answered();
      await leaveAfter(899);
    }
    expect(breaker.failures).toBe(0);
  });
});

describe('open', () => {
  beforeEach(() => fail(3));

  test('after so many failures in a row, for openMs', async () => {
    expect(breaker).toMatchObject({ state: 'open', failures: 3, waitMs: 2_000 });
    await clock.advance(1_500);
    expect(breaker.waitMs).toBe(500);
    await clock.advance(499);
    expect(breaker).toMatchObject({ state: 'open', waitMs: 1 });
    await clock.advance(1);
    expect(breaker).toMatchObject({ state: 'half_open', waitMs: 0 });
    expect(changes).toEqual(['open']);
  });

  test('what was asked before and fails now does not prolong it', async () => {
    breaker.begin().answered();
    const stragglers = Array.from({ length: 8 }, () => breaker.begin());
    for (const straggler of stragglers.slice(0, 3)) straggler.failed();
    await clock.advance(1_500);
    for (const straggler of stragglers.slice(3)) straggler.failed();
    expect(breaker).toMatchObject({ state: 'open', failures: 3, waitMs: 500 });
  });

  test('what was asked before and is answered now closes it: the node is there', () => {
    breaker.begin().answered();
    const straggler = breaker.begin();
    fail(3);
    expect(breaker.state).toBe('open');
    straggler.answered();
    expect(breaker).toMatchObject({ state: 'closed', failures: 0, waitMs: 0 });
  });
});

describe('half open', () => {
  beforeEach(async () => {
    fail(3);
    await clock.advance(2_000);
  });

  test('one tries, the others wait for its outcome', () => {
    breaker.begin();
    expect(breaker).toMatchObject({ state: 'half_open', waitMs: 2_000 });
  });

  test('its answer closes it', () => {
    breaker.begin().answered();
    expect(breaker).toMatchObject({ state: 'closed', failures: 0, waitMs: 0 });
    expect(changes).toEqual(['open', 'half_open', 'closed']);
  });

  test('its failure opens it for as long again', () => {
    breaker.begin().failed();
    expect(breaker).toMatchObject({ state: 'open', waitMs: 2_000 });
    expect(changes).toEqual(['open', 'half_open', 'open']);
  });

  test('P57: goes on if everybody leaves, so that its reply decides', () => {
    const trial = breaker.begin();
    expect(trial.left()).toBe(true);
    expect(breaker).toMatchObject({ state: 'half_open', waitMs: 2_000 });
    trial.answered();
    expect(breaker.state).toBe('closed');
  });

  test('if it was given up, the next one tries at once', () => {
    breaker.begin().dropped();
    expect(breaker).toMatchObject({ state: 'half_open', waitMs: 0 });
    breaker.begin().answered();
    expect(breaker.state).toBe('closed');
  });

  test.each(['failed', 'dropped'] as const)(
    'another one, asked before it opened, that %s lets no second one through',
    async (outcome) => {
      breaker.begin().answered();
      const straggler = breaker.begin();
      fail(3);
      await clock.advance(2_000);
      const trial = breaker.begin();
      straggler[outcome]();
      await clock.advance(2_000);
      expect(breaker).toMatchObject({ state: 'half_open', waitMs: 2_000 });
      trial.answered();
      expect(breaker.state).toBe('closed');
    },
  );

  test('a trial that was overtaken by an answer counts as any lookup', () => {
    breaker.begin().answered();
    const straggler = breaker.begin();
    fail(3);
    const trial = breaker.begin();
    straggler.answered();
    trial.failed();
    expect(breaker).toMatchObject({ state: 'closed', failures: 1 });
  });
});

test('it says so when it changes, and only then', () => {
  fail(5);
  expect(changes).toEqual(['open', 'half_open', 'open', 'half_open', 'open']);
  breaker.begin().answered();
  breaker.begin().answered();
  expect(changes.slice(5)).toEqual(['half_open', 'closed']);
});
