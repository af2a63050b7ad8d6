/**
 * Faults on request: which requests they strike and what then happens to them. Carrying one out is the
 * server's business.
 */

/** Something that goes wrong with requests. */
export interface Fault {
  /** Only requests with this method. */
  readonly method?: string;
  /** Only requests whose path (without the query) is this, or begins with it if it ends in `*`. */
  readonly path?: string;
  /** How many requests are struck before the fault is over. Default: all. */
  readonly times?: number;
  /**
   * The answer leaves this many milliseconds of the emulator's time later; `Infinity`: never. Without any
   * other member it is the normal answer, made when the request arrives and not when it leaves.
   */
  readonly delayMs?: number;
  /** Answers with this status instead; 200 if only `body` or `headers` are given. The request has no effect. */
  readonly status?: number;
  /** Answers with this body instead: a string as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Answers with these headers instead, and no others. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Destroys the socket without an answer. The request has no effect. */
  readonly reset?: boolean;
  /** Announces the whole body, sends half of it, and destroys the socket. */
  readonly truncate?: boolean;
}

/** The faults of an emulator. */
export interface Faults {
  /**
   * @returns a function that removes the fault; calling it again does nothing
   * @throws TypeError or RangeError naming the member that is wrong
   */
  add(fault: Fault): () => void;
}

/** Faults, and the choice among them. */
export interface FaultSource extends Faults {
  /** The oldest fault that strikes a request; it has one use less now. */
  strike(method: string, path: string): Fault | undefined;
  /** The faults that still have uses, the oldest first. */
  armed(): readonly ArmedFault[];
  /** @returns whether there was such a fault */
  remove(id: number): boolean;
}

/** A fault that waits for requests. */
export interface ArmedFault {
  /** No two faults of an emulator have the same. */
  readonly id: number;
  readonly fault: Fault;
  /** How many requests it still strikes, perhaps `Infinity`. */
  readonly left: number;
}

type Armed = ArmedFault & { left: number };

/** Makes an empty list of faults. */
export function createFaults(): FaultSource {
  const armed = new Set<Armed>();
  let added = 0;
  return {
    armed: () => [...armed],
    remove(id) {
      const entry = [...armed].find((other) => other.id === id);
      return entry !== undefined && armed.delete(entry);
    },
    add(fault) {
      check(fault);
      const entry: Armed = {
        id: ++added,
        fault: { ...fault },
        left: fault.times ?? Number.POSITIVE_INFINITY,
      };
      if (entry.left > 0) armed.add(entry);
      return () => void armed.delete(entry);
    },
    strike(method, path) {
      for (const entry of armed) {
        const { fault } = entry;
        if (fault.method !== undefined && fault.method.toUpperCase() !== method) continue;
        if (fault.path !== undefined && !matches(fault.path, path)) continue;
        entry.left--;
        if (entry.left <= 0) armed.delete(entry);
        return fault;
      }
      return undefined;
    },
  };
}

function matches(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

const types: Readonly<Record<keyof Fault, string | undefined>> = {
  method: 'string',
  path: 'string',
  times: 'number',
  delayMs: 'number',
  status: 'number',
  body: undefined,
  headers: 'object',
  reset: 'boolean',
  truncate: 'boolean',
};

function check(fault: Fault): void {
  if (typeof fault !== 'object' || fault === null) {
    throw new TypeError("faults.add: takes an object, such as { path: '/_security/*', status: 503 }");
  }
  for (const [member, value] of Object.entries(fault)) {
    if (!Object.hasOwn(types, member)) throw new TypeError(`faults.add: unknown member "${member}"`);
    // `hasOwn` has just said so.
    const wanted = types[member as keyof Fault];
    if (value === undefined || wanted === undefined) continue;
    if (typeof value !== wanted || value === null)
      throw new TypeError(`faults.add: "${member}" must be a ${wanted}`);
  }
  const { times, delayMs, status } = fault;
  if (times !== undefined && (!Number.isInteger(times) || times < 0)) {
    throw new RangeError('faults.add: "times" must be a whole number, 0 or more');
  }
  if (delayMs !== undefined && !(delayMs >= 0)) {
    throw new RangeError('faults.add: "delayMs" must be 0 or more milliseconds, or Infinity');
  }
  if (status !== undefined && (!Number.isInteger(status) || status < 200 || status > 599)) {
    throw new RangeError('faults.add: "status" must be a whole number from 200 to 599');
  }
}
