// The kinds of values that options can have. Each check takes the option's path and what was given, and returns
// it typed or throws. No message repeats a value: a wrong one may be a secret in the wrong place.

import { warnOnce } from '../observation/warnings.js';
import { ConfigurationError } from '../values/errors.js';
import { type OptionPlace, optionNames, unknownOption } from './option-names.js';

const dayMs = 86_400_000;

/**
 * A number of milliseconds from `least` to a day.
 *
 * @param odd below so many milliseconds it was probably meant in seconds or minutes, and warns.
 */
export function duration(option: string, given: unknown, fallback: number, least: number, odd = 0): number {
  if (given === undefined) return fallback;
  if (typeof given === 'number' && given >= least && given <= dayMs) {
    if (given > 0 && given < odd) warnOfSmall(option, given);
    return given;
  }
  throw new ConfigurationError(option, `must be a number of milliseconds from ${least} to ${dayMs}`);
}

/** For each option once: whoever means it knows it then. */
export function warnOfSmall(option: string, given: number): void {
  warnOnce(
    `ESAUTH_SMALL_DURATION ${option}`,
    `${option}: ${given} is in milliseconds; for ${given} seconds write ${option}: ${given * 1_000}`,
  );
}

/** A switch, off unless it is given. */
export function flag(option: string, given: unknown): boolean {
  if (given === undefined) return false;
  if (typeof given === 'boolean') return given;
  throw new ConfigurationError(option, 'must be true or false');
}

/** An integer from `least` to `most`. */
export function integer(option: string, given: unknown, fallback: number, most: number, least = 1): number {
  if (given === undefined) return fallback;
  if (Number.isInteger(given) && Number(given) >= least && Number(given) <= most) return Number(given);
  throw new ConfigurationError(option, `must be an integer from ${least} to ${most}`);
}

/** An object with no other members than those of its place, and only its own; absent reads as empty. */
export function section(path: OptionPlace, given: unknown): Readonly<Record<string, unknown>> {
  const names: readonly string[] = optionNames[path];
  if (given === undefined && path !== 'options') return Object.create(null);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const such =
      path === 'options'
        ? ", such as { nodes: 'https://localhost:9200' }"
        : path === 'cache'
          ? ' such as { ttlMs: 60000 }, or false'
          : '';
    throw new ConfigurationError(path, `must be an object${such}`);
  }
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const option = path === 'options' ? name : `${path}.${name}`;
    throw new ConfigurationError(option, unknownOption(path, name));
  }
  return Object.assign(Object.create(null), given);
}

/** @returns `undefined` for what is no absolute URL. */
export function parseUrl(given: unknown): URL | undefined {
  return typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined;
}
