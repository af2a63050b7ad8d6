// In which order slots were used: who is the oldest makes room. Every hit comes here, so the links lie by themselves,
// two numbers for each slot: a hit that moved a slot by links in its row and in four neighbours' cost 700 instructions,
// and waited for as many places in memory.

import type { Slot } from './records.js';

/** Slot 0 is no value's: there the order begins and ends, its `newer` is the oldest and its `older` the newest. */
const nobody: Slot = 0;

export class OrderOfUse {
  /** Of each slot the next newer one, and the next older one. What is not touched yet takes no memory but in name. */
  private readonly links: Int32Array;

  /** @param slots how many there will be at most; they begin at 1. */
  constructor(slots: number) {
    this.links = new Int32Array(2 * (slots + 1));
  }

  /** 0 if there is none. */
  get oldest(): Slot {
    return this.links[0] as number;
  }

  /** As the newest. */
  add(slot: Slot): void {
    const { links } = this;
    const newest = links[1] as number;
    links[2 * newest] = slot;
    links[2 * slot + 1] = newest;
    links[2 * slot] = nobody;
    links[1] = slot;
  }

  remove(slot: Slot): void {
    const { links } = this;
    // The casts, here and above, hold for slots that were added.
    const newer = links[2 * slot] as number;
    const older = links[2 * slot + 1] as number;
    links[2 * older] = newer;
    links[2 * newer + 1] = older;
  }

  makeNewest(slot: Slot): void {
    if (this.links[2 * slot] === nobody) return;
    this.remove(slot);
    this.add(slot);
  }

  clear(): void {
    this.links[0] = nobody;
    this.links[1] = nobody;
  }
}
