// What is said of repeated measurements: the middle one and the ends. No means: on a shared machine one slow round
// would move them.

/** @param {readonly number[]} values @param {number} part from 0 to 1 */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle];
  return (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * One cell of a table.
 *
 * @param {readonly number[]} values of each round
 * @param {readonly number[]} reference what the reference took in the same rounds
 * @returns {import('./table.mjs').Cell} the ratio is that of the medians; its ends are of single rounds, without the
 *   outermost tenths
 */
export function cell(values, reference) {
  const paired = values.map((value, round) => value / reference[round]);
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    ratio: median(values) / median(reference),
    ratioMin: quantile(paired, 0.1),
    ratioMax: quantile(paired, 0.9),
  };
}
