// What a scenario is told: how much effort to make, whether its variants are to be given work that they cannot do, and
// what the machine can count.

/**
 * @typedef {'full' | 'quick' | 'check'} Effort `check` runs each variant a few times and measures nothing of worth
 * @typedef {object} Bench
 * @property {string} scenario its name
 * @property {Effort} effort
 * @property {boolean} spoil
 * @property {import('./counter.mjs').Counter | undefined} counter `undefined`: no instructions are counted
 * @property {string} part of the scenario, that its variants have their names there; with what separates them
 * @property {string[]} done variants that did their work
 * @property {Error[]} failures those that did not
 * @property {(text: string) => void} say
 */

/**
 * @param {Pick<Bench, 'scenario' | 'effort' | 'spoil' | 'counter'>} wanted
 * @returns {Bench}
 */
export function createBench(wanted) {
  const say = wanted.effort === 'check' ? () => {} : (text) => console.error(`  ${text}`);
  return { ...wanted, part: '', done: [], failures: [], say };
}

/** @template T @param {Bench} bench @param {Record<Effort, T>} of @returns {T} */
export const pick = ({ effort }, of) => of[effort];
