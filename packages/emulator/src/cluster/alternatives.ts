/**
 * One store in the place of another for as long as something is the case: a node that does not know its cluster yet
 * finds what a new one would, and realms that are not licensed are none.
 */

/**
 * @param isOther asked with each call
 * @param makeOther called when the other one is needed for the first time
 */
export function alternate<Store extends object>(
  isOther: () => boolean,
  one: Store,
  makeOther: () => Store,
): Store {
  let other: Store | undefined;
  const current = (): Store => {
    if (!isOther()) return one;
    other ??= makeOther();
    return other;
  };
  const both = { ...one };
  for (const name of Object.keys(one) as (keyof Store)[]) {
    if (typeof one[name] !== 'function') {
      Object.defineProperty(both, name, { enumerable: true, get: () => current()[name] });
      continue;
    }
    const call = (...values: unknown[]): unknown => {
      const method = current()[name];
      return typeof method === 'function' ? method(...values) : undefined;
    };
    both[name] = call as (typeof both)[typeof name];
  }
  return both;
}
