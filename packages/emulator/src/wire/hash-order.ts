/**
 * The order in which a hash map of Java's gives its entries. Elasticsearch keeps in such maps what its answers then
 * list, so that this order is seen on the wire, and it is the same on every cluster.
 */

const smallestTable = 16;

/** The hash of a text in Java. */
export function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0;
  return hash;
}

/** The hash of a set of texts in Java, whichever their order. */
export function hashOfSet(texts: Iterable<string>): number {
  return [...new Set(texts)].reduce((sum, text) => (sum + hashOf(text)) | 0, 0);
}

/** The hash of several things in their order in Java. */
export function hashOfAll(hashes: Iterable<number>, start = 1): number {
  return [...hashes].reduce((all, hash) => (Math.imul(31, all) + hash) | 0, start);
}

/**
 * The items in the order of a map.
 *
 * @param items in the order in which they came into the map
 * @param computed whether they came by `compute`, which puts what is new in front of what is in the same place
 */
export function inHashOrder<T>(
  items: readonly T[],
  hash: (item: T) => number,
  { computed = false }: { readonly computed?: boolean } = {},
): T[] {
  let size = smallestTable;
  while (items.length > size * 0.75) size *= 2;
  const placed = items.map((item) => {
    const code = hash(item);
    return { item, place: (code ^ (code >>> 16)) & (size - 1) };
  });
  if (computed) placed.reverse();
  return placed.sort((a, b) => a.place - b.place).map(({ item }) => item);
}
