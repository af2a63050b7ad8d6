// Begins and ends to observe a verifier: what it is told, and what is wrong with that.

import { ConfigurationError, InvalidArgumentError, nearestName, type Verifier } from '@esauth/core';
import { type MeterProvider, metrics, type TracerProvider, trace } from '@opentelemetry/api';
import { recordMetrics } from './metrics.js';
import { attribute } from './series.js';
import { recordSpans } from './spans.js';

/** Where the series and spans of a verifier go, and what it is called there. */
export interface ObserveOptions {
  /** Where series go. Default: the global one, as it is at this moment; so start the SDK first. */
  readonly meterProvider?: MeterProvider | undefined;
  /** Where spans go. Default: the global one. */
  readonly tracerProvider?: TracerProvider | undefined;
  /**
   * Tells verifiers of one process apart: the attribute `esauth.verifier.name` of every series and span. Default: none.
   * Two verifiers under one name would overwrite each other's values.
   */
  readonly name?: string | undefined;
}

/** An observation under way. */
export interface Observation {
  /** Ends it: no new values, no more spans; an SDK goes on exporting the last values. Calling it again does nothing. */
  stop(): void;
}

/** As it is in `package.json`, which not every bundler lets a module read. */
const version = '0.1.0';
const scope = '@esauth/opentelemetry';
const optionNames = ['meterProvider', 'tracerProvider', 'name'];

/** Names in use, by the provider that would mix them up. */
const namesIn = new WeakMap<MeterProvider, Set<string | undefined>>();

/**
 * Turns what a verifier does into metrics and spans, until it is told to stop; it holds the verifier as long. The
 * page of this package (`docs/packages/opentelemetry.md`) has every series.
 *
 * @throws {InvalidArgumentError} `invalid_argument` if `verifier` is none, or if one of this name is observed already
 *   with this `meterProvider`.
 * @throws {ConfigurationError} `invalid_option` if an option is wrong.
 * @example
 * const observation = observe(verifier); // after the SDK was started
 */
export function observe(verifier: Verifier, options: ObserveOptions = {}): Observation {
  checkVerifier(verifier);
  checkOptions(options);
  const { meterProvider = metrics.getMeterProvider(), tracerProvider = trace.getTracerProvider() } = options;
  const { name } = options;
  const names = namesIn.get(meterProvider) ?? new Set();
  if (names.has(name)) {
    const which = name === undefined ? 'a verifier without a name' : 'a verifier of this name';
    throw new InvalidArgumentError(
      `observe: ${which} is observed with this meterProvider already, and their values would be mixed; give each ` +
        'one a name, and call stop() of an observation that is over',
    );
  }
  const common = name === undefined ? {} : { [attribute.verifier]: name };
  // A provider may throw: then nothing was begun. When it ends, what is a provider's comes last.
  const tracer = tracerProvider.getTracer(scope, version);
  const endMetrics = recordMetrics(verifier, meterProvider.getMeter(scope, version), common);
  const endSpans = recordSpans(verifier, tracer, common);
  namesIn.set(meterProvider, names.add(name));
  const ends = [() => names.delete(name), endSpans, endMetrics];
  return {
    stop() {
      for (const end of ends.splice(0)) end();
    },
  };
}

function checkVerifier(verifier: unknown): void {
  if (has(verifier, 'stats') && has(verifier, 'health')) return;
  const isMiddleware = has((verifier as { readonly verifier?: unknown } | undefined)?.verifier, 'stats');
  const cure = isMiddleware
    ? 'a middleware has one: observe(middleware.verifier)'
    : 'createVerifier makes one';
  throw new InvalidArgumentError(`observe: the first argument must be a verifier; ${cure}`);
}

function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidArgumentError(
      'observe: the options must be an object: observe(verifier, { meterProvider })',
    );
  }
  for (const given of Object.keys(options)) {
    if (optionNames.includes(given)) continue;
    const nearest = nearestName(given, optionNames);
    const meant = nearest === undefined ? '' : ` (did you mean ${nearest}?)`;
    throw new ConfigurationError(
      given,
      `is not an option of observe; those are ${optionNames.join(', ')}${meant}`,
    );
  }
  const { meterProvider, tracerProvider, name } = options as Readonly<Record<string, unknown>>;
  if (meterProvider !== undefined && !has(meterProvider, 'getMeter')) {
    throw new ConfigurationError('meterProvider', 'must be a MeterProvider of OpenTelemetry, with getMeter');
  }
  if (tracerProvider !== undefined && !has(tracerProvider, 'getTracer')) {
    throw new ConfigurationError(
      'tracerProvider',
      'must be a TracerProvider of OpenTelemetry, with getTracer',
    );
  }
  if (name !== undefined && !(typeof name === 'string' && /^[\w.-]{1,64}$/.test(name))) {
    throw new ConfigurationError('name', "must be 1 to 64 letters, digits, '_', '.' or '-'");
  }
}

function has(value: unknown, method: string): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return typeof (value as Readonly<Record<string, unknown>>)[method] === 'function';
}
