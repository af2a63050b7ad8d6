// A setting that decides about access counts only where it was made: what somebody managed to put on all objects
// (`Object.prototype.esauth = false`) opens nothing.

/** @returns the property that an object has of its own; `undefined` for one that it only inherits. */
export function own<Given extends object, Name extends keyof Given>(
  given: Given | undefined,
  name: Name,
): Given[Name] | undefined {
  return given !== undefined && Object.hasOwn(given, name) ? given[name] : undefined;
}
