/**
 * The order in which a `HashMap` of Java yields its keys, where they are texts: it is the same in every run, and
 * some answers of Elasticsearch show it.
 */

/** @param names each once */
export function inHashOrder(names: readonly string[]): string[] {
  // A map has sixteen places at first, and twice as many each time it is more than three quarters full.
  let places = 16;
  while (names.length > places * 0.75) places *= 2;
  const placeOf = (name: string): number => spread(hashCode(name)) & (places - 1);
  // Those of one place stand in the order in which they came.
  return [...names].sort((one, other) => placeOf(one) - placeOf(other));
}

/** `String.hashCode`, which the language specifies. */
function hashCode(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(31, hash) + text.charCodeAt(index)) | 0;
  return hash;
}

function spread(hash: number): number {
  return hash ^ (hash >>> 16);
}
