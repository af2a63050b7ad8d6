// Reading what others have written as JSON, without believing any of it.

/**
 * As deep as Elasticsearch itself reads (Jackson, `StreamReadConstraints.DEFAULT_MAX_DEPTH`). `JSON.parse` goes on to any
 * depth, but `JSON.stringify` and whatever else goes down by calling itself ends with a `RangeError` at some thousands.
 */
const maxDepth = 1_000;

/** @returns `undefined` for what is not JSON, or has lists and objects in each other more than a thousand deep. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    // Each level takes two characters at least.
    return text.length > 2 * maxDepth && isTooDeep(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isTooDeep(value: unknown): boolean {
  let level = [value].filter(hasMembers);
  for (let depth = 0; depth < maxDepth && level.length > 0; depth += 1) {
    level = level.flatMap((each) => Object.values(each).filter(hasMembers));
  }
  return level.length > 0;
}

function hasMembers(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
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
