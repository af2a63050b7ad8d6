import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Ending } from '../../../packages/core/src/time/stop.js';
import { createSingleFlight, type Departure } from '../../../packages/core/src/verification/single-flight.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { openableGate } from '../../support/gate.js';

const timeoutMs = 3_000;
const late = 'late';
/** The clock starts at 5 000. */
const deadline = 5_000 + timeoutMs;

/** Flights of texts, and a lookup that answers when its gate is opened. */
function setUp() {
  const clock = createFakeClock();
  const flights = createSingleFlight<string>(clock, clock);
  const starts: Ending[] = [];
  const answering = (answer: string, gate = openableGate()) => {
    const start = async ({ abandoned }: Departure) => {
      starts.push(abandoned);
      await gate.opened;
      return answer;
    };
    return { start, gate };
  };
  return { clock, flights, starts, answering };
}

describe('sharing', () => {
  test('any number of callers with one key are one lookup and get one answer', async () => {
    const { clock, flights, starts, answering } = setUp();
    const { start, gate } = answering('yes');
    const callers = Array.from({ length: 50 }, () =>
      flights.join('k', start, { deadline, justCame: false, late }),
    );
    expect([flights.inFlight, flights.waiting, flights.has('k')]).toEqual([1, 50, true]);
    gate.open();
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['yes']));
    expect(starts).toHaveLength(1);
    expect([flights.inFlight, flights.waiting, flights.has('k'), clock.timers]).toEqual([0, 0, false, 0]);
  });

  test('different keys are different lookups, which do not wait for each other', async () => {
    const { flights, answering } = setUp();
    const slow = answering('slow');
    const quick = answering('quick');
    const first = flights.join('a', slow.start, { deadline, justCame: false, late });
    const second = flights.join('b', quick.start, { deadline, justCame: false, late });
    expect(flights.inFlight).toBe(2);
    quick.gate.open();
    expect(await second).toBe('quick');
    expect([flights.has('a'), flights.has('b'), flights.waiting]).toEqual([true, false, 1]);
    slow.gate.open();
    expect(await first).toBe('slow');
  });

  test('a caller that comes while the answer is on its way through still shares it (P16)', async () => {
    const { clock, flights, starts, answering } = setUp();
    const { start, gate } = answering('yes');
    const first = flights.join('k', start, { deadline, justCame: false, late });
    // Joins when the lookup has its answer and has not yet dealt it out.
    const second = gate.opened.then(() => flights.join('k', start, { deadline, justCame: false, late }));
    gate.open();
    expect(await Promise.all([first, second])).toEqual(['yes', 'yes']);
    expect(starts).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  test('a caller that comes after the answer asks anew', async () => {
    const { flights, starts, answering } = setUp();
    for (const answer of ['first', 'second']) {
      const { start, gate } = answering(answer);
      gate.open();
      expect(await flights.join('k', start, { deadline, justCame: false, late })).toBe(answer);
    }
    expect(starts).toHaveLength(2);
  });
});

describe('leaving', () => {
  test('P17: when the caller that started it gives up, all others still get the answer', async () => {
    const { flights, starts, answering } = setUp();
    const { start, gate } = answering('yes');
    const impatient = new AbortController();
    const first = flights.join('k', start, { deadline, justCame: false, late, signal: impatient.signal });
    const others = Array.from({ length: 9 }, () =>
      flights.join('k', start, { deadline, justCame: false, late }),
    );
    const reason = new Error('the client hung up');
    impatient.abort(reason);
    await expect(first).rejects.toBe(reason);
    expect([flights.inFlight, flights.waiting, starts[0]?.aborted]).toEqual([1, 9, false]);
    gate.open();
    expect(new Set(await Promise.all(others))).toEqual(new Set(['yes']));
    expect(starts).toHaveLength(1);
  });

  test('P17: when all give up the lookup is cancelled, at the last and not before', async () => {
    const { clock, flights, starts, answering } = setUp();
    const { start } = answering('never');
    const controllers = Array.from({ length: 10 }, () => new AbortController());
    const callers = controllers.map(({ signal }) =>
      flights.join('k', start, { deadline, justCame: false, late, signal }),
    );
    const outcomes = Promise.allSettled(callers);
    for (const [index, controller] of controllers.entries()) {
      expect(starts[0]?.aborted).toBe(false);
      controller.abort(index);
    }
    expect(starts[0]?.aborted).toBe(true);
    expect([flights.inFlight, flights.waiting, flights.has('k'), clock.timers]).toEqual([0, 0, false, 0]);
    expect(await outcomes).toEqual(controllers.map((_, index) => ({ status: 'rejected', reason: index })));
  });

  test('what a cancelled lookup still answers reaches nobody, and does not end the next one', async () => {
    const { clock, flights, starts, answering } = setUp();
    const abandoned = answering('abandoned');
    const next = answering('next');
    const impatient = new AbortController();
    const first = flights.join('k', abandoned.start, {
      deadline,
      justCame: false,
      late,
      signal: impatient.signal,
    });
    impatient.abort('gone');
    await expect(first).rejects.toBe('gone');
    const second = flights.join('k', next.start, { deadline, justCame: false, late });
    abandoned.gate.open();
    await clock.advance(0);
    expect([flights.inFlight, flights.waiting, flights.has('k')]).toEqual([1, 1, true]);
    const third = flights.join('k', next.start, { deadline, justCame: false, late });
    next.gate.open();
    expect(await Promise.all([second, third])).toEqual(['next', 'next']);
    expect(starts.map(({ aborted }) => aborted)[0]).toBe(true);
    expect(starts).toHaveLength(2);
  });

  test('a signal that fires after the answer changes nothing, and nothing of ours stays on it', async () => {
    const { flights, answering } = setUp();
    const { start, gate } = answering('yes');
    const long = new AbortController();
    const callers = Array.from({ length: 3 }, () =>
      flights.join('k', start, { deadline, justCame: false, late, signal: long.signal }),
    );
    // One for all: Node 20 takes eleven for a leak.
    expect(getEventListeners(long.signal, 'abort')).toHaveLength(1);
    gate.open();
    expect(await Promise.all(callers)).toEqual(['yes', 'yes', 'yes']);
    expect(getEventListeners(long.signal, 'abort')).toEqual([]);
    long.abort();
    expect(await callers[0]).toBe('yes');
    expect(flights.waiting).toBe(0);
  });

  test('one signal for several callers sends all of them away', async () => {
    const { flights, starts, answering } = setUp();
    const { start } = answering('never');
    const shared = new AbortController();
    const waiter = { deadline, justCame: false, late, signal: shared.signal };
    const outcomes = Promise.allSettled([flights.join('k', start, waiter), flights.join('k', start, waiter)]);
    shared.abort('gone');
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect([flights.waiting, starts[0]?.aborted]).toEqual([0, true]);
  });
});

describe('deadlines', () => {
  test('P18: a lookup that never settles keeps nobody longer than that caller agreed to wait', async () => {
    const { clock, flights, starts } = setUp();
    const never = ({ abandoned }: Departure) => {
      starts.push(abandoned);
      return new Promise<string>(() => {});
    };
    const answers: string[] = [];
    const wait = (name: string, ms: number) =>
      flights
        .join('k', never, { deadline: clock.monotonic() + ms, justCame: false, late: `${name} is late` })
        .then((answer) => answers.push(answer));

    const first = wait('first', 3_000);
    await clock.advance(1_000);
    const second = wait('second', 3_000);
    const hasty = wait('hasty', 500);
    await clock.advance(499);
    expect(answers).toEqual([]);
    await clock.advance(1);
    expect(answers).toEqual(['hasty is late']);
    await clock.advance(1_500);
    expect(answers).toEqual(['hasty is late', 'first is late']);
    expect(starts[0]?.aborted).toBe(false);
    await clock.advance(1_000);
    expect(answers).toEqual(['hasty is late', 'first is late', 'second is late']);
    expect(starts[0]?.aborted).toBe(true);
    expect([flights.inFlight, flights.waiting, clock.timers]).toEqual([0, 0, 0]);
    await Promise.all([first, second, hasty]);
  });

  test('an answer in time leaves no timer behind that could call anybody late', async () => {
    const { clock, flights, answering } = setUp();
    const { start, gate } = answering('yes');
    const caller = flights.join('k', start, { deadline, justCame: false, late });
    await clock.advance(timeoutMs - 1);
    gate.open();
    expect(await caller).toBe('yes');
    await clock.advance(timeoutMs);
    expect(clock.timers).toBe(0);
  });
});

describe('a lookup that is over at an instant of its own', () => {
  const never = (endsAt: number | undefined) => (departure: Departure) => {
    if (endsAt !== undefined) departure.endsAt(endsAt);
    return new Promise<string>(() => {});
  };

  test('needs no timer for callers who can wait that long', async () => {
    const { clock, flights } = setUp();
    const wait = { deadline, justCame: true, late };
    void flights.join('k', never(deadline), wait);
    void flights.join('k', never(deadline), { ...wait, deadline: deadline + 1_000 });
    expect([flights.waiting, clock.timers]).toEqual([2, 0]);
  });

  test('keeps nobody whose time is up before: one who joined, and one whom it was told of later', async () => {
    const { clock, flights } = setUp();
    let told: Departure | undefined;
    const start = (departure: Departure) => {
      told = departure;
      departure.endsAt(deadline);
      return new Promise<string>(() => {});
    };
    const first = flights.join('k', start, { deadline, justCame: true, late });
    const hasty = flights.join('k', start, { deadline: deadline - 1_000, justCame: true, late: 'hasty' });
    expect(clock.timers).toBe(1);
    await clock.advance(timeoutMs - 1_000);
    expect(await hasty).toBe('hasty');
    // It has to be made once more.
    told?.endsAt(deadline + timeoutMs);
    await clock.advance(999);
    expect(flights.waiting).toBe(1);
    await clock.advance(1);
    expect(await first).toBe('late');
    expect(told?.abandoned.aborted).toBe(true);
  });

  test('hears when the time of a caller is up with whom it starts, if he has just come', async () => {
    const { flights } = setUp();
    const heard: (number | undefined)[] = [];
    const start = async (departure: Departure) => {
      heard.push(departure.deadline);
      return 'yes';
    };
    await flights.join('a', start, { deadline, justCame: true, late });
    await flights.join('b', start, { deadline, justCame: false, late });
    expect(heard).toEqual([deadline, undefined]);
  });
});

describe('P18: a lookup that breaks', () => {
  const broken = new Error('broken');

  test.each<[string, () => Promise<string>]>([
    ['rejects', () => Promise.reject(broken)],
    [
      'throws before it returns a promise',
      () => {
        throw broken;
      },
    ],
  ])('%s: its callers get the error, and the next caller a new lookup', async (_what, start) => {
    const { clock, flights, answering } = setUp();
    const callers = [1, 2].map(() => flights.join('k', start, { deadline, justCame: false, late }));
    expect(await Promise.allSettled(callers)).toEqual([
      { status: 'rejected', reason: broken },
      { status: 'rejected', reason: broken },
    ]);
    expect([flights.inFlight, flights.waiting, clock.timers]).toEqual([0, 0, 0]);

    const next = answering('yes');
    next.gate.open();
    expect(await flights.join('k', next.start, { deadline, justCame: false, late })).toBe('yes');
  });

  test('after everybody left troubles nobody', async () => {
    const { clock, flights } = setUp();
    const gate = openableGate();
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const start = async () => {
      await gate.opened;
      throw broken;
    };
    const caller = flights.join('k', start, { deadline, justCame: false, late });
    await clock.advance(timeoutMs);
    expect(await caller).toBe('late');
    gate.open();
    await clock.advance(0);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});

describe('landing', () => {
  test('gives everybody the same result at once, and cancels every lookup', async () => {
    const { clock, flights, starts, answering } = setUp();
    const { start, gate } = answering('too late');
    const keys = ['a', 'b', 'b', 'c'];
    const callers = keys.map((key) => flights.join(key, start, { deadline, justCame: false, late }));
    flights.land('closed');
    expect([flights.inFlight, flights.waiting, clock.timers]).toEqual([0, 0, 0]);
    expect(starts.map(({ aborted }) => aborted)).toEqual([true, true, true]);
    gate.open();
    await clock.advance(0);
    expect(await Promise.all(callers)).toEqual(['closed', 'closed', 'closed', 'closed']);
  });

  test('with nobody on board does nothing, and flights go on afterwards', async () => {
    const { flights, answering } = setUp();
    flights.land('closed');
    const { start, gate } = answering('yes');
    const caller = flights.join('k', start, { deadline, justCame: false, late });
    gate.open();
    expect(await caller).toBe('yes');
  });
});
