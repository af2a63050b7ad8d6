// What hangs on Node's requests and responses, out of reach of their properties, for all copies of this package in the
// process: in a private field that is written into them, or in a WeakMap. The field is cheaper to set and costs V8's
// young collections nothing: half a microsecond of a request. Only not where each object has a hidden class of its own,
// as Express gives its requests, because V8 then copies that class for the field: 14 000 instructions.

import { processState } from '../values/process-state.js';

export interface Attached<Value> {
  get(to: object): Value | undefined;
  /** @param within whether it may be written into the object; where something hangs already, that is replaced. */
  set(to: object, value: Value, within: boolean): void;
  delete(to: object): void;
}

/** What a class that extends this writes into `this` it writes into `it`. */
class Given {
  constructor(it: object) {
    // biome-ignore lint/correctness/noConstructorReturn: that is what it is for
    return it;
  }
}

/** One for all that hangs: V8's inline caches are quick for one private name. */
export const attached: () => Attached<unknown> = processState('attached.1', () => createAttached());

export function createAttached<Value>(): Attached<Value> {
  const apart = new WeakMap<object, Value>();
  // Most processes need only one of both, and to look for what is not there is 100 to 300 instructions.
  let isAnyWithin = false;
  let isAnyApart = false;

  class Holder extends Given {
    #value: Value | undefined;

    constructor(it: object, value: Value) {
      super(it);
      this.#value = value;
    }

    static holds(it: object): it is Holder {
      return #value in it;
    }
    static get(it: Holder): Value | undefined {
      return it.#value;
    }
    static set(it: Holder, value: Value | undefined): void {
      it.#value = value;
    }
  }

  return {
    get: (to) => (isAnyWithin && Holder.holds(to) ? Holder.get(to) : apart.get(to)),
    set(to, value, within) {
      if (isAnyWithin && Holder.holds(to)) Holder.set(to, value);
      else if (within && !(isAnyApart && apart.has(to))) {
        isAnyWithin = true;
        new Holder(to, value);
      } else {
        isAnyApart = true;
        apart.set(to, value);
      }
    },
    delete(to) {
      if (isAnyWithin && Holder.holds(to)) Holder.set(to, undefined);
      else apart.delete(to);
    },
  };
}
