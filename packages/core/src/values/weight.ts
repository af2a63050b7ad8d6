// What a value that was read from JSON takes in memory, as estimated: rather too much than too little, because a
// budget is kept with it. The figures are those of V8 in Node 20, on 64 bits and without compressed pointers;
// `npm run bench -- charge` compares them with the heap.

/** An empty object of JSON's takes 56 bytes, an empty list 32 and 16 more for its first member. */
const objectBytes = 64;
const listBytes = 56;
/** A member of a list, and a number that is no small integer. */
const slotBytes = 8;
const numberBytes = 16;
/**
 * A member of an object: its place and its name, and for objects that no other looks alike their hidden class. Those
 * that look alike take a fifth of it.
 */
const memberBytes = 96;
/** A text besides its characters, which are counted as two bytes each, as those outside of Latin-1 are. */
const textBytes = 24;

/** @returns what a value takes, in bytes. */
export function weightOf(value: unknown): number {
  let bytes = 0;
  // A loop, as in `deepFreeze`.
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === 'string') {
      bytes += textBytes + 2 * next.length;
    } else if (typeof next === 'number') {
      bytes += numberBytes;
    } else if (Array.isArray(next)) {
      bytes += listBytes + slotBytes * next.length;
      for (const member of next) open.push(member);
    } else if (typeof next === 'object' && next !== null) {
      bytes += objectBytes;
      // Each lookup weighs what it brings: lists of members, made for that, cost 13 000 instructions an identity.
      // But V8 keeps names that were gone through so with each hidden class, and metadata may have one for each object.
      const members = next as Readonly<Record<string, unknown>>;
      if (next === value) {
        for (const name in members) if (Object.hasOwn(members, name)) weigh(name, members[name]);
      } else {
        for (const [name, member] of Object.entries(members)) weigh(name, member);
      }
    }
  }
  return bytes;

  function weigh(name: string, member: unknown): void {
    bytes += memberBytes + 2 * name.length;
    open.push(member);
  }
}
