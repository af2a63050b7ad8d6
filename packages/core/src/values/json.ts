// Reading what others have written as JSON, without believing any of it.

/** @returns `undefined` for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether this is an object with members: neither null nor a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A member of an object that is its own: names may be chosen by whoever calls, and what somebody managed to put on all
 * objects (`Object.prototype.esauth = false`) opens nothing.
 *
 * @returns `undefined` for one that is only inherited, and of what is no object.
 */
export function own<Given extends object, Name extends keyof Given>(
  given: Given | undefined,
  name: Name,
): Given[Name] | undefined;
export function own(given: unknown, name: string): unknown;
export function own(given: unknown, name: string): unknown {
  if (typeof given !== 'object' || given === null || !Object.hasOwn(given, name)) return undefined;
  return (given as Readonly<Record<string, unknown>>)[name];
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
