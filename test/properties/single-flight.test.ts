import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSingleFlight, type Departure } from '../../packages/core/src/verification/single-flight.js';
import { createFakeClock } from '../support/fake-clock.js';

test('P16: callers who look first and then join are one lookup, in every order in which they may run', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 8 }), async (scheduler, callers) => {
      const clock = createFakeClock();
      const flights = createSingleFlight<string>(clock, clock);
      let known: string | undefined;
      let lookups = 0;

      const lookUp = async () => {
        lookups += 1;
        // Remembered before it is dealt out, as the verifier does.
        known = await scheduler.schedule(Promise.resolve('yes'), 'answer');
        return known;
      };
      const call = async (index: number) => {
        await scheduler.schedule(Promise.resolve(), `caller ${index}`);
        return known ?? flights.join('k', lookUp, { deadline: 8_000, justCame: false, late: 'late' });
      };

      const answers = Promise.all(Array.from({ length: callers }, (_, index) => call(index)));
      await scheduler.waitAll();
      expect(new Set(await answers)).toEqual(new Set(['yes']));
      expect(lookups).toBe(1);
      expect([flights.inFlight, flights.waiting, clock.timers]).toEqual([0, 0, 0]);
    }),
    { numRuns: 300 },
  );
});

test('P17: whoever leaves and whenever, the rest get the answer, and an empty flight is cancelled', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
      async (scheduler, leaves) => {
        const clock = createFakeClock();
        const flights = createSingleFlight<string>(clock, clock);
        let cancelled = false;
        const lookUp = async ({ abandoned }: Departure) => {
          abandoned.addEventListener('abort', () => {
            cancelled = true;
          });
          return scheduler.schedule(Promise.resolve('yes'), 'answer');
        };
        const outcomes = leaves.map(async (leaver, index) => {
          const controller = new AbortController();
          const waiter = { deadline: 8_000, justCame: false, late: 'late', signal: controller.signal };
          const answer = flights.join('k', lookUp, waiter).catch((reason: unknown) => reason);
          if (leaver) {
            scheduler
              .schedule(Promise.resolve(), `leave ${index}`)
              .then(() => controller.abort(`gone ${index}`));
          }
          return answer;
        });
        await scheduler.waitAll();
        const answers = await Promise.all(outcomes);
        for (const [index, outcome] of answers.entries()) {
          if (leaves[index]) expect(['yes', `gone ${index}`]).toContain(outcome);
          else expect(outcome).toBe('yes');
        }
        expect(cancelled).toBe(!answers.includes('yes'));
        expect([flights.inFlight, flights.waiting, clock.timers]).toEqual([0, 0, 0]);
      },
    ),
    { numRuns: 300 },
  );
});
