// That a variant did its work. A peer that rejects, a route that answers 401, a miss that was a hit: each is cheaper
// than what was to be measured, so a benchmark that does not look would praise it.

/** A variant did something else than what it is measured for. */
export class WorkNotDone extends Error {
  name = 'WorkNotDone';
}

/** @param {boolean} isDone @param {() => string} found what there was instead */
export function must(isDone, found) {
  if (!isDone) throw new WorkNotDone(found());
}

/**
 * Runs one variant, and says whose error it was.
 *
 * With `bench.spoil` every variant is given work that it cannot do; that nobody notices is then the failure. For the
 * tests of the checks.
 *
 * @template T
 * @param {import('./bench.mjs').Bench} bench
 * @param {string} variant
 * @param {() => T | Promise<T>} action
 * @returns {Promise<T | undefined>} `undefined` only if it was spoiled
 */
export async function attempt(bench, variant, action) {
  try {
    const result = await action();
    bench.done.push(`${bench.part}${variant}`);
    return result;
  } catch (error) {
    const text = `${bench.scenario}: ${bench.part}${variant} did not do its work: ${textOf(error)}`;
    const failure = Object.assign(new Error(text, { cause: error }), { variant: `${bench.part}${variant}` });
    if (!bench.spoil) throw failure;
    bench.failures.push(failure);
    return undefined;
  }
}

function textOf(error) {
  return error instanceof Error ? error.message : JSON.stringify(error);
}
