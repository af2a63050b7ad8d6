/**
 * One store in the place of another for as long as something is the case: a node that does not know its cluster yet
 * finds what a new one would, and realms that are not licensed are none.
 */

/**
 * @param isOther asked with each call
 * @param makeOther called when the other one is needed for the first time
 * @returns a store with the members of both; methods may be taken out of it, everything else is to be read anew
 */
export function alternate<Store extends object>(
  isOther: () => boolean,
  one: Store,
  makeOther: () => Store,
): Store {
  let other: Store | undefined;

  function current(): Store {
    if (!isOther()) return one;
    other ??= makeOther();
    return other;
  }

  /** The same member of the current one. */
  function member(name: keyof Store): PropertyDescriptor {
    if (typeof one[name] !== 'function') return { enumerable: true, get: () => current()[name] };
    const call = (...values: unknown[]): unknown => {
      const method = current()[name];
      return typeof method === 'function' ? method(...values) : undefined;
    };
    return { enumerable: true, value: call };
  }

  // Its own keys, which is all that a store has.
  const names = Object.keys(one) as (keyof Store)[];
  return Object.defineProperties({ ...one }, Object.fromEntries(names.map((name) => [name, member(name)])));
}
