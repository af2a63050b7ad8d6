// What hangs on an object of somebody else's, out of reach of its properties: in a private field that is written into
// it, or in a WeakMap. The field is cheaper to set and costs V8's young collections nothing: half a microsecond of a
// request. Only not where each object has a hidden class of its own, as Express gives its requests, because V8 then
// copies that class for the field: 14 000 instructions.

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

export function createAttached<Value>(): Attached<Value> {
  const apart = new WeakMap<object, Value>();
  /** Nothing is looked for there before: 100 instructions of each request. */
  let isApartUsed = false;

  class Holder extends Given {
    #value: Value | undefined;

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
    get: (to) => (Holder.holds(to) ? Holder.get(to) : apart.get(to)),
    set(to, value, within) {
      if (Holder.holds(to)) Holder.set(to, value);
      else if (!within || (isApartUsed && apart.has(to))) setApart(to, value);
      else Holder.set(new Holder(to), value);
    },
    delete(to) {
      if (Holder.holds(to)) Holder.set(to, undefined);
      else apart.delete(to);
    },
  };

  function setApart(to: object, value: Value): void {
    isApartUsed = true;
    apart.set(to, value);
  }
}
