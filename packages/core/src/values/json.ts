// Reading what others have written as JSON, without believing any of it.

/** @returns `undefined` for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member of an object that is its own: names may be chosen by whoever calls. */
export function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

// A loop, not a recursion: how deep a user's metadata goes is decided by whoever maintains the user directory.
export function deepFreeze<T extends object>(value: T): T {
  const open: object[] = [value];
  for (let object = open.pop(); object !== undefined; object = open.pop()) {
    Object.freeze(object);
    for (const member of Object.values(object)) {
      if (typeof member === 'object' && member !== null) open.push(member);
    }
  }
  return value;
}
