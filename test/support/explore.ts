// Runs something once for every way in which its choices can fall out: by going back to the last choice that
// has an alternative left, and from the start again. What is run must do the same after the same choices.

/**
 * @param run asks `choose` for one of some alternatives, as often as it likes.
 * @returns how many ways there were.
 */
export async function explore(
  run: (choose: <T>(alternatives: readonly T[]) => T) => Promise<void>,
): Promise<number> {
  const path: { taken: number; readonly of: number }[] = [];
  let runs = 0;
  do {
    let depth = 0;
    await run((alternatives) => {
      path[depth] ??= { taken: 0, of: alternatives.length };
      const { taken, of } = path[depth] ?? { taken: 0, of: 0 };
      depth += 1;
      if (of === 0 || of !== alternatives.length) throw new Error('not the same after the same choices');
      // There is one: `taken` stays below `of`.
      return alternatives[taken] as (typeof alternatives)[number];
    });
    runs += 1;
    path.length = depth;
    while (path.length > 0 && path.at(-1)?.taken === (path.at(-1)?.of ?? 0) - 1) path.pop();
    const last = path.at(-1);
    if (last !== undefined) last.taken += 1;
  } while (path.length > 0);
  return runs;
}
