// A verifier's series. What it counts and how things stand is read when somebody collects; its events are counted here,
// so that a verdict costs an addition and no call of the SDK.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Health, LookupEvent, NodeState, VerdictEvent, Verifier, VerifierStats } from '@esauth/core';
import type { Attributes, BatchObservableResult, Meter, Observable } from '@opentelemetry/api';
import { guarded } from './guarded.js';
import { attribute, counters, durations, gauges, levels } from './series.js';

const breakerStates = ['closed', 'half_open', 'open'] as const satisfies NodeState['breaker'][];
const sights = ['seeing', 'blind'] as const;
const healthStates = ['up', 'degraded', 'down'] as const satisfies Health['state'][];

/**
 * @param common attributes of every series.
 * @returns what ends it.
 */
export function recordMetrics(verifier: Verifier, meter: Meter, common: Attributes): () => void {
  const took = meter.createHistogram(durations.lookup.name, durations.lookup);
  const sums = made(counters, (options) => meter.createObservableCounter(options.name, options));
  const rising = made(levels, (options) => meter.createObservableUpDownCounter(options.name, options));
  const single = made(gauges, (options) => meter.createObservableGauge(options.name, options));
  const observed = [sums, rising, single].flatMap((each) => Object.values<Observable>(each));

  const verdicts = new Tallies(common);
  const begunAt = performance.now();
  const verdictAt = new Map<string, number>();

  const onVerdict = (message: unknown) => {
    const { verifier: whose, kind, code, source } = message as VerdictEvent;
    if (whose !== verifier) return;
    verdicts.add(kind, code, source);
  };

  const onLookup = guarded((message) => {
    const { verifier: whose, about, kind, code, node, durationMs } = message as LookupEvent;
    if (whose !== verifier) return;
    if (node !== undefined && kind !== 'unavailable') verdictAt.set(node, performance.now());
    took.record(durationMs / 1_000, {
      ...common,
      [attribute.about]: about,
      [attribute.outcome]: kind,
      ...(node !== undefined && { [attribute.node]: node }),
      ...(kind === 'unavailable' && { [attribute.error]: code }),
    });
  });

  const collect = (result: BatchObservableResult) => {
    const stats = verifier.stats();
    const tell = (what: Observable, value: number, more: Attributes = {}) =>
      result.observe(what, value, { ...common, ...more });
    for (const { attributes, count } of verdicts.all) result.observe(sums.verdicts, count, attributes);
    tell(sums.lookups, stats.lookups - stats.privilegeLookups, { [attribute.about]: 'identity' });
    tell(sums.lookups, stats.privilegeLookups, { [attribute.about]: 'privileges' });
    tell(sums.joins, stats.shared);
    tell(sums.refreshes, stats.refreshes);
    tell(sums.hedges, stats.hedges);
    tell(sums.refusals, stats.shed);
    tell(sums.revocations, stats.revocations);
    tell(sums.evictions, stats.evictions);
    tell(rising.entries, stats.entries, { [attribute.entryKind]: 'identity' });
    tell(rising.entries, stats.rejectedEntries, { [attribute.entryKind]: 'refusal' });
    tell(rising.bytes, stats.bytes);
    tell(rising.active, onWire(stats), { [attribute.lookupState]: 'asking' });
    tell(rising.active, stats.queued, { [attribute.lookupState]: 'queued' });
    tell(rising.waiting, stats.waiting);
    tell(rising.probes, stats.probes);
    if (stats.sharing !== undefined) {
      const { hits, misses, failures, unsealed, heard, told, lost, outbox, lagMs, blind } = stats.sharing;
      for (const [outcome, count] of Object.entries({
        hit: hits,
        miss: misses,
        failure: failures,
        unsealed,
      })) {
        tell(sums.searches, count, { [attribute.searchOutcome]: outcome });
      }
      tell(sums.messages, heard, { [attribute.direction]: 'heard' });
      tell(sums.messages, told, { [attribute.direction]: 'told' });
      tell(sums.losses, lost);
      tell(rising.outbox, outbox);
      tell(single.lag, lagMs / 1_000);
      for (const sight of sights) {
        tell(rising.sight, Number(blind === (sight === 'blind')), { [attribute.sight]: sight });
      }
    }
    const health = verifier.health().state;
    for (const state of healthStates) {
      tell(rising.upstream, Number(state === health), { [attribute.upstreamState]: state });
    }
    for (const { node, breaker, failures } of stats.nodes) {
      const of = { [attribute.node]: node };
      for (const state of breakerStates) {
        tell(rising.breaker, Number(state === breaker), { ...of, [attribute.breakerState]: state });
      }
      tell(single.failures, failures, of);
      tell(single.age, (performance.now() - (verdictAt.get(node) ?? begunAt)) / 1_000, of);
    }
  };

  meter.addBatchObservableCallback(collect, observed);
  subscribe('esauth:verdict', onVerdict);
  subscribe('esauth:lookup', onLookup);
  return () => {
    unsubscribe('esauth:verdict', onVerdict);
    unsubscribe('esauth:lookup', onLookup);
    meter.removeBatchObservableCallback(collect, observed);
  };
}

interface Tally {
  readonly attributes: Attributes;
  count: number;
}

/** How many verdicts of each sort there were. Each hit comes here: nothing is made for one of a sort that is known. */
class Tallies {
  readonly all: Tally[] = [];
  readonly #common: Attributes;
  readonly #bySource = new Map<VerdictEvent['source'], Map<VerdictEvent['code'], Tally>>();

  constructor(common: Attributes) {
    this.#common = common;
  }

  add(kind: VerdictEvent['kind'], code: VerdictEvent['code'], source: VerdictEvent['source']): void {
    const known = this.#bySource.get(source)?.get(code);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    const says = {
      [attribute.kind]: kind,
      [attribute.source]: source,
      ...(code && { [attribute.code]: code }),
    };
    const tally = { attributes: { ...this.#common, ...says }, count: 1 };
    this.all.push(tally);
    const byCode = this.#bySource.get(source) ?? new Map();
    this.#bySource.set(source, byCode.set(code, tally));
  }
}

/** Those under way that do not wait for a place. */
function onWire({ inFlight, queued }: VerifierStats): number {
  return Math.max(0, inFlight - queued);
}

/** An instrument for each of these series, under its name in the catalogue. */
function made<Key extends string, Options, Instrument>(
  catalogue: Readonly<Record<Key, Options>>,
  make: (options: Options) => Instrument,
): Readonly<Record<Key, Instrument>> {
  const entries = Object.entries<Options>(catalogue).map(([key, options]) => [key, make(options)] as const);
  // The cast holds: the same keys.
  return Object.fromEntries(entries) as Record<Key, Instrument>;
}
