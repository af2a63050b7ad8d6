// Which slot of a cluster a key is in. Redis itself is asked (`CLUSTER KEYSLOT`), once: a key stays in its slot, which
// may move to another node.

/** @returns the same function, which knows its last answer: all our keys are in one slot. */
export function rememberLast(ask: (key: string) => Promise<number>): (key: string) => Promise<number> {
  let last: { readonly key: string; readonly slot: number } | undefined;
  return async (key) => {
    if (last?.key !== key) last = { key, slot: await ask(key) };
    return last.slot;
  };
}
