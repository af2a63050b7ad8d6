/** Plays one scenario against an emulator of its own. */

import { type Emulator, startEmulator } from '@esauth/emulator';
import { exchange, type RawAnswer } from '../../support/raw-exchange.js';
import type { Json, RecordedExchange, Scenario } from '../../support/recordings.js';
import type { Difference } from './bodies.js';
import { compare } from './compare.js';
import { hasLength } from './masks.js';
import { stageOf, stateOf } from './nodes.js';
import { bytesOf } from './request.js';
import { isObject, knownAtFirst, memberOf, Unlucky } from './texts.js';

/** An exchange that was played, or was not. */
export interface Played {
  /** `4`, or `4.2` for the third of those that were sent at once. */
  readonly index: string;
  readonly exchange: RecordedExchange;
  /** Undefined if it was not played. */
  readonly differences: readonly Difference[] | undefined;
  /** What was known by name then. */
  readonly saved: ReadonlyMap<string, Json>;
}

export interface PlayedScenario {
  readonly id: string;
  readonly exchanges: readonly Played[];
  /** What the emulator could not be asked for, and some exchanges may differ by, or were not played for. */
  readonly lacks: readonly string[];
}

/** @param version the release that it was recorded from */
export async function play(scenario: Scenario, version: string): Promise<PlayedScenario> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await playOnce(scenario, version, `recorded ${attempt}`);
    } catch (error) {
      if (!(error instanceof Unlucky) || attempt > 20) throw error;
    }
  }
}

async function playOnce(scenario: Scenario, version: string, seed: string): Promise<PlayedScenario> {
  const { options, lacks } = stageOf(scenario, version);
  const emulator = options && (await startEmulator({ ...options, seed }));
  const saved = new Map<string, Json>(knownAtFirst);
  const exchanges: Played[] = [];
  const missing: string[] = [];
  try {
    for (const [index, step] of scenario.exchanges.entries()) {
      const isPlayed = emulator !== undefined && missing.length === 0;
      if ('wait' in step) {
        if (isPlayed) await emulator.clock.advance(step.wait);
      } else if ('hook' in step) {
        const state = stateOf(step.hook);
        // Of what the emulator can not be asked for: it is another cluster from here on.
        if (state === undefined) missing.push(step.hook);
        else if (isPlayed) emulator.cluster(state);
      } else {
        const isOne = 'request' in step;
        const together = isOne ? [step] : step.parallel;
        const isSorted = !isOne && step.any !== undefined;
        const compared = isPlayed ? await playTogether(emulator, scenario, together, isSorted, saved) : [];
        for (const [place, exchange] of together.entries()) {
          exchanges.push({
            index: isOne ? String(index) : `${index}.${place}`,
            exchange,
            differences: compared[place],
            saved: new Map(saved),
          });
        }
      }
    }
  } finally {
    await emulator?.close();
  }
  return { id: scenario.id, exchanges, lacks: [...lacks, ...missing] };
}

async function playTogether(
  { url, ca, clock }: Emulator,
  { lengths = {} }: Scenario,
  exchanges: readonly RecordedExchange[],
  isSorted: boolean,
  saved: Map<string, Json>,
): Promise<Difference[][]> {
  const server = { port: Number(new URL(url).port), ca };
  const requests = await Promise.all(exchanges.map(({ request }) => bytesOf(request, saved, clock.now())));
  const answers = await Promise.all(
    exchanges.map(({ request, response }, index) => {
      const isClosing = 'connection' in response && response.connection !== undefined;
      return exchange(server, requests[index] ?? Buffer.alloc(0), request.method === 'HEAD', isClosing);
    }),
  );
  if (isSorted) answers.sort((one, other) => statusOf(one) - statusOf(other));
  for (const [index, { request }] of exchanges.entries()) {
    const answer = jsonOf(answers[index]);
    if (request.save !== undefined && answer !== undefined) saved.set(request.save, answer);
  }
  return exchanges.map((each, index) => {
    const answer = answers[index] ?? { failed: 'nothing was sent' };
    return [...compare(each, answer, saved), ...wrongLengths(each, lengths, saved)];
  });
}

function statusOf(answer: RawAnswer): number {
  return 'status' in answer ? answer.status : 0;
}

function jsonOf(answer: RawAnswer | undefined): Json | undefined {
  if (answer === undefined || !('body' in answer)) return undefined;
  try {
    const value = JSON.parse(answer.body.toString('utf8')) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Ids and secrets that were saved here, and look different. */
function wrongLengths(
  { request: { save } }: RecordedExchange,
  lengths: Readonly<Record<string, string>>,
  saved: ReadonlyMap<string, Json>,
): Difference[] {
  return Object.entries(lengths).flatMap(([mask, wanted]) => {
    const value = memberOf(mask.slice(1, -1), saved);
    if (save === undefined || !mask.startsWith(`‹${save}.`) || value === undefined) return [];
    if (hasLength(wanted, value)) return [];
    return [{ kind: `length: ${mask.slice(mask.indexOf('.') + 1, -1)}`, wanted, got: `${value.length}` }];
  });
}
