// Compares ways of doing the same thing in one run: every way has its turn in every round, in an order that
// rotates, and what counts is the median of each round's ratios. This machine's absolute times mean little.

/**
 * @param {string} title
 * @param {Record<string, () => unknown | Promise<unknown>>} ways by name; the first is what the others are
 *   compared with. Each call does one batch and may return what it used up, in any unit; else time counts.
 * @returns {Promise<Record<string, number>>} the medians, by name
 */
export async function compare(title, ways, { rounds = 31, warmUp = 5 } = {}) {
  const names = Object.keys(ways);
  const costs = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warmUp; round < rounds; round += 1) {
    const shift = (round + warmUp) % names.length;
    for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
      const start = performance.now();
      const used = await ways[name]();
      const cost = typeof used === 'number' ? used : performance.now() - start;
      if (round >= 0) costs[name].push(cost);
    }
  }
  const [reference] = names;
  console.log(`\n${title}`);
  const medians = {};
  for (const name of names) {
    const ratios = costs[name].map((cost, round) => cost / costs[reference][round]).sort((a, b) => a - b);
    const at = (part) => ratios[Math.floor(part * (ratios.length - 1))].toFixed(2);
    console.log(`  ${at(0.5).padStart(6)}  (${at(0.1)} – ${at(0.9)})  ${name}`);
    medians[name] = Number(at(0.5));
  }
  return medians;
}

/** Headers as a parser makes them: the same text, but a string that no map has hashed before. */
export function freshStrings(texts) {
  const bytes = texts.map((text) => Buffer.from(text, 'latin1'));
  let at = 0;
  return () => {
    at = (at + 1) % bytes.length;
    return bytes[at].latin1Slice();
  };
}
