// Which of the values that others have kept were revoked since: each subject's last place in the log. A value counts
// only if nothing was noted under any of its subjects after the place where its lookup started, also if it was kept
// much later, by somebody who had not heard. What was revoked here and has not come back through the log yet has no
// place: no value about it counts until then.

/** More subjects than this are not told apart: values from before then are as if they were not there. */
const maxNotes = 10_000;

export interface SharedNotes {
  /** Another log, of which all from `since` on is told next: what was noted of the old one means nothing. */
  restart(since: string): void;
  /** A revocation at its place. @param names those of its subjects, or everything. */
  note(names: readonly string[] | 'all', at: string): void;
  /** A revocation of this process that has no place yet. */
  expect(serial: number, names: readonly string[] | 'all'): void;
  /** It has come back: from now on it counts as what was noted at its place. */
  arrive(serial: number): void;
  /** Whether a value that started there was revoked since, or may have been. */
  outdates(at: string, names: readonly string[]): boolean;
}

/** @param memoryMs how long a note must be kept: longer than a value that it could contradict lives. */
export function createSharedNotes(now: () => number, memoryMs: number): SharedNotes {
  // Oldest first.
  const notes = new Map<string, { readonly at: string; readonly until: number }>();
  /** Values from before this place do not count. */
  let floor = '';
  const expected = new Map<number, readonly string[] | 'all'>();
  /** The same by name, with how many expect it. */
  const expectedNames = new Map<string, number>();
  let everythingExpected = 0;

  return {
    restart(since) {
      notes.clear();
      floor = since;
    },

    note(names, at) {
      const until = now() + memoryMs;
      if (names === 'all') {
        floor = at;
        return;
      }
      for (const name of names) {
        notes.delete(name);
        notes.set(name, { at, until });
      }
      for (const [name, oldest] of notes) {
        if (notes.size <= maxNotes && oldest.until > now()) break;
        notes.delete(name);
        if (oldest.at > floor) floor = oldest.at;
      }
    },

    expect(serial, names) {
      expected.set(serial, names);
      if (names === 'all') everythingExpected += 1;
      else for (const name of names) expectedNames.set(name, (expectedNames.get(name) ?? 0) + 1);
    },

    arrive(serial) {
      const names = expected.get(serial);
      if (names === undefined) return;
      expected.delete(serial);
      if (names === 'all') {
        everythingExpected -= 1;
        return;
      }
      for (const name of names) {
        const left = (expectedNames.get(name) ?? 1) - 1;
        if (left === 0) expectedNames.delete(name);
        else expectedNames.set(name, left);
      }
    },

    outdates(at, names) {
      if (at < floor || everythingExpected > 0) return true;
      return names.some((name) => expectedNames.has(name) || (notes.get(name)?.at ?? '') > at);
    },
  };
}
